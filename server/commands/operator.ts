import type { Address } from '../../shared/ids.ts';
import { describeStandings, type Forced, type Standings } from '../engine/operator.ts';
import type { ReplicatedEngine } from '../engine/replicated.ts';
import type { BackupAnswer, Backups } from './backups.ts';

/** What an operator's program asks a running server, over an authenticated connection. */
export type OperatorAsk =
  | { command: 'standings' }
  /** `confirmed` is the server's address as the operator typed it, `seen` what was shown to decide on. */
  | { command: 'force'; confirmed: Address; seen: string }
  | { command: 'backup'; name: string }
  /** What has become of the copy of that name, which was asked for. */
  | { command: 'backup-progress'; name: string };

export type OperatorAnswer =
  | { standings: Standings; seen: string }
  | { forced: Forced }
  | BackupAnswer
  | { refused: string };

/** What an operator may ask about. */
export interface OperatorParts {
  engine: ReplicatedEngine;
  backups: Backups;
  /** Gets what was asked for and what became of it. */
  log(text: string): void;
}

/** The server's side of `server promote` and `server backup`. Whoever asks knows the cluster's secret, but may ask anything. */
export async function answerOperator({ engine, backups, log }: OperatorParts, ask: unknown): Promise<OperatorAnswer> {
  const { command, confirmed, seen, name } = (ask ?? {}) as Partial<Record<string, unknown>>;
  if (command === 'backup') return backups.begin(String(name));
  if (command === 'backup-progress') return backups.progress(String(name));
  const standings = describeStandings(engine.replica);
  if (command === 'standings') return { standings, seen: seenOf(standings) };
  if (command !== 'force') return { refused: `This server knows no command ${JSON.stringify(command)}.` };
  log(`An operator asks to force ${standings.address} to go on alone.`);
  const answer = await force(engine, standings, confirmed, seen);
  if ('refused' in answer) log(`Not forced: ${answer.refused}`);
  return answer;
}

async function force(
  engine: ReplicatedEngine,
  standings: Standings,
  confirmed: unknown,
  seen: unknown,
): Promise<OperatorAnswer> {
  const { address, whyNot } = standings;
  if (confirmed !== address) return { refused: `"${String(confirmed)}" was typed, and this server is ${address}.` };
  if (whyNot !== '') return { refused: whyNot };
  if (seen !== seenOf(standings)) {
    return { refused: 'What was shown has changed meanwhile; look at it again and then decide.' };
  }
  const result = await engine.force();
  return typeof result === 'string' ? { refused: result } : { forced: result };
}

/** Tells whether an operator decided on what is still so. */
function seenOf({ servers }: Standings): string {
  return JSON.stringify(servers);
}
