import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import { MessageColumns } from './message-columns.ts';
import { MessageIds } from './message-ids.ts';
import { NumberList } from './number-list.ts';

/** What concerns one present account, what it sent as well as what it was sent; numbers of messages. */
export interface Timeline {
  /** By position, deleted ones included. A message to oneself is there once. */
  readonly messages: NumberList;
  /** The deleted ones among them, by the position of their deletion. */
  readonly deletions: NumberList;
}

/** What became of messages after they were sent. */
export type Change =
  | { readonly op: number; readonly deletedMessage: number }
  | { readonly op: number; readonly deletedAccount: AccountId };

/**
 * Where every message stands that some present account sent or was sent, but not its text: that is in the log. A message
 * whose two accounts are both deleted concerns nobody any more and is forgotten.
 *
 * Messages and accounts are numbered from 0 in the order in which they came, and no number is used twice. As many as there are
 * messages, there are no objects: a million of them take some 70 MB, and cost the collector nothing.
 */
export class MessageArchive {
  readonly columns = new MessageColumns();
  readonly #ids = new MessageIds();
  readonly #accounts: AccountId[] = [];
  /** By the account's id, which is an op number: numbers are found faster than texts. */
  readonly #numberOf = new Map<number, number>();
  /** By the account's number. Only present accounts have one, and only once there is something in it. */
  readonly #timelines: (Timeline | undefined)[] = [];
  /** By the account's number: the op that deleted it, where one did. */
  readonly #leftAtOps: (number | undefined)[] = [];
  /** How many messages are kept of each deleted account; never 0. */
  readonly #keptOfDeleted = new Map<number, number>();
  #changes: Change[] = [];

  /** How many messages there ever were, forgotten ones included. */
  get length(): number {
    return this.columns.length;
  }

  /** Deletions since {@link dropChanges} was called, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Forgets the changes up to and including an op. */
  dropChanges(op: number): void {
    this.#changes = this.#changes.filter((change) => change.op > op);
  }

  /** The number of a message that is not forgotten. */
  find(id: string): number | undefined {
    return this.#ids.find(id);
  }

  idOf(message: number): string {
    return this.#ids.text(message);
  }

  senderOf(message: number): AccountId {
    return this.#accounts[this.columns.sender(message)]!;
  }

  recipientOf(message: number): AccountId {
    return this.#accounts[this.columns.recipient(message)]!;
  }

  /** Whether some present account sent it or was sent it. */
  isKept(message: number): boolean {
    const { columns } = this;
    return (
      this.#timelines[columns.sender(message)] !== undefined ||
      this.#timelines[columns.recipient(message)] !== undefined
    );
  }

  /** The op that deleted the message, or the later one of its two accounts; 0 while there is somebody to show it to. */
  removableAtOp(message: number): number {
    const { columns } = this;
    const deletedAtOp = columns.deletedAtOp(message);
    if (deletedAtOp > 0) return deletedAtOp;
    const sender = this.#leftAtOps[columns.sender(message)] ?? Number.POSITIVE_INFINITY;
    const recipient = this.#leftAtOps[columns.recipient(message)] ?? Number.POSITIVE_INFINITY;
    const bothLeftAtOp = Math.max(sender, recipient);
    return bothLeftAtOp === Number.POSITIVE_INFINITY ? 0 : bothLeftAtOp;
  }

  /** The accounts that ever sent a message or were sent one, by their numbers. */
  get accounts(): readonly AccountId[] {
    return this.#accounts;
  }

  /** The number of an account; undefined when no message ever concerned it. */
  numberOf(account: AccountId): number | undefined {
    return this.#numberOf.get(Number(account));
  }

  timelineOf(account: AccountId): Timeline | undefined {
    const number = this.numberOf(account);
    return number === undefined ? undefined : this.#timelines[number];
  }

  /** Makes room for so many messages at once, which is faster than growing. */
  reserve(messages: number): void {
    this.#ids.reserve(messages);
  }

  /** The position must be the highest so far, the id not be {@link find}able, and both accounts present. */
  add(id: string, position: number, from: AccountId, to: AccountId): void {
    const sender = this.#numberFor(from);
    const recipient = this.#numberFor(to);
    const message = this.#ids.add(id);
    this.columns.add(position, sender, recipient);
    this.#timelineFor(sender).messages.push(message);
    if (recipient !== sender) this.#timelineFor(recipient).messages.push(message);
  }

  /** Notes the deletion for whoever saw the message. It must not be deleted yet. */
  delete(message: number, op: number): void {
    const { columns } = this;
    assert(columns.deletedAtOp(message) === 0, `message ${this.idOf(message)} is deleted already`);
    columns.setDeleted(message, op);
    const sender = columns.sender(message);
    const recipient = columns.recipient(message);
    // A deleted account has no timeline any more, and needs none.
    this.#timelines[sender]?.deletions.push(message);
    if (recipient !== sender) this.#timelines[recipient]?.deletions.push(message);
    this.#changes.push({ op, deletedMessage: message });
  }

  /**
   * Forgets what concerned only this account, and what concerned besides it only accounts deleted earlier.
   *
   * @param deleted an account that was deleted by the op that is being applied
   * @returns the deleted accounts of which no message is left, this one perhaps among them
   */
  forget(deleted: AccountId, op: number): AccountId[] {
    const number = this.numberOf(deleted);
    if (number === undefined) return [deleted];
    this.#changes.push({ op, deletedAccount: deleted });
    this.#leftAtOps[number] = op;
    const timeline = this.#timelines[number];
    this.#timelines[number] = undefined;
    const withoutMessages: AccountId[] = [];
    let kept = 0;
    for (const message of timeline?.messages ?? []) {
      const sender: number = this.columns.sender(message);
      const other: number = sender === number ? this.columns.recipient(message) : sender;
      if (this.#timelines[other] !== undefined) {
        kept++;
        continue;
      }
      this.#ids.remove(message);
      if (other !== number && this.#countDown(other) === 0) withoutMessages.push(this.#accounts[other]!);
    }
    if (kept > 0) this.#keptOfDeleted.set(number, kept);
    else withoutMessages.push(deleted);
    return withoutMessages;
  }

  #numberFor(account: AccountId): number {
    const key = Number(account);
    let number = this.#numberOf.get(key);
    if (number === undefined) {
      number = this.#accounts.length;
      this.#accounts.push(account);
      this.#numberOf.set(key, number);
      this.#timelines.push(undefined);
    }
    return number;
  }

  #timelineFor(account: number): Timeline {
    this.#timelines[account] ??= { messages: new NumberList(), deletions: new NumberList() };
    return this.#timelines[account]!;
  }

  #countDown(account: number): number {
    const kept = this.#keptOfDeleted.get(account);
    assert(kept !== undefined, `deleted account ${this.#accounts[account]} is thought to have no messages`);
    if (kept === 1) this.#keptOfDeleted.delete(account);
    else this.#keptOfDeleted.set(account, kept - 1);
    return kept - 1;
  }
}
