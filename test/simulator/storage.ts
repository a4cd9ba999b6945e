import type { OpenDatabase } from '../../server/storage/database.ts';
import { DatabaseError } from '../../server/storage/database-error.ts';
import {
  AbandonedError,
  type CompactionPlan,
  type CompactionReport,
  type EntryCodec,
  type ReplicaStorage,
  type StorageFailure,
  type WhenDurable,
} from '../../server/storage/replica-storage.ts';
import type { LogEntry, LongTable, NewSnapshot, Snapshot } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import type { ViewFile } from '../../shared/views.ts';
import { Violation } from './checkers.ts';
import { compactSimulated } from './compaction.ts';
import type { SimulatedDisk, StoredSnapshot } from './disk.ts';
import type { Life } from './life.ts';
import type { Rates } from './rates.ts';
import { within } from './world.ts';

type Job =
  | { entries: readonly LogEntry[]; done: WhenDurable }
  /** @property work makes it durable; returns the failure if it cannot be done */
  | { work: () => StorageFailure | undefined; done: WhenDurable };

/** What the simulation wants to know of what a storage does. */
export interface StorageWatcher {
  /** A write begins or is about to be durable: a good moment for trouble. */
  atStep(): void;
  onViewFile(before: ViewFile): void;
  onRead(): void;
  onCut(afterOp: number, reason: string): void;
}

const BACKUP_CHANCE = 0.5;
const READ_MS = 0.3;
/** How often single rows can't be read on a disk that is fitful. */
const READ_FAILS = 0.03;

/** A replica's storage over a simulated disk: one thing after the other, appends that wait together in one go (R19). */
export class SimulatedStorage implements ReplicaStorage {
  readonly #life: Life;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #rates: Rates;
  readonly #watcher: StorageWatcher;
  #jobs: Job[] = [];
  #isBusy = false;
  #failure: StorageFailure | undefined;
  #snapshotOp: number;
  readonly #cuts: number[] = [];

  constructor(life: Life, disk: SimulatedDisk, random: Random, rates: Rates, watcher: StorageWatcher) {
    this.#life = life;
    this.#disk = disk;
    this.#random = random;
    this.#rates = rates;
    this.#watcher = watcher;
    this.#snapshotOp = disk.snapshot?.op ?? 0;
  }

  append(entries: readonly LogEntry[], done: WhenDurable): void {
    this.#add({ entries, done });
  }

  cutAfter(op: number, reason: string, done: WhenDurable): void {
    this.#watcher.onCut(op, reason);
    const isInSnapshot = op < this.#snapshotOp;
    const work = () => {
      if (isInSnapshot) return failure(`The log can't be cut after op ${op}: the snapshot has it.`, false);
      this.#cuts.push(op);
      this.#disk.cutAfter(op);
      return undefined;
    };
    this.#add({ work, done });
  }

  writeViewFile(file: ViewFile, done: WhenDurable): void {
    const work = () => {
      const before = this.#disk.file;
      this.#disk.file = file;
      this.#disk.hasFile = true;
      if (this.#rates.weights.oldFolder > 0 && this.#random.chance(BACKUP_CHANCE)) this.#backUp(file);
      this.#watcher.onViewFile(before);
      return undefined;
    };
    this.#add({ work, done });
  }

  /** A copy from when it was alone in its view could not know that anybody went on since; nobody can help that. */
  #backUp({ base, pending }: ViewFile): void {
    if (base !== null && base.members.length > 1 && pending.length === 0) this.#disk.backUp();
  }

  writeSessionKey(key: string, done: WhenDurable): void {
    const work = () => {
      this.#disk.sessionKey = key;
      return undefined;
    };
    this.#add({ work, done });
  }

