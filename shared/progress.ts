const WIDTH = 30;
/** What is done sooner needs no bar. */
const QUIET_MS = 1000;
const PLAIN_STEP_PERCENT = 10;

/** Where progress is shown: mostly standard error, so that the answer on standard output can be piped on. */
export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** How far a task is that takes more than a second: a bar on a terminal, a line for every tenth elsewhere. */
export class Progress {
  readonly #what: string;
  readonly #output: ProgressOutput;
  readonly #nowMs: () => number;
  readonly #beganAtMs: number;
  #shownPercent = -1;
  #isBarShown = false;

  /**
   * @param what is being done, as in "Checking"
   * @param nowMs monotonic milliseconds
   */
  constructor(what: string, output: ProgressOutput, nowMs: () => number) {
    this.#what = what;
    this.#output = output;
    this.#nowMs = nowMs;
    this.#beganAtMs = nowMs();
  }

  /** @param done of `all`, in any unit */
  show(done: number, all: number): void {
    if (this.#nowMs() - this.#beganAtMs < QUIET_MS) return;
    const percent = Math.min(100, Math.floor((100 * done) / Math.max(1, all)));
    const step = this.#output.isTTY ? 1 : PLAIN_STEP_PERCENT;
    if (percent < this.#shownPercent + step) return;
    this.#shownPercent = percent - (percent % step);
    if (!this.#output.isTTY) {
      this.#output.write(`${this.#what}: ${percent} %\n`);
      return;
    }
    const filled = Math.round((WIDTH * percent) / 100);
    this.#output.write(`\r${this.#what} [${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${percent} %`);
    this.#isBarShown = true;
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#isBarShown) this.#output.write('\r\u001b[K');
    this.#isBarShown = false;
  }
}
