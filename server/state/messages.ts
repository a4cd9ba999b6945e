import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import { ConversationColumns } from './conversation-columns.ts';
import { MessageColumns } from './message-columns.ts';
import { MessageIds } from './message-ids.ts';
import { NumberLists } from './number-lists.ts';
import { firstIndexWhere } from './sorted.ts';

/** What became of messages after they were sent. */
export type Change =
  | { readonly op: number; readonly deletedMessage: number }
  | { readonly op: number; readonly deletedAccount: AccountId };

/** Words of a change in its list: the message, and both halves of the op. */
const CHANGE_WORDS = 3;
const HALF = 2 ** 32;

/**
 * Where every message stands that somebody can see, but not its text: that is in the log. Messages lie in conversations: of two accounts, or of
 * one with itself. When both are deleted, the conversation concerns nobody any more and is forgotten.
 *
 * Messages, accounts and conversations are numbered from 0 in the order in which they came, and no number is used twice. As many as there are
 * messages, there are no objects: a million of them take some 60 MB, and cost the collector nothing.
 */
export class MessageArchive {
  readonly columns = new MessageColumns();
  readonly conversations = new ConversationColumns();
  readonly #ids = new MessageIds();
  readonly #accounts: AccountId[] = [];
  /** By the account's id, which is an op number: numbers are found faster than texts. */
  readonly #numberOf = new Map<number, number>();
  /** By conversation: its messages by position, deleted ones included. */
  readonly #messages = new NumberLists();
  /** By conversation: what changed in it, in the order of ops. */
  readonly #changesIn = new NumberLists();
  /** By account: the conversations that it has with accounts. Deleted ones have none. */
  readonly #conversationsOf = new NumberLists();
  /** By the account's number: the op that deleted it, where one did. */
  readonly #leftAtOps: (number | undefined)[] = [];
  /** How many conversations are kept that a deleted account took part in; never 0. */
  readonly #keptOfDeleted = new Map<number, number>();
  #changes: Change[] = [];

  /** How many messages there ever were, forgotten ones included. */
  get length(): number {
    return this.columns.length;
  }

  /** What changed since {@link dropChanges} was called, in order. */
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

  /** The number of the account that a message was sent to. */
  recipient(message: number): number {
    return this.conversations.otherThan(this.columns.sender(message), this.columns.conversation(message));
  }

  recipientOf(message: number): AccountId {
    return this.#accounts[this.recipient(message)]!;
  }

  /** Whether somebody can see it, or could before it was deleted. */
  isKept(message: number): boolean {
    return this.endedAtOp(this.columns.conversation(message)) === 0;
  }

  /** The op that deleted the last one who could see a conversation; 0 while there is somebody. */
  endedAtOp(conversation: number): number {
    const one = this.conversations.one(conversation);
    const oneLeftAtOp = this.#leftAtOps[one] ?? 0;
    if (oneLeftAtOp === 0) return 0;
    const otherLeftAtOp = this.#leftAtOps[this.conversations.otherThan(one, conversation)] ?? 0;
    return otherLeftAtOp === 0 ? 0 : Math.max(oneLeftAtOp, otherLeftAtOp);
  }

  /** The op that deleted the message, or the last one who could see it; 0 while there is somebody to show it to. */
  removableAtOp(message: number): number {
    const { columns } = this;
    return columns.deletedAtOp(message) || this.endedAtOp(columns.conversation(message));
  }

  /** The accounts that ever sent a message or were sent one, by their numbers. */
  get accounts(): readonly AccountId[] {
    return this.#accounts;
  }

  /** The number of an account; undefined when no message ever concerned it. */
  numberOf(account: AccountId): number | undefined {
    return this.#numberOf.get(Number(account));
  }

  /** The conversation of two accounts, or of one with itself; undefined when there is none, and when it was forgotten. */
  between(one: AccountId, other: AccountId): number | undefined {
    const [number, otherNumber] = [this.numberOf(one), this.numberOf(other)];
    if (number === undefined || otherNumber === undefined) return undefined;
    const conversation = this.conversations.find(number, otherNumber);
    return conversation === undefined || this.endedAtOp(conversation) > 0 ? undefined : conversation;
  }

  /** The conversations that a present account has with others, and with itself, in the order in which they began. */
  *conversationsOf(account: AccountId): Generator<number> {
    const number = this.numberOf(account);
    if (number === undefined) return;
    const count = this.#conversationsOf.length(number);
    for (let index = 0; index < count; index++) yield this.#conversationsOf.at(number, index);
  }

  /** How many messages a conversation has, deleted ones included. */
  messageCount(conversation: number): number {
    return this.#messages.length(conversation);
  }

  /** The message at an index below {@link messageCount}, by position. */
  messageAt(conversation: number, index: number): number {
    return this.#messages.at(conversation, index);
  }

