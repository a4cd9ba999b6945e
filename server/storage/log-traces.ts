import type { LogEntry } from '../../shared/operations.ts';
import { type LooseLine, restDigest, type Survey } from './log-survey.ts';

/**
 * R26: what the loose lines of a damaged log tell. A line is explained by the row whose chain it ends with, or whose bytes it
 * has but for the chain, which is computed from them: so much of a row is the row.
 */
export class LogTraces {
  readonly #survey: Survey;
  readonly #explained = new Set<LooseLine>();
  readonly #byTrace = new Map<string, LooseLine[]>();

  constructor(survey: Survey) {
    this.#survey = survey;
    for (const line of survey.loose) {
      for (const trace of [line.chain, line.rest]) {
        if (trace === undefined) continue;
        const lines = this.#byTrace.get(trace);
        if (lines) lines.push(line);
        else this.#byTrace.set(trace, [line]);
      }
    }
  }

  /** Rows stood after the last whole one that no row accounts for, or a line says so. */
  get isEndUnclear(): boolean {
    const { loose, end, endsLoose } = this.#survey;
    const last = loose.at(-1);
    if (endsLoose && last && !this.#explained.has(last)) return true;
    return loose.some((line) => line.chain !== undefined && (line.op ?? 0) > end.op && !this.#explained.has(line));
  }

  /** Rows beyond this one certainly did not stand at the end of the log. */
  get lastPossibleOp(): number {
    const { loose, end } = this.#survey;
    return loose.reduce((highest, { op }) => Math.max(highest, op ?? 0), end.op + loose.length + 1);
  }

  explainBy(entry: LogEntry): void {
    for (const trace of [entry.chain, restDigest(Buffer.from(entry.row))]) {
      for (const line of this.#byTrace.get(trace) ?? []) this.#explained.add(line);
    }
  }

  /** The line is another copy of a row that is there. */
  explain(line: LooseLine): void {
    this.#explained.add(line);
  }

  forget(): void {
    this.#explained.clear();
  }
}
