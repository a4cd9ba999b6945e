import { NumberList } from './number-list.ts';

const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;
const PAGE_BITS = 14;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;

interface Chunk {
  /** Where the list's block begins; of a long list, its number among them. */
  starts: Uint32Array;
  lengths: Uint32Array;
}

/**
 * Very many lists of whole numbers from 0 to 4,294,967,295 that grow at their ends, most of them short: eight bytes for each list, four for
 * each number and some to spare, and no object for any. Lists are named by numbers from 0.
 */
export class NumberLists {
  /** Undefined where all lists are empty. */
  readonly #chunks: (Chunk | undefined)[] = [];
  /** Blocks of 1, 2, 4, … words lie in pages; a list has the smallest one that it fits into. */
  readonly #pages: Uint32Array[] = [];
  /** The first word of the last page that is in no block. */
  #end = 0;
  /** Where blocks begin that are not used any more, by the logarithm of their size. */
  readonly #free: number[][] = Array.from({ length: PAGE_BITS + 1 }, () => []);
  /** Those that fill a page. */
  readonly #long: (NumberList | undefined)[] = [];

  length(list: number): number {
    return this.#chunks[list >> CHUNK_BITS]?.lengths[list & CHUNK_MASK] ?? 0;
  }

  /** The number at an index below `length`. */
  at(list: number, index: number): number {
    const { starts, lengths } = this.#chunks[list >> CHUNK_BITS]!;
    const start = starts[list & CHUNK_MASK]!;
    if (lengths[list & CHUNK_MASK]! > PAGE_SIZE) return this.#long[start]!.at(index);
    return this.#pages[start >> PAGE_BITS]![(start & PAGE_MASK) + index]!;
  }

  push(list: number, number: number): void {
    this.#chunks[list >> CHUNK_BITS] ??= newChunk();
    const { starts, lengths } = this.#chunks[list >> CHUNK_BITS]!;
    const within = list & CHUNK_MASK;
    const length = lengths[within]!;
    if (length >= PAGE_SIZE) {
      if (length === PAGE_SIZE) starts[within] = this.#makeLong(starts[within]!);
      this.#long[starts[within]!]!.push(number);
    } else {
      const isFull = (length & (length - 1)) === 0;
      if (isFull) starts[within] = this.#grow(starts[within]!, length);
      const start = starts[within]!;
      this.#pages[start >> PAGE_BITS]![(start & PAGE_MASK) + length] = number;
    }
    lengths[within] = length + 1;
  }

  /** Empties a list, and gives its room to others. */
  clear(list: number): void {
    const chunk = this.#chunks[list >> CHUNK_BITS];
    const within = list & CHUNK_MASK;
    const length = chunk?.lengths[within] ?? 0;
    if (chunk === undefined || length === 0) return;
    if (length > PAGE_SIZE) this.#long[chunk.starts[within]!] = undefined;
    else this.#free[logarithm(length)]!.push(chunk.starts[within]!);
    chunk.lengths[within] = 0;
  }

  /** @returns where a block begins that is twice as large, or one for a first number */
  #grow(start: number, length: number): number {
    const larger = this.#take(length === 0 ? 0 : logarithm(length) + 1);
    if (length === 0) return larger;
    const page = this.#pages[start >> PAGE_BITS]!;
    const from = start & PAGE_MASK;
    const target = this.#pages[larger >> PAGE_BITS]!;
    const to = larger & PAGE_MASK;
    for (let index = 0; index < length; index++) target[to + index] = page[from + index]!;
    this.#free[logarithm(length)]!.push(start);
    return larger;
  }

  #take(power: number): number {
    const free = this.#free[power]!.pop();
    if (free !== undefined) return free;
    const size = 1 << power;
    if (this.#pages.length === 0 || this.#end + size > PAGE_SIZE) this.#beginPage();
    const start = ((this.#pages.length - 1) << PAGE_BITS) + this.#end;
    this.#end += size;
    return start;
  }

  /** What is left of the last page becomes blocks for shorter lists. */
  #beginPage(): void {
    const base = (this.#pages.length - 1) << PAGE_BITS;
    for (let power = PAGE_BITS; this.#pages.length > 0 && power >= 0; power--) {
      if (this.#end + (1 << power) > PAGE_SIZE) continue;
      this.#free[power]!.push(base + this.#end);
      this.#end += 1 << power;
    }
    this.#pages.push(new Uint32Array(PAGE_SIZE));
    this.#end = 0;
  }

  #makeLong(start: number): number {
    const page = this.#pages[start >> PAGE_BITS]!;
    this.#free[PAGE_BITS]!.push(start);
    return this.#long.push(NumberList.of(page)) - 1;
  }
}

/** Of the smallest power of two that is not below a number from 1 on. */
function logarithm(number: number): number {
  return 32 - Math.clz32(number - 1);
}

function newChunk(): Chunk {
  return { starts: new Uint32Array(CHUNK_SIZE), lengths: new Uint32Array(CHUNK_SIZE) };
}
