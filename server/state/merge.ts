/** One of the ordered lists that are merged: it stands at its next item. */
export interface Cursor {
  /** What the lists are ordered by, at the next item. */
  key: number;
}

/**
 * Goes through several ordered lists as through one, lowest key first: a binary heap of cursors.
 *
 * @typeParam C moved on by whoever takes its item, who then tells whether there is another
 */
export class Merge<C extends Cursor> {
  readonly #heap: C[];

  /** @param cursors each standing at its first item */
  constructor(cursors: C[]) {
    this.#heap = cursors;
    for (let index = (cursors.length >> 1) - 1; index >= 0; index--) this.#sink(index);
  }

  /** The cursor with the lowest key; undefined when all lists are at their ends. */
  get first(): C | undefined {
    return this.#heap[0];
  }

  /** The first cursor was moved on: to a higher key, or to the end of its list. */
  moved(isAtEnd: boolean): void {
    if (isAtEnd) {
      const last = this.#heap.pop()!;
      if (this.#heap.length === 0) return;
      this.#heap[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const one = heap[from]!;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.key < heap[child]!.key) child++;
      if (heap[child]!.key >= one.key) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = one;
  }
}
