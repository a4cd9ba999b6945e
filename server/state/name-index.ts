import { assert } from '../../shared/assert.ts';
import { firstIndexWhere } from './sorted.ts';
import { readWildcard } from './wildcard.ts';

/** What has a name by which names are compared. */
export interface Named {
  /** Made by the gateway and kept in the log. Empty when compaction has removed it: then it is in no index. */
  readonly nameKey: string;
}

/** Things in the order of their name keys (by UTF-16 code units); no two keys are equal. */
export class NameIndex<T extends Named> {
  #sorted: T[] = [];

  /** The one with exactly this name key. */
  find(nameKey: string): T | undefined {
    const one = this.#sorted[this.#indexOf(nameKey)];
    return one?.nameKey === nameKey ? one : undefined;
  }

  /** Its name key must be free. */
  add(one: T): void {
    if (one.nameKey === '') return;
    const index = this.#indexOf(one.nameKey);
    assert(this.#sorted[index]?.nameKey !== one.nameKey, `name key "${one.nameKey}" is taken`);
    this.#sorted.splice(index, 0, one);
  }

  /** It must have been added. */
  remove(one: T): void {
    if (one.nameKey === '') return;
    const index = this.#indexOf(one.nameKey);
    assert(this.#sorted[index] === one, `"${one.nameKey}" is not there`);
    this.#sorted.splice(index, 1);
  }

  /** Takes many at once, in any order, in the place of what was there. */
  restore(all: readonly T[]): void {
    const sorted = all.filter(({ nameKey }) => nameKey !== '').sort(byNameKey);
    for (let index = 1; index < sorted.length; index++) {
      const { nameKey } = sorted[index]!;
      assert(nameKey !== sorted[index - 1]!.nameKey, `name key "${nameKey}" is there twice`);
    }
    this.#sorted = sorted;
  }

  /**
   * Those whose name key matches, in order.
   *
   * @param ask `pattern` and `after` are folded like name keys; the listing starts above the key `after`;
   *   `limit` is at least 1
   */
  list(ask: { pattern: string; after: string | undefined; limit: number }): { found: T[]; more: boolean } {
    const { pattern, after, limit } = ask;
    const wildcard = readWildcard(pattern);
    const found: T[] = [];
    const start = firstIndexWhere(this.#sorted.length, (index) => {
      const key = this.#sorted[index]!.nameKey;
      return key >= wildcard.prefix && (after === undefined || key > after);
    });
    for (let index = start; index < this.#sorted.length; index++) {
      const one = this.#sorted[index]!;
      if (!one.nameKey.startsWith(wildcard.prefix)) break;
      if (!wildcard.matches(one.nameKey)) continue;
      if (found.length === limit) return { found, more: true };
      found.push(one);
    }
    return { found, more: false };
  }

  /** Where that name key is, or would be inserted. */
  #indexOf(nameKey: string): number {
    return firstIndexWhere(this.#sorted.length, (index) => this.#sorted[index]!.nameKey >= nameKey);
  }
}

/** For sorting. */
export function byNameKey(one: Named, other: Named): number {
  return one.nameKey < other.nameKey ? -1 : one.nameKey > other.nameKey ? 1 : 0;
}
