import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { OpenDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';
import type { OperatorLog } from './log.ts';

/** Between two pieces, which take half a millisecond, when there is little else to do. */
const PAUSE_MS = 5;
/** And when there is: those who are served must not notice it. */
const BUSY_PAUSE_MS = 150;
/** Share of the time in which the main loop did something else. */
const BUSY = 0.2;

/**
 * Checks the rows of the log that a start does not read because the snapshot has them. What it finds is said and shown, and the
 * server goes on: each row that is served or sent is checked by itself.
 */
export class OldRows {
  /** What is wrong, as a sentence; empty while nothing is known to be. */
  damage = '';
  #isStopped = false;
  readonly #database: OpenDatabase;
  readonly #log: OperatorLog;

  constructor(database: OpenDatabase, log: OperatorLog) {
    this.#database = database;
    this.#log = log;
  }

  /** Resolves when all are checked, or when it was stopped. */
  async check(): Promise<void> {
    try {
      await this.#database.verify(async () => {
        const before = performance.eventLoopUtilization();
        await wait(PAUSE_MS, undefined, { ref: false });
        const { utilization } = performance.eventLoopUtilization(before);
        if (utilization > BUSY) await wait(BUSY_PAUSE_MS, undefined, { ref: false });
        return !this.#isStopped;
      });
    } catch (error) {
      if (this.#isStopped) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.damage = error instanceof DatabaseError ? reason : `The log could not be checked: ${reason}.`;
      this.#log.error(this.damage);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}
