import { randomUUID } from 'node:crypto';
import type { Address, DiskId } from '../../shared/ids.ts';
import type { LogEntry, Snapshot } from '../../shared/operations.ts';
import { CommitLog, SEGMENT_BYTES } from './commit-log.ts';
import { makeEntryCodec } from './csv.ts';
import { DatabaseError, type LogDamage } from './database-error.ts';
import { isFull } from './files.ts';
import { prepareFolder, readSessionKey } from './folder.ts';
import { refuseOtherRole } from './folder-role.ts';
import { FolderStorage } from './folder-storage.ts';
import { lockFolder } from './lock.ts';
import { scanLog } from './log-reader.ts';
import { LogRepair } from './log-repair.ts';
import type { EntryCodec, Recovered, ReplicaStorage } from './replica-storage.ts';
import { openSegments } from './segments.ts';
import { finishSettingAside } from './set-aside.ts';
import { hasSnapshot, readSnapshot, setSnapshotAside } from './snapshot.ts';
import { type FolderRole, keepReserve, readViewFile, releaseReserve } from './view-file.ts';

export interface DatabaseOptions {
  address: Address;
  /** Of the server that opens it; a replica when absent. */
  role?: FolderRole;
  /** `fsync`: an append is durable when it is reported. `os`: it survives the process, not a power cut. */
  durability: 'fsync' | 'os';
  /** Bytes at which a segment of the log is full; the same on all servers of a cluster. For tests. */
  segmentBytes?: number;
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
   * Reads the log from its first op on and checks every row; see `scanLog` for the errors.
   *
   * @param onEntries gets all entries in order, a few hundred at a time
   */
  scan(onEntries: (entries: LogEntry[]) => void, onProgress?: (op: number, lastOp: number) => void): Promise<void>;
}

/** A database in a folder, whose log can be mended. */
export interface FolderDatabase extends OpenDatabase {
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
  await refuseOtherRole(folder, role);
  const { segments, lastOp } = await openSegments(folder, repairs);
  const stored = await readViewFile(folder, segments.length > 0 || (await hasSnapshot(folder)), repairs);
  if (stored && stored.file.id !== options.address) {
    throw new DatabaseError(
      'wrong-address',
      `${folder} is the database of the server ${stored.file.id}, and this one is ${options.address}: start it with the address that the folder belongs to, or with an empty folder.`,
    );
  }
  const sessionKey = await readSessionKey(folder, repairs);
  const { snapshot, missingUpTo } = await usableSnapshot(folder, lastOp, repairs);
  await keepReserve(folder);
  const { segmentBytes = SEGMENT_BYTES } = options;
  const log = new CommitLog(folder, segments, lastOp, {
    segmentBytes,
    sync: options.durability === 'fsync',
  });
  const opened = { folder, role, log, generation: stored?.generation ?? 0, snapshotOp: snapshot?.op ?? 0, release };
  return {
    storage: new FolderStorage(opened),
    recovered: { viewFile: stored?.file ?? null, sessionKey, snapshot, repairs },
    codec: makeEntryCodec(),
    disk: stored?.file.disk ?? (randomUUID() as DiskId),
    lastOp,
    missingUpTo,
    scan: (onEntries, onProgress) => scanLog(log, checkedAgainst(folder, snapshot, onEntries), onProgress),
    repair: (damage) => LogRepair.begin(damage, log, segmentBytes),
  };
}

async function usableSnapshot(
  folder: string,
  lastOp: number,
  repairs: string[],
): Promise<{ snapshot: Snapshot | null; missingUpTo: number }> {
  const snapshot = await readSnapshot(folder, repairs);
  if (!snapshot || snapshot.op <= lastOp) return { snapshot, missingUpTo: 0 };
  const reason = `it contains op ${snapshot.op} while the log ends at op ${lastOp}: rows of the log are missing`;
  repairs.push(await setSnapshotAside(folder, reason));
  return { snapshot: null, missingUpTo: snapshot.op };
}

/** Lets entries pass, but not when the snapshot was made from other ones. */
function checkedAgainst(folder: string, snapshot: Snapshot | null, onEntries: (entries: LogEntry[]) => void) {
  return (entries: LogEntry[]) => {
    const entry = snapshot ? entries[snapshot.op - entries[0]!.op] : undefined;
    if (snapshot && entry && entry.chain !== snapshot.chain) {
      throw new DatabaseError(
        'damaged',
        `${folder} mixes the files of two databases: snapshot.csv was made from another op ${snapshot.op} than the one in the log. Put back the files that belong together; if other servers of the cluster are running, move this folder away instead and start again.`,
      );
    }
    onEntries(entries);
  };
}
