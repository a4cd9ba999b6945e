/** Something that was done to an object at some moment between its question and its answer. */
export interface TimedOperation<State> {
  /** For people. */
  readonly name: string;
  /** When it was asked. */
  readonly from: number;
  /** When it was answered; Infinity when it never was: then it took effect after `from`, or never. */
  readonly until: number;
  /** Two operations without an answer that are alike take effect in the order of their questions; which is which is one. */
  readonly alike: string;
  /** It never changes the state. */
  readonly isRead: boolean;
  /** The state after it; undefined when with this answer it cannot have happened in that state. */
  apply(state: State): State | undefined;
}

/** More is refused: whoever plans a run has to spread what it does over more objects. */
const MOST_STEPS = 50_000;

/**
 * Looks for an order of the operations that respects their times and explains all answers: the search of Wing and Gong
 * ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe ("Testing for Linearizability", 2017).
 *
 * @param initial the state before everything; states are compared by {@link Object.is}
 * @param mostSteps after which it gives up
 * @returns null when there is one, else the operations of the longest explanation, in its order, and what does not fit in after them
 * @throws Error when too much of it happened at the same time to be searched
 */
export function whyNotLinearizable<State>(
  operations: readonly TimedOperation<State>[],
  initial: State,
  mostSteps = MOST_STEPS,
): { explained: readonly TimedOperation<State>[]; stuckAt: readonly TimedOperation<State>[] } | null {
  return new Search(operations, mostSteps).run(initial);
}

class Search<State> {
  readonly #operations: readonly TimedOperation<State>[];
  readonly #isDone: boolean[];
  readonly #met = new Map<State, Set<string>>();
  readonly #order: number[] = [];
  #longest: { order: readonly number[]; stuckAt: readonly number[] } = { order: [], stuckAt: [] };
  readonly #mostSteps: number;
  #steps = 0;

  constructor(operations: readonly TimedOperation<State>[], mostSteps: number) {
    this.#mostSteps = mostSteps;
    this.#operations = [...operations].sort((a, b) => a.from - b.from);
    this.#isDone = this.#operations.map(() => false);
  }

  run(initial: State) {
    if (this.#search(initial)) return null;
    const named = (indexes: readonly number[]) => indexes.map((index) => this.#operations[index]!);
    return { explained: named(this.#longest.order), stuckAt: named(this.#longest.stuckAt) };
  }

  #search(state: State): boolean {
    const possible = this.#next();
    const mustBe = possible.filter((index) => this.#isAnswered(index));
    if (mustBe.length === 0) return true;
    if (this.#order.length >= this.#longest.order.length) this.#longest = { order: [...this.#order], stuckAt: mustBe };
    if (this.#wasMet(state)) return false;
    this.#steps += 1;
    if (this.#steps > this.#mostSteps) {
      throw new Error(
        `too much happens at once: ${this.#operations.length} operations, no end after ${this.#steps} steps`,
      );
    }
    // A read that may come next may as well come now: it takes nothing from any order of the others.
    const read = mustBe.find((index) => this.#isReadOf(state, index));
    if (read !== undefined) return this.#goOn(read, state);
    return possible.some((index) => {
      const next = this.#operations[index]!.apply(state);
      // What was never answered and changes nothing need not have happened.
      if (next === undefined || (!this.#isAnswered(index) && Object.is(next, state))) return false;
      return this.#goOn(index, next);
    });
  }

  #isReadOf(state: State, index: number): boolean {
    const operation = this.#operations[index]!;
    return operation.isRead && operation.apply(state) !== undefined;
  }

  #goOn(index: number, next: State): boolean {
    this.#isDone[index] = true;
    this.#order.push(index);
    const isFound = this.#search(next);
    if (!isFound) {
      this.#order.pop();
      this.#isDone[index] = false;
    }
    return isFound;
  }

  /** Whatever was asked before the first answer to what is not explained yet may have been next. */
  #next(): number[] {
    const open: number[] = [];
    const alike = new Set<string>();
    let firstAnswer = Number.POSITIVE_INFINITY;
    for (const [index, operation] of this.#operations.entries()) {
      if (operation.from > firstAnswer) break;
      if (this.#isDone[index]) continue;
      if (!this.#isAnswered(index)) {
        if (alike.has(operation.alike)) continue;
        alike.add(operation.alike);
      }
      firstAnswer = Math.min(firstAnswer, operation.until);
      open.push(index);
    }
    return open.filter((index) => this.#operations[index]!.from <= firstAnswer);
  }

  #isAnswered(index: number): boolean {
    return this.#operations[index]!.until !== Number.POSITIVE_INFINITY;
  }

  /** The same operations in another order that led to the same state lead no further now. */
  #wasMet(state: State): boolean {
    const first = this.#isDone.indexOf(false);
    const rest = this.#isDone.flatMap((isDone, index) => (isDone && index > first ? [index] : []));
    const key = `${first}:${rest.join(',')}`;
    const met = this.#met.get(state) ?? new Set<string>();
    this.#met.set(state, met);
    if (met.has(key)) return true;
    met.add(key);
    return false;
  }
}
