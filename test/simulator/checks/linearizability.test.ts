import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TimedOperation, whyNotLinearizable } from './linearizability.ts';

type Register = TimedOperation<number>;

const OPEN = Number.POSITIVE_INFINITY;
const timed = (name: string, from: number, until: number, apply: Register['apply']): Register => ({
  ...{ name, from, until, alike: name, isRead: false, apply },
});
const write = (value: number, from: number, until: number) => timed(`write ${value}`, from, until, () => value);
const read = (value: number, from: number, until: number) => ({
  ...timed(`read ${value}`, from, until, (state) => (state === value ? state : undefined)),
  isRead: true,
});

describe('the search for an order', () => {
  it.each<[string, Register[]]>([
    ['nothing happened', []],
    ['one after the other', [write(1, 0, 1), read(1, 2, 3)]],
    ['a read during a write sees the new value', [write(1, 0, 9), read(1, 1, 2)]],
    ['or the old one', [write(1, 0, 9), read(0, 1, 2)]],
    ['two writes at once, in either order', [write(1, 0, 9), write(2, 0, 9), read(2, 10, 11)]],
    ['and seen by reads in between', [write(1, 0, 9), write(2, 0, 9), read(2, 1, 2), read(1, 3, 4)]],
    ['a write without an answer, much later', [write(1, 0, OPEN), read(0, 1, 2), read(1, 30, 31)]],
    ['or never', [write(1, 0, OPEN), read(0, 10, 11)]],
    ['two of them that are alike', [write(1, 0, OPEN), write(1, 1, OPEN), write(2, 2, 3), read(1, 4, 5)]],
  ])('finds one: %s', (_what, operations) => {
    expect(whyNotLinearizable(operations, 0)).toBeNull();
  });

  it.each<[string, Register[], string[]]>([
    ['a read of what was never written', [read(7, 0, 1)], ['read 7']],
    ['a stale read', [write(1, 0, 1), read(0, 2, 3)], ['read 0']],
    ['a read goes back', [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)], ['read 0']],
    ['a read before the write was asked', [read(1, 0, 1), write(1, 2, 3)], ['read 1']],
    ['a write without an answer is undone', [write(1, 0, OPEN), read(1, 1, 2), read(0, 3, 4)], ['read 0']],
    ['and happens once', [write(1, 0, OPEN), write(2, 1, 2), read(1, 3, 4), write(3, 5, 6), read(1, 7, 8)], ['read 1']],
  ])('finds none: %s', (_what, operations, stuckAt) => {
    expect(whyNotLinearizable(operations, 0)!.stuckAt.map(({ name }) => name)).toEqual(stuckAt);
  });

  it('explains what it can', () => {
    const { explained } = whyNotLinearizable([write(1, 0, 1), read(1, 2, 3), read(2, 4, 5)], 0)!;
    expect(explained.map(({ name }) => name)).toEqual(['write 1', 'read 1']);
  });

  it('says so when too much happens at once', () => {
    const chaos = Array.from({ length: 40 }, (_, value) => write(value + 1, 0, 100));
    expect(() => whyNotLinearizable([...chaos, read(99, 0, 100)], 0, 1000)).toThrow('too much happens at once');
  });

  /** A few operations with any times and results; small enough to try all orders. */
  const fewOperations = fc.array(
    fc
      .record({
        isRead: fc.boolean(),
        value: fc.nat({ max: 2 }),
        from: fc.nat({ max: 20 }),
        length: fc.nat({ max: 8 }),
      })
      .map(({ isRead, value, from, length }) => {
        const until = length === 0 && !isRead ? OPEN : from + length + 0.5;
        return isRead ? read(value, from, until) : write(value, from, until);
      }),
    { maxLength: 6 },
  );

  it('agrees with trying all orders', () => {
    fc.assert(
      fc.property(fewOperations, (operations) => {
        expect(whyNotLinearizable(operations, 0) === null).toBe(isExplainedBySomeOrder(operations, 0));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Every order that respects the times, with or without each operation that has no answer. */
function isExplainedBySomeOrder(operations: readonly Register[], state: number): boolean {
  if (operations.every(({ until }) => until === OPEN)) return true;
  return operations.some((operation) => {
    const others = operations.filter((other) => other !== operation);
    if (others.some((other) => other.until < operation.from)) return false;
    const next = operation.apply(state);
    return next !== undefined && isExplainedBySomeOrder(others, next);
  });
}
