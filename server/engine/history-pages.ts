import { type Result, refusal, success } from '../../shared/errors.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { pageOf } from '../state/page-texts.ts';
import type { ChatReader, HistoryChoice, HistoryPage } from '../state/reader.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';

/** Pages for which texts are read from the disk at a time; the others wait, holding nothing. */
const FETCHES_AT_A_TIME = 8;
/** A page changes while its texts are read only when messages of it are deleted: nobody does that so often. */
const MOST_FETCHES = 20;

export interface PageParts {
  chat: ChatReader;
  storage: ReplicaStorage;
  /** The row at a position if it is in memory. */
  rowInMemory(position: number): LogEntry | undefined;
  /** False while the state must not be shown to anybody. */
  mayAnswer(): boolean;
  /** Nothing may be asked of the storage any more. */
  isOver(): boolean;
  /** Rows are damaged that had been whole (R26). */
  onDamage(failure: StorageFailure): void;
  /** A sentence for the operator. */
  log(text: string): void;
}

type Answer = (result: Result<HistoryPage>) => void;
type Choose = (chat: ChatReader) => Result<HistoryChoice>;

/**
 * Pages of history: what one consists of is the state's to say, its texts are in the log. A page is chosen again once its texts
 * are there, so that it is answered as the state is at that moment, just as any other read is.
 */
export class HistoryPages {
  readonly #parts: PageParts;
  readonly #waiting: (() => void)[] = [];
  #fetches = 0;

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  /** Answers at once when all texts are in memory. */
  answer(choose: Choose, answer: Answer): void {
    const page = this.#attempt(choose, () => undefined);
    if (!Array.isArray(page)) answer(page);
    else if (this.#fetches < FETCHES_AT_A_TIME) this.#begin(choose, answer);
    else this.#waiting.push(() => this.#begin(choose, answer));
  }

  #begin(choose: Choose, answer: Answer): void {
    this.#fetches++;
    this.#fetch(choose, new Map(), 0, (result) => {
      this.#fetches--;
      answer(result);
      if (this.#fetches < FETCHES_AT_A_TIME) this.#waiting.shift()?.();
    });
  }

  #fetch(choose: Choose, fetched: Map<number, LogEntry>, count: number, answer: Answer): void {
    const { storage, onDamage, log } = this.#parts;
    const page = this.#attempt(choose, (position) => fetched.get(position));
    if (!Array.isArray(page)) answer(page);
    else if (count === MOST_FETCHES || this.#parts.isOver()) answer(unavailable('try again'));
    else {
      storage.readRows(page, (entries, failure) => {
        if (failure) {
          answer(unavailable('ask another server'));
          if (failure.damaged) onDamage(failure);
          else log(`A page of history could not be read: ${failure.message}`);
          return;
        }
        for (const entry of entries) fetched.set(entry.op, entry);
        this.#fetch(choose, fetched, count + 1, answer);
      });
    }
  }

  /** @returns the page or the refusal, or the positions of the rows that it lacks */
  #attempt(choose: Choose, fetched: (position: number) => LogEntry | undefined): Result<HistoryPage> | number[] {
    if (!this.#parts.mayAnswer()) return unavailable('ask another server');
    const choice = choose(this.#parts.chat);
    if (!choice.ok) return choice;
    const page = pageOf(choice.value, (position) => this.#parts.rowInMemory(position) ?? fetched(position));
    return 'missing' in page ? page.missing : success(page);
  }
}

function unavailable(advice: string): Result<HistoryPage> {
  return refusal('unavailable', `These messages can't be read from this server's disk at the moment; ${advice}.`);
}
