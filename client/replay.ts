import type { Replies, SessionReady } from '../shared/api.ts';
import type { Result } from '../shared/errors.ts';
import { LIST_MAX_LIMIT } from '../shared/limits.ts';
import { positionOf, type Told } from './told.ts';

export interface ReplayOptions {
  /**
   * Asks the server whose pushes come in here for the page after a position, and no other one, however else reads are spread; returns how to
   * withdraw the question.
   */
  fetch(
    ask: { after: number; limit: number },
    answer: (result: Result<Replies['message:history']>) => void,
  ): () => void;
  /** Called once for each event, in the order of positions. */
  tell(event: Told, replayed: boolean): void;
  /** Everything up to this position was told. */
  onToldUpTo(position: number): void;
  /** False: only what comes from now on is told. */
  replay: boolean;
  onFailed(reason: string): void;
}

/**
 * Joins what was missed and what is pushed: after each `session:ready` it fetches everything after the last position
 * that was told, holds what is pushed meanwhile, and leaves out what it already had.
 *
 * Pages and pushes come over one socket, so whatever a page knows was pushed before it. Much stands on that. A page tells of a message that
 * changed twice only the latest change: if that one is known to the page, it is held here, and pages are fetched until it is met
 * ({@link Replay.#isMet}). Over a backup, a page could know of it while its push is still on its way from the primary; the fetching would end
 * without it, and what was changed first would be missing. And a second page from a backup behind the first one's would hide the same. So this
 * is the one kind of reading that is never spread.
 */
export class Replay {
  readonly #options: ReplayOptions;
  #told: number | undefined;
  #held: Told[] | undefined;
  #cancelFetch: (() => void) | undefined;

  /** @param told up to here everything was told before; undefined on a fresh device */
  constructor(told: number | undefined, options: ReplayOptions) {
    this.#told = told;
    this.#options = options;
  }

  get told(): number | undefined {
    return this.#told;
  }

  /** The connection was lost, or moved: pushes mean nothing until the next `session:ready`. */
  suspend(): void {
    this.#cancelFetch?.();
    this.#cancelFetch = undefined;
    this.#held = undefined;
  }

  /** Positions mean nothing any more, or another account's do. */
  restart(told: number | undefined): void {
    this.suspend();
    this.#told = told;
  }

  /** A full socket is ready: what lies above its position is pushed from now on. */
  onReady(ready: SessionReady): void {
    this.suspend();
    this.#held = [];
    const fresh = this.#options.replay ? ready.received : ready.position;
    this.#told ??= Math.min(fresh, ready.position);
    if (!this.#options.replay) this.#told = Math.max(this.#told, ready.position);
    // Asked even when nothing seems to be missing: what was pushed before anybody listened is in that page.
    this.#fetch();
  }

  /** Something was pushed by the full socket that was ready last. */
  onPush(event: Told): void {
    if (this.#held === undefined) return;
    if (this.#cancelFetch) this.#held.push(event);
    else this.#tellNew(event, false);
  }

  #fetch(): void {
    const after = this.#told!;
    let answered = false;
    const cancel = this.#options.fetch({ after, limit: LIST_MAX_LIMIT }, (result) => {
      answered = true;
      this.#cancelFetch = undefined;
      if (!result.ok) {
        this.suspend();
        this.#options.onFailed(result.error.message);
        return;
      }
      this.#tellPage(result.value);
      const told = this.#told!;
      // A page that leads nowhere ends the replay rather than asking for it for ever.
      if (result.value.more && !this.#isMet(told) && told > after) return this.#fetch();
      this.#options.onToldUpTo(told);
      this.#release();
    });
    if (!answered) this.#cancelFetch = cancel;
  }

  /** Whatever lies above this position is held. Of a message that changed twice a page tells the latest change only: one that was missed may hide behind one that is held. */
  #isMet(told: number): boolean {
    const [first, ...rest] = this.#held ?? [];
    if (first === undefined || positionOf(first) > told) return false;
    return [first, ...rest].every((event) => 'message' in event || 'deleted' in event);
  }

  #tellPage(page: Replies['message:history']): void {
    const events: Told[] = [
      ...page.messages.map((message) => ({ message })),
      ...page.deletions.map((deleted) => ({ deleted })),
      // A server of an earlier version tells of none.
      ...(page.changes ?? []).map((changed) => ({ changed })),
    ];
    for (const event of events.sort((a, b) => positionOf(a) - positionOf(b))) this.#tellNew(event, true);
    this.#told = Math.max(this.#told!, page.position);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = [];
    for (const event of held) this.#tellNew(event, false);
  }

  #tellNew(event: Told, replayed: boolean): void {
    const position = positionOf(event);
    if (position <= this.#told!) return;
    this.#told = position;
    this.#options.tell(event, replayed);
  }
}
