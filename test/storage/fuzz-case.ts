import { rm } from 'node:fs/promises';
import { recoverEngine } from '../../server/engine/recovery.ts';
import { checkDatabase } from '../../server/storage/check-database.ts';
import type { CheckReport } from '../../server/storage/check-report.ts';
import { type FolderDatabase, openDatabase } from '../../server/storage/database.ts';
import { DatabaseError, LogDamage } from '../../server/storage/database-error.ts';
import { restoreCopy, wholeCopy } from '../../server/storage/restore.ts';
import type { LogEntry } from '../../shared/operations.ts';
import {
  type CaseFolders,
  COPY_NAME,
  done,
  FUZZ_SEGMENT_OPERATIONS,
  type FuzzBase,
  layOut,
  readFrom,
  readSome,
  SETTING_ASIDE,
  stateOf,
} from './fuzz-database.ts';
import { ADDRESS } from './samples.ts';

/** What happens to one file of a database or of a copy. */
export interface FuzzCase {
  /** `database/NAME` or `copy/NAME`. */
  file: string;
  /** Undefined: the file is gone. */
  bytes: Buffer | undefined;
  /** The content says of itself that it is as it was written, so another content than before is no surprise. */
  isForged: boolean;
}

/** How a case ended; counted, so that a fuzzer that never gets anywhere shows. */
export type FuzzOutcome = 'opened' | 'repaired' | 'refused' | 'restored' | 'not restored';

/** A promise that was not kept. */
export class BrokenPromise extends Error {}

/** More pieces than a log of this size can be asked for. */
const REPAIR_STEPS = 500;
const OPTIONS = { address: ADDRESS, durability: 'os', segmentOperations: FUZZ_SEGMENT_OPERATIONS } as const;

/**
 * Lays the case out, checks it, opens it, reads it, or restores it.
 *
 * @throws BrokenPromise, or whatever else was thrown that should not have been
 */
export async function judge(base: FuzzBase, one: FuzzCase): Promise<FuzzOutcome> {
  const isSetAside = one.file === 'database/setting_aside.csv';
  const folders = await layOut(base, new Map([[one.file, one.bytes]]));
  try {
    if (one.file.startsWith('copy/')) return await judgeCopy(base, one, folders);
    const report = await checked(folders.database, one);
    const outcome = await opened(base, one, folders.database, isSetAside);
    // What the check calls whole, a server starts on; a lock is the server's own affair.
    if (outcome === 'refused' && !one.isForged && !one.file.endsWith('/lock') && report && isClean(report)) {
      throw new BrokenPromise('the check finds nothing, and the server does not start');
    }
    return outcome;
  } finally {
    await rm(folders.parent, { recursive: true, force: true });
  }
}

function isClean({ damages, notes }: CheckReport): boolean {
  return damages.length + notes.length === 0;
}

/** @returns the report; undefined when it was refused in order */
async function checked(folder: string, one: FuzzCase): Promise<CheckReport | undefined> {
  const report = await inOrder(() => checkDatabase(folder), one);
  if (!report) return undefined;
  const named = report.damages.every(({ what }) => what.includes(folder));
  if (!named) throw new BrokenPromise(`the check does not say where: ${JSON.stringify(report.damages)}`);
  return report;
}

/** Does what may fail with a DatabaseError that names the file. @returns undefined when it did */
async function inOrder<T>(work: () => Promise<T>, { file }: FuzzCase): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // Which of two files that do not fit together is wrong, nobody can tell.
    const isNamed = /[a-z](_log-\d{20}|-2)?\.csv|session_key|in use/.test(error.message);
    if (!isNamed) throw new BrokenPromise(`${file} is not named in: ${error.message}`);
    return undefined;
  }
}

async function opened(base: FuzzBase, one: FuzzCase, folder: string, isSetAside: boolean): Promise<FuzzOutcome> {
  const outcome = await openedOnce(base, one, folder, isSetAside);
  if (outcome !== 'repaired') return outcome;
  const again = await openedOnce(base, one, folder, isSetAside);
  if (again !== 'opened') throw new BrokenPromise(`after the repair: ${again}`);
  return outcome;
}

async function openedOnce(base: FuzzBase, one: FuzzCase, folder: string, isSetAside: boolean): Promise<FuzzOutcome> {
  const database = await inOrder(() => openDatabase(folder, OPTIONS), one);
  if (!database) return 'refused';
  try {
    if (isSetAside) {
      const isWhole = one.bytes === undefined || one.bytes.toString() === SETTING_ASIDE;
      if (!isWhole && !one.isForged) throw new BrokenPromise('set aside all the same');
      return 'opened';
    }
    return await judgeOpen(base, one, database);
  } finally {
    await done((call) => database.storage.close(call));
  }
}