  /** It counts only once the log on disk reaches as far; so it waits its turn, and more. */
  writeSnapshot({ longTables = [], ...snapshot }: NewSnapshot, done: WhenDurable): void {
    this.#snapshotOp = Math.max(this.#snapshotOp, snapshot.op);
    const { world } = this.#life;
    const finish = (failed?: StorageFailure) => {
      if (failed) return done(failed);
      world.queue.after(within(this.#rates.diskMs, this.#random), () => {
        if (this.#life.isOver) return;
        world.isTouched = true;
        this.#writeLongTables(longTables).then(
          (long) => this.#life.act(() => this.#finishSnapshot({ ...snapshot, long }, done)),
          (error: Error) => {
            if (error instanceof AbandonedError) this.#life.act(() => done());
            else world.fail(error);
          },
        );
      });
    };
    this.#add({ work: () => undefined, done: finish });
  }

  #finishSnapshot(snapshot: StoredSnapshot, done: WhenDurable): void {
    if (!this.#failure) this.#disk.snapshot = snapshot;
    this.#life.world.isTouched = true;
    done(this.#failure);
  }

  /** Takes all rows, as the real storage does. @returns those of each table, those from before included */
  async #writeLongTables(tables: readonly LongTable[]): Promise<StoredSnapshot['long']> {
    const long = new Map<string, string[][]>();
    for (const { name, pieces, rowsBefore } of tables) {
      const rows: string[][] = [];
      for await (const piece of pieces) rows.push(...(piece as string[][]));
      const before = rowsBefore ? (this.#disk.snapshot?.long.get(name) ?? []) : [];
      if (before.length !== (rowsBefore ?? 0))
        throw new Violation(`${name} has ${before.length} rows, not ${rowsBefore}`);
      long.set(name, [...before, ...rows]);
    }
    return long;
  }

  read(fromOp: number, maxLength: number, done: (entries: LogEntry[], failure?: StorageFailure) => void): void {
    this.#watcher.onRead();
    const begin = (failed?: StorageFailure) => {
      if (failed) return done([], failed);
      const found: LogEntry[] = [];
      let length = 0;
      for (let entry = this.#disk.entries[fromOp - 1]; entry; entry = this.#disk.entries[entry.op]) {
        if (found.length > 0 && length + entry.row.length > maxLength) break;
        found.push(entry);
        length += entry.row.length;
      }
      this.#life.world.queue.after(READ_MS, () => this.#life.act(() => done(found)));
    };
    this.#add({ work: () => undefined, done: begin });
  }

  readRows(ops: readonly number[], done: (entries: LogEntry[], failure?: StorageFailure) => void): void {
    const begin = (failed?: StorageFailure) => {
      if (failed) return done([], failed);
      const { world } = this.#life;
      const found = ops.map((op) => this.#disk.entries[op - 1]);
      const fails = this.#disk.isFitful && this.#random.chance(READ_FAILS);
      const isSlow = this.#disk.isFitful && this.#random.chance(this.#rates.slowDisk);
      const durationMs = isSlow ? this.#random.between(100, 3000) : READ_MS * (1 + this.#random.fraction());
      world.queue.after(durationMs, () =>
        this.#life.act(() => {
          world.isTouched = true;
          if (found.includes(undefined)) throw new Violation(`a row of ${ops.join()} is not on the disk`);
          if (fails) done([], failure('Reading the log failed.', false));
          else done(found as LogEntry[]);
        }),
      );
    };
    this.#add({ work: () => undefined, done: begin });
  }

