import type { ErrorCode } from '../shared/errors.ts';
import { nameKey } from '../shared/names.ts';
import type { Clock } from './clock.ts';
import type { ClientStore, ReadMark } from './store.ts';

/** How long marks are gathered before the servers are told the highest of each conversation. */
const GATHER_MS = 200;

export interface ReadMarksOptions {
  store: ClientStore;
  clock: Clock;
  /** Tells the primary; returns how to withdraw that. */
  tell(mark: ReadMark, answer: (refused: ErrorCode | undefined) => void): () => void;
}

/**
 * Tells the servers, now and then, up to where each conversation was read. What they only have in memory may be lost with
 * them: a mark is kept, and told again after the next connection, until they are seen to have it.
 */
export class ReadMarks {
  readonly #options: ReadMarksOptions;
  /** What the servers have, and what this primary was told, by the conversation's key. */
  readonly #settled = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #underWay = new Map<string, () => void>();
  #ready = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ReadMarksOptions) {
    this.#options = options;
  }

  /** The user has seen everything in a conversation up to this position. */
  note(mark: ReadMark): void {
    const key = nameKey(mark.with);
    if (mark.position <= Math.max(this.#settled.get(key) ?? 0, this.#kept(key)?.position ?? 0)) return;
    this.#options.store.saveReadMark(mark);
    this.#schedule();
  }

  /** The position up to which a conversation was read here, as far as the servers are not known to have it. */
  untold(conversation: string): number {
    return this.#kept(nameKey(conversation))?.position ?? 0;
  }

  /** The servers have a mark of this conversation, of whatever device. */
  onSettled(conversation: string, read: number): void {
    const key = nameKey(conversation);
    this.#settled.set(key, Math.max(read, this.#settled.get(key) ?? 0));
    const kept = this.#kept(key);
    if (kept && kept.position <= read) this.#options.store.forgetReadMark(kept.with);
  }

  /** The account is in that conversation no more. */
  onLeft(conversation: string): void {
    const kept = this.#kept(nameKey(conversation));
    this.#settled.delete(nameKey(conversation));
    if (kept) this.#options.store.forgetReadMark(kept.with);
  }

  /** Logged in at the primary, of which nothing is known yet. */
  onReady(): void {
    this.suspend();
    this.#ready = true;
    this.#schedule();
  }

  /** The connection was lost, or nobody is logged in. */
  suspend(): void {
    this.#ready = false;
    this.#settled.clear();
    this.#told.clear();
    for (const withdraw of [...this.#underWay.values()]) withdraw();
    this.#underWay.clear();
  }

  /** Tells at once what has gathered. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (!this.#ready) return;
    for (const mark of this.#options.store.readMarks) this.#tell(mark);
  }

  close(): void {
    this.flush();
    this.#ready = false;
  }

  #kept(key: string): ReadMark | undefined {
    return this.#options.store.readMarks.find((mark) => nameKey(mark.with) === key);
  }

  #schedule(): void {
    if (this.#cancelTimer || !this.#ready || this.#options.store.readMarks.length === 0) return;
    this.#cancelTimer = this.#options.clock.after(GATHER_MS, () => {
      this.#cancelTimer = undefined;
      this.flush();
    });
  }

  #tell(mark: ReadMark): void {
    const key = nameKey(mark.with);
    if (this.#underWay.has(key) || mark.position <= (this.#told.get(key) ?? 0)) return;
    let answered = false;
    const withdraw = this.#options.tell(mark, (refused) => {
      answered = true;
      this.#underWay.delete(key);
      if (refused === 'not-logged-in') {
        // The next log-in brings it.
        this.#ready = false;
        return;
      }
      this.#told.set(key, mark.position);
      const kept = this.#kept(key);
      // There is no such conversation any more.
      if (refused !== undefined && kept && kept.position <= mark.position)
        this.#options.store.forgetReadMark(kept.with);
      this.#schedule();
    });
    if (!answered) this.#underWay.set(key, withdraw);
  }
}