async function judgeOpen(base: FuzzBase, one: FuzzCase, database: FolderDatabase): Promise<FuzzOutcome> {
  const { recovered } = database;
  if (!one.isForged) {
    same('the view file', recovered.viewFile, base.viewFile);
    same('the session key', recovered.sessionKey, one.bytes || recovered.sessionKey ? base.sessionKey : '');
  }
  try {
    const engine = await recoverEngine(database, { address: ADDRESS, heartbeatTimeoutMs: 1500 });
    await database.verify(async () => true);
    const { position } = engine.chat;
    if (one.isForged) return 'opened';
    same(`the state at ${position}`, stateOf(engine.chat), base.states.get(position));
    same('the entries to apply', engine.replica.entries, base.entries.slice(position, database.lastOp));
    await judgeReads(base, database);
    const isWhole = wholeRows(base, one);
    if (database.lastOp < isWhole)
      throw new BrokenPromise(`op ${isWhole} is whole, and the log ends at op ${database.lastOp}`);
    return 'opened';
  } catch (error) {
    // Whoever forges tables may find that they contradict themselves; that ends the start, too.
    if (one.isForged && error instanceof Error && !(error instanceof LogDamage)) return 'refused';
    if (!(error instanceof LogDamage)) return await refusedOr(error, one);
    // Before the damage, too, only what was there is given out.
    await judgeReads(base, database);
    return await repaired(base, one, database, error);
  }
}

async function refusedOr(error: unknown, one: FuzzCase): Promise<FuzzOutcome> {
  await inOrder(() => Promise.reject(error), one);
  return 'refused';
}

/** Whatever is read is what was written, or a failure. */
async function judgeReads(base: FuzzBase, database: FolderDatabase): Promise<void> {
  const { lastOp, storage } = database;
  for (const fromOp of [1, 2, Math.max(1, lastOp - 1)]) {
    const found = await readFrom(storage, fromOp);
    if (Array.isArray(found))
      same(
        `what is read from op ${fromOp} on`,
        rowsOf(found),
        rowsOf(base.entries.slice(fromOp - 1, fromOp - 1 + found.length)),
      );
  }
  const ops = [1, 5, 6, 30, 41, lastOp].filter(
    (op, index, all) => op >= 1 && op <= lastOp && op > (all[index - 1] ?? 0),
  );
  const some = await readSome(storage, ops);
  if (Array.isArray(some))
    same(
      'single rows',
      rowsOf(some),
      ops.map((op) => base.entries[op - 1]?.row),
    );
}

/** Up to which op nothing happened to the log. */
function wholeRows({ files, entries }: FuzzBase, { file, bytes }: FuzzCase): number {
  const before = files.get(file);
  if (!file.includes('commit_log') || !before) return entries.length;
  const firstOp = Number(/\d{20}/.exec(file)![0]);
  const after = bytes ?? Buffer.alloc(0);
  let equal = 0;
  while (equal < before.length && before[equal] === after[equal]) equal++;
  const lines = before.subarray(0, equal).toString('latin1').split('\n').length - 1;
  return firstOp - 1 + Math.max(0, lines - 1);
}

/** R26: with the rows of a server that has them, the log is what it was. */
async function repaired(
  base: FuzzBase,
  one: FuzzCase,
  database: FolderDatabase,
  damage: LogDamage,
): Promise<FuzzOutcome> {
  if (!damage.what.includes('commit_log-')) throw new BrokenPromise(`no file is named in: ${damage.what}`);
  const repair = await inOrder(() => database.repair(damage), one);
  if (!repair) return 'refused';
  for (let steps = 0; repair.missing; steps++) {
    if (steps > REPAIR_STEPS) throw new BrokenPromise('the repair asks for ever');
    const { after } = repair.missing;
    same(
      `the row that is asked after (op ${after.op})`,
      after.chain,
      base.entries[after.op - 1]?.chain ?? '0'.repeat(64),
    );
    const rows = rowsOf(base.entries.slice(after.op, after.op + 7)).join('');
    // Nobody has what stood there: the server waits, or starts over.
    if (rows === '' || !(await repair.take(rows))) return await closed(repair, 'refused');
  }
  await repair.finish('localhost:2538');
  return 'repaired';
}

async function closed(repair: { close(): Promise<void> }, outcome: FuzzOutcome): Promise<FuzzOutcome> {
  await repair.close();
  return outcome;
}

/** A copy is restored as a whole, or refused. */
async function judgeCopy(base: FuzzBase, one: FuzzCase, { database, copy }: CaseFolders): Promise<FuzzOutcome> {
  await checked(copy, one);
  const report = await inOrder(() => wholeCopy(database, COPY_NAME), one);
  if (!report) return 'not restored';
  const restored = await inOrder(() => restoreCopy(database, COPY_NAME, report), one);
  if (!restored || one.isForged) return 'not restored';
  const { storage, scan, lastOp } = await openDatabase(database, OPTIONS);
  const found: LogEntry[] = [];
  await scan((entries) => void found.push(...entries));
  same('the last operation', lastOp, base.entries.length);
  same('the restored log', rowsOf((await readFrom(storage, 1)) as LogEntry[]), rowsOf(base.entries));
  await done((call) => storage.close(call));
  return 'restored';
}

function rowsOf(entries: readonly LogEntry[]): string[] {
  return entries.map(({ row }) => row);
}

function same(what: string, found: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one === other) return;
  throw new BrokenPromise(`${what}: ${one?.slice(0, 300)} instead of ${other?.slice(0, 300)}`);
}
