import { isPrimary, type ReplicaState } from '../../server/replication/replica-state.ts';
import { formatView } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';

/** A broken promise, with what it was. */
export class Violation extends Error {}

/** Watches from outside what the replicas do; shares no code with them. */
export class Checker {
  /** The one committed history: op number → chain digest. */
  readonly #committed: string[] = [];
  readonly #primaries = new Set<string>();
  /** Highest op that some client was told is done. */
  acknowledged = 0;
  commits = 0;

  /** I5: whatever one replica commits, no other ever commits anything else there. */
  onCommit(server: string, entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const before = this.#committed[entry.op];
      if (before === undefined) this.#committed[entry.op] = entry.chain;
      else if (before !== entry.chain) throw new Violation(`${server} commits another operation ${entry.op}`);
      this.commits += 1;
    }
  }

  /** The client was answered: from now on this operation may never be missing. */
  onAcknowledged(op: number): void {
    if (this.#committed[op] === undefined) throw new Violation(`operation ${op} was acknowledged but never committed`);
    this.acknowledged = Math.max(this.acknowledged, op);
  }

  /**
   * A new primary has every operation that was acknowledged before (I4), and so has one that holds all leases (I7).
   * One that was left behind without knowing it may lack some: it can neither commit nor confirm a read.
   */
  onPrimary(server: string, state: ReplicaState, holdsAllLeases: boolean): void {
    if (!isPrimary(state)) return;
    const view = `${server} ${formatView(state.file.base!.number)}`;
    if (this.#primaries.has(view) && !holdsAllLeases) return;
    this.#primaries.add(view);
    for (let op = this.acknowledged; op > state.log.floor; op--) {
      if (state.log.chainAt(op) !== this.#committed[op]) {
        throw new Violation(`${server} is primary of view ${state.file.base!.number.round} without operation ${op}`);
      }
    }
  }

  /** R17: a confirmed read sees everything that was acknowledged before it was asked for. */
  onReadConfirmed(server: string, state: ReplicaState, acknowledgedBefore: number): void {
    if (state.commit < acknowledgedBefore) {
      throw new Violation(`${server} confirms a read at ${state.commit}, but ${acknowledgedBefore} was acknowledged`);
    }
  }
}
