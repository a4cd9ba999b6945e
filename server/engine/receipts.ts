import type { AccountId } from '../../shared/ids.ts';
import type { EntryDraft } from '../../shared/operations.ts';

/** Receipts of many clients share one row of the log: one is written at most so often. */
const RECEIPT_INTERVAL_MS = 200;

/** Collects what accounts have received until it is worth an entry. */
export class Receipts {
  readonly #noted = new Map<AccountId, number>();
  #writtenAtMs = 0;

  note(account: AccountId, position: number): void {
    if (position > (this.#noted.get(account) ?? 0)) this.#noted.set(account, position);
  }

  /** Hands over one draft for all that was noted, when it is time and this is the primary. */
  flushWhenDue(nowMs: number, isPrimary: boolean, propose: (draft: EntryDraft) => void): void {
    if (!isPrimary || this.#noted.size === 0 || nowMs - this.#writtenAtMs < RECEIPT_INTERVAL_MS) return;
    this.#writtenAtMs = nowMs;
    const body = [...this.#noted].map(([account, position]) => `${account}=${position}`).join(' ');
    this.#noted.clear();
    propose({ event: 'message:received', client: '', request: 0, asked: '', id: '', account: '', subject: '', body });
  }
}
