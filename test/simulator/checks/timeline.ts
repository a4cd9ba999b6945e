/** A value that operations change: what it was at each position. */
export class Timeline<T> {
  readonly #steps: { op: number; value: T }[] = [];

  /** @param op from when on it is there at all */
  constructor(op: number, value: T) {
    this.#steps.push({ op, value });
  }

  /** The operation changes it; operations come in their order. */
  set(op: number, value: T): void {
    this.#steps.push({ op, value });
  }

  /** Once the operation at `position` is applied; before there was any, the first value. */
  at(position: number): T {
    return (this.#steps.findLast(({ op }) => op <= position) ?? this.#steps[0]!).value;
  }

  /** In force at the end. */
  get last(): T {
    return this.#steps[this.#steps.length - 1]!.value;
  }

  /** The operation that made it what it was at `position`. */
  setAt(position: number): number {
    return (this.#steps.findLast(({ op }) => op <= position) ?? this.#steps[0]!).op;
  }

  /** The first operation above `op` that changed it; Infinity when none did. */
  nextAfter(op: number): number {
    return this.#steps.find((step) => step.op > op)?.op ?? Number.POSITIVE_INFINITY;
  }

  get ops(): readonly number[] {
    return this.#steps.map(({ op }) => op);
  }
}
