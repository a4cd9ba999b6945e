import { newViewFile } from '../../server/replication/replica.ts';
import type { Address, DiskId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import type { ViewFile } from '../../shared/views.ts';

/** A snapshot without tables: the simulated state is made again from the log. */
export interface SimulatedSnapshot {
  op: number;
  chain: string;
  view: string;
  complete: boolean;
}

/** What survives a crash of one server. */
export class SimulatedDisk {
  file: ViewFile;
  sessionKey = '';
  snapshot: SimulatedSnapshot | null = null;
  /** Synced: a crash keeps all of it. */
  readonly entries: LogEntry[] = [];
  /** The last incarnation whose synced rows were lost with it; 0 when none were. */
  lostRowsOf = 0;
  /** Written, but not yet synced: a crash keeps any prefix of it. */
  readonly #unsynced: LogEntry[] = [];

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

  append(entries: readonly LogEntry[]): void {
    this.#unsynced.push(...entries);
  }

  /** Everything appended so far; a sync that ends later makes it durable. */
  beginSync(): LogEntry | undefined {
    return this.#unsynced[this.#unsynced.length - 1];
  }

  /** The sync up to `last` is done, unless that was cut off meanwhile. Returns the last entry that became durable. */
  endSync(last: LogEntry): LogEntry | undefined {
    const count = this.#unsynced.indexOf(last) + 1;
    this.entries.push(...this.#unsynced.splice(0, count));
    return count > 0 ? last : undefined;
  }

  cutAfter(op: number): void {
    const isKept = (entry: LogEntry) => entry.op <= op;
    this.#unsynced.splice(0, this.#unsynced.length, ...this.#unsynced.filter(isKept));
    if (this.entries.length > op) this.entries.length = op;
  }

  /** H20: what was synced is gone nevertheless, from some row on. */
  loseAfter(op: number): void {
    this.lostRowsOf = this.file.incarnation;
    this.cutAfter(op);
  }

  /** Returns how many rows that nobody had synced survived. */
  crash(random: Random): number {
    const kept = random.between(0, this.#unsynced.length + 1);
    this.entries.push(...this.#unsynced.slice(0, kept));
    this.#unsynced.length = 0;
    return kept;
  }
}
