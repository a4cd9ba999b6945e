import { Coverage } from './checks/coverage.ts';
import { EXPECTED_COVERAGE } from './checks/coverage-expected.ts';
import type { RunResult } from './simulation.ts';

const HOUR_MS = 3_600_000;

const NO_SUMS = { events: 0, simulatedMs: 0, commits: 0, acknowledged: 0, answered: 0, views: 0 };

/** What many runs come to. */
export class Totals {
  runs = 0;
  failed = 0;
  readonly #coverage = new Coverage();
  readonly #faults: Record<string, number> = {};
  readonly #startedAtMs = performance.now();
  readonly #sums = { ...NO_SUMS };

  add(result: RunResult): void {
    this.runs += 1;
    if (result.violation !== null) this.failed += 1;
    for (const key of Object.keys(this.#sums) as (keyof typeof NO_SUMS)[]) this.#sums[key] += result[key];
    for (const [kind, count] of Object.entries(result.faults)) this.#faults[kind] = (this.#faults[kind] ?? 0) + count;
    this.#coverage.merge(result.coverage ?? {});
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAtMs) / 1000;
  }

  /** One line, for while it goes on. */
  progress(runs: number): string {
    const perSecond = (this.runs / this.#seconds).toFixed(1);
    return `${this.runs} of ${runs} runs, ${perSecond} a second, ${this.#sums.answered} calls answered, ${this.failed} failed`;
  }

  /** What was reached in the runs that were watched closely, and what never was. */
  coverageTable(): string {
    return this.#coverage.table(EXPECTED_COVERAGE);
  }

  /** Several lines, for the end. */
  report(): string {
    const { simulatedMs, events, commits, acknowledged, answered, views } = this.#sums;
    const seconds = this.#seconds;
    const hours = simulatedMs / HOUR_MS;
    const faults = Object.entries(this.#faults).sort(([, a], [, b]) => b - a);
    return [
      `faults: ${faults.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none'}`,
      `${answered} calls answered, ${acknowledged} operations acknowledged, ${commits} commits, ${views} views, ${events} events`,
      `${this.runs} runs in ${seconds.toFixed(1)} s, ${(this.runs / seconds).toFixed(1)} a second; ` +
        `${hours.toFixed(2)} simulated hours, ${(hours / (seconds / 3600)).toFixed(1)} an hour`,
      `${this.runs - this.failed} passed, ${this.failed} failed`,
    ].join('\n');
  }
}
