import { assert } from '../../shared/assert.ts';
import type { LogEntry, NewSnapshot } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';
import type { CommitLog } from './commit-log.ts';
import type { CompactionPlace } from './compact-log.ts';
import { compact, turnsOf } from './compaction.ts';
import { forgetCompaction } from './compaction-file.ts';
import type { CopyManifest } from './copy-manifest.ts';
import { DatabaseError } from './database-error.ts';
import { failureOf, StorageError } from './files.ts';
import { writeSessionKey } from './folder.ts';
import { readLog } from './log-reader.ts';
import { type CopyAsk, type LogStretch, makeNamedCopy, stretchOf } from './named-copy.ts';
import type { OldDamage } from './old-damage.ts';
import {
  AbandonedError,
  type CompactionPlan,
  type CompactionReport,
  type ReplicaStorage,
  type StorageFailure,
  type WhenDurable,
} from './replica-storage.ts';
import { readRows } from './row-reader.ts';
import { type GrowingTables, writeSnapshot } from './snapshot.ts';
import { type FolderRole, type StoredViewFile, ViewFileCopy } from './view-file.ts';
import { WorkQueue } from './work-queue.ts';

/** What is known of a folder when it has been opened. */
export interface OpenFolder {
  folder: string;
  role: FolderRole;
  log: CommitLog;
  /** How often the view file was written so far. */
  generation: number;
  /** The op of the snapshot that is there, 0 without one. */
  snapshotOp: number;
  growing: GrowingTables;
  /** The last compaction that was finished. */
  compaction: CompactionReport | null;
  oldDamage: OldDamage | undefined;
  /** Gives the folder back. */
  release: () => void;
}

/** A replica's storage in a folder of CSV files. One queue for all that must keep its order; reads and snapshots run beside. */
export class FolderStorage implements ReplicaStorage {
  readonly #open: OpenFolder;
  readonly #queue: WorkQueue;
  readonly #reads = new Set<Promise<void>>();
  readonly #copies = new Set<Promise<unknown>>();
  #compactions: Promise<void> = Promise.resolve();
  #snapshots: Promise<void> = Promise.resolve();
  readonly #viewFile: readonly [ViewFileCopy, ViewFileCopy];
  #secondCopy: Promise<void> = Promise.resolve();
  #closed = false;
  /** The op that the log ends with when all that was asked for is done. */
  #endOfQueue: number | undefined;

  constructor(open: OpenFolder) {
    this.#open = open;
    this.#queue = new WorkQueue((entries) => open.log.append(entries));
    this.#viewFile = [new ViewFileCopy(open.folder, 0), new ViewFileCopy(open.folder, 1)];
  }

  append(entries: readonly LogEntry[], done: WhenDurable): void {
    this.#assertOpen();
    for (const { op } of entries) {
      const last = this.#endOfQueue ?? this.#open.log.lastOp;
      assert(op === last + 1, `op ${op} was to be appended after op ${last}`);
      this.#endOfQueue = op;
    }
    // No entries are still a turn in the queue: `done` keeps its place.
    if (entries.length === 0) this.#queue.run('Nothing', async () => {}, done);
    else this.#queue.append(entries, done);
  }