  compact(plan: CompactionPlan, done: (report: CompactionReport | undefined, failure?: StorageFailure) => void): void {
    const around = {
      life: this.#life,
      disk: this.#disk,
      delayMs: () => within(this.#rates.diskMs, this.#random),
      atStep: () => this.#watcher.atStep(),
      failure: () => this.#failure,
      cuts: this.#cuts,
    };
    const begin = (failed?: StorageFailure) => {
      if (failed || plan.isOver()) done(undefined, failed);
      else compactSimulated(around, plan, done);
    };
    this.#add({ work: () => undefined, done: begin });
  }

  close(done: WhenDurable): void {
    this.#add({ work: () => undefined, done });
  }

  #add(job: Job): void {
    if (this.#life.isOver) return;
    this.#jobs.push(job);
    this.#turn();
  }

  #turn(): void {
    const first = this.#jobs[0];
    if (this.#isBusy || !first) return;
    const failed = this.#failure;
    if (failed) {
      const jobs = this.#jobs.splice(0);
      this.#life.after(0, () => {
        for (const { done } of jobs) done(failed);
      });
      return;
    }
    this.#isBusy = true;
    if ('work' in first) this.#perform(first.work);
    else this.#appendAll();
  }

  #finish(count: number): void {
    this.#life.act(() => {
      const jobs = this.#jobs.splice(0, count);
      this.#isBusy = false;
      this.#life.world.isTouched = true;
      // The disk works on the next batch while the reports of the last one are acted upon.
      const failed = this.#failure;
      this.#turn();
      for (const { done } of jobs) if (!this.#life.isOver) done(failed);
    });
  }

  #perform(work: () => StorageFailure | undefined): void {
    const { queue } = this.#life.world;
    // First, since the disk may begin to hang with this very write.
    this.#watcher.atStep();
    const durationMs = this.#durationMs();
    const durableAfterMs = durationMs * this.#random.fraction();
    queue.after(durableAfterMs, () => {
      if (this.#life.isOver) return;
      this.#failure = this.#takeFault() ?? work();
      queue.after(durationMs - durableAfterMs, () => this.#finish(1));
    });
  }

  #appendAll(): void {
    const count = this.#jobs.findIndex((job) => !('entries' in job));
    const jobs = this.#jobs.slice(0, count < 0 ? undefined : count);
    const entries = jobs.flatMap((job) => ('entries' in job ? job.entries : []));
    this.#disk.write(entries);
    this.#life.world.queue.after(this.#durationMs(), () => {
      if (this.#life.isOver) return;
      const isFull = this.#disk.fault === 'full';
      this.#failure = this.#takeFault();
      if (!this.#failure) this.#disk.sync();
      else if (isFull) this.#disk.unwrite();
      this.#finish(jobs.length);
    });
  }

  #takeFault(): StorageFailure | undefined {
    const { fault } = this.#disk;
    this.#disk.fault = null;
    if (fault === null) return undefined;
    this.#disk.hasFailed = true;
    return failure(fault === 'full' ? 'Writing failed: the disk is full.' : 'The sync failed.', fault === 'full');
  }

  #durationMs(): number {
    const hangsMs = this.#disk.hangsUntilMs - this.#life.world.nowMs;
    const isSlow = this.#disk.isFitful && this.#random.chance(this.#rates.slowDisk);
    const slowMs = isSlow ? this.#random.between(100, 3000) : 0;
    return Math.max(hangsMs, slowMs, within(this.#rates.diskMs, this.#random));
  }
}

function failure(message: string, full: boolean): StorageFailure {
  return { message, full };
}

/** What a server finds in its folder, as `openDatabase` would give it. */
export function openSimulated(disk: SimulatedDisk, storage: ReplicaStorage, codec: EntryCodec): OpenDatabase {
  if (disk.isDamaged) throw new DatabaseError('damaged', 'A row of the log does not match its digest.');
  const lastOp = disk.entries.length;
  const isUsable = disk.snapshot !== null && disk.snapshot.op <= lastOp;
  return {
    storage,
    codec,
    recovered: {
      viewFile: disk.hasFile ? disk.file : null,
      sessionKey: disk.sessionKey,
      snapshot: isUsable ? placeAndTablesOf(disk.snapshot!) : null,
      compaction: disk.compaction,
      repairs: [],
    },
    disk: disk.file.disk,
    lastOp,
    missingUpTo: disk.snapshot && !isUsable ? disk.snapshot.op : 0,
    scan: async (onEntries) => {
      const entries = disk.entries.slice(isUsable ? disk.snapshot!.op : 0);
      if (entries.length > 0) onEntries(entries);
      return disk.entries.at(-1)?.time ?? 0;
    },
    readLongTable: async (name, onRows) => {
      const rows = isUsable ? (disk.snapshot!.long.get(name) ?? []) : [];
      onRows([...rows], rows.length);
    },
    verify: async () => {},
  };
}

function placeAndTablesOf({ op, chain, view, complete, tables }: StoredSnapshot): Snapshot {
  return { op, chain, view, complete, tables };
}
