import { expect, it } from 'vitest';
import type { Recovered, ReplicaStorage } from '../../server/storage/replica-storage.ts';
import type { LogEntry, Remains } from '../../shared/operations.ts';
import { account, COMPACT, compact, message, sealed, shorter } from '../storage/compaction-samples.ts';
import { append, readEntries, readRows, settled } from '../storage/samples.ts';

/** Does something on a new disk, closes, and starts again on what was kept. */
type AfterRestart = (
  use: (storage: ReplicaStorage) => Promise<unknown>,
) => Promise<{ storage: ReplicaStorage; recovered: Recovered; entries: LogEntry[] }>;

/** An account, nine messages and the mark up to which is compacted; then two messages more. */
const ALL = sealed(undefined, [
  account(1),
  ...Array.from({ length: 9 }, (_, index) => message(index + 2)),
  COMPACT,
  message(12),
  message(13),
]);
const UP_TO = 11;
const REMAINS = new Map<number, Remains>([
  [1, 'part'],
  [2, 'nothing'],
  [5, 'nothing'],
  [10, 'nothing'],
  [11, 'nothing'],
]);

/** What every storage promises of compaction. */
export function describeCompaction(afterRestart: AfterRestart): void {
  it('R24: removes bodies up to the mark, and nothing else', async () => {
    const { entries, recovered } = await afterRestart(async (storage) => {
      await append(storage, ALL);
      // What comes after the mark is left for the next one.
      const remains = new Map([...REMAINS, [12, 'nothing' as const]]);
      const { report, failure } = await compact(storage, { upTo: UP_TO, remains });
      expect(failure).toBeUndefined();
      expect(report).toMatchObject({ op: UP_TO, rows: 4 });
      const rowsLength = (some: readonly LogEntry[]) => Buffer.byteLength(some.map(({ row }) => row).join(''));
      expect(report!.bytes).toBe(rowsLength(ALL) - rowsLength(shorter(ALL, REMAINS)));
      expect(await readEntries(storage, 1, 1_000_000)).toEqual(shorter(ALL, REMAINS));
      expect(await readRows(storage, [1, 2, 3, 10, 11, 13])).toEqual(
        [1, 2, 3, 10, 11, 13].map((op) => shorter(ALL, REMAINS)[op - 1]),
      );
    });
    expect(entries).toEqual(shorter(ALL, REMAINS));
    expect(recovered.compaction).toMatchObject({ op: UP_TO, rows: 4 });
    expect(recovered.repairs).toEqual([]);
  });

  it('R24: is the same when it is done again, and takes away the rest of what was left in part', async () => {
    const nothingOfOne = new Map([...REMAINS, [1, 'nothing' as const]]);
    const { entries } = await afterRestart(async (storage) => {
      await append(storage, ALL);
      await compact(storage, { upTo: UP_TO, remains: REMAINS });
      expect((await compact(storage, { upTo: UP_TO, remains: REMAINS })).report).toMatchObject({ rows: 0, bytes: 0 });
      expect((await compact(storage, { upTo: UP_TO, remains: nothingOfOne })).report).toMatchObject({ rows: 1 });
    });
    expect(entries).toEqual(shorter(ALL, nothingOfOne));
  });

  it('R24: goes on beside appends, cuts and reads', async () => {
    const others = sealed(ALL[11], [message(20), message(21), message(22)]);
    const { entries } = await afterRestart(async (storage) => {
      const appended = append(storage, ALL);
      const compacted = compact(storage, { upTo: UP_TO, remains: REMAINS });
      const read = readRows(storage, [2, 10]);
      const cut = settled((done) => storage.cutAfter(12, 'a test', done));
      const appendedOthers = append(storage, others);
      await Promise.all([appended, cut, appendedOthers]);
      const chains = (await read).map(({ chain }) => chain);
      expect(chains).toEqual([ALL[1]!.chain, ALL[9]!.chain]);
      if ((await compacted).report) return;
      expect((await compact(storage, { upTo: UP_TO, remains: REMAINS })).report).toMatchObject({ op: UP_TO });
    });
    expect(entries).toEqual([...shorter(ALL.slice(0, 12), REMAINS), ...others]);
  });

  it('R24: tells nothing of a compaction that was over before its end', async () => {
    const { recovered, storage } = await afterRestart(async (first) => {
      await append(first, ALL);
      const ended = await compact(first, { upTo: UP_TO, remains: REMAINS, isOver: () => true });
      expect(ended).toEqual({ report: undefined, failure: undefined });
    });
    expect(recovered.compaction).toBeNull();
    expect((await compact(storage, { upTo: UP_TO, remains: REMAINS })).report).toMatchObject({ op: UP_TO });
    expect(await readEntries(storage, 1, 1_000_000)).toEqual(shorter(ALL, REMAINS));
  });

  it('R24: looks again only at rows of which something became removable since', async () => {
    const asked: number[][] = [];
    const next = sealed(ALL.at(-1), [COMPACT]);
    await afterRestart(async (storage) => {
      await append(storage, [...ALL, ...next]);
      await compact(storage, { upTo: UP_TO, remains: REMAINS });
      const hasRemovals = (...question: number[]) => {
        asked.push(question);
        return false;
      };
      const remains = new Map([...REMAINS, [3, 'nothing' as const], [12, 'nothing' as const]]);
      const { report } = await compact(storage, { upTo: next[0]!.op, remains, hasRemovals });
      // Of the first one nothing is told to be removable, and the rows after the last compaction are looked at anyway.
      expect(report).toMatchObject({ op: next[0]!.op, rows: 1 });
      expect((await readRows(storage, [3, 12])).map(({ body }) => body !== '')).toEqual([true, false]);
    });
    expect(asked.length).toBeGreaterThan(0);
    for (const [first, last, after] of asked) expect(first! <= last! && last! <= UP_TO && after === UP_TO).toBe(true);
  });

  it('R24: looks at all rows again when some of them came in the place of others', async () => {
    const others = sealed(ALL[3], [
      message(20),
      message(21),
      message(22),
      message(23),
      message(24),
      message(25),
      COMPACT,
    ]);
    const remains = new Map([1, 2, 5, 7].map((op) => [op, 'nothing' as const]));
    const { entries, recovered } = await afterRestart(async (storage) => {
      await append(storage, ALL);
      await compact(storage, { upTo: UP_TO, remains });
      await settled((done) => storage.cutAfter(4, 'a test', done));
      await append(storage, others);
      const { report } = await compact(storage, { upTo: UP_TO, remains, hasRemovals: () => false });
      expect(report).toMatchObject({ rows: expect.any(Number) });
      await settled((done) => storage.cutAfter(9, 'a test', done));
    });
    expect(entries).toEqual(shorter([...ALL.slice(0, 4), ...others.slice(0, 5)], remains));
    expect(recovered.compaction).toBeNull();
  });

  it('R24: takes rows in any form, and goes on from them', async () => {
    const mixed = shorter(ALL, REMAINS);
    const { entries } = await afterRestart(async (storage) => {
      await append(storage, mixed);
      await compact(storage, { upTo: UP_TO, remains: REMAINS });
    });
    expect(entries).toEqual(mixed);
  });
}
