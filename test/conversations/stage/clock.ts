/** Simulated time: what is to happen, in the order of its time, and of its planning among equals. */
export class Clock {
  nowMs = 0;
  readonly #planned: { readonly atMs: number; readonly run: () => void }[] = [];

  after(delayMs: number, run: () => void): void {
    const atMs = this.nowMs + delayMs;
    const next = this.#planned.findIndex((other) => other.atMs > atMs);
    this.#planned.splice(next < 0 ? this.#planned.length : next, 0, { atMs, run });
  }

  /** Lets the next thing happen. Returns false when nothing is planned until then; it is then that time. */
  next(untilMs: number): boolean {
    const first = this.#planned[0];
    if (!first || first.atMs > untilMs) {
      this.nowMs = untilMs;
      return false;
    }
    this.#planned.shift();
    this.nowMs = first.atMs;
    first.run();
    return true;
  }
}
