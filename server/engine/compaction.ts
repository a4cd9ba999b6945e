import type { CompactionStatus } from '../../shared/api.ts';
import type { EntryDraft } from '../../shared/operations.ts';
import type { ChatState } from '../state/chat-state.ts';
import { partOfBody } from '../state/compactions.ts';
import type { CompactionPlan, CompactionReport, ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';

/** After one that could not be finished (a full disk, say) the next is tried. */
const RETRY_MS = 600_000;

const DRAFT: EntryDraft = {
  event: 'cluster:compact',
  client: '',
  request: 0,
  asked: '',
  id: '',
  account: '',
  subject: '',
  body: '',
};

export interface CompactionParts {
  chat: ChatState;
  storage: ReplicaStorage;
  /** What the last one did here; null when there was none. */
  report: CompactionReport | null;
  /** The primary has something removed after so long at the latest. */
  intervalMs: number;
  /** Writes a snapshot with everything that people read, of the state after an op at least. False when it cannot be done at the moment. */
  saveSnapshot(op: number): Promise<boolean>;
  /** The storage must not be asked for anything any more. */
  isOver(): boolean;
  onFailure(failure: StorageFailure): void;
  /** A sentence for the operator. */
  log(text: string): void;
}

/**
 * R27: what was deleted is removed from the files. The primary decides when, by an entry in the log; each replica that has applied it
 * does the work when it has time.
 */
export class Compaction {
  readonly #parts: CompactionParts;
  #report: CompactionReport | null;
  /** Null while this server is not the primary. */
  #dueAtMs: number | null = null;
  #isAsked = false;
  #isRunning = false;
  #notBeforeMs = 0;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
    this.#report = parts.report;
  }

  /** An operator does not want to wait. @returns false when there is nothing to remove */
  ask(): boolean {
    this.#isAsked = this.#parts.chat.compactions.removableSinceOp > 0;
    return this.#isAsked;
  }

  /** Has the entry proposed when it is time, and something can be removed. */
  decideWhenDue(nowMs: number, isPrimary: boolean, propose: (draft: EntryDraft) => void): void {
    if (!isPrimary) {
      this.#dueAtMs = null;
      this.#isAsked = false;
      return;
    }
    const { chat, intervalMs } = this.#parts;
    this.#dueAtMs ??= nowMs + intervalMs;
    const isTime = this.#isAsked || nowMs >= this.#dueAtMs;
    if (!isTime || chat.compactions.removableSinceOp === 0) return;
    // Should it be lost with the view, there will be another.
    this.#dueAtMs = nowMs + intervalMs;
    this.#isAsked = false;
    propose(DRAFT);
  }

  /** Begins to do what was decided, unless it is done or under way. */
  runWhenDue(nowMs: number): void {
    if (this.#isRunning || nowMs < this.#notBeforeMs || this.#parts.isOver()) return;
    if (this.#parts.chat.compactions.op <= (this.#report?.op ?? 0)) return;
    this.#isRunning = true;
    void this.#run(nowMs);
  }

  async #run(nowMs: number): Promise<void> {
    const { chat, storage, isOver, saveSnapshot } = this.#parts;
    const upTo = chat.compactions.op;
    // The tables still show what is to be removed, until they are written anew.
    const isSaved = await saveSnapshot(upTo);
    if (!isSaved || isOver()) {
      this.#isRunning = false;
      return;
    }
    const plan: CompactionPlan = {
      upTo,
      remainsOf: (op, event) => chat.compactions.remainsOf(op, event),
      partOf: partOfBody,
      hasRemovals: (firstOp, lastOp, after) => chat.compactions.hasRemovals(firstOp, lastOp, after),
      isDeletedMessage: (id) => chat.isDeletedMessage(id),
      isEditedSince: (id, op) => chat.isEditedSince(id, op),
      isDocumentChangedSince: (key, op) => chat.isDocumentChangedSince(key, op),
      isOver: () => isOver() || chat.compactions.op !== upTo,
    };
    storage.compact(plan, (report, failure) => {
      this.#isRunning = false;
      if (failure) this.#parts.onFailure(failure);
      else if (report) this.#finish(report);
      else if (!plan.isOver()) this.#notBeforeMs = nowMs + RETRY_MS;
    });
  }

  #finish(report: CompactionReport): void {
    this.#report = report;
    const { op, rows } = report;
    const what = `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;
    this.#parts.log(`What was deleted up to operation ${op} is removed from the files: ${what}.`);
  }

  status(): CompactionStatus {
    const { op, removableSinceOp } = this.#parts.chat.compactions;
    const done = this.#report;
    return {
      decidedOp: op,
      doneOp: done?.op ?? 0,
      rows: done?.rows ?? 0,
      bytes: done?.bytes ?? 0,
      finishedAt: done?.finishedAt ?? null,
      removableSinceOp,
    };
  }
}