  /** The index of the first message above a position; {@link messageCount} when there is none. */
  firstMessageAbove(conversation: number, position: number): number {
    return firstIndexWhere(
      this.#messages.length(conversation),
      (index) => this.columns.position(this.#messages.at(conversation, index)) > position,
    );
  }

  /** How many changes a conversation has. */
  changeCount(conversation: number): number {
    return this.#changesIn.length(conversation) / CHANGE_WORDS;
  }

  /** The message that a change concerns, by the change's index below {@link changeCount}. */
  changedMessage(conversation: number, index: number): number {
    return this.#changesIn.at(conversation, CHANGE_WORDS * index);
  }

  changeOp(conversation: number, index: number): number {
    const first = CHANGE_WORDS * index;
    return this.#changesIn.at(conversation, first + 1) * HALF + this.#changesIn.at(conversation, first + 2);
  }

  /** The index of the first change above a position; {@link changeCount} when there is none. */
  firstChangeAbove(conversation: number, position: number): number {
    return firstIndexWhere(this.changeCount(conversation), (index) => this.changeOp(conversation, index) > position);
  }

  /** Makes room for so many messages at once, which is faster than growing. */
  reserve(messages: number): void {
    this.#ids.reserve(messages);
  }

  /** The position must be the highest so far, the id not be {@link find}able, and both accounts present. */
  add(id: string, position: number, from: AccountId, to: AccountId): void {
    const sender = this.#numberFor(from);
    const recipient = this.#numberFor(to);
    this.#append(id, position, sender, this.conversations.find(sender, recipient) ?? this.#begin(sender, recipient));
  }

  #append(id: string, position: number, sender: number, conversation: number): void {
    const message = this.#ids.add(id);
    this.columns.add(position, sender, conversation);
    this.#messages.push(conversation, message);
    this.conversations.setLastOp(conversation, position);
  }

  #begin(sender: number, recipient: number): number {
    const conversation = this.conversations.add(sender, recipient);
    this.#conversationsOf.push(sender, conversation);
    if (recipient !== sender) this.#conversationsOf.push(recipient, conversation);
    return conversation;
  }

  /** Notes the deletion for whoever saw the message. It must not be deleted yet. */
  delete(message: number, op: number): void {
    const { columns } = this;
    assert(columns.deletedAtOp(message) === 0, `message ${this.idOf(message)} is deleted already`);
    columns.setDeleted(message, op);
    this.#noteChange(message, op);
    this.#changes.push({ op, deletedMessage: message });
  }

  #noteChange(message: number, op: number): void {
    const conversation = this.columns.conversation(message);
    this.#changesIn.push(conversation, message);
    this.#changesIn.push(conversation, Math.floor(op / HALF));
    this.#changesIn.push(conversation, op % HALF);
    this.conversations.setLastOp(conversation, op);
  }

  /**
   * Forgets what concerned only this account, and what concerned besides it only accounts deleted earlier.
   *
   * @param deleted an account that was deleted by the op that is being applied
   * @returns the deleted accounts that took part in nothing that is kept, this one perhaps among them
   */
  forget(deleted: AccountId, op: number): AccountId[] {
    const number = this.numberOf(deleted);
    if (number === undefined) return [deleted];
    this.#changes.push({ op, deletedAccount: deleted });
    const withoutMessages: AccountId[] = [];
    let kept = 0;
    for (const conversation of this.conversationsOf(deleted)) {
      const other = this.conversations.otherThan(number, conversation);
      if (other !== number && this.#leftAtOps[other] === undefined) {
        kept++;
        continue;
      }
      this.#end(conversation);
      if (other !== number && this.#countDown(other) === 0) withoutMessages.push(this.#accounts[other]!);
    }
    this.#leftAtOps[number] = op;
    this.#conversationsOf.clear(number);
    if (kept > 0) this.#keptOfDeleted.set(number, kept);
    else withoutMessages.push(deleted);
    return withoutMessages;
  }

  #end(conversation: number): void {
    const count = this.#messages.length(conversation);
    for (let index = 0; index < count; index++) this.#ids.remove(this.#messages.at(conversation, index));
    this.#messages.clear(conversation);
    this.#changesIn.clear(conversation);
  }

  #numberFor(account: AccountId): number {
    const key = Number(account);
    let number = this.#numberOf.get(key);
    if (number === undefined) {
      number = this.#accounts.length;
      this.#accounts.push(account);
      this.#numberOf.set(key, number);
    }
    return number;
  }

  #countDown(account: number): number {
    const kept = this.#keptOfDeleted.get(account);
    assert(kept !== undefined, `deleted account ${this.#accounts[account]} is thought to have no messages`);
    if (kept === 1) this.#keptOfDeleted.delete(account);
    else this.#keptOfDeleted.set(account, kept - 1);
    return kept - 1;
  }
}
