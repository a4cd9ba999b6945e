import type { Address } from '../../shared/ids.ts';
import { describeStandings, type Forced, type Standings } from '../engine/operator.ts';
import type { ReplicatedEngine } from '../engine/replicated.ts';

/** What an operator's program asks a running server, over an authenticated connection. */
export type OperatorAsk =
  | { command: 'standings' }
  /** `confirmed` is the server's address as the operator typed it, `seen` what was shown to decide on. */
  | { command: 'force'; confirmed: Address; seen: string };

export type OperatorAnswer = { standings: Standings; seen: string } | { forced: Forced } | { refused: string };

/**
 * The server's side of `server promote`. Whoever asks knows the cluster's secret, but what is asked may be anything.
 *
 * @param log gets what was asked for and what became of it
 */
export async function answerOperator(
  engine: ReplicatedEngine,
  ask: unknown,
  log: (text: string) => void,
): Promise<OperatorAnswer> {
  const { command, confirmed, seen } = (ask ?? {}) as Partial<Record<string, unknown>>;
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
