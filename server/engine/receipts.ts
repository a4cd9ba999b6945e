import type { AccountId, ConversationEnd } from '../../shared/ids.ts';
import type { EntryDraft } from '../../shared/operations.ts';
import { formatReadMarks, type ReadMark } from '../state/read-marks.ts';
import { formatReceipts } from '../state/receipts.ts';

/** Receipts and read marks of many clients share one row of the log: one of each is written at most so often. */
const RECEIPT_INTERVAL_MS = 200;

/** What was received and read, and is to be written down. */
export interface NotedMarks {
  received: { account: AccountId; position: number }[];
  read: ReadMark[];
}

/** Collects what accounts have received, and what they have read, until it is worth an entry. */
export class Receipts {
  readonly #received = new Map<AccountId, number>();
  /** By account and conversation. */
  readonly #read = new Map<string, ReadMark>();
  #writtenAtMs = 0;

  note(account: AccountId, position: number): void {
    if (position > (this.#received.get(account) ?? 0)) this.#received.set(account, position);
  }

  noteRead(account: AccountId, end: ConversationEnd, position: number): void {
    const key = `${account}/${end}`;
    if (position > (this.#read.get(key)?.position ?? 0)) this.#read.set(key, { account, with: end, position });
  }

  /** Hands over what was noted when it is time for that; a backup passes it on to the primary. */
  takeWhenDue(nowMs: number): NotedMarks | undefined {
    const isEmpty = this.#received.size === 0 && this.#read.size === 0;
    if (isEmpty || nowMs - this.#writtenAtMs < RECEIPT_INTERVAL_MS) return undefined;
    this.#writtenAtMs = nowMs;
    const received = Array.from(this.#received, ([account, position]) => ({ account, position }));
    const read = [...this.#read.values()];
    this.#received.clear();
    this.#read.clear();
    return { received, read };
  }

  /** Hands over a draft for all that was received, and one for all that was read, when it is time and this is the primary. */
  flushWhenDue(nowMs: number, isPrimary: boolean, propose: (drafts: EntryDraft[]) => void): void {
    const due = isPrimary ? this.takeWhenDue(nowMs) : undefined;
    if (!due) return;
    const drafts: EntryDraft[] = [];
    if (due.received.length > 0) drafts.push(draftOf('message:received', formatReceipts(due.received)));
    if (due.read.length > 0) drafts.push(draftOf('conversation:read', formatReadMarks(due.read)));
    propose(drafts);
  }
}

function draftOf(event: EntryDraft['event'], body: string): EntryDraft {
  return { event, client: '', request: 0, asked: '', id: '', account: '', subject: '', body };
}
