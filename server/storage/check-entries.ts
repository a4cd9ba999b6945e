import { join } from 'node:path';
import type { LogEntry } from '../../shared/operations.ts';
import type { ViewRecord } from '../../shared/views.ts';
import { addDamage, type CheckReport } from './check-report.ts';
import type { TableClaims } from './check-tables.ts';
import { WHAT_TO_DO } from './database-error.ts';

const WRONG_SNAPSHOT =
  'Put back the files that belong together; if the log is the right one, move snapshot.csv away, and the next start makes the tables anew.';

interface Expected {
  /** Whose chain is asked for. */
  atOp: number | undefined;
  snapshot: { op: number; chain: string } | null;
  claims: TableClaims;
}

/** Looks at each whole row of the log, for what it has to agree with and for what is counted. */
export class EntryCheck {
  readonly #folder: string;
  readonly #report: CheckReport;
  readonly #expected: Expected;
  #lastOp = 0;

  constructor(folder: string, report: CheckReport, expected: Expected) {
    this.#folder = folder;
    this.#report = report;
    this.#expected = expected;
  }

  take(entries: readonly LogEntry[]): void {
    const { atOp, snapshot, claims } = this.#expected;
    for (const entry of entries) {
      this.#count(entry);
      if (entry.op === atOp) this.#report.chainAt = entry.chain;
      if (entry.op === snapshot?.op && entry.chain !== snapshot.chain) {
        this.#differs(`snapshot.csv was made from another op ${entry.op} than the one in the log`);
      }
      claims.compare(entry, (clause) => this.#differs(clause));
    }
    this.#lastOp = entries.at(-1)?.op ?? this.#lastOp;
  }

  /** To be called when the log is whole, after its last row. */
  end(): void {
    const { snapshot, claims } = this.#expected;
    const path = join(this.#folder, 'snapshot.csv');
    if (snapshot && snapshot.op > this.#lastOp) {
      const what = `${path} contains op ${snapshot.op}, but the log ends at op ${this.#lastOp}: rows of the log are missing.`;
      addDamage(this.#report, what, WHAT_TO_DO);
      return;
    }
    for (const clause of claims.unfounded()) this.#differs(clause);
  }

  #count({ event, nonce, view, body, removedDigest }: LogEntry): void {
    const report = this.#report;
    report.lastView = view;
    if (removedDigest !== '') report.shortenedRows += 1;
    // A row whose digest is right holds what a server wrote.
    if (event === 'cluster:view') report.replicationFactor = (JSON.parse(body) as ViewRecord).replicationFactor;
    if (event !== 'message:send') return;
    report.messages += 1;
    if (nonce === '') report.removedBodies += 1;
  }

  #differs(clause: string): void {
    addDamage(this.#report, `${join(this.#folder, clause)}.`, WRONG_SNAPSHOT);
  }
}
