import type { ClientId } from '../../shared/ids.ts';

interface Waiting<Item> {
  readonly client: ClientId;
  readonly request: number;
  readonly item: Item;
  /** Refused when it still waits by then. */
  readonly untilMs: number;
}

/**
 * R28: requests that wait for the primary's word, oldest first, as they are sent to it. What is sent belongs to a session; in a new one
 * everything is sent again, in order, so that nothing overtakes what got lost.
 */
export class RelayedRequests<Item> {
  readonly #waiting = new Map<string, Waiting<Item>>();
  /** Not sent in this session yet, in order; some may have their answers by now. */
  #unsent: Waiting<Item>[] = [];
  #sent = 0;
  #session = 0;
  /** Nothing is late before then. */
  #earliestMs = Number.POSITIVE_INFINITY;

  get session(): number {
    return this.#session;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** What waits under that number. */
  find(client: ClientId, request: number): Item | undefined {
    return this.#waiting.get(keyOf(client, request))?.item;
  }

  /** @param item nothing waits under its number */
  add(client: ClientId, request: number, item: Item, untilMs: number): void {
    const waiting = { client, request, item, untilMs };
    this.#waiting.set(keyOf(client, request), waiting);
    this.#unsent.push(waiting);
    this.#earliestMs = Math.min(this.#earliestMs, untilMs);
  }

  /** From now on all of them are sent, from the oldest on. */
  startSession(): void {
    this.#session += 1;
    this.#sent = 0;
    this.#unsent = [...this.#waiting.values()];
  }

  /**
   * Hands over what is to be sent next in this session.
   *
   * @param lengthOf how long one of them is on its way
   * @param maxLength of one message, which holds one of them at least
   */
  takeUnsent(lengthOf: (item: Item) => number, maxLength: number): { first: number; items: Item[] } {
    const first = this.#sent;
    const items: Item[] = [];
    let length = 0;
    let taken = 0;
    for (const waiting of this.#unsent) {
      const isAnswered = this.#waiting.get(keyOf(waiting.client, waiting.request)) !== waiting;
      if (!isAnswered) {
        length += lengthOf(waiting.item);
        if (items.length > 0 && length > maxLength) break;
        items.push(waiting.item);
      }
      taken += 1;
    }
    this.#unsent.splice(0, taken);
    this.#sent += items.length;
    return { first, items };
  }

  /** It has its answer. @returns what waited; undefined when nothing did */
  settle(client: ClientId, request: number): Item | undefined {
    const key = keyOf(client, request);
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    return waiting?.item;
  }

  /** Hands over what has waited too long, and with it whatever the same client asked later: that must not be done before it (R18). */
  takeLate(nowMs: number): Item[] {
    if (nowMs < this.#earliestMs) return [];
    this.#earliestMs = Number.POSITIVE_INFINITY;
    const lowest = new Map<ClientId, number>();
    for (const { client, request, untilMs } of this.#waiting.values()) {
      if (nowMs < untilMs) {
        this.#earliestMs = Math.min(this.#earliestMs, untilMs);
        continue;
      }
      lowest.set(client, Math.min(request, lowest.get(client) ?? request));
    }
    if (lowest.size === 0) return [];
    return this.#take(({ client, request }) => request >= (lowest.get(client) ?? Number.POSITIVE_INFINITY));
  }

  /** Hands over everything, oldest first. */
  takeAll(): Item[] {
    return this.#take(() => true);
  }

  #take(isTaken: (waiting: Waiting<Item>) => boolean): Item[] {
    const taken = [...this.#waiting.values()].filter(isTaken);
    for (const { client, request } of taken) this.#waiting.delete(keyOf(client, request));
    return taken.map(({ item }) => item);
  }
}

function keyOf(client: ClientId, request: number): string {
  return `${client}/${request}`;
}
