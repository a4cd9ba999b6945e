import type { ChatError, Result } from '../../shared/errors.ts';
import type { Committed, Submission } from './engine.ts';

interface Held {
  readonly submission: Submission;
  readonly answer: (result: Result<Committed>) => void;
  readonly untilMs: number;
  /** The check that has to confirm that this is the primary; null while none has been asked for. */
  checkId: number | null;
  isConfirmed: boolean;
}

/**
 * Requests that cannot be judged yet, in order: a view change that this server leads is under way, or it does not hold
 * the leases that say that nobody went on without it (R17). A state that was left behind must refuse nobody.
 */
export class HeldSubmissions {
  #held: Held[] = [];

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  add(submission: Submission, answer: Held['answer'], untilMs: number): void {
    this.#held.push({ submission, answer, untilMs, checkId: null, isConfirmed: false });
  }

  /** This check is about to be asked for: it confirms whatever was held before. */
  coverWith(checkId: number): void {
    for (const held of this.#held) held.checkId ??= checkId;
  }

  /** This was the primary at some moment after the checks up to this one had been asked for. */
  confirm(checkId: number): void {
    for (const held of this.#held) if (held.checkId !== null && held.checkId <= checkId) held.isConfirmed = true;
  }

  /** Takes what may be judged now: all of it, or what has been confirmed. */
  take(all: boolean): Pick<Held, 'submission' | 'answer'>[] {
    const count = all ? this.#held.length : this.#held.filter(({ isConfirmed }) => isConfirmed).length;
    return this.#held.splice(0, count);
  }

  /**
   * Refuses what has waited too long, and with it whatever the same client asked later: that must not be done before it (R18).
   * Or all of it. None of it has been done, nor will be.
   */
  refuse(nowMs: number, all: boolean, why: () => ChatError): void {
    const late = new Set(
      this.#held.filter(({ untilMs }) => nowMs >= untilMs).map(({ submission }) => submission.client),
    );
    const isOver = ({ submission }: Held) => all || late.has(submission.client);
    if (!this.#held.some(isOver)) return;
    const refused = this.#held.filter(isOver);
    this.#held = this.#held.filter((held) => !isOver(held));
    for (const { answer } of refused) answer({ ok: false, error: why() });
  }
}
