import { hexDigit, hexOf } from '../../shared/hex.ts';
import type { Outcome } from '../../shared/operations.ts';

/** A reply that can be given again, with the digest of what was asked. */
export interface RememberedReply {
  request: number;
  asked: string;
  outcome: Outcome;
}

const FIRST_CAPACITY = 8;
/** Numbers of a reply: request, position, time, and the digest as two halves of the fourth. */
const WIDTH = 4;
/** Every way in which a request can end: the type checker says so when one is missing. Kept as their places in this list. */
const ENDS: Record<Outcome['refused'], true> = {
  '': true,
  'no-such-account': true,
  'no-such-message': true,
  'no-such-room': true,
  'username-taken': true,
  'room-taken': true,
  'not-a-member': true,
  blocked: true,
  'limit-reached': true,
  forbidden: true,
  'not-logged-in': true,
};
/** Added to a place in that list: there was a document before. */
const EXISTED = 0x80;
const REFUSALS = Object.keys(ENDS) as readonly Outcome['refused'][];

/** The last replies to one client, ascending by request: there may be millions in all, so they are numbers and no objects. */
export class ClientReplies {
  #first = 0;
  #length = 0;
  #numbers = new Float64Array(WIDTH * FIRST_CAPACITY);
  #halves = new Uint32Array(this.#numbers.buffer);
  #refusals = new Uint8Array(FIRST_CAPACITY);
  /** Digests that are not 16 lower-case hexadecimal digits, by request. */
  #otherDigests: Map<number, string> | undefined;

  get length(): number {
    return this.#length;
  }

  /** The request of the oldest reply; undefined without one. */
  get oldest(): number | undefined {
    return this.#length === 0 ? undefined : this.#numbers[WIDTH * this.#first]!;
  }

  /** @param reply to a higher request than all before */
  push({ request, asked, outcome }: RememberedReply): void {
    if (this.#length === this.#refusals.length) this.#grow();
    const at = this.#placeOf(this.#length++);
    this.#numbers[WIDTH * at] = request;
    this.#numbers[WIDTH * at + 1] = outcome.position;
    this.#numbers[WIDTH * at + 2] = outcome.at;
    this.#refusals[at] = REFUSALS.indexOf(outcome.refused) + (outcome.existed ? EXISTED : 0);
    const half = 2 * (WIDTH * at + 3);
    const [high, low] = [halfOf(asked, 0), halfOf(asked, 8)];
    if (asked.length === 16 && high >= 0 && low >= 0) {
      this.#halves[half] = high;
      this.#halves[half + 1] = low;
    } else {
      this.#otherDigests ??= new Map();
      this.#otherDigests.set(request, asked);
    }
  }

  dropOldest(): void {
    this.#otherDigests?.delete(this.oldest!);
    this.#first = this.#placeOf(1);
    this.#length--;
  }

  /** Undefined when it is not remembered. */
  find(request: number): RememberedReply | undefined {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#requestAt(middle) < request) low = middle + 1;
      else high = middle;
    }
    return low < this.#length && this.#requestAt(low) === request ? this.#at(low) : undefined;
  }

  /** What is remembered now, unchanged by what is done to this one later. */
  copy(): ClientReplies {
    const copy = new ClientReplies();
    copy.#first = this.#first;
    copy.#length = this.#length;
    copy.#numbers = this.#numbers.slice();
    copy.#halves = new Uint32Array(copy.#numbers.buffer);
    copy.#refusals = this.#refusals.slice();
    if (this.#otherDigests) copy.#otherDigests = new Map(this.#otherDigests);
    return copy;
  }

  *[Symbol.iterator](): Generator<RememberedReply> {
    for (let index = 0; index < this.#length; index++) yield this.#at(index);
  }

  #requestAt(index: number): number {
    return this.#numbers[WIDTH * this.#placeOf(index)]!;
  }

  #at(index: number): RememberedReply {
    const at = this.#placeOf(index);
    const request = this.#numbers[WIDTH * at]!;
    const half = 2 * (WIDTH * at + 3);
    const digest = () => hexOf(this.#halves[half]!) + hexOf(this.#halves[half + 1]!);
    const position = this.#numbers[WIDTH * at + 1]!;
    const end = this.#refusals[at]!;
    const refused = REFUSALS[end & ~EXISTED]!;
    const outcome: Outcome = { position, at: this.#numbers[WIDTH * at + 2]!, refused };
    if (end >= EXISTED) outcome.existed = true;
    return { request, asked: this.#otherDigests?.get(request) ?? digest(), outcome };
  }

  #placeOf(index: number): number {
    const at = this.#first + index;
    return at < this.#refusals.length ? at : at - this.#refusals.length;
  }

  /** Half as much again: the oldest reply comes to stand first. */
  #grow(): void {
    const capacity = this.#refusals.length + (this.#refusals.length >> 1);
    const numbers = new Float64Array(WIDTH * capacity);
    const refusals = new Uint8Array(capacity);
    const halves = new Uint32Array(numbers.buffer);
    for (let index = 0; index < this.#length; index++) {
      const from = this.#placeOf(index);
      for (let half = 0; half < 2 * WIDTH; half++)
        halves[2 * WIDTH * index + half] = this.#halves[2 * WIDTH * from + half]!;
      refusals[index] = this.#refusals[from]!;
    }
    this.#first = 0;
    this.#numbers = numbers;
    this.#halves = halves;
    this.#refusals = refusals;
  }
}

/** Eight lower-case hexadecimal digits of a text as a number; -1 when they are none. */
function halfOf(text: string, from: number): number {
  let half = 0;
  for (let index = from; index < from + 8; index++) {
    const digit = hexDigit(text.charCodeAt(index));
    if (digit < 0) return -1;
    half = 16 * half + digit;
  }
  return half;
}
