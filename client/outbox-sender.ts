import type { Replies } from '../shared/api.ts';
import { type ChatError, type Result, refusal } from '../shared/errors.ts';
import { nameKey } from '../shared/names.ts';
import type { ChatEvent, OutboxMessage } from './chat-types.ts';
import type { Link } from './link.ts';
import type { RequestQueue, Write } from './request-queue.ts';
import type { ClientStore, StoredMessage } from './store.ts';

/** What becomes of a request that no server can say anything about any more. */
export const MAY_HAVE_BEEN_DONE: ChatError = {
  code: 'request-forgotten',
  message: 'The servers no longer know whether this was done; it may have been. Look before you repeat it.',
  definite: false,
};

type SendResult = Result<Replies['message:send']>;

interface Item {
  stored: StoredMessage;
  /** The same as people see it, and the key of the account it was typed under. */
  shown: OutboxMessage;
  fromKey: string;
  /** Undefined while it is parked. */
  write: Write<'message:send'> | undefined;
  resolve: ((result: SendResult) => void) | undefined;
}

export interface OutboxSenderOptions {
  store: ClientStore;
  queue: RequestQueue;
  emit: (event: ChatEvent) => void;
  /** Empty while logged out. */
  username: () => string;
  /** The position of one's own message is known. */
  onSent: (position: number) => void;
  /** A message came back because nobody is logged in over that link. */
  onNotLoggedIn: (link: Link) => void;
}

/** The durable outbox: what was typed is in it until it was acknowledged, or refused for good. */
export class OutboxSender {
  readonly #options: OutboxSenderOptions;
  #items: Item[] = [];
  /** Refused for good, of which the user is told as soon as that is written down. */
  #untold: Item[] = [];

  constructor(options: OutboxSenderOptions) {
    this.#options = options;
  }

  /** One's own messages that are not acknowledged. */
  get waiting(): readonly OutboxMessage[] {
    const user = nameKey(this.#options.username());
    return this.#items.filter(({ fromKey }) => fromKey === user).map((item) => item.shown);
  }

  /** Takes up what an earlier process left behind. */
  load(): void {
    const { store } = this.#options;
    const owner = store.session?.username;
    const ended: { item: Item; error: ChatError }[] = [];
    for (const stored of store.outbox) {
      const item = itemOf(stored, undefined);
      this.#items.push(item);
      if (stored.refused) {
        ended.push({ item, error: { ...stored.refused, definite: true } });
        continue;
      }
      if (stored.parked) continue;
      // Under another account's log-in the server would do it anew rather than say whether it was done.
      if (owner !== undefined && nameKey(owner) !== nameKey(stored.from))
        ended.push({ item, error: MAY_HAVE_BEEN_DONE });
      else this.#enqueue(item, true, true);
    }
    for (const { item, error } of ended) this.#finish(item, { ok: false, error });
  }

  /** @returns withdraws the message; false when it cannot, because it was sent: then it stays until it is answered */
  send(stored: StoredMessage, resolve: (result: SendResult) => void): () => boolean {
    const item = itemOf(stored, resolve);
    this.#items.push(item);
    const kept = this.#options.store.addToOutbox(stored);
    const write = this.#enqueue(item, false, false);
    this.#announce();
    kept.then(
      () => {
        write.durable = true;
        this.#options.queue.pump();
      },
      (failure: Error) => {
        // Kept after all, together with others.
        if (write.durable || write.transmitted || !this.#items.includes(item)) return;
        this.#options.queue.remove(new Set([write as unknown as Write]));
        this.#finish(
          item,
          refusal('internal', `The message could not be kept, so it was not sent: ${failure.message}`),
        );
      },
    );
    return () => this.#withdraw(item);
  }

  /**
   * Sends what waited for this log-in, in the order of typing: whatever was asked later and is not sent yet gets a number
   * behind it. What was typed under another log-in waits for that one.
   */
  onLoggedIn(username: string): void {
    const { store, queue } = this.#options;
    const user = nameKey(username);
    const unsent = new Set(queue.takeUnsent());
    for (const item of this.#items) {
      if (item.fromKey === user || !item.write || !unsent.delete(item.write as unknown as Write)) continue;
      this.#park(item);
    }
    const parked = this.#items.filter(({ write, fromKey }) => write === undefined && fromKey === user);
    for (const item of parked) {
      const { parked: _, ...stored } = item.stored;
      item.stored = stored;
      unsent.add(this.#makeWrite(item, true, false) as unknown as Write);
    }
    const writes = [...unsent].sort((a, b) => a.request - b.request);
    if (parked.length > 0) store.replaceOutbox(this.renumber(writes, () => store.takeNumber()));
    for (const write of writes) queue.add(write);
    this.#announce();
  }

  /**
   * Numbers these requests anew, and with them every message that is not among the requests, in the order of their former
   * numbers; returns the outbox as it is to be kept then, at once.
   */
  renumber(writes: readonly Write[], takeNumber: () => number): StoredMessage[] {
    const all = [...this.#items, ...this.#untold];
    const itemOfWrite = new Map(all.map((item) => [item.write as unknown as Write | undefined, item]));
    const waiting = all.filter(({ write }) => write === undefined);
    const numbered = [
      ...writes.map((write) => ({ former: write.request, write, item: itemOfWrite.get(write) })),
      ...waiting.map((item) => ({ former: item.stored.request, write: undefined, item })),
    ].sort((a, b) => a.former - b.former);
    for (const { write, item } of numbered) {
      const request = takeNumber();
      if (write) write.request = request;
      if (!item) continue;
      if (write) write.durable = true;
      item.stored = { ...item.stored, request };
      item.shown = shown(item.stored);
    }
    this.#items.sort((a, b) => a.stored.request - b.stored.request);
    return all.map((item) => item.stored).sort((a, b) => a.request - b.request);
  }

  /** Gives all messages back, or only those of one account. */
  giveBack(error: ChatError, username?: string): void {
    const { queue } = this.#options;
    const items = this.#items.filter(
      ({ stored }) => username === undefined || nameKey(stored.from) === nameKey(username),
    );
    const writes = items.flatMap(({ write }) => (write ? [write as unknown as Write] : []));
    queue.remove(new Set(writes));
    for (const item of items) this.#finish(item, { ok: false, error });
  }

  #enqueue(item: Item, durable: boolean, transmitted: boolean): Write<'message:send'> {
    const write = this.#makeWrite(item, durable, transmitted);
    this.#options.queue.add(write);
    return write;
  }

  #makeWrite(item: Item, durable: boolean, transmitted: boolean): Write<'message:send'> {
    const { request, to, body, replyTo } = item.stored;
    const write: Write<'message:send'> = {
      request,
      event: 'message:send',
      payload: { to, body, ...(replyTo === undefined ? {} : { replyTo }) },
      durable,
      transmitted,
      answer: (result, link) => this.#onAnswer(item, result, link),
    };
    item.write = write;
    return write;
  }

