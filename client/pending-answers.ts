import type { ChatError, Result } from '../shared/errors.ts';
import type { Clock } from './clock.ts';

const CLOSED: ChatError = { code: 'unavailable', message: 'The connection was closed.', definite: false };

/** What the user of the library waits for: until it is answered, given up, or the library is closed. */
export class PendingAnswers {
  readonly #clock: Clock;
  readonly #giveUpAfterMs: number;
  readonly #lastRefusal: () => string;
  readonly #unanswered = new Set<(result: Result<never>) => void>();
  #closed = false;

  /**
   * @param giveUpAfterMs 0: never
   * @param lastRefusal the sentence with which a server last put something off, or an empty one
   */
  constructor(clock: Clock, giveUpAfterMs: number, lastRefusal: () => string) {
    this.#clock = clock;
    this.#giveUpAfterMs = giveUpAfterMs;
    this.#lastRefusal = lastRefusal;
  }

  /**
   * Waits for an answer as long as the user of the library wants to.
   * @param ask starts the request; returns how to give it up, which says whether it surely has not been done
   */
  answered<T>(ask: (resolve: (result: Result<T>) => void) => () => boolean): Promise<Result<T>> {
    const giveUpAfterMs = this.#giveUpAfterMs;
    if (this.#closed) return Promise.resolve({ ok: false, error: CLOSED });
    return new Promise((settle) => {
      let cancelTimer: (() => void) | undefined;
      const resolve = (result: Result<T>): void => {
        cancelTimer?.();
        this.#unanswered.delete(resolve);
        settle(result);
      };
      this.#unanswered.add(resolve);
      const giveUp = ask(resolve);
      if (giveUpAfterMs === 0) return;
      cancelTimer = this.#clock.after(giveUpAfterMs, () => {
        const definite = giveUp();
        const outcome = definite ? 'It was not done.' : 'It may have been done.';
        const refusal = this.#lastRefusal();
        const why = refusal === '' ? '' : ` The last answer was: ${refusal}`;
        const message = `No server did it within ${giveUpAfterMs / 1000} s. ${outcome}${why}`;
        resolve({ ok: false, error: { code: 'unavailable', message, definite } });
      });
    });
  }

  close(): void {
    this.#closed = true;
    for (const resolve of [...this.#unanswered]) resolve({ ok: false, error: CLOSED });
  }
}
