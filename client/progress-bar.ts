import type { Output } from './output.ts';

const WIDTH = 30;

/** How far a long task is: a bar on a terminal, a line for every tenth elsewhere. */
export class ProgressBar {
  readonly #what: string;
  readonly #total: number;
  readonly #output: Output;
  #count = 0;
  #shownPercent = -1;

  constructor(what: string, total: number, output: Output) {
    this.#what = what;
    this.#total = total;
    this.#output = output;
  }

  advance(): void {
    this.#count += 1;
    const percent = Math.floor((100 * this.#count) / this.#total);
    const step = this.#output.isTerminal ? 1 : 10;
    if (percent < this.#shownPercent + step && this.#count < this.#total) return;
    this.#shownPercent = percent - (percent % step);
    const counts = `${percent} % (${this.#count} of ${this.#total} ${this.#what})`;
    if (!this.#output.isTerminal) {
      this.#output.line(counts);
      return;
    }
    const filled = Math.round((WIDTH * this.#count) / this.#total);
    const end = this.#count === this.#total ? '\n' : '';
    this.#output.raw(`\r[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${counts}${end}`);
  }
}
