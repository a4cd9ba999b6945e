import { assert } from '../../shared/assert.ts';
import type { AccountId, ConversationEnd, RoomId } from '../../shared/ids.ts';
import { ConversationColumns } from './conversation-columns.ts';
import { ConversationContents } from './conversation-contents.ts';
import { MessageColumns } from './message-columns.ts';
import { MessageIds } from './message-ids.ts';
import { NumberLists } from './number-lists.ts';

/** What became of messages after they were sent. */
export type Change =
  | { readonly op: number; readonly kind: 'deleted' | 'edited'; readonly message: number }
  | { readonly op: number; readonly kind: 'reacted'; readonly message: number; readonly account: AccountId }
  | { readonly op: number; readonly kind: 'left'; readonly account: AccountId }
  | { readonly op: number; readonly kind: 'ended'; readonly room: RoomId };

/** What is kept of a room with messages. */
interface RoomMessages {
  readonly id: RoomId;
  readonly conversation: number;
  /** Numbers of the accounts that ever sent one. */
  readonly writers: Set<number>;
  /** 0 while the room is there. */
  endedAtOp: number;
}

/**
 * Where every message stands that somebody can see, but not its text: that is in the log. Messages lie in conversations: of two accounts, of
 * one with itself, or in a room. When both are deleted, or the room is gone, the conversation concerns nobody any more and is forgotten.
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
  /** What lies in each conversation. */
  readonly contents = new ConversationContents(this.columns);
  /** By account: the conversations that it has with accounts. Deleted ones have none. */
  readonly #conversationsOf = new NumberLists();
  /** By the account's number: the op that deleted it, where one did. */
  readonly #leftAtOps: (number | undefined)[] = [];
  /** How many conversations are kept that a deleted account took part in; never 0. */
  readonly #keptOfDeleted = new Map<number, number>();
  readonly #rooms: RoomMessages[] = [];
  readonly #roomById = new Map<RoomId, RoomMessages>();
  /** By account: how many rooms are there in which it ever wrote. */
  readonly #writesIn = new Map<number, number>();
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

  /** The number of the account that a message was sent to, which must not be in a room. */
  recipient(message: number): number {
    return this.conversations.otherThan(this.columns.sender(message), this.columns.conversation(message));
  }

  /** The account or the room that a message was sent to. */
  endOf(message: number): ConversationEnd {
    return this.roomOf(this.columns.conversation(message)) ?? this.#accounts[this.recipient(message)]!;
  }

  /** The room of a conversation, also of one that is gone; undefined for accounts. */
  roomOf(conversation: number): RoomId | undefined {
    const { conversations } = this;
    return conversations.isRoom(conversation) ? this.#rooms[conversations.room(conversation)]!.id : undefined;
  }

  /** Whether somebody can see it, or could before it was deleted. */
  isKept(message: number): boolean {
    return this.endedAtOp(this.columns.conversation(message)) === 0;
  }

  /** The op that deleted the last one who could see a conversation, or its room; 0 while it is kept. */
  endedAtOp(conversation: number): number {
    if (this.conversations.isRoom(conversation)) return this.#rooms[this.conversations.room(conversation)]!.endedAtOp;
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

  /** The accounts that ever sent a message, were sent one or reacted to one, by their numbers. */
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

  /** 0 or 1: which of the two accounts of a conversation this one is. */
  sideOf(account: AccountId, conversation: number): number {
    return this.conversations.one(conversation) === this.numberOf(account) ? 0 : 1;
  }

  /** The account on a side of a conversation; see {@link sideOf}. */
  accountOn(side: number, conversation: number): AccountId {
    const one = this.conversations.one(conversation);
    return this.#accounts[side === 0 ? one : this.conversations.otherThan(one, conversation)]!;
  }

  /** The conversation in a present room; undefined while nobody has written there. */
  inRoom(room: RoomId): number | undefined {
    return this.#roomById.get(room)?.conversation;
  }

  /** The conversations that a present account has with others, and with itself, in the order in which they began. */
  *conversationsOf(account: AccountId): Generator<number> {
    const number = this.numberOf(account);
    if (number === undefined) return;
    const count = this.#conversationsOf.length(number);
    for (let index = 0; index < count; index++) yield this.#conversationsOf.at(number, index);
  }

  /** Makes room for so many messages at once, which is faster than growing. */
  reserve(messages: number): void {
    this.#ids.reserve(messages);
  }

  /** The position must be the highest so far, the id not be {@link find}able, and both accounts present. */
  add(id: string, position: number, from: AccountId, to: AccountId): void {
    const sender = this.numberFor(from);
    const recipient = this.numberFor(to);
    this.#append(id, position, sender, this.conversations.find(sender, recipient) ?? this.#begin(sender, recipient));
  }

  /** As {@link add}, to a present room. */
  post(id: string, position: number, from: AccountId, to: RoomId): void {
    const sender = this.numberFor(from);
    const room = this.#roomById.get(to) ?? this.#beginRoom(to);
    if (!room.writers.has(sender)) {
      room.writers.add(sender);
      this.#writesIn.set(sender, (this.#writesIn.get(sender) ?? 0) + 1);
    }
    this.#append(id, position, sender, room.conversation);
  }

  #append(id: string, position: number, sender: number, conversation: number): void {
    const message = this.#ids.add(id);
    this.columns.add(position, sender, conversation);
    this.contents.add(conversation, message);
    this.conversations.setLastOp(conversation, position);
  }

  #begin(sender: number, recipient: number): number {
    const conversation = this.conversations.add(sender, recipient);
    this.#conversationsOf.push(sender, conversation);
    if (recipient !== sender) this.#conversationsOf.push(recipient, conversation);
    return conversation;
  }

  #beginRoom(id: RoomId): RoomMessages {
    const conversation = this.conversations.addRoom(this.#rooms.length);
    const room = { id, conversation, writers: new Set<number>(), endedAtOp: 0 };
    this.#rooms.push(room);
    this.#roomById.set(id, room);
    return room;
  }

  /** Notes the deletion for whoever saw the message. It must not be deleted yet. */
  delete(message: number, op: number): void {
    const { columns } = this;
    assert(columns.deletedAtOp(message) === 0, `message ${this.idOf(message)} is deleted already`);
    columns.setDeleted(message, op);
    this.#noteChange(message, op);
    this.#changes.push({ op, kind: 'deleted', message });
  }

  /** The message's text is now in the row of this op. It must not be deleted. */
  edit(message: number, op: number): void {
    this.columns.setEdited(message, op);
    this.columns.setChanged(message, op);
    this.#noteChange(message, op);
    this.#changes.push({ op, kind: 'edited', message });
  }

  /** A reaction to the message was given or taken back. It must not be deleted. */
  react(message: number, op: number, account: AccountId): void {
    this.numberFor(account);
    this.columns.setChanged(message, op);
    this.#noteChange(message, op);
    this.#changes.push({ op, kind: 'reacted', message, account });
  }

  #noteChange(message: number, op: number): void {
    const conversation = this.columns.conversation(message);
    this.contents.addChange(conversation, message, op);
    this.conversations.setLastOp(conversation, op);
  }

  /**
   * Forgets what concerned only this account, and what concerned besides it only accounts deleted earlier.
   *
   * @param deleted an account that was deleted by the op that is being applied
   * @param onForgotten told of each message that nobody can see any more, but for those that were deleted before
   * @returns the deleted accounts that took part in nothing that is kept, this one perhaps among them
   */
  forget(deleted: AccountId, op: number, onForgotten: (message: number) => void): AccountId[] {
    const number = this.numberOf(deleted);
    if (number === undefined) return [deleted];
    this.#changes.push({ op, kind: 'left', account: deleted });
    const withoutMessages: AccountId[] = [];
    let kept = this.#writesIn.get(number) ?? 0;
    for (const conversation of this.conversationsOf(deleted)) {
      const other = this.conversations.otherThan(number, conversation);
      if (other !== number && this.#leftAtOps[other] === undefined) {
        kept++;
        continue;
      }
      this.#end(conversation, onForgotten);
      if (other !== number && this.#countDown(other) === 0) withoutMessages.push(this.#accounts[other]!);
    }
    this.#leftAtOps[number] = op;
    this.#conversationsOf.clear(number);
    if (kept > 0) this.#keptOfDeleted.set(number, kept);
    else withoutMessages.push(deleted);
    return withoutMessages;
  }

  /**
   * Forgets what was said in a room that is gone by the op that is being applied.
   *
   * @param onForgotten as for {@link forget}
   * @returns the deleted accounts that took part in nothing that is kept any more
   */
  endRoom(id: RoomId, op: number, onForgotten: (message: number) => void): AccountId[] {
    const room = this.#roomById.get(id);
    if (room === undefined) return [];
    this.#changes.push({ op, kind: 'ended', room: id });
    this.#roomById.delete(id);
    room.endedAtOp = op;
    this.#end(room.conversation, onForgotten);
    const withoutMessages: AccountId[] = [];
    for (const writer of room.writers) {
      const rooms = this.#writesIn.get(writer)! - 1;
      if (rooms === 0) this.#writesIn.delete(writer);
      else this.#writesIn.set(writer, rooms);
      const isDeleted = this.#leftAtOps[writer] !== undefined;
      if (isDeleted && this.#countDown(writer) === 0) withoutMessages.push(this.#accounts[writer]!);
    }
    room.writers.clear();
    return withoutMessages;
  }

  #end(conversation: number, onForgotten: (message: number) => void): void {
    const count = this.contents.messageCount(conversation);
    for (let index = 0; index < count; index++) {
      const message = this.contents.messageAt(conversation, index);
      this.#ids.remove(message);
      if (this.columns.deletedAtOp(message) === 0) onForgotten(message);
    }
    this.contents.clear(conversation);
  }

  /** The number of an account, a new one if it has none. */
  numberFor(account: AccountId): number {
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
