import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Address } from '../../shared/ids.ts';
import type { FolderDatabase } from '../storage/database.ts';
import { DatabaseError, LogDamage } from '../storage/database-error.ts';
import type { OldDamage } from '../storage/old-damage.ts';
import type { StorageFailure } from '../storage/replica-storage.ts';
import { hasRows } from './ask-rows.ts';
import type { OperatorLog } from './log.ts';

/** Between two pieces, which take half a millisecond, when there is little else to do. */
const PAUSE_MS = 5;
/** And when there is: those who are served must not notice it. */
const BUSY_PAUSE_MS = 150;
/** Share of the time in which the main loop did something else. */
const BUSY = 0.2;
/** Between two looks whether other servers have the rows by now. */
const LOOK_INTERVAL_MS = 10_000;

export interface OldRowsParts {
  address: Address;
  secret: string;
  database: FolderDatabase;
  /** What is wrong with them and could not be repaired. */
  known: OldDamage | undefined;
  /** Every other server that is known. */
  others(): Address[];
  /** Damage was found that another server may have the rows for. */
  onRepair(failure: StorageFailure): void;
  log: OperatorLog;
}

/**
 * R26: the rows of the log that a start does not read because the snapshot has what they did. No vote depends on them. They are
 * checked while the server serves. If one is damaged and there are other servers, the incarnation ends, so that the next one repairs it;
 * if there are none, or none that has it, this one goes on, says so, and looks for one. Each row that is served or sent is checked by itself.
 */
export class OldRows {
  /** What is wrong, in whole sentences; empty while nothing is known to be. */
  damage = '';
  #isWatching = false;
  readonly #parts: OldRowsParts;
  readonly #over = new AbortController();

  constructor(parts: OldRowsParts) {
    this.#parts = parts;
    if (parts.known) this.damage = this.#sentences(parts.known.what);
  }

  /** Resolves when all are checked, or when it was stopped. */
  async check(): Promise<void> {
    const { known, database } = this.#parts;
    if (known) {
      this.#watch();
      return;
    }
    try {
      await database.verify(async () => {
        const before = performance.eventLoopUtilization();
        await wait(PAUSE_MS, undefined, { ref: false });
        const { utilization } = performance.eventLoopUtilization(before);
        if (utilization > BUSY) await wait(BUSY_PAUSE_MS, undefined, { ref: false });
        return !this.#over.signal.aborted;
      });
    } catch (error) {
      if (this.#over.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof LogDamage) {
        const failure = { message: error.what, full: false, damaged: { op: error.place.op + 1 } };
        if (this.bears(failure)) this.#say(this.#sentences(error.what));
        else this.#parts.onRepair(failure);
      } else this.#say(error instanceof DatabaseError ? reason : `The log could not be checked: ${reason}.`);
    }
  }

  /** Whether the server goes on although these rows are damaged: if no vote depends on them, and there is nobody to get them from. */
  bears({ message, damaged }: StorageFailure): boolean {
    const { database, known, others } = this.#parts;
    const isOld = damaged !== undefined && damaged.op <= (database.recovered.snapshot?.op ?? 0);
    if (!isOld || (!known && others().length > 0)) return false;
    if (this.damage === '') this.#say(this.#sentences(message));
    this.#watch();
    return true;
  }

  stop(): void {
    this.#over.abort();
  }

  #say(damage: string): void {
    if (damage === this.damage) return;
    this.damage = damage;
    this.#parts.log.error(damage);
  }

  #sentences(what: string): string {
    return `${what} No vote depends on that row: ${this.#parts.address} serves all that is whole, and repairs it as soon as a server runs that has it.`;
  }

  /** Until somebody has the rows. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const { signal } = this.#over;
    const look = async () => {
      while (!(await this.#canBeRepaired())) await wait(LOOK_INTERVAL_MS, undefined, { ref: false, signal });
      if (signal.aborted) return;
      this.#parts.onRepair({ message: `${this.damage} One does now.`, full: false, damaged: { op: 0 } });
    };
    look().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Whether it is worth while to end the incarnation: servers are there that have what is missing, or may have it. */
  async #canBeRepaired(): Promise<boolean> {
    const { known, others, database, secret } = this.#parts;
    const servers = others();
    if (!known) return servers.length > 0;
    for (const hole of known.holes) {
      let isThere = false;
      for (const server of servers) {
        isThere = !this.#over.signal.aborted && (await hasRows(server, secret, hole, database.disk));
        if (isThere) break;
      }
      if (!isThere) return false;
    }
    return true;
  }
}
