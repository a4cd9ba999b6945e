import { createInterface } from 'node:readline/promises';
import type { Address } from '../../shared/ids.ts';
import type { Forced, Standing, Standings } from '../engine/operator.ts';
import { askServer } from '../network/peer-operator.ts';
import type { OperatorAnswer, OperatorAsk } from './operator.ts';
import { tableLines, wrapped } from './table.ts';

const ASK_TIMEOUT_MS = 10_000;

const WRONG_USE = 2;
const NOT_REACHED = 3;

export interface PromoteOptions {
  /** The server to force. */
  server: Address;
  force: boolean;
  /** The server's address, given beforehand instead of typed; undefined: asked for. */
  yes: string | undefined;
  secret: string;
}

const EXPLANATION =
  'A server that waits goes on by itself as soon as those that it waits for are back; "server status" names them. If they are lost for good, "server promote --force" has it go on alone, with what it has: messages that others acknowledged without it are lost then.';

/**
 * `server promote --force`: shows an operator how the servers stand, and has one of them go on alone (R20).
 *
 * @returns the exit status: 1 when it was not done, 2 without `--force`, 3 when the server cannot be reached
 */
export async function promote({ server, force, yes, secret }: PromoteOptions): Promise<number> {
  if (!force) return complain(wrapped(EXPLANATION).join('\n'), WRONG_USE);
  const ask = (question: OperatorAsk) => askServer(server, secret, question, ASK_TIMEOUT_MS);
  const shown = await ask({ command: 'standings' });
  if ('problem' in shown) return complain(shown.problem, shown.isReached ? 1 : NOT_REACHED);
  const answer = shown.answer as OperatorAnswer;
  if (!('standings' in answer)) return complain(notDone('refused' in answer ? answer.refused : ''), 1);
  const { standings, seen } = answer;
  print(standingLines(standings));
  if (standings.whyNot !== '') return complain(notDone(standings.whyNot), 1);
  print([...warningLines(standings), '']);
  const typed = yes ?? (await typedAddress(standings.address));
  if (typed !== standings.address) {
    return complain(notDone(`"${typed}" was given, and the server is ${standings.address}.`), 1);
  }
  const done = await ask({ command: 'force', confirmed: standings.address, seen });
  if ('problem' in done) {
    return complain(
      `${done.problem} Whether it was done is not known; look with "server status --server ${server}".`,
      1,
    );
  }
  const result = done.answer as OperatorAnswer;
  if (!('forced' in result)) return complain(notDone('refused' in result ? result.refused : ''), 1);
  print(forcedLines(standings.address, result.forced));
  return 0;
}

function standingLines({ servers }: Standings): string[] {
  const rows = [['server', 'reached', 'view', 'members', 'pending', 'last op', 'serves'], ...servers.map(rowOf)];
  return tableLines(rows, [5]);
}

function rowOf({ address, isReached, view, pending, lastOp, isServing }: Standing): string[] {
  if (!isReached) return [address, 'no', '', '', '', '', ''];
  const shownView = view ? `${view.round} (epoch ${view.epoch})` : 'none';
  const members = view ? String(view.members.length) : '';
  return [address, 'yes', shownView, members, pending.join(' ') || '-', String(lastOp), isServing ? 'yes' : 'no'];
}

/** What the operator has to know before saying yes. */
function warningLines({ address, servers }: Standings): string[] {
  const self = servers[0]!;
  const missing = servers.filter(({ isReached }) => !isReached).map((one) => one.address);
  const others = self.view?.members.filter((member) => member !== address) ?? [];
  const isMember = self.view?.members.includes(address) ?? false;
  const names = missing.join(' and ') || 'another server';
  const lines = [
    `${address} would go on alone with the operations up to ${self.lastOp}.`,
    isMember
      ? `It is a member of view ${self.view!.round}, so it has everything that was acknowledged in it (with ${others.join(' and ') || 'no other server'}). What may be lost: whatever ${names} acknowledged later, in a view without ${address}.`
      : `It is no member of the last view that it knows (${self.view!.round}: ${self.view!.members.join(', ')}), so it may lack operations of it. What may be lost: whatever those servers acknowledged and is not among its operations.`,
    missing.length > 0
      ? `Make sure that ${names} ${missing.length === 1 ? 'is' : 'are'} not running somewhere, cut off from here: clients would be served by both. If one can be started again, do that instead; then nothing is lost.`
      : '',
    'Servers that come back later join it; what only they have is kept in their quarantine/ folder.',
  ];
  return lines.filter((line) => line !== '').flatMap((line) => ['', ...wrapped(line)]);
}

function forcedLines(address: Address, { epoch, view, lastOp }: Forced): string[] {
  const text = `${address} goes on alone: view ${view} of epoch ${epoch}, with the operations up to ${lastOp}. Start the other servers again with their usual commands; they join it.`;
  return wrapped(text);
}

/** Reads one line; empty when there is none to read. */
async function typedAddress(address: Address): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''));
      void lines.question(`Type ${address} to go on, anything else to leave it: `).then((line) => resolve(line.trim()));
    });
  } finally {
    lines.close();
  }
}

function notDone(why: string): string {
  return `Nothing was done: ${why || 'the server gave an answer that this version does not know.'}`;
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function complain(text: string, exitStatus: number): number {
  process.stderr.write(`${text}\n`);
  return exitStatus;
}