  /** It surely has not been done: it waits for the next log-in of its sender. */
  #park(item: Item): void {
    item.write = undefined;
    item.stored = { ...item.stored, parked: true };
    this.#options.store.park(item.stored.request);
  }

  #onAnswer(item: Item, result: SendResult, link: Link | undefined): void {
    const { onNotLoggedIn, onSent } = this.#options;
    if (link && !result.ok && result.error.code === 'not-logged-in') {
      this.#park(item);
      onNotLoggedIn(link);
      return;
    }
    if (result.ok) onSent(result.value.position);
    this.#finish(item, result);
  }

  #finish(item: Item, result: SendResult): void {
    this.#items = this.#items.filter((other) => other !== item);
    const { store } = this.#options;
    const tell = (): void => {
      this.#untold = this.#untold.filter((other) => other !== item);
      // By its number of now: it may have got another one meanwhile, and another message its former one.
      store.removeFromOutbox(item.stored.request);
      if (!result.ok) {
        const { code, message } = result.error;
        this.#options.emit({ type: 'send-failed', message: item.shown, code, reason: message });
      }
      this.#announce();
      item.resolve?.(result);
    };
    if (result.ok) {
      tell();
      return;
    }
    // A crash must neither send again what the user was told has failed, nor keep from the user that it has.
    const { code, message } = result.error;
    item.write = undefined;
    item.stored = { ...item.stored, refused: { code, message } };
    this.#untold.push(item);
    store.refuse(item.stored.request, { code, message }).then(tell, tell);
  }

  #withdraw(item: Item): boolean {
    if (!this.#items.includes(item) || item.write?.transmitted) return false;
    if (item.write) this.#options.queue.remove(new Set([item.write as unknown as Write]));
    this.#items = this.#items.filter((other) => other !== item);
    this.#options.store.removeFromOutbox(item.stored.request);
    this.#announce();
    return true;
  }

  #announce(): void {
    this.#options.emit({ type: 'outbox', waiting: this.waiting });
  }
}

function itemOf(stored: StoredMessage, resolve: Item['resolve']): Item {
  return { stored, shown: shown(stored), fromKey: nameKey(stored.from), write: undefined, resolve };
}

function shown({ request, to, body, replyTo, typedAt }: StoredMessage): OutboxMessage {
  return { request, to, body, ...(replyTo === undefined ? {} : { replyTo }), typedAt };
}
