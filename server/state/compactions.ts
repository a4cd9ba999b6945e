import { withoutPassword } from '../../shared/account-body.ts';
import type { ConversationEnd } from '../../shared/ids.ts';
import type { LogEvent, Remains } from '../../shared/operations.ts';
import { isRoomBody, withoutTopic } from '../../shared/room-body.ts';
import type { Accounts } from './accounts.ts';
import type { MessageArchive } from './messages.ts';
import type { Rooms } from './rooms.ts';

/** An account or a room of which nothing is left in the state. */
export interface Gone {
  readonly end: ConversationEnd;
  /** The op since which a part of its first row was enough: one that changed its password or topic, or that deleted it. */
  readonly partAtOp: number;
  /** The op that deleted the last one who could see its name. */
  readonly goneAtOp: number;
}

/** A row whose body nobody needs since an op. */
export interface Replaced {
  readonly row: number;
  readonly atOp: number;
}

/** What the state has to remember for {@link Compactions}. */
export interface CompactionFacts {
  /** Op of the latest `cluster:compact` entry; 0 when there is none. */
  op: number;
  /** Op of the one before it; 0 when there is none. */
  opBefore: number;
  /** Op of the first entry since the latest one that made a body removable; 0 when there is nothing to remove. */
  removableSinceOp: number;
  /** Accounts and rooms that are gone since the one before the latest, in the order in which they went. */
  gone: readonly Gone[];
  /** Rows that held a text which was replaced, or is gone, since the one before the latest; by row. */
  replaced: readonly Replaced[];
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
  readonly #gone = new Map<ConversationEnd, Gone>();
  /** Rows whose bodies are needed: edits, reactions, topics, passwords, display names and documents that hold. */
  readonly #needed = new Set<number>();
  readonly #replaced = new Map<number, number>();
  readonly #withoutBody = new Set<number>();
  readonly #accounts: Accounts;
  readonly #rooms: Rooms;
  readonly #archive: MessageArchive;

  constructor(accounts: Accounts, rooms: Rooms, archive: MessageArchive) {
    this.#accounts = accounts;
    this.#rooms = rooms;
    this.#archive = archive;
  }

