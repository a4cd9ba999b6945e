import { newViewFile } from '../../server/replication/replica.ts';
import type { CompactionReport } from '../../server/storage/replica-storage.ts';
import type { Address, DiskId } from '../../shared/ids.ts';
import type { LogEntry, Snapshot } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import type { ViewFile } from '../../shared/views.ts';

/** A snapshot, with the rows of the tables that are read in pieces, by their names. */
export interface StoredSnapshot extends Snapshot {
  long: ReadonlyMap<string, readonly string[][]>;
}

/** What survives a crash of one server. */
export class SimulatedDisk {
  file: ViewFile;
  /** False on a folder that was never used. */
  hasFile = false;
  sessionKey = '';
  snapshot: StoredSnapshot | null = null;
  /** Synced: a crash keeps all of it. */
  entries: LogEntry[] = [];
  /** The last one that was finished. */
  compaction: CompactionReport | null = null;
  /** The last incarnation whose synced rows were lost with it; 0 when none were. */
  lostRowsOf = 0;
  /** What the next write ends with. */
  fault: 'fails' | 'full' | null = null;
  /** A write has failed in the present life of its server. */
  hasFailed = false;
  /** Now and then a write takes far longer than others. */
  isFitful = false;
  /** No write ends before. */
  hangsUntilMs = 0;
  /** A row that was synced became unreadable: the server refuses to start. */
  isDamaged = false;
  /** R1: somebody has put an earlier copy of the folder in its place. */
  isOldCopy = false;
  /** Written, but not yet synced: a crash keeps any prefix of it. */
  #unsynced: LogEntry[] = [];
  readonly #copies: Pick<SimulatedDisk, 'file' | 'sessionKey' | 'snapshot' | 'entries' | 'compaction'>[] = [];

  /** @param number tells disks apart within a run, so that a run depends on its seed alone */
  constructor(address: Address, number: number, heartbeatTimeoutMs: number) {
    const disk = `disk-${number}` as DiskId;
    this.file = newViewFile({ id: address, disk, incarnation: 0 }, heartbeatTimeoutMs);
  }

  get unsyncedCount(): number {
    return this.#unsynced.length;
  }

  chainAt(op: number): string | undefined {
    return this.entries[op - 1]?.chain;
  }

  write(entries: readonly LogEntry[]): void {
    this.#unsynced.push(...entries);
  }

  /** What was written is synced. */
  sync(): void {
    if (this.#unsynced.length === 0) return;
    this.entries.push(...this.#unsynced);
    this.#unsynced = [];
  }

  /** Takes back what was written and not synced. */
  unwrite(): void {
    this.#unsynced = [];
  }

  cutAfter(op: number): void {
    this.#unsynced = this.#unsynced.filter((entry) => entry.op <= op);
    if (this.entries.length > op) this.entries.length = op;
    if (this.compaction && this.compaction.op > op) this.compaction = null;
  }

  /** H20: what was synced is gone nevertheless, from some row on. */
  loseAfter(op: number): void {
    this.lostRowsOf = this.file.incarnation;
    this.cutAfter(op);
  }

  /** The process ended. Returns how many rows that nobody had synced are whole: what follows them is cut off as torn. */
  crash(random: Random): number {
    this.hasFailed = false;
    const kept = random.between(0, this.#unsynced.length + 1);
    this.entries.push(...this.#unsynced.slice(0, kept));
    this.#unsynced = [];
    return kept;
  }

  /** Of an earlier start. */
  get hasOlderCopy(): boolean {
    return this.#copies.some(({ file }) => file.incarnation < this.file.incarnation);
  }

  /** Somebody copies the folder. */
  backUp(): void {
    const { file, sessionKey, snapshot, entries, compaction } = this;
    this.#copies.push({ file, sessionKey, snapshot, entries: [...entries], compaction });
  }

  /**
   * R1: a copy is put in the place of the folder.
   *
   * @param choice which one: 0 ≤ x < 1, from the oldest on
   * @returns false when there is none
   */
  putCopyBack(choice: number): boolean {
    const copy = this.#copies[Math.floor(choice * this.#copies.length)];
    if (!copy) return false;
    this.isOldCopy = true;
    this.lostRowsOf = Math.max(this.lostRowsOf, this.file.incarnation);
    this.#unsynced = [];
    Object.assign(this, { ...copy, entries: [...copy.entries] });
    return true;
  }
}
