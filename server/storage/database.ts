import { randomUUID } from 'node:crypto';
import type { Address, DiskId } from '../../shared/ids.ts';
import type { LogEntry, Snapshot } from '../../shared/operations.ts';
import { CommitLog } from './commit-log.ts';
import { removeUnfinishedInQuarantine } from './compact-quarantine.ts';
import { forgetCompaction, readCompaction } from './compaction-file.ts';
import { removeUnfinishedCopies } from './copy-name.ts';
import { makeEntryCodec } from './csv.ts';
import { DatabaseError, LogDamage } from './database-error.ts';
import { isFull } from './files.ts';
import { prepareFolder, readSessionKey } from './folder.ts';
import { refuseOtherRole } from './folder-role.ts';
import { FolderStorage } from './folder-storage.ts';
import { lockFolder } from './lock.ts';
import { scanLog, verifyLog } from './log-reader.ts';
import { LogRepair } from './log-repair.ts';
import type { OldDamage } from './old-damage.ts';
import type { CompactionReport, EntryCodec, Recovered, ReplicaStorage } from './replica-storage.ts';
import { finishRestore, removeUnfinishedRestore } from './restore-steps.ts';
import { SEGMENT_OPERATIONS } from './segment-cut.ts';
import { openSegments, type Segment } from './segments.ts';
import { finishSettingAside } from './set-aside.ts';
import { type FoundSnapshot, hasSnapshot, readSnapshot, setSnapshotAside } from './snapshot.ts';
import { readTableRows } from './snapshot-tables.ts';
import { type FolderRole, keepReserve, readViewFile, releaseReserve } from './view-file.ts';

export interface DatabaseOptions {
  address: Address;
  /** Of the server that opens it; a replica when absent. */
  role?: FolderRole;
  /** `fsync`: an append is durable when it is reported. `os`: it survives the process, not a power cut. */
  durability: 'fsync' | 'os';
  /** See `isCut`; the same on all servers of a cluster. For tests. */
  segmentOperations?: number;
  /** `scan` reads the rows before the snapshot, too: after damage was met while serving (R26). */
  checksAll?: boolean;
  /** What is wrong before the snapshot and could not be repaired (R26): `scan` and `verify` leave those rows alone. */
  oldDamage?: OldDamage | undefined;
}

/** An open database. `scan` has to be done before the storage is used. */
export interface OpenDatabase {
  storage: ReplicaStorage;
  recovered: Recovered;
  codec: EntryCodec;
  /** The id of this disk: the one of the view file, or a new one for an empty folder. */
  disk: DiskId;
  /** The last op of the log, 0 when it is empty. */
  lastOp: number;
  /** An op that this disk once had durably although the log now ends before it; 0 when nothing is known to be missing. */
  missingUpTo: number;
  /**
   * Reads the log from the snapshot's op on, from its first op on without one, and checks every row; see `scanLog` for the errors.
   *
   * @param onEntries gets all entries after the snapshot in order, a few hundred at a time
   * @returns the time of the last row of the log, milliseconds since 1970; 0 without one
   */
  scan(onEntries: (entries: LogEntry[]) => void, onProgress?: (op: number, lastOp: number) => void): Promise<number>;
  /**
   * Reads a long or growing table of the snapshot in pieces.
   *
   * @param onRows gets its rows in order, a few hundred at a time, and how many there are in all; never called when there is no such table
   */
  readLongTable(name: string, onRows: (rows: string[][], total: number) => void): Promise<void>;
  /**
   * Checks the rows that `scan` left out, while the storage is used; see `verifyLog`.
   *
   * @param pause awaited between pieces that take less than a millisecond; false ends it
   */
  verify(pause: () => Promise<boolean>): Promise<void>;
}

/** A database in a folder, of which a copy can be made while it is in use, and whose log can be mended. */
export interface FolderDatabase extends OpenDatabase {
  /** See `FolderStorage.makeCopy`. */
  makeCopy: FolderStorage['makeCopy'];
  /** R26: begins to mend what `scan` found damaged. Nothing else may be done with the storage then but to close it. */
  repair(damage: LogDamage): Promise<LogRepair>;
}

/**
 * Opens a server's database, making it when it is missing: takes the lock, finishes what a crash interrupted, cuts a
 * torn tail. Nothing is written before the lock is held but the folder itself.
 *
 * @param folder see `databaseFolder`
 * @throws DatabaseError with one sentence for the operator
 */
export async function openDatabase(folder: string, options: DatabaseOptions): Promise<FolderDatabase> {
  try {
    try {
      return await openLocked(folder, options);
    } catch (error) {
      if (!isFull(error)) throw error;
      await releaseReserve(folder);
      return await openLocked(folder, options);
    }
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (isFull(error)) throw new DatabaseError('full', `${folder} can't be opened: ${reason}.`);
    throw new DatabaseError(
      'disk',
      `${folder} can't be opened (${reason}): check the disk and its permissions, then start again.`,
    );
  }
}

