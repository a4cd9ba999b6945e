import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Merge } from '../../server/state/merge.ts';
import { NumberLists } from '../../server/state/number-lists.ts';

function contentOf(lists: NumberLists, list: number): number[] {
  return Array.from({ length: lists.length(list) }, (_, index) => lists.at(list, index));
}

describe('lists of numbers', () => {
  it('hold what was added to them, however long they grow and whichever are emptied meanwhile', () => {
    const step = fc.record({
      list: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 3000 })),
      count: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 20_000 })),
      isCleared: fc.boolean(),
    });
    const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const lists = new NumberLists();
      const model = new Map<number, number[]>();
      let next = 0;
      for (const { list, count, isCleared } of steps) {
        const expected = isCleared ? [] : (model.get(list) ?? []);
        if (isCleared) lists.clear(list);
        for (let added = 0; added < count; added++) {
          next = (next + 123_456_789) % 2 ** 32;
          lists.push(list, next);
          expected.push(next);
        }
        model.set(list, expected);
      }
      for (const [list, expected] of model) expect(contentOf(lists, list)).toEqual(expected);
      expect(lists.length(1_000_000)).toBe(0);
    });
    fc.assert(property, { seed: 1538, numRuns: 60 });
  });
});

describe('merging', () => {
  it('goes through ordered lists as through one', () => {
    const property = fc.property(fc.array(fc.array(fc.nat({ max: 99 }), { minLength: 1 })), (unordered) => {
      const cursors = unordered.map((list) => {
        const items = list.toSorted((a, b) => a - b);
        return { items, key: items[0]! };
      });
      const merge = new Merge(cursors);
      const merged: number[] = [];
      while (merge.first !== undefined) {
        const { first } = merge;
        merged.push(first.items.shift()!);
        first.key = first.items[0] ?? 0;
        merge.moved(first.items.length === 0);
      }
      expect(merged).toEqual(unordered.flat().sort((a, b) => a - b));
    });
    fc.assert(property, { seed: 1538, numRuns: 200 });
  });
});
