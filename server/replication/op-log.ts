import { assert } from '../../shared/assert.ts';
import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { LogPosition } from './messages.ts';

/**
 * The log as the replica knows it: the entries after `floor` are in memory, those up to it only on disk.
 * Never holds a gap. `floor` is never above the commit number, so whatever may still be cut is in memory.
 */
export class OpLog {
  /** The last operation that is no longer in memory; 0 when all are. */
  floor: number;
  /** Highest operation that is durable on this replica's disk. */
  durableOp: number;
  #floorChain: string;
  #floorView: string;
  #entries: LogEntry[] = [];
  /** Of the rows in memory, in UTF-16 code units. */
  #length = 0;

  constructor(floor: { op: number; chain: string; view: string } = { op: 0, chain: GENESIS_CHAIN, view: '0/0/' }) {
    this.floor = floor.op;
    this.durableOp = floor.op;
    this.#floorChain = floor.chain;
    this.#floorView = floor.view;
  }

  get endOp(): number {
    return this.floor + this.#entries.length;
  }

  get end(): LogPosition {
    const last = this.#entries[this.#entries.length - 1];
    return last
      ? { op: last.op, chain: last.chain, view: last.view }
      : { op: this.floor, chain: this.#floorChain, view: this.#floorView };
  }

  /** Of the rows in memory, in UTF-16 code units of CSV. */
  get length(): number {
    return this.#length;
  }

  /** Those after the floor, in order. */
  get entriesInMemory(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Undefined above the end and at or below the floor. */
  entry(op: number): LogEntry | undefined {
    return this.#entries[op - this.floor - 1];
  }

  /** The chain digest after `op`; undefined above the end and below the floor. */
  chainAt(op: number): string | undefined {
    return op === this.floor ? this.#floorChain : this.entry(op)?.chain;
  }

  /** @param entries must follow the end without a gap, digests included */
  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      assert(entry.op === this.endOp + 1, `entry ${entry.op} does not follow ${this.endOp}`);
      this.#entries.push(entry);
      this.#length += entry.row.length;
    }
  }

  /** Forgets all entries after `op`, which must not be below the floor. */
  cutAfter(op: number): void {
    assert(op >= this.floor, `cannot cut after ${op}, below ${this.floor}`);
    this.#forget(this.#entries.splice(op - this.floor));
    this.durableOp = Math.min(this.durableOp, op);
  }

  /** Entries `fromOp`..`throughOp` that are in memory, as many as fit into `maxLength` code units but at least one. */
  slice(fromOp: number, throughOp: number, maxLength: number): LogEntry[] {
    assert(fromOp > this.floor, `entry ${fromOp} is no longer in memory`);
    const entries: LogEntry[] = [];
    let length = 0;
    for (let op = fromOp; op <= throughOp; op++) {
      const entry = this.entry(op);
      if (!entry || (entries.length > 0 && length + entry.row.length > maxLength)) break;
      entries.push(entry);
      length += entry.row.length;
    }
    return entries;
  }

  /** Lets go of entries up to and including `op` (which must be durable and committed); they are on disk. */
  release(op: number): void {
    const last = this.entry(op);
    if (!last) return;
    this.#forget(this.#entries.splice(0, op - this.floor));
    this.floor = op;
    this.#floorChain = last.chain;
    this.#floorView = last.view;
  }

  /** The lowest op after which no more than so many rows follow, and no more than so many code units; `through` at most. */
  tailAfter(through: number, rows: number, length: number): number {
    let after = through;
    for (let left = length; after > Math.max(this.floor, through - rows); after--) {
      left -= this.entry(after)!.row.length;
      if (left < 0) break;
    }
    return after;
  }

  #forget(entries: readonly LogEntry[]): void {
    for (const { row } of entries) this.#length -= row.length;
  }
}
