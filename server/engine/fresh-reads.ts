/** A read that has to be as new as the primary's answer to the question whether it still is the primary (R17). */
interface Waiting<Read> {
  readonly read: Read;
  readonly untilMs: number;
  /** The question that covers it; null while none was asked since. */
  question: number | null;
}

/** R17, at a server that follows the primary: reads that wait for its word. One question is asked for all that wait. */
export class FreshReads<Read> {
  #waiting: Waiting<Read>[] = [];
  #lastQuestion = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Some read is covered by no question. */
  get isQuestionDue(): boolean {
    return this.#waiting.some(({ question }) => question === null);
  }

  add(read: Read, untilMs: number): void {
    this.#waiting.push({ read, untilMs, question: null });
  }

  /** A question is about to be asked, for all that wait. @returns its number */
  ask(): number {
    this.#lastQuestion += 1;
    for (const waiting of this.#waiting) waiting.question ??= this.#lastQuestion;
    return this.#lastQuestion;
  }

  /** Questions may have been lost: what they covered is to be asked for again. */
  askAgain(): void {
    for (const waiting of this.#waiting) waiting.question = null;
  }

  /** Hands over those that were asked for with questions up to this one. */
  confirm(question: number): Read[] {
    return this.#take((waiting) => waiting.question !== null && waiting.question <= question);
  }

  takeLate(nowMs: number): Read[] {
    return this.#take(({ untilMs }) => nowMs >= untilMs);
  }

  takeAll(): Read[] {
    return this.#take(() => true);
  }

  #take(isTaken: (waiting: Waiting<Read>) => boolean): Read[] {
    const taken = this.#waiting.filter(isTaken);
    if (taken.length > 0) this.#waiting = this.#waiting.filter((waiting) => !isTaken(waiting));
    return taken.map(({ read }) => read);
  }
}
