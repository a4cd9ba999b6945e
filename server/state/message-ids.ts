import { assert } from '../../shared/assert.ts';
import { hexDigit, hexOf } from '../../shared/hex.ts';

const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;
const WORDS = 4;
const MOST_DIGITS = 8 * WORDS;
/** Each part grows by itself, so that none of the pauses that growing makes is noticed. */
const PARTS = 256;
const FIRST_CAPACITY = 16;

interface Chunk {
  words: Uint32Array;
  /** How many hexadecimal digits the id has; 0 for one that is written otherwise. */
  digits: Uint8Array;
}

interface Part {
  /** Number of a message, plus one; 0 where nothing is. */
  slots: Uint32Array;
  used: number;
}

/**
 * The ids of messages, numbered from 0 in the order in which they were added. The servers make ids of up to 32
 * lower-case hexadecimal digits: those take 25 bytes each, and no object. Any other text may be an id too, and takes more.
 */
export class MessageIds {
  length = 0;
  readonly #chunks: Chunk[] = [];
  readonly #parts: (Part | undefined)[] = new Array(PARTS);
  readonly #others = new Map<string, number>();
  readonly #textOfOthers = new Map<number, string>();
  /** The words of the id that is looked at. */
  readonly #words = new Uint32Array(WORDS);

  /** Makes room for so many at once, which is faster than growing. */
  reserve(count: number): void {
    if (count < PARTS * FIRST_CAPACITY) return;
    const places = 2 ** Math.ceil(Math.log2((2 * count) / PARTS));
    for (let index = 0; index < PARTS; index++) {
      if (!this.#parts[index]) this.#parts[index] = { slots: new Uint32Array(places), used: 0 };
    }
  }

  /** @returns the id's number. It must not be {@link find}able. */
  add(id: string): number {
    const number = this.length++;
    const within = number & CHUNK_MASK;
    if (within === 0)
      this.#chunks.push({ words: new Uint32Array(WORDS * CHUNK_SIZE), digits: new Uint8Array(CHUNK_SIZE) });
    const digits = readDigits(id, this.#words);
    if (digits === 0) {
      this.#others.set(id, number);
      this.#textOfOthers.set(number, id);
      return number;
    }
    const chunk = this.#chunks[number >> CHUNK_BITS]!;
    chunk.words.set(this.#words, WORDS * within);
    chunk.digits[within] = digits;
    this.#insert(number, hashOf(this.#words, digits));
    return number;
  }

  /** The number of the id; undefined when it was not added, or removed. */
  find(id: string): number | undefined {
    const digits = readDigits(id, this.#words);
    if (digits === 0) return this.#others.get(id);
    const hash = hashOf(this.#words, digits);
    const slots = this.#parts[hash % PARTS]?.slots;
    if (!slots) return undefined;
    for (let slot = homeOf(hash, slots); slots[slot] !== 0; slot = next(slot, slots)) {
      const number = slots[slot]! - 1;
      if (this.#holds(number, digits)) return number;
    }
    return undefined;
  }

  /** The id with that number, removed or not. */
  text(number: number): string {
    const chunk = this.#chunks[number >> CHUNK_BITS]!;
    const within = number & CHUNK_MASK;
    const digits = chunk.digits[within]!;
    if (digits === 0) return this.#textOfOthers.get(number)!;
    let text = '';
    for (let word = 0; 8 * word < digits; word++) text += hexOf(chunk.words[WORDS * within + word]!);
    return text.slice(0, digits);
  }

  /** From now on the id is not found any more; its number is not used again. */
  remove(number: number): void {
    const chunk = this.#chunks[number >> CHUNK_BITS]!;
    if (chunk.digits[number & CHUNK_MASK] === 0) this.#others.delete(this.#textOfOthers.get(number)!);
    else this.#takeOut(number);
  }

  #holds(number: number, digits: number): boolean {
    const { words, digits: digitsOf } = this.#chunks[number >> CHUNK_BITS]!;
    const within = number & CHUNK_MASK;
    const first = WORDS * within;
    const sought = this.#words;
    return (
      digitsOf[within] === digits &&
      words[first] === sought[0] &&
      words[first + 1] === sought[1] &&
      words[first + 2] === sought[2] &&
      words[first + 3] === sought[3]
    );
  }

  #insert(number: number, hash: number): void {
    this.#parts[hash % PARTS] ??= { slots: new Uint32Array(FIRST_CAPACITY), used: 0 };
    const part = this.#parts[hash % PARTS]!;
    if (4 * (part.used + 1) > 3 * part.slots.length) this.#grow(part);
    put(part.slots, hash, number);
    part.used++;
  }

  #grow(part: Part): void {
    const { slots } = part;
    part.slots = new Uint32Array(2 * slots.length);
    for (const slot of slots) if (slot !== 0) put(part.slots, this.#hashOf(slot - 1), slot - 1);
  }

  #hashOf(number: number): number {
    const { words, digits } = this.#chunks[number >> CHUNK_BITS]!;
    const within = number & CHUNK_MASK;
    return hashOf(words.subarray(WORDS * within, WORDS * within + WORDS), digits[within]!);
  }

  /** Those behind it that were put there because its place was taken move up: so nothing ever marks a place as freed. */
  #takeOut(number: number): void {
    const hash = this.#hashOf(number);
    const part = this.#parts[hash % PARTS]!;
    const { slots } = part;
    let free = homeOf(hash, slots);
    while (slots[free] !== number + 1) {
      assert(slots[free] !== 0, `id ${number} is removed once`);
      free = next(free, slots);
    }
    for (let slot = next(free, slots); slots[slot] !== 0; slot = next(slot, slots)) {
      const home = homeOf(this.#hashOf(slots[slot]! - 1), slots);
      const mask = slots.length - 1;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot]!;
      free = slot;
    }
    slots[free] = 0;
    part.used--;
  }
}

/** Reads an id of hexadecimal digits into words. @returns how many digits; 0 when it is none */
function readDigits(id: string, words: Uint32Array): number {
  const { length } = id;
  if (length > MOST_DIGITS) return 0;
  words.fill(0);
  for (let index = 0; index < length; index++) {
    const digit = hexDigit(id.charCodeAt(index));
    if (digit < 0) return 0;
    words[index >> 3]! |= digit << (28 - 4 * (index & 7));
  }
  return length;
}

function hashOf(words: Uint32Array, digits: number): number {
  let hash = Math.imul(words[0]! ^ digits, 0x9e3779b1);
  for (let word = 1; word < WORDS; word++) hash = Math.imul((hash ^ (hash >>> 15)) + words[word]!, 0x85ebca6b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function homeOf(hash: number, slots: Uint32Array): number {
  return (hash >>> 8) & (slots.length - 1);
}

function next(slot: number, slots: Uint32Array): number {
  return (slot + 1) & (slots.length - 1);
}

function put(slots: Uint32Array, hash: number, number: number): void {
  let slot = homeOf(hash, slots);
  while (slots[slot] !== 0) slot = next(slot, slots);
  slots[slot] = number + 1;
}
