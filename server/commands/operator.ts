import { randomBytes } from 'node:crypto';
import type { Address, DiskId } from '../../shared/ids.ts';
import { canDoWithout, describeStandings, type Forced, type Standings } from '../engine/operator.ts';
import type { ReplicatedEngine } from '../engine/replicated.ts';
import type { RowName } from '../storage/log-survey.ts';
import type { BackupAnswer, Backups } from './backups.ts';

/** What an operator's program, or a server that repairs its log, asks a running server, over an authenticated connection. */
export type OperatorAsk =
  | { command: 'standings' }
  /** `confirmed` is the server's address as the operator typed it, `seen` what was shown to decide on. */
  | { command: 'force'; confirmed: Address; seen: string }
  | { command: 'backup'; name: string }
  /** What has become of the copy of that name, which was asked for. */
  | { command: 'backup-progress'; name: string }
  /** R27: what was deleted is to be removed from the files now. */
  | { command: 'compact' }
  /** R26: rows that follow one that is whole there; `disk` is the one that asks. */
  | { command: 'log-rows'; after: RowName; disk: DiskId };

/** R26. */
export interface LogRows {
  /** CSV; empty when the server has none that follow. */
  rows: string;
  /** It is the primary, has everything, and no view needs the disk that asks. */
  canDoWithout: boolean;
}

/** `asked`: it will be decided by an entry after `after`, the latest such one. */
export type CompactAnswer = { compaction: 'asked' | 'nothing to remove'; after: number } | { refused: string };

export type OperatorAnswer =
  | { standings: Standings; seen: string }
  | { forced: Forced }
  | BackupAnswer
  | CompactAnswer
  | LogRows
  | { refused: string };

/** What an operator may ask about. */
export interface OperatorParts {
  engine: ReplicatedEngine;
  backups: Backups;
  /** Gets what was asked for and what became of it. */
  log(text: string): void;
}

/** The server's side of `server promote`, `server backup`, `server compact` and repair. Whoever asks knows the cluster's secret, but may ask anything. */
export async function answerOperator({ engine, backups, log }: OperatorParts, ask: unknown): Promise<OperatorAnswer> {
  const { command, confirmed, seen, name, disk } = (ask ?? {}) as Partial<Record<string, unknown>>;
  if (command === 'backup') return backups.begin(String(name));
  if (command === 'backup-progress') return backups.progress(String(name));
  if (command === 'compact') return compact(engine, log);
  const after = rowsAsked(ask);
  if (after) {
    return { rows: await engine.rowsAfter(after), canDoWithout: canDoWithout(engine.replica, String(disk) as DiskId) };
  }
  const standings = describeStandings(engine.replica);
  if (command === 'standings') return { standings, seen: seenOf(standings) };
  if (command !== 'force') return { refused: `This server knows no command ${JSON.stringify(command)}.` };
  log(`An operator asks to force ${standings.address} to go on alone.`);
  const answer = await force(engine, standings, confirmed, seen);
  if ('refused' in answer) log(`Not forced: ${answer.refused}`);
  return answer;
}

function compact(engine: ReplicatedEngine, log: (text: string) => void): CompactAnswer {
  const after = engine.chat.compactions.op;
  const begun = engine.compact();
  if (typeof begun === 'object') return { refused: begun.message };
  log(`An operator asks to remove what was deleted from the files${begun ? '' : ': there is nothing to remove'}.`);
  return { compaction: begun ? 'asked' : 'nothing to remove', after };
}

/** After which row somebody asks for more; undefined when something else is asked. */
export function rowsAsked(ask: unknown): RowName | undefined {
  const { command, after } = (ask ?? {}) as { command?: unknown; after?: Partial<RowName> | null };
  if (command !== 'log-rows') return undefined;
  const { op, chain } = after ?? {};
  return Number.isSafeInteger(op) && op! >= 0 && typeof chain === 'string' ? { op: op!, chain } : undefined;
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
  const result = await engine.force(randomBytes(32).toString('hex'));
  return typeof result === 'string' ? { refused: result } : { forced: result };
}

/** Tells whether an operator decided on what is still so. */
function seenOf({ servers }: Standings): string {
  return JSON.stringify(servers);
}
