/** Which ways of the network are cut. Cuts overlap, so they are counted; what waits for a way hears when it is open. */
export class Cuts {
  readonly #cuts = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Calls back once, in the order of the calls, when the way is open again. */
  whenMended(from: string, to: string, action: () => void): void {
    const way = `${from}>${to}`;
    const waiting = this.#waiting.get(way);
    if (waiting) waiting.push(action);
    else this.#waiting.set(way, [action]);
  }

  cut(from: string, to: string): void {
    const way = `${from}>${to}`;
    this.#cuts.set(way, (this.#cuts.get(way) ?? 0) + 1);
  }

  /** Ends one cut of that way; what was held goes on, late. */
  mend(from: string, to: string): void {
    this.#lower(`${from}>${to}`);
  }

  mendAll(): void {
    for (const way of [...this.#cuts.keys()]) {
      this.#cuts.set(way, 1);
      this.#lower(way);
    }
  }

  #lower(way: string): void {
    const count = (this.#cuts.get(way) ?? 0) - 1;
    if (count > 0) {
      this.#cuts.set(way, count);
      return;
    }
    this.#cuts.delete(way);
    const waiting = this.#waiting.get(way) ?? [];
    this.#waiting.delete(way);
    for (const action of waiting) action();
  }
}
