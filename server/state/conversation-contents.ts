import type { MessageColumns } from './message-columns.ts';
import { NumberLists } from './number-lists.ts';
import { firstIndexWhere } from './sorted.ts';

/** Words of a change in its list: the message, and both halves of the op. */
const CHANGE_WORDS = 3;
const HALF = 2 ** 32;

/** What lies in each conversation, by its number: messages by position, deleted ones included, and what changed, in the order of ops. */
export class ConversationContents {
  readonly #messages = new NumberLists();
  readonly #changes = new NumberLists();
  readonly #columns: MessageColumns;

  constructor(columns: MessageColumns) {
    this.#columns = columns;
  }

  /** @param message the newest so far */
  add(conversation: number, message: number): void {
    this.#messages.push(conversation, message);
  }

  /** @param op the highest so far */
  addChange(conversation: number, message: number, op: number): void {
    this.#changes.push(conversation, message);
    this.#changes.push(conversation, Math.floor(op / HALF));
    this.#changes.push(conversation, op % HALF);
  }

  /** The conversation is forgotten. */
  clear(conversation: number): void {
    this.#messages.clear(conversation);
    this.#changes.clear(conversation);
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
      (index) => this.#columns.position(this.#messages.at(conversation, index)) > position,
    );
  }

  /** How many changes a conversation has. */
  changeCount(conversation: number): number {
    return this.#changes.length(conversation) / CHANGE_WORDS;
  }

  /** The message that a change concerns, by the change's index below {@link changeCount}. */
  changedMessage(conversation: number, index: number): number {
    return this.#changes.at(conversation, CHANGE_WORDS * index);
  }

  changeOp(conversation: number, index: number): number {
    const first = CHANGE_WORDS * index;
    return this.#changes.at(conversation, first + 1) * HALF + this.#changes.at(conversation, first + 2);
  }

  /** The index of the first change above a position; {@link changeCount} when there is none. */
  firstChangeAbove(conversation: number, position: number): number {
    return firstIndexWhere(this.changeCount(conversation), (index) => this.changeOp(conversation, index) > position);
  }
}
