/**
 * Stops the program when one of its own assumptions is broken. For programming errors only: bad input,
 * a full disk or a lost connection are values ({@link file://./errors.ts Result}), never assertions.
 *
 * @throws Error with `message` when `condition` is false. Assertions stay on in production.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Marks a branch that the type checker has shown to be impossible, e.g. after a switch over a union. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unexpected ${JSON.stringify(value)}`);
}