async function openLocked(folder: string, options: DatabaseOptions): Promise<FolderDatabase> {
  await finishRestore(folder);
  await prepareFolder(folder);
  const release = lockFolder(folder);
  try {
    return await recover(folder, options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function recover(folder: string, options: DatabaseOptions, release: () => void): Promise<FolderDatabase> {
  const repairs: string[] = [];
  const { role = 'replica' } = options;
  await finishSettingAside(folder, repairs);
  await removeUnfinishedRestore(folder);
  for (const name of await removeUnfinishedCopies(folder)) {
    repairs.push(`The copy ${name} was not finished when the server ended; what there was of it was removed.`);
  }
  await removeUnfinishedInQuarantine(folder);
  await refuseOtherRole(folder, role);
  const { segments, lastOp } = await openSegments(folder, repairs);
  setMarks(segments, options.oldDamage);
  const stored = await readViewFile(folder, segments.length > 0 || (await hasSnapshot(folder)), repairs);
  if (stored && stored.file.id !== options.address) {
    throw new DatabaseError(
      'wrong-address',
      `${folder} is the database of the server ${stored.file.id}, and this one is ${options.address}: start it with the address that the folder belongs to, or with an empty folder.`,
    );
  }
  const sessionKey = await readSessionKey(folder, repairs);
  const { found, missingUpTo } = await usableSnapshot(folder, lastOp, repairs);
  const { snapshot, place, growing, files } = found;
  await keepReserve(folder);
  const { segmentOperations = SEGMENT_OPERATIONS, checksAll = false, oldDamage } = options;
  const log = new CommitLog(folder, segments, lastOp, { segmentOperations, sync: options.durability === 'fsync' });
  const generation = stored?.generation ?? 0;
  const compaction = await usableCompaction(folder, lastOp);
  const atStart = { snapshotOp: place?.op ?? 0, growing, compaction, oldDamage };
  const opened = { folder, role, log, generation, ...atStart, release };
  const storage = new FolderStorage(opened);
  const committed = snapshot || !place ? {} : { committed: place };
  return {
    storage,
    makeCopy: (...ask) => storage.makeCopy(...ask),
    recovered: { viewFile: stored?.file ?? null, sessionKey, snapshot, ...committed, compaction, repairs },
    codec: makeEntryCodec(),
    disk: stored?.file.disk ?? (randomUUID() as DiskId),
    lastOp,
    missingUpTo,
    scan: async (onEntries, onProgress) => {
      if (checksAll && snapshot) await verifyLog(log, snapshot);
      return scanLog(log, snapshot, { onEntries, onProgress }, oldDamage !== undefined);
    },
    readLongTable: async (name, onRows) => {
      const file = files.find((one) => one.name === name);
      if (file) await readTableRows(folder, file, (rows) => onRows(rows, file.rows));
    },
    verify: async (pause) => {
      if (snapshot && !oldDamage) await verifyLog(log, snapshot, pause);
    },
    repair: async (damage) => LogRepair.begin(await firstDamage(log, snapshot, damage), log, segmentOperations),
  };
}

/** Rows that the log has lost since come from elsewhere again. */
async function usableCompaction(folder: string, lastOp: number): Promise<CompactionReport | null> {
  const compaction = await readCompaction(folder);
  if (!compaction || compaction.op <= lastOp) return compaction;
  await forgetCompaction(folder);
  return null;
}

/** Where whole rows begin, as far as that is known before any was read. */
function setMarks(segments: readonly Segment[], oldDamage: OldDamage | undefined): void {
  for (const segment of segments) segment.marks = [...(oldDamage?.marks.get(segment.name) ?? [])];
}

/** A log is mended from its first damage on, which may lie before the rows that were read. */
async function firstDamage(log: CommitLog, snapshot: Snapshot | null, damage: LogDamage): Promise<LogDamage> {
  if (!snapshot || damage.place.op < snapshot.op) return damage;
  try {
    await verifyLog(log, snapshot);
    return damage;
  } catch (error) {
    if (error instanceof LogDamage) return error;
    throw error;
  }
}

async function usableSnapshot(
  folder: string,
  lastOp: number,
  repairs: string[],
): Promise<{ found: FoundSnapshot; missingUpTo: number }> {
  const found = await readSnapshot(folder, repairs);
  const op = found.place?.op ?? 0;
  if (op <= lastOp) return { found, missingUpTo: 0 };
  const reason = `it contains op ${op} while the log ends at op ${lastOp}: rows of the log are missing`;
  if (found.snapshot) repairs.push(await setSnapshotAside(folder, reason));
  return { found: { snapshot: null, place: null, growing: new Map(), files: [] }, missingUpTo: op };
}
