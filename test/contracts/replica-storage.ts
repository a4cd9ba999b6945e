import { describe, expect, it } from 'vitest';
import { AbandonedError, type Recovered, type ReplicaStorage } from '../../server/storage/replica-storage.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { seededRandom } from '../../shared/random.ts';
import {
  append,
  entriesAfter,
  readEntries,
  readRows,
  settled,
  snapshotAt,
  someEntries,
  viewFile,
} from '../storage/samples.ts';
import { describeCompaction } from './compaction.ts';

/** A disk that outlives the storages that are opened on it one after the other. */
export interface DiskUnderTest {
  /** Starts on what the disk holds. The storage before it has been closed. */
  start(): Promise<{
    storage: ReplicaStorage;
    recovered: Recovered;
    /** The whole log. */
    entries: LogEntry[];
    readLongTable(name: string, onRows: (rows: string[][]) => void): Promise<void>;
  }>;
}

/**
 * What every {@link ReplicaStorage} promises.
 *
 * @param make a new, empty disk, which the caller removes when the test has finished
 */
export function describeReplicaStorage(name: string, make: () => Promise<DiskUnderTest>): void {
  /** Does something on a new disk, closes, and starts again on what was kept. */
  async function afterRestart(use: (storage: ReplicaStorage) => Promise<unknown>) {
    const disk = await make();
    const first = await disk.start();
    // Every server writes its view file first (R1).
    await settled((done) => first.storage.writeViewFile(viewFile(1), done));
    await use(first.storage);
    await settled((done) => first.storage.close(done));
    return disk.start();
  }

  describe(`${name} keeps the promises of a replica's storage`, () => {
    it('knows nothing on an empty disk', async () => {
      const { recovered, entries } = await (await make()).start();
      expect(recovered).toEqual({ viewFile: null, sessionKey: '', snapshot: null, compaction: null, repairs: [] });
      expect(entries).toEqual([]);
    });

    it('has every appended entry after a restart, in order and byte for byte', async () => {
      const all = someEntries(25);
      const { entries, recovered } = await afterRestart(async (storage) => {
        await append(storage, all.slice(0, 1));
        await append(storage, all.slice(1, 20));
        await append(storage, all.slice(20));
      });
      expect(entries).toEqual(all);
      expect(recovered.repairs).toEqual([]);
    });

    it('reports calls of every kind in the order in which they were made', async () => {
      const all = someEntries(6);
      const order: string[] = [];
      const { entries, recovered } = await afterRestart(async (storage) => {
        const note = (what: string) => (failure?: unknown) => order.push(failure ? `${what} failed` : what);
        storage.append(all.slice(0, 2), note('append 1'));
        storage.append([], note('append nothing'));
        storage.append(all.slice(2, 5), note('append 2'));
        storage.writeViewFile(viewFile(7), note('view file'));
        storage.cutAfter(4, 'a test', note('cut'));
        storage.append(all.slice(4, 6), note('append 3'));
        await settled((done) => storage.writeSessionKey('key', done));
      });
      expect(order).toEqual(['append 1', 'append nothing', 'append 2', 'view file', 'cut', 'append 3']);
      expect(entries).toEqual(all);
      expect(recovered).toMatchObject({ viewFile: viewFile(7), sessionKey: 'key' });
    });

    it('reads from any op on what fits, at least one entry, and nothing past the end', async () => {
      const all = entriesAfter(undefined, ['é'.repeat(40), 'two', '"three"', 'x'.repeat(3000), 'five', 'six']);
      const { storage } = await afterRestart((first) => append(first, all));
      for (const { op } of all) {
        for (const maxLength of [0, 1, 400, 700, 1000, 4000, 100_000]) {
          expect(await readEntries(storage, op, maxLength), `from ${op}, ${maxLength}`).toEqual(
            fitting(all, op, maxLength),
          );
        }
      }
      expect(await readEntries(storage, 7, 1000)).toEqual([]);
      expect(await readEntries(storage, 70, 1000)).toEqual([]);
    });

    it('reads what was appended by an earlier call, even when that is still under way', async () => {
      const all = someEntries(4);
      await afterRestart(async (storage) => {
        const appended = append(storage, all);
        expect(await readEntries(storage, 2, 10_000)).toEqual(all.slice(1));
        await appended;
      });
    });

    it('reads single rows from anywhere, neighbours and scattered ones, before and after a restart', async () => {
      const all = entriesAfter(
        undefined,
        Array.from({ length: 150 }, (_, index) => 'é'.repeat((index * 37) % 400) || 'x'),
      );
      const random = seededRandom('scattered rows');
      const some = () => all.filter(() => random.chance(0.2)).map(({ op }) => op);
      const lists = [[1], [150], [1, 150], [74, 75], all.map(({ op }) => op), [], ...Array.from({ length: 30 }, some)];
      const expectAll = async (storage: ReplicaStorage) => {
        for (const ops of lists) expect(await readRows(storage, ops)).toEqual(ops.map((op) => all[op - 1]!));
      };
      const { storage } = await afterRestart(async (first) => {
        await append(first, all.slice(0, 60));
        await append(first, all.slice(60));
        await expectAll(first);
        await settled((done) => first.writeSnapshot(snapshotAt(all[120]!, 'some'), done));
      });
      await expectAll(storage);
    });

    it('reads rows that were appended by an earlier call, and those that took the place of others', async () => {
      const all = someEntries(9);
      const others = entriesAfter(all[3], ['other 5', 'other 6']);
      await afterRestart(async (storage) => {
        const appended = append(storage, all);
        expect(await readRows(storage, [2, 9])).toEqual([all[1], all[8]]);
        await appended;
        await settled((done) => storage.cutAfter(4, 'a test', done));
        await append(storage, others);
        expect(await readRows(storage, [1, 4, 5, 6])).toEqual([all[0], all[3], ...others]);
      });
    });

    it('has the rows of a growing table from all snapshots, and those of the last one of a long table', async () => {
      const all = someEntries(6);
      const rowsOf = (round: number) => [
        [`${round} =1`, 'line\nbreak'],
        [`${round} b`, '"'],
      ];
      const { readLongTable } = await afterRestart(async (storage) => {
        await append(storage, all);
        for (const round of [1, 2, 3]) {
          const table = { columns: ['a', 'b'], pieces: [rowsOf(round), []] };
          const longTables = [
            { ...table, name: 'growing', rowsBefore: 2 * (round - 1) },
            { ...table, name: 'long', rowsBefore: null },
          ];
          const snapshot = { ...snapshotAt(all[round]!, 'some'), longTables };
          expect(await settled((done) => storage.writeSnapshot(snapshot, done))).toBeUndefined();
        }
      });
      const read: Record<string, string[][]> = { growing: [], long: [], other: [] };
      for (const name of Object.keys(read)) await readLongTable(name, (rows) => void read[name]!.push(...rows));
      expect(read).toEqual({ growing: [1, 2, 3].flatMap(rowsOf), long: rowsOf(3), other: [] });
    });

    it('goes on without a snapshot that was abandoned, and adds the rows of the next one where they belong', async () => {
      const all = someEntries(6);
      const snapshot = (op: number, rowsBefore: number, pieces: Iterable<string[][]>) => {
        const longTables = [{ name: 'growing', columns: ['a'], pieces, rowsBefore }];
        return { ...snapshotAt(all[op - 1]!, String(op)), longTables };
      };
      const { recovered, readLongTable } = await afterRestart(async (storage) => {
        await append(storage, all);
        await settled((done) => storage.writeSnapshot(snapshot(2, 0, [[['one']]]), done));
        const abandoned = snapshot(3, 1, abandon([['two']]));
        expect(await settled((done) => storage.writeSnapshot(abandoned, done))).toBeUndefined();
        await settled((done) => storage.writeSnapshot(snapshot(4, 1, [[['three']]]), done));
      });
      expect(recovered.snapshot?.op).toBe(4);
      const rows: string[][] = [];
      await readLongTable('growing', (some) => void rows.push(...some));
      expect(rows).toEqual([['one'], ['three']]);
    });

    describeCompaction(afterRestart);

    it('R10: cuts entries off the end, after which others take their place', async () => {
      const all = someEntries(10);
      const others = entriesAfter(all[3], ['other 5', 'other 6']);
      const { entries } = await afterRestart(async (storage) => {
        await append(storage, all);
        expect(await settled((done) => storage.cutAfter(4, 'a test', done))).toBeUndefined();
        await append(storage, others);
        expect(await readEntries(storage, 4, 10_000)).toEqual([all[3], ...others]);
      });
      expect(entries).toEqual([...all.slice(0, 4), ...others]);
    });

    it('can cut the whole log, and cuts nothing when there is nothing after the op', async () => {
      const all = someEntries(3);
      const { entries } = await afterRestart(async (storage) => {
        await append(storage, all);
        await settled((done) => storage.cutAfter(0, 'a test', done));
        await append(storage, all);
        await settled((done) => storage.cutAfter(3, 'a test', done));
        await settled((done) => storage.cutAfter(9, 'a test', done));
      });
      expect(entries).toEqual(all);
    });

    it('never cuts what is in the snapshot', async () => {
      const all = someEntries(6);
      const { entries } = await afterRestart(async (storage) => {
        await append(storage, all);
        await settled((done) => storage.writeSnapshot(snapshotAt(all[3]!, 'four'), done));
        expect(await settled((done) => storage.cutAfter(3, 'a test', done))).toMatchObject({ full: false });
      });
      expect(entries).toEqual(all);
    });

    it('R19: does nothing more after a failure, and says the same to everybody', async () => {
      const all = someEntries(6);
      const { entries } = await afterRestart(async (storage) => {
        await append(storage, all.slice(0, 5));
        await settled((done) => storage.writeSnapshot(snapshotAt(all[3]!, 'four'), done));
        const failure = await settled((done) => storage.cutAfter(3, 'a test', done));
        expect(await settled((done) => storage.append(entriesAfter(all[2], ['other']), done))).toEqual(failure);
        expect(await settled((done) => storage.writeViewFile(viewFile(9), done))).toEqual(failure);
        expect(await settled((done) => storage.writeSessionKey('key', done))).toEqual(failure);
        expect(await settled((done) => storage.writeSnapshot(snapshotAt(all[4]!, 'five'), done))).toEqual(failure);
        await expect(readEntries(storage, 1, 100)).rejects.toThrow(failure!.message);
      });
      expect(entries).toEqual(all.slice(0, 5));
    });

    it('replaces the view file, the session key and the snapshot as wholes', async () => {
      const all = someEntries(6);
      const { recovered } = await afterRestart(async (storage) => {
        await append(storage, all);
        for (const round of [2, 3]) {
          const entry = all[round]!;
          const snapshot = { ...snapshotAt(entry, `round ${round}`), complete: round === 3 };
          const done = Promise.all([
            settled((call) => storage.writeViewFile(viewFile(round), call)),
            settled((call) => storage.writeSessionKey(`key ${round}`, call)),
            settled((call) => storage.writeSnapshot(snapshot, call)),
          ]);
          expect(await done).toEqual([undefined, undefined, undefined]);
        }
      });
      const snapshot = snapshotAt(all[3]!, 'round 3');
      expect(recovered).toEqual({
        viewFile: viewFile(3),
        sessionKey: 'key 3',
        snapshot,
        compaction: null,
        repairs: [],
      });
    });

    it('keeps a view file without a base and without a cluster', async () => {
      const empty = { ...viewFile(1), clusterId: '', base: null, pending: [] };
      const { recovered } = await afterRestart((storage) => settled((done) => storage.writeViewFile(empty, done)));
      expect(recovered.viewFile).toEqual(empty);
    });

    it('appends while a snapshot is being written', async () => {
      const all = someEntries(30);
      const { entries, recovered } = await afterRestart(async (storage) => {
        await append(storage, all.slice(0, 10));
        const snapshot = settled((done) => storage.writeSnapshot(snapshotAt(all[9]!, 'ten'), done));
        for (let op = 10; op < 30; op++) await append(storage, all.slice(op, op + 1));
        await snapshot;
      });
      expect(entries).toEqual(all);
      expect(recovered.snapshot).toEqual(snapshotAt(all[9]!, 'ten'));
    });

    it('finishes what is under way before it closes', async () => {
      const all = someEntries(5);
      const { entries, recovered } = await afterRestart(async (storage) => {
        storage.append(all, () => undefined);
        storage.writeSnapshot(snapshotAt(all[4]!, 'five'), () => undefined);
      });
      expect(entries).toEqual(all);
      expect(recovered.snapshot?.op).toBe(5);
    });
  });
}

function* abandon(piece: string[][]): Generator<string[][]> {
  yield piece;
  throw new AbandonedError();
}

function fitting(all: readonly LogEntry[], fromOp: number, maxLength: number): LogEntry[] {
  const fit: LogEntry[] = [];
  let length = 0;
  for (const entry of all.slice(fromOp - 1)) {
    length += entry.row.length;
    if (fit.length > 0 && length > maxLength) break;
    fit.push(entry);
  }
  return fit;
}