  get facts(): CompactionFacts {
    const replaced = Array.from(this.#replaced, ([row, atOp]) => ({ row, atOp }));
    return {
      op: this.#op,
      opBefore: this.#opBefore,
      removableSinceOp: this.#removableSinceOp,
      gone: [...this.#gone.values()],
      replaced: replaced.sort((a, b) => a.row - b.row),
      withoutBody: this.isWhole ? [] : [...this.#withoutBody],
    };
  }

  /** Takes up {@link facts} of a snapshot, before anything is applied. */
  restore({ op, opBefore, removableSinceOp, gone, replaced, withoutBody }: CompactionFacts): void {
    this.#op = op;
    this.#opBefore = opBefore;
    this.#removableSinceOp = removableSinceOp;
    for (const one of gone) this.#gone.set(one.end, one);
    for (const { row, atOp } of replaced) this.#replaced.set(row, atOp);
    for (const one of withoutBody) this.#withoutBody.add(one);
  }

  /** Ascending. */
  get neededRows(): number[] {
    return [...this.#needed].sort((a, b) => a - b);
  }

  get op(): number {
    return this.#op;
  }

  get removableSinceOp(): number {
    return this.#removableSinceOp;
  }

  /** A `cluster:compact` entry is applied. */
  compact(op: number): void {
    for (const { end, goneAtOp } of this.#gone.values()) if (goneAtOp <= this.#op) this.#gone.delete(end);
    for (const [row, atOp] of this.#replaced) if (atOp <= this.#op) this.#replaced.delete(row);
    this.#opBefore = this.#op;
    this.#op = op;
    this.#removableSinceOp = 0;
  }

  /** The entry that is applied makes a body removable, perhaps its own. */
  noteRemovable(op: number): void {
    this.#removableSinceOp ||= op;
  }

  noteGone(gone: Gone): void {
    this.#gone.set(gone.end, gone);
    this.noteRemovable(gone.goneAtOp);
  }

  /** The body of a row is needed: the text of an edit, of a reaction, of a topic, a password, a display name, a document. Not for the rows that make accounts, rooms and messages. */
  need(row: number): void {
    this.#needed.add(row);
  }

  /** The entry that is applied leaves a row that was needed without use; other rows are passed over. */
  replace(row: number, atOp: number): void {
    if (!this.#needed.delete(row)) return;
    this.#replaced.set(row, atOp);
    this.noteRemovable(atOp);
  }

  /**
   * As {@link replace}, for rows of which there may be any number in an hour: of one that is later than the latest compaction nothing needs to be
   * remembered, since the next one finds that nobody needs it.
   */
  supersede(row: number, atOp: number): void {
    if (row <= this.#op) {
      this.replace(row, atOp);
      return;
    }
    if (this.#needed.delete(row)) this.noteRemovable(atOp);
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
      if (this.#isMissed(op)) return false;
      this.#withoutBody.delete(op);
    }
    return true;
  }

  /** Whether the state would be another one with the body of a row that took effect. */
  #isMissed(op: number): boolean {
    if (this.#needed.has(op)) return true;
    const account = this.#accounts.find(String(op));
    if (account) return account.deletedAtOp === 0 && (account.username === '' || account.passwordAtOp === op);
    const room = this.#rooms.find(String(op));
    if (room) return room.name === '' || room.topicAtOp === op;
    const message = this.#messageAt(op);
    return message !== undefined && this.#textGoneAtOp(message) === 0;
  }

  /** What is to be left of the body of a row up to {@link op}. */
  remainsOf(op: number, event: LogEvent): Remains {
    switch (event) {
      case 'message:send':
        return this.#messageRemains(op);
      case 'account:create':
      case 'room:create':
        return this.#firstRowRemains(String(op) as ConversationEnd);
      case 'account:password':
      case 'account:profile':
      case 'message:edit':
      case 'message:react':
      case 'message:unreact':
      case 'room:topic':
      case 'document:set':
        return this.#needed.has(op) || (this.#replaced.get(op) ?? 0) > this.#op ? 'all' : 'nothing';
      default:
        return 'all';
    }
  }

  #messageRemains(position: number): Remains {
    const message = this.#messageAt(position);
    // One that is not there was refused when it was applied.
    if (message === undefined) return 'nothing';
    const goneAtOp = this.#textGoneAtOp(message);
    return goneAtOp > 0 && goneAtOp <= this.#op ? 'nothing' : 'all';
  }

  /** The op since which nobody needs the text that a message was sent with; 0 while it is shown. */
  #textGoneAtOp(message: number): number {
    return this.#archive.columns.firstEditOp(message) || this.#archive.removableAtOp(message);
  }

  #messageAt(position: number): number | undefined {
    const { columns, length } = this.#archive;
    const message = columns.firstAbove(position - 1);
    return message < length && columns.position(message) === position ? message : undefined;
  }

  /** Of the row that made an account or a room. */
  #firstRowRemains(end: ConversationEnd): Remains {
    const gone = this.#gone.get(end);
    const partAtOp = gone?.partAtOp ?? this.#partAtOp(end);
    if (partAtOp === undefined) return 'nothing';
    if (gone !== undefined && gone.goneAtOp <= this.#op) return 'nothing';
    return partAtOp > 0 && partAtOp <= this.#op ? 'part' : 'all';
  }

  /** The op since which a part of the first row is enough; 0 while all of it is needed, undefined when there is no such account or room. */
  #partAtOp(end: ConversationEnd): number | undefined {
    const account = this.#accounts.find(end);
    return account ? partOfAccountAtOp(account) : this.#rooms.find(end)?.firstTopicOp;
  }

  /**
   * Whether rows between two ops, both included, can do without more than at the compaction `after`. Rows that were refused are not known: the first
   * compaction after them removes their bodies.
   */
  hasRemovals(firstOp: number, lastOp: number, after: number): boolean {
    // Who was gone by the compaction before this one is not known any more.
    if (after < this.#opBefore) return true;
    const isNew = (op: number) => op > after && op <= this.#op;
    const isWithin = (op: number) => op >= firstOp && op <= lastOp;
    for (const account of this.#accounts.all()) {
      if (isNew(partOfAccountAtOp(account)) && isWithin(Number(account.id))) return true;
    }
    for (const room of this.#rooms.all()) if (isNew(room.firstTopicOp) && isWithin(Number(room.id))) return true;
    for (const { end, partAtOp, goneAtOp } of this.#gone.values()) {
      if ((isNew(partAtOp) || isNew(goneAtOp)) && isWithin(Number(end))) return true;
    }
    for (const [row, atOp] of this.#replaced) if (isNew(atOp) && isWithin(row)) return true;
    return this.#hasMessageTexts(firstOp, lastOp, isNew);
  }

  #hasMessageTexts(firstOp: number, lastOp: number, isNew: (op: number) => boolean): boolean {
    const { columns, length } = this.#archive;
    for (let message = columns.firstAbove(firstOp - 1); message < length; message++) {
      if (columns.position(message) > lastOp) break;
      if (isNew(this.#textGoneAtOp(message))) return true;
    }
    return false;
  }
}

/** What is left of the body that made an account or a room: its name. */
export function partOfBody(body: string): string {
  return isRoomBody(body) ? withoutTopic(body) : withoutPassword(body);
}

/** The op since which the password of the row that made an account is not needed; 0 while it is. */
export function partOfAccountAtOp({
  firstPasswordOp,
  deletedAtOp,
}: {
  firstPasswordOp: number;
  deletedAtOp: number;
}): number {
  return firstPasswordOp || deletedAtOp;
}