  cutAfter(op: number, reason: string, done: WhenDurable): void {
    this.#assertOpen();
    const { folder, log } = this.#open;
    this.#endOfQueue = Math.min(op, this.#endOfQueue ?? log.lastOp);
    // A snapshot that is asked for later has nothing of what is cut off here.
    const { snapshotOp } = this.#open;
    const work = async () => {
      if (op < snapshotOp) {
        const message = `The log of ${folder} can't be cut after op ${op}, because the snapshot already contains op ${snapshotOp}. Move the folder away and start this server again: it gets everything from the others.`;
        throw new StorageError({ message, full: false });
      }
      await Promise.all(this.#reads);
      if (op < (this.#open.compaction?.op ?? 0)) await this.#forgetCompaction();
      await log.cutAfter(op, reason);
    };
    this.#queue.run(`Moving the entries after op ${op} of ${folder} to quarantine/`, work, done);
  }

  /** What comes in the place of rows that were looked at may hold anything. */
  async #forgetCompaction(): Promise<void> {
    await forgetCompaction(this.#open.folder);
    this.#open.compaction = null;
  }

  writeViewFile(file: ViewFile, done: WhenDurable): void {
    this.#assertOpen();
    const { folder, role } = this.#open;
    const stored = { generation: ++this.#open.generation, role, file };
    const work = async () => {
      // Of two copies one is always whole: the second of the write before this one is.
      await this.#secondCopy;
      await this.#viewFile[0].write(stored);
    };
    this.#queue.run(`Writing view.csv of ${folder}`, work, (failure) => {
      if (!failure) this.#secondCopy = this.#writeSecondCopy(stored);
      done(failure);
    });
  }

  /** What was written is durable already; nobody waits for the copy but the next write. */
  async #writeSecondCopy(stored: StoredViewFile): Promise<void> {
    const { folder } = this.#open;
    try {
      await this.#viewFile[1].write(stored);
    } catch (error) {
      this.#queue.fail(failureOf(error, `Writing view-2.csv of ${folder}`));
    }
  }

  writeSessionKey(key: string, done: WhenDurable): void {
    this.#assertOpen();
    const { folder } = this.#open;
    this.#queue.run(`Writing session_key of ${folder}`, () => writeSessionKey(folder, key), done);
  }

  writeSnapshot(snapshot: NewSnapshot, done: WhenDurable): void {
    this.#assertOpen();
    this.#open.snapshotOp = Math.max(this.#open.snapshotOp, snapshot.op);
    this.#snapshots = this.#snapshots.then(async () => done(await this.#writeSnapshot(snapshot)));
  }

  async #writeSnapshot(snapshot: NewSnapshot): Promise<StorageFailure | undefined> {
    const { folder } = this.#open;
    if (this.#queue.failure) return this.#queue.failure;
    try {
      await writeSnapshot(folder, snapshot, this.#open.growing, () => this.#logReaches(snapshot.op));
    } catch (error) {
      if (error instanceof AbandonedError) return undefined;
      this.#queue.fail(failureOf(error, `Writing the snapshot of ${folder}`));
    }
    return this.#queue.failure;
  }

  /** Waits until the log is on the disk at least as far as the snapshot that is to count. */
  async #logReaches(op: number): Promise<void> {
    const { folder, log } = this.#open;
    const failure = await new Promise<StorageFailure | undefined>((resolve) =>
      this.#queue.run(`Waiting until the log of ${folder} is on the disk`, () => log.sync(), resolve),
    );
    if (failure) throw new StorageError(failure);
    assert(op <= log.lastOp, `a snapshot of op ${op} was to be written, but the log ends at op ${log.lastOp}`);
  }

  read(fromOp: number, maxLength: number, done: (entries: LogEntry[], failure?: StorageFailure) => void): void {
    this.#assertOpen();
    assert(Number.isSafeInteger(fromOp) && fromOp >= 1, `entries are read from op 1 on, not from ${fromOp}`);
    this.#read(() => readLog(this.#open.log, fromOp, maxLength), done);
  }

  readRows(ops: readonly number[], done: (entries: LogEntry[], failure?: StorageFailure) => void): void {
    this.#assertOpen();
    this.#read(() => readRows(this.#open.log, ops), done);
  }

  #read(from: () => Promise<LogEntry[]>, done: (entries: LogEntry[], failure?: StorageFailure) => void): void {
    const begin = async () => {
      const reading = from().then(
        (entries) => done(entries),
        (error) => done([], failureOf(error, `Reading the log of ${this.#open.folder}`)),
      );
      this.#reads.add(reading);
      // Only its beginning waits its turn: appends go on meanwhile.
      void reading.then(() => this.#reads.delete(reading));
    };
    this.#queue.run('Reading', begin, (failure) => {
      if (failure) done([], failure);
    });
  }

  /**
   * Makes a named copy while everything goes on. Its failure is nobody's but that of who asked for it.
   *
   * @param upTo the last operation that is to be in it, known to be committed
   * @throws DatabaseError `copy` with a sentence for the operator
   */
  async makeCopy(upTo: number, ask: Omit<CopyAsk, 'watch'>, onBytes: (bytes: number) => void): Promise<CopyManifest> {
    const goOn = () => {
      if (this.#closed) throw new DatabaseError('copy', 'The server is stopping, so there is no copy.');
    };
    goOn();
    const making = this.#makeCopy(upTo, { ...ask, watch: { onBytes, goOn } });
    this.#copies.add(making);
    return making.finally(() => this.#copies.delete(making));
  }

  async #makeCopy(upTo: number, ask: CopyAsk): Promise<CopyManifest> {
    const { folder, log } = this.#open;
    const stretch = await new Promise<LogStretch>((resolve, reject) =>
      // In its turn, so that nothing is cut meanwhile; and never failing as a turn, or the server would end for it.
      this.#queue.run(
        'Nothing',
        () => stretchOf(log, upTo).then(resolve, reject),
        (failure) => {
          if (failure) reject(new DatabaseError('copy', failure.message));
        },
      ),
    );
    return makeNamedCopy(folder, ask, stretch, (work) => this.#whileStill(work));
  }

  /** Does something while the snapshot is not being replaced. */
  #whileStill<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#snapshots.then(work);
    this.#snapshots = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  compact(plan: CompactionPlan, done: (report: CompactionReport | undefined, failure?: StorageFailure) => void): void {
    this.#assertOpen();
    this.#compactions = this.#compactions.then(async () => {
      const { report, failure } = await this.#compact(plan);
      if (report) this.#open.compaction = report;
      done(report, this.#queue.failure ?? failure);
    });
  }

  #compact(plan: CompactionPlan): ReturnType<typeof compact> {
    const { folder, log, oldDamage, compaction } = this.#open;
    const place: CompactionPlace = {
      folder,
      log,
      oldDamage,
      lastOp: compaction?.op ?? 0,
      isOpen: () => !this.#closed,
      readRows: (ops) => this.#readForCompaction(ops),
      ...turnsOf({ queue: this.#queue, reads: this.#reads, copies: this.#copies }),
    };
    return compact(place, plan);
  }

  #readForCompaction(ops: readonly number[]): Promise<LogEntry[]> {
    return new Promise((resolve, reject) => {
      const done = (entries: LogEntry[], failure?: StorageFailure) =>
        failure ? reject(new StorageError(failure)) : resolve(entries);
      this.#read(() => readRows(this.#open.log, ops), done);
    });
  }

  close(done: WhenDurable): void {
    this.#assertOpen();
    this.#closed = true;
    this.#queue.run(
      'Closing',
      async () => {},
      async (failure) => {
        await Promise.all([...this.#reads, this.#snapshots, this.#secondCopy, this.#compactions]);
        await Promise.allSettled([this.#open.log.close(), ...this.#viewFile.map((copy) => copy.close())]);
        this.#open.release();
        done(this.#queue.failure ?? failure);
      },
    );
  }

  #assertOpen(): void {
    assert(!this.#closed, 'a storage is not used after it was closed');
  }
}
