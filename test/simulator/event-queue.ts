/** Simulated time: events in order of their time, and of their making among equals. A binary heap. */
export class EventQueue {
  nowMs = 0;
  #sequence = 0;
  readonly #heap: { atMs: number; sequence: number; run: () => void }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** For what has to stay in order: the sum of a moment and of what is left until another differs from that one by what was rounded. */
  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const item = { atMs, sequence: this.#sequence++, run };
    let index = heap.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent]!, item)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  /** Runs the next event. Returns false when there is none before `untilMs`. */
  next(untilMs: number): boolean {
    const heap = this.#heap;
    const first = heap[0];
    if (!first || first.atMs > untilMs) {
      this.nowMs = untilMs;
      return false;
    }
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  #sink(item: { atMs: number; sequence: number; run: () => void }): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, item)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}

function before(a: { atMs: number; sequence: number }, b: { atMs: number; sequence: number }): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
