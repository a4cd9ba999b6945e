import { setTimeout as wait } from 'node:timers/promises';
import type { OpenDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';
import type { OperatorLog } from './log.ts';

/** Between two pieces, which take some milliseconds: most of the processor stays with those who are served. */
const PAUSE_MS = 10;

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
        await wait(PAUSE_MS, undefined, { ref: false });
        return !this.#isStopped;
      });
    } catch (error) {
      if (this.#isStopped) return;
      if (!(error instanceof DatabaseError)) throw error;
      this.damage = error.message;
      this.#log.error(error.message);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}
