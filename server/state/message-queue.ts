import type { Accounts } from './accounts.ts';
import type { MessageArchive } from './messages.ts';

/** A message that its recipient has not received, without its text and time, which are in the log. */
export interface QueuedMessage {
  position: number;
  id: string;
  /** Usernames. */
  from: string;
  to: string;
}

/** How many messages one piece looks at: about a millisecond. */
const LOOKED_AT = 20_000;

/**
 * The messages that were queued when this was made, told piece by piece while the state goes on: what an account had received
 * is copied, and what was deleted since is known by its op.
 */
export class MessageQueue {
  readonly #archive: MessageArchive;
  readonly #op: number;
  readonly #end: number;
  /** By the account's number: what it had received; infinite for one that was not present. */
  readonly #received: Float64Array;
  readonly #names: string[];
  #next = 0;

  /** @param op the last operation that was applied */
  constructor(archive: MessageArchive, accounts: Accounts, op: number) {
    this.#archive = archive;
    this.#op = op;
    this.#end = archive.length;
    const present = archive.accounts.map((id) => accounts.present(id));
    this.#received = Float64Array.from(present, (account) => account?.received ?? Number.POSITIVE_INFINITY);
    this.#names = archive.accounts.map((id) => accounts.find(id)?.username ?? '');
    const lowest = this.#received.reduce((least, received) => Math.min(least, received), Number.POSITIVE_INFINITY);
    if (this.#end > 0) this.#next = archive.columns.firstAbove(lowest);
  }

  /** True when there are no more pieces. */
  get isOver(): boolean {
    return this.#next >= this.#end;
  }

  /**
   * The next ones by position, perhaps none.
   *
   * @param most how many at most
   */
  next(most: number): QueuedMessage[] {
    const found: QueuedMessage[] = [];
    const end = Math.min(this.#end, this.#next + LOOKED_AT);
    const { columns } = this.#archive;
    for (; this.#next < end && found.length < most; this.#next++) {
      const message = this.#next;
      const recipient = this.#archive.recipient(message);
      const position = columns.position(message);
      if (position <= this.#received[recipient]! || this.#wasDeleted(message)) continue;
      const from = this.#names[columns.sender(message)]!;
      found.push({ position, id: this.#archive.idOf(message), from, to: this.#names[recipient]! });
    }
    return found;
  }

  /** How many there are; looks at all of them. */
  count(): number {
    let count = 0;
    const { columns } = this.#archive;
    for (let message = this.#next; message < this.#end; message++) {
      const isAbove = columns.position(message) > this.#received[this.#archive.recipient(message)]!;
      if (isAbove && !this.#wasDeleted(message)) count++;
    }
    return count;
  }

  #wasDeleted(message: number): boolean {
    const deletedAtOp = this.#archive.columns.deletedAtOp(message);
    return deletedAtOp > 0 && deletedAtOp <= this.#op;
  }
}
