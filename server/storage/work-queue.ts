import type { LogEntry } from '../../shared/operations.ts';
import { failureOf } from './files.ts';
import type { StorageFailure, WhenDurable } from './replica-storage.ts';

type Job =
  | { entries: readonly LogEntry[]; done: WhenDurable }
  | { work: () => Promise<void>; doing: string; done: WhenDurable };

/** What a batch that shares one write and one fsync may hold, in UTF-16 code units of CSV. */
const BATCH_LENGTH = 4 * 1024 * 1024;

/**
 * Does what is asked for one after the other and reports in the same order. Entries that wait next to each other are
 * appended together. After the first failure nothing is done any more: everything fails with the same words (R19).
 */
export class WorkQueue {
  readonly #append: (entries: readonly LogEntry[]) => Promise<void>;
  #jobs: Job[] = [];
  #busy = false;
  #failure: StorageFailure | undefined;

  /** @param append makes entries durable; rejects with a StorageError, or anything else for a failed append */
  constructor(append: (entries: readonly LogEntry[]) => Promise<void>) {
    this.#append = append;
  }

  get failure(): StorageFailure | undefined {
    return this.#failure;
  }

  append(entries: readonly LogEntry[], done: WhenDurable): void {
    this.#add({ entries, done });
  }

  /** @param doing as in {@link failureOf}, for when the work fails */
  run(doing: string, work: () => Promise<void>, done: WhenDurable): void {
    this.#add({ work, doing, done });
  }

  /** Ends all work that is not yet begun: for a failure that happened beside the queue. */
  fail(failure: StorageFailure): void {
    this.#failure ??= failure;
  }

  #add(job: Job): void {
    this.#jobs.push(job);
    if (this.#busy) return;
    this.#busy = true;
    // Callers that have more in the same turn get it into the same batch, and no callback runs before the call returned.
    queueMicrotask(() => void this.#turn());
  }

  async #turn(): Promise<void> {
    let finished: Job[] = [];
    let outcome: StorageFailure | undefined;
    while (this.#jobs.length > 0 || finished.length > 0) {
      const jobs = this.#take();
      // The disk works on the next batch while the reports of the last one are acted upon.
      const underWay = this.#perform(jobs);
      for (const job of finished) job.done(outcome);
      outcome = await underWay;
      finished = jobs;
    }
    this.#busy = false;
  }

  async #perform(jobs: readonly Job[]): Promise<StorageFailure | undefined> {
    const first = jobs[0];
    if (this.#failure || !first) return this.#failure;
    try {
      if ('work' in first) await first.work();
      else await this.#append(jobs.flatMap((job) => ('entries' in job ? job.entries : [])));
    } catch (error) {
      this.#failure ??= failureOf(error, 'doing' in first ? first.doing : 'Appending to the log');
    }
    return this.#failure;
  }

  /** The next job, with the appends that directly follow it when it is one. */
  #take(): Job[] {
    let count = 0;
    let length = 0;
    for (const job of this.#jobs) {
      if (!('entries' in job)) break;
      for (const entry of job.entries) length += entry.row.length;
      if (length > BATCH_LENGTH && count > 0) break;
      count++;
    }
    return this.#jobs.splice(0, Math.max(1, count));
  }
}
