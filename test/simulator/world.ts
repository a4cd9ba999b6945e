import type { Random } from '../../shared/random.ts';
import { EventQueue } from './event-queue.ts';
import type { Range } from './rates.ts';

const STORY_LINES = 500;

/** Time, what happened in it, and whether promises may have something to do: what all parts of a simulation share. */
export class World {
  readonly queue = new EventQueue();
  readonly #tellsAll: boolean;
  /** The last events before now, for people. */
  readonly story: string[] = [];
  /** Code that uses promises may have been called since the main loop last let them settle. */
  isTouched = false;
  /** Of everything that happened; equal for equal runs. */
  digest = 0;
  /** The first promise that was broken where nobody could throw it. */
  violation: Error | null = null;

  get nowMs(): number {
    return this.queue.nowMs;
  }

  /** @param tellsAll the story is wanted with every message and write, which costs time */
  constructor(tellsAll: boolean) {
    this.#tellsAll = tellsAll;
  }

  trace(text: string): void {
    this.#push(text);
    this.note(text);
  }

  /** Something that only a reader of the story wants to know. */
  tell(text: () => string): void {
    if (this.#tellsAll) this.#push(text());
  }

  #push(text: string): void {
    this.story.push(`${this.queue.nowMs.toFixed(2).padStart(10)}  ${text}`);
    if (this.story.length > 2 * STORY_LINES) this.story.splice(0, STORY_LINES);
  }

  /** A promise was broken. For code whose callers catch errors; elsewhere one is thrown. */
  fail(violation: Error): void {
    this.violation ??= violation;
  }

  /** Has something count in the digest. */
  note(text: string): void {
    let { digest } = this;
    for (let index = 0; index < text.length; index++) digest = Math.imul(digest ^ text.charCodeAt(index), 0x01000193);
    this.digest = Math.imul(digest ^ (this.queue.nowMs * 1000), 0x85ebca6b) >>> 0;
  }
}

/** A moment of a range. */
export function within([low, high]: Range, random: Random): number {
  return low + (high - low) * random.fraction();
}
