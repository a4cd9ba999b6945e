const FIRST_CAPACITY = 4;

/** A list of whole numbers from 0 to 4,294,967,295 that grows at its end: four bytes for each, and some to spare. */
export class NumberList {
  length = 0;
  #items = new Uint32Array(FIRST_CAPACITY);

  /** A list that begins with these. */
  static of(numbers: Uint32Array): NumberList {
    const list = new NumberList();
    list.#items = new Uint32Array(Math.max(FIRST_CAPACITY, numbers.length + (numbers.length >> 1)));
    list.#items.set(numbers);
    list.length = numbers.length;
    return list;
  }

  push(number: number): void {
    if (this.length === this.#items.length) {
      const larger = new Uint32Array(this.length + (this.length >> 1));
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = number;
  }

  /** The number at an index below `length`. */
  at(index: number): number {
    return this.#items[index]!;
  }
}
