import { describe, expect, it } from 'vitest';
import { readRowsAfter } from '../../server/engine/log-rows.ts';
import { canDoWithout } from '../../server/engine/operator.ts';
import type { DiskId } from '../../shared/ids.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { append, entriesAfter, openScanned, temporaryFolder } from '../storage/samples.ts';
import { TestCluster } from '../support/replication-cluster.ts';
import { configOf, TIMEOUT_MS } from '../support/replication-fixtures.ts';

const LONG_MS = 10 * TIMEOUT_MS;

describe('R26: rows for a server that repairs its log', () => {
  it('follow the row that it names, as many as a piece may hold, but one at least', async () => {
    const all = entriesAfter(undefined, ['one', 'x'.repeat(3000), 'three', 'four', 'five']);
    const { storage } = await openScanned(`${await temporaryFolder()}/database`);
    await append(storage, all);
    const textOf = (from: number, to: number) =>
      all
        .slice(from, to)
        .map(({ row }) => row)
        .join('');
    const chainOf = (op: number) => (op === 0 ? GENESIS_CHAIN : all[op - 1]!.chain);
    for (let op = 0; op < all.length; op++) {
      const after = { op, chain: chainOf(op) };
      expect(await readRowsAfter(storage, after, 100_000)).toBe(textOf(op, all.length));
      expect(await readRowsAfter(storage, after, 1)).toBe(textOf(op, op + 1));
      expect(await readRowsAfter(storage, { ...after, chain: 'f'.repeat(64) }, 100_000)).toBe('');
    }
    expect(await readRowsAfter(storage, { op: 5, chain: chainOf(5) }, 100_000)).toBe('');
    expect(await readRowsAfter(storage, { op: 50, chain: chainOf(5) }, 100_000)).toBe('');
  });
});

describe('R26: a disk that cannot be repaired may be given up', () => {
  const canGiveUp = (cluster: TestCluster, asked: string, disk: string): boolean => {
    const context = {
      state: cluster.server(asked).running,
      config: configOf('nonce'),
      nowMs: cluster.nowMs,
      outputs: [],
    };
    return canDoWithout(context, disk as DiskId);
  };

  it('when the primary that is asked holds all leases, and its view does not list it any more', () => {
    const cluster = TestCluster.formed();
    expect(canGiveUp(cluster, 'A', 'disk-C')).toBe(false);
    cluster.isolate('C');
    expect(canGiveUp(cluster, 'A', 'disk-C')).toBe(false);
    cluster.wait(LONG_MS);
    expect(cluster.server('A').members).toBe('AB');
    expect(canGiveUp(cluster, 'A', 'disk-C')).toBe(true);
    expect(canGiveUp(cluster, 'B', 'disk-C')).toBe(false);
  });

  it('not when that primary may have been replaced meanwhile', () => {
    const cluster = TestCluster.formed();
    expect(canGiveUp(cluster, 'A', 'disk-D')).toBe(true);
    cluster.isolate('A');
    cluster.wait(LONG_MS);
    expect(cluster.server('A').members).toBe('ABC');
    expect(canGiveUp(cluster, 'A', 'disk-D')).toBe(false);
  });
});
