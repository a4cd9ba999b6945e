import type { AccountId } from '../../shared/ids.ts';
import type { LogEvent, Remains } from '../../shared/operations.ts';
import type { Accounts } from './accounts.ts';
import type { MessageArchive } from './messages.ts';

/** An account of which nothing is left in the state. */
export interface GoneAccount {
  readonly account: AccountId;
  readonly deletedAtOp: number;
  /** The op that deleted the last one with whom it shared a message; `deletedAtOp` when there was none. */
  readonly goneAtOp: number;
}

/** What the state has to remember for {@link Compactions}. */
export interface CompactionFacts {
  /** Op of the latest `cluster:compact` entry; 0 when there is none. */
  op: number;
  /** Op of the one before it; 0 when there is none. */
  opBefore: number;
  /** Op of the first entry since the latest one that made a body removable; 0 when there is nothing to remove. */
  removableSinceOp: number;
  /** Accounts that are gone since the one before the latest, in the order in which they went. */
  gone: readonly GoneAccount[];
  /** Ops of rows that were applied without their bodies, or with a part of them, before what they brought was deleted. */
  withoutBody: readonly number[];
}

/**
 * R27: which bodies the rows of the log can do without, as of the latest `cluster:compact` entry that was applied. The state may have gone on since,
 * and still gives the same answers: so all replicas remove the same, each when it has time.
 */
export class Compactions {
  #op = 0;
  #opBefore = 0;
  #removableSinceOp = 0;
  readonly #gone = new Map<AccountId, GoneAccount>();
  readonly #withoutBody = new Set<number>();
  readonly #accounts: Accounts;
  readonly #archive: MessageArchive;

  constructor(accounts: Accounts, archive: MessageArchive) {
    this.#accounts = accounts;
    this.#archive = archive;
  }

  get facts(): CompactionFacts {
    return {
      op: this.#op,
      opBefore: this.#opBefore,
      removableSinceOp: this.#removableSinceOp,
      gone: [...this.#gone.values()],
      withoutBody: this.isWhole ? [] : [...this.#withoutBody],
    };
  }

  /** Takes up {@link facts} of a snapshot, before anything is applied. */
  restore({ op, opBefore, removableSinceOp, gone, withoutBody }: CompactionFacts): void {
    this.#op = op;
    this.#opBefore = opBefore;
    this.#removableSinceOp = removableSinceOp;
    for (const one of gone) this.noteGone(one);
    for (const one of withoutBody) this.#withoutBody.add(one);
  }

  get op(): number {
    return this.#op;
  }

  get removableSinceOp(): number {
    return this.#removableSinceOp;
  }

  /** A `cluster:compact` entry is applied. */
  compact(op: number): void {
    for (const { account, goneAtOp } of this.#gone.values()) if (goneAtOp <= this.#op) this.#gone.delete(account);
    this.#opBefore = this.#op;
    this.#op = op;
    this.#removableSinceOp = 0;
  }

  /** The entry that is applied makes a body removable, perhaps its own. */
  noteRemovable(op: number): void {
    this.#removableSinceOp ||= op;
  }

  noteGone(gone: GoneAccount): void {
    this.#gone.set(gone.account, gone);
  }

  /** An entry took effect that compaction had shortened. */
  noteShortened(op: number): void {
    this.#withoutBody.add(op);
  }

  /**
   * False while something present lacks what compaction has removed: a replica that applies old rows has not come to its deletion yet,
   * and its state is none that there ever was.
   */
  get isWhole(): boolean {
    for (const op of this.#withoutBody) {
      if (this.#isPresent(op)) return false;
      this.#withoutBody.delete(op);
    }
    return true;
  }

  #isPresent(op: number): boolean {
    const account = this.#accounts.find(String(op));
    if (account) return account.deletedAtOp === 0;
    const message = this.#messageAt(op);
    return message !== undefined && this.#archive.removableAtOp(message) === 0;
  }

  /** What is to be left of the body of a row up to {@link op}. */
  remainsOf(op: number, event: LogEvent): Remains {
    if (event === 'message:send') return this.#messageRemains(op);
    return event === 'account:create' ? this.#accountRemains(String(op) as AccountId) : 'all';
  }

  #messageRemains(position: number): Remains {
    const message = this.#messageAt(position);
    // One that is not there was refused when it was applied.
    if (message === undefined) return 'nothing';
    const removableAtOp = this.#archive.removableAtOp(message);
    return removableAtOp > 0 && removableAtOp <= this.#op ? 'nothing' : 'all';
  }

  #messageAt(position: number): number | undefined {
    const { columns, length } = this.#archive;
    const message = columns.firstAbove(position - 1);
    return message < length && columns.position(message) === position ? message : undefined;
  }

  #accountRemains(id: AccountId): Remains {
    const gone = this.#gone.get(id);
    const known = this.#accounts.find(id) ?? gone;
    if (known === undefined) return 'nothing';
    if (known.deletedAtOp === 0 || known.deletedAtOp > this.#op) return 'all';
    return gone !== undefined && gone.goneAtOp <= this.#op ? 'nothing' : 'part';
  }

  /**
   * Whether rows between two ops, both included, can do without more than at the compaction `after`. Rows that were refused are not known: the first
   * compaction after them removes their bodies.
   */
  hasRemovals(firstOp: number, lastOp: number, after: number): boolean {
    // Who was gone by the compaction before this one is not known any more.
    if (after < this.#opBefore) return true;
    const isNew = (op: number) => op > after && op <= this.#op;
    const isWithin = (account: AccountId) => Number(account) >= firstOp && Number(account) <= lastOp;
    for (const { id, deletedAtOp } of this.#accounts.all()) if (isNew(deletedAtOp) && isWithin(id)) return true;
    for (const { account, goneAtOp } of this.#gone.values()) if (isNew(goneAtOp) && isWithin(account)) return true;
    const { columns, length } = this.#archive;
    for (let message = columns.firstAbove(firstOp - 1); message < length; message++) {
      if (columns.position(message) > lastOp) break;
      if (isNew(this.#archive.removableAtOp(message))) return true;
    }
    return false;
  }
}
