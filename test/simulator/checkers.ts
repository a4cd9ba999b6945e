import type { LogEntry } from '../../shared/operations.ts';
import type { SimulatedDisk } from './disk.ts';

/** A broken promise, with what it was. */
export class Violation extends Error {}

/** A log as a checker looks at it. */
export interface VisibleLog {
  /** Up to it, everything is in a snapshot. */
  readonly floor: number;
  chainAt(op: number): string | undefined;
}

/** Watches from outside what becomes of operations: what is committed, acknowledged and read. */
export class HistoryChecker {
  /** The one committed history, from operation 1 on; of one epoch, if an operator has forced a view. */
  readonly committed: LogEntry[] = [];
  /** Where each request of each client was executed (I9). */
  readonly #executed = new Map<string, number>();
  #isComplete = false;
  readonly #lastRequest = new Map<string, number>();
  /** Highest op that some client was told is done. */
  acknowledged = 0;
  commits = 0;

  /** I5: whatever one replica commits, no other ever commits anything else there. */
  onCommit(server: string, entry: LogEntry): void {
    this.commits += 1;
    const before = this.committed[entry.op - 1];
    if (before) {
      if (before.chain === entry.chain) return;
      throw new Violation(`I5: ${server} commits another operation ${entry.op}`);
    }
    const last = this.committed[entry.op - 2];
    if (entry.op !== this.committed.length + 1) {
      throw new Violation(`I5: ${server} commits operation ${entry.op}, but ${entry.op - 1} was never committed`);
    }
    if (last && entry.time < last.time) {
      throw new Violation(`R3: operation ${entry.op} is ${last.time - entry.time} ms older than the one before it`);
    }
    this.committed.push(entry);
    if (entry.event === 'cluster:complete') this.#isComplete = true;
    else if (entry.client !== '' && !this.#isComplete)
      throw new Violation(`R19b: operation ${entry.op} of a client is in the log before the cluster was complete`);
    this.#onExecuted(entry);
  }

  chainAt(op: number): string | undefined {
    return this.committed[op - 1]?.chain;
  }

  /** I9: each request takes effect once, and those of a client in their order. */
  #onExecuted(entry: LogEntry): void {
    if (entry.client === '') return;
    const key = `${entry.client}/${entry.request}`;
    const earlier = this.#executed.get(key);
    if (earlier !== undefined) throw new Violation(`I9: request ${key} is executed at ${earlier} and at ${entry.op}`);
    this.#executed.set(key, entry.op);
    if (entry.request < (this.#lastRequest.get(entry.client) ?? 0)) {
      throw new Violation(`I9: request ${key} is executed after a later one`);
    }
    this.#lastRequest.set(entry.client, entry.request);
  }

  /**
   * The client was answered: from now on this operation may never be missing. R4: at that moment every disk of the
   * view holds it.
   */
  onAcknowledged(client: string, request: number, op: number, diskOf: Iterable<SimulatedDisk>): void {
    const chain = this.chainAt(op);
    if (chain === undefined) throw new Violation(`operation ${op} was acknowledged but never committed`);
    const executed = this.#executed.get(`${client}/${request}`);
    if (executed !== op)
      throw new Violation(`I9: request ${client}/${request} is answered with ${op}, not ${executed}`);
    for (const disk of diskOf) {
      if (disk.chainAt(op) !== chain) {
        throw new Violation(`R4: operation ${op} is acknowledged, but not on ${disk.file.disk} of ${disk.file.id}`);
      }
    }
    this.acknowledged = Math.max(this.acknowledged, op);
  }

  /** I4, I7: this log has every operation that was acknowledged before. Digests are chained: the last one says it all. */
  requireAcknowledged(what: string, log: VisibleLog): void {
    const op = this.acknowledged;
    if (op > log.floor && log.chainAt(op) !== this.chainAt(op)) throw new Violation(`${what} without operation ${op}`);
  }
}
