/** The states found, each a few integers, recognised by comparing all of them; with the state that each came from. */
export class Store {
  readonly width: number;
  count = 0;
  readonly #chunks: Int32Array[] = [];
  #slots: Int32Array;
  #mask: number;

  constructor(width: number) {
    this.width = width;
    this.#slots = new Int32Array(2 ** 16);
    this.#mask = this.#slots.length - 1;
  }

  /** @returns the number of a new state; −1 when it is known */
  add(state: Int32Array, parent: number): number {
    let slot = hashOf(state, this.width) & this.#mask;
    for (let known = this.#slots[slot]!; known !== 0; known = this.#slots[slot]!) {
      if (this.#isEqual(known - 1, state)) return -1;
      slot = (slot + 1) & this.#mask;
    }
    const number = this.count++;
    this.#slots[slot] = number + 1;
    const chunk = this.#chunkOf(number);
    const offset = (number % STATES_PER_CHUNK) * (this.width + 1);
    chunk.set(state, offset);
    chunk[offset + this.width] = parent;
    if (this.count > this.#slots.length * 0.6) this.#grow();
    return number;
  }

  /** Where the integers of a state are; those after them tell its parent. */
  locate(number: number): { chunk: Int32Array; offset: number } {
    return { chunk: this.#chunkOf(number), offset: (number % STATES_PER_CHUNK) * (this.width + 1) };
  }

  parentOf(number: number): number {
    const { chunk, offset } = this.locate(number);
    return chunk[offset + this.width]!;
  }

  #chunkOf(number: number): Int32Array {
    const index = Math.floor(number / STATES_PER_CHUNK);
    this.#chunks[index] ??= new Int32Array(STATES_PER_CHUNK * (this.width + 1));
    return this.#chunks[index];
  }

  #isEqual(number: number, state: Int32Array): boolean {
    const { chunk, offset } = this.locate(number);
    for (let at = 0; at < this.width; at++) if (chunk[offset + at] !== state[at]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    this.#mask = this.#slots.length - 1;
    const state = new Int32Array(this.width);
    for (let number = 0; number < this.count; number++) {
      const { chunk, offset } = this.locate(number);
      for (let at = 0; at < this.width; at++) state[at] = chunk[offset + at]!;
      let slot = hashOf(state, this.width) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = number + 1;
    }
  }
}

const STATES_PER_CHUNK = 2 ** 18;

function hashOf(state: Int32Array, width: number): number {
  let value = 0x9e3779b9 | 0;
  for (let at = 0; at < width; at++) {
    value = Math.imul(value ^ state[at]!, 0x85ebca6b);
    value ^= value >>> 13;
    value = Math.imul(value, 0xc2b2ae35) + at;
    value ^= value >>> 16;
  }
  return value;
}
