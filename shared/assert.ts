/**
 * Stops the program when one of its own assumptions is broken. For programming errors only: bad input,
 * a full disk or a lost connection are values ({@link file://./errors.ts Result}), never assertions.
 *
 * @throws Error with `message` when `condition` is false. Assertions stay on in production.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`assertion failed: ${message}`);
}

/** An assumption of the program did not hold: what it keeps in memory can no longer be trusted. */
export class AssertionError extends Error {}

/** Marks a branch that the type checker has shown to be impossible, e.g. after a switch over a union. */
export function unreachable(value: never): never {
  throw new AssertionError(`assertion failed: unexpected ${JSON.stringify(value)}`);
}
