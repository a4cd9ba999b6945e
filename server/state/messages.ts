import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { Account } from './accounts.ts';
import { firstIndexWhere } from './sorted.ts';

/**
 * A message in memory, shared by both sides. There are as many of these as there are messages: every field counts.
 */
export interface StoredMessage {
  readonly id: string;
  /** Op number of its `message:send` entry. */
  readonly position: number;
  /** Milliseconds since 1970 by the primary's clock. */
  readonly at: number;
  readonly from: Account;
  readonly to: Account;
  /** Empty once it is deleted. */
  body: string;
  /** Op number of its `message:delete` entry; 0 while it is there. */
  deletedAtOp: number;
}

/** What concerns one present account, what it sent as well as what it was sent. */
export interface Timeline {
  /** By position, deleted ones included. A message to oneself is there once. */
  readonly messages: readonly StoredMessage[];
  /** The deleted ones among them, by the position of their deletion. */
  readonly deletions: readonly StoredMessage[];
}

interface GrowingTimeline extends Timeline {
  readonly messages: StoredMessage[];
  readonly deletions: StoredMessage[];
}

/**
 * Every message that some present account sent or was sent. A message whose two accounts are both deleted concerns
 * nobody any more and is forgotten.
 */
export class MessageArchive {
  readonly #byId = new Map<string, StoredMessage>();
  /** Only present accounts have one, and only once there is something in it. */
  readonly #timelines = new Map<AccountId, GrowingTimeline>();
  /** How many messages are kept of each deleted account; never 0. */
  readonly #keptOfDeleted = new Map<AccountId, number>();

  /** All messages by position, deleted ones included. */
  all(): IterableIterator<StoredMessage> {
    return this.#byId.values();
  }

  find(id: string): StoredMessage | undefined {
    return this.#byId.get(id);
  }

  timelineOf(account: AccountId): Timeline | undefined {
    return this.#timelines.get(account);
  }

  /** The position must be the highest so far, the id unused, and both accounts present. */
  add(message: StoredMessage): void {
    assert(!this.#byId.has(message.id), `message ${message.id} exists already`);
    this.#byId.set(message.id, message);
    this.#growingTimeline(message.from.id).messages.push(message);
    if (message.to !== message.from) this.#growingTimeline(message.to.id).messages.push(message);
  }

  /** Drops the message's text and notes the deletion for whoever saw the message. It must not be deleted yet. */
  delete(message: StoredMessage, op: number): void {
    assert(message.deletedAtOp === 0, `message ${message.id} is deleted already`);
    message.deletedAtOp = op;
    message.body = '';
    // A deleted account has no timeline any more, and needs none.
    this.#timelines.get(message.from.id)?.deletions.push(message);
    if (message.to !== message.from) this.#timelines.get(message.to.id)?.deletions.push(message);
  }

  /**
   * Forgets what concerned only this account, and what concerned besides it only accounts deleted earlier.
   *
   * @param deleted an account whose `deletedAtOp` is the op that is being applied
   * @returns the deleted accounts of which no message is left, this one perhaps among them
   */
  forget(deleted: Account): AccountId[] {
    const { messages } = this.#timelines.get(deleted.id) ?? { messages: [] };
    this.#timelines.delete(deleted.id);
    const withoutMessages: AccountId[] = [];
    let kept = 0;
    for (const message of messages) {
      const other = message.from === deleted ? message.to : message.from;
      if (this.#timelines.has(other.id)) {
        kept++;
        continue;
      }
      this.#byId.delete(message.id);
      if (other !== deleted && this.#countDown(other.id) === 0) withoutMessages.push(other.id);
    }
    if (kept > 0) this.#keptOfDeleted.set(deleted.id, kept);
    else withoutMessages.push(deleted.id);
    return withoutMessages;
  }

  /** Messages to this present account that are above what it has received, by position. */
  *queueOf(recipient: Account): Generator<StoredMessage> {
    const { messages } = this.#timelines.get(recipient.id) ?? { messages: [] };
    const start = firstIndexWhere(messages.length, (index) => messages[index]!.position > recipient.received);
    for (let index = start; index < messages.length; index++) {
      const message = messages[index]!;
      if (message.to === recipient && message.deletedAtOp === 0) yield message;
    }
  }

  #growingTimeline(account: AccountId): GrowingTimeline {
    let timeline = this.#timelines.get(account);
    if (timeline === undefined) {
      timeline = { messages: [], deletions: [] };
      this.#timelines.set(account, timeline);
    }
    return timeline;
  }

  #countDown(account: AccountId): number {
    const kept = this.#keptOfDeleted.get(account);
    assert(kept !== undefined, `deleted account ${account} is thought to have no messages`);
    if (kept === 1) this.#keptOfDeleted.delete(account);
    else this.#keptOfDeleted.set(account, kept - 1);
    return kept - 1;
  }
}
