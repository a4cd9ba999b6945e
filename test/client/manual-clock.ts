import type { Clock } from '../../client/clock.ts';

/** A clock that only moves when a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  #order = 0;
  #timers: { atMs: number; order: number; action: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order++, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass; everything that falls due happens, and what it promises is settled, before the next thing. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (!next || next.atMs > untilMs) break;
      this.#timers.shift();
      this.#nowMs = next.atMs;
      next.action();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Shows a millisecond too little for the first few looks after a timer: a machine's timers do not keep its clock's time. */
export class EarlyClock extends ManualClock {
  readonly #looks: number;
  #left = 0;

  constructor(looks: number) {
    super();
    this.#looks = looks;
  }

  override now(): number {
    return super.now() - (this.#left-- > 0 ? 1 : 0);
  }

  override after(delayMs: number, action: () => void): () => void {
    return super.after(delayMs, () => {
      this.#left = this.#looks;
      action();
    });
  }
}

/** Lets every promise that can go on do so. */
async function settle(): Promise<void> {
  for (let round = 0; round < 12; round++) await Promise.resolve();
}
