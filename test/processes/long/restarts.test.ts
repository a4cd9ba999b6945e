import { readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTalkers, Talker } from '../../chaos/talker.ts';
import { Cluster, logSegments } from '../../support/cluster.ts';

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

describe('servers that come back', () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  beforeAll(async () => {
    cluster = await Cluster.started();
    talkers = await Promise.all(['ana', 'bob'].map((name) => Talker.joined(name, cluster.addresses)));
  });

  afterAll(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    await cluster?.close();
  });

  function talk(): void {
    for (const [index, talker] of talkers.entries()) talker.talk(talkers[1 - index]!.username, 4, 5);
  }

  async function untilAcknowledged(count: number): Promise<void> {
    const goals = talkers.map(({ acknowledged }) => acknowledged.length + count);
    await cluster.until(`${count} more messages are acknowledged to each`, () =>
      talkers.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
    );
  }

  /** Everything that was ever acknowledged is there once, in order, on all servers. */
  async function expectAllKept(): Promise<void> {
    await Promise.all(talkers.map((talker) => talker.quiet()));
    const primary = await cluster.untilComplete();
    const verdict = await auditTalkers(talkers, cluster.addresses[primary]!);
    expect(verdict).toEqual({ lost: [], doubled: [], outOfOrder: [] });
    expect(talkers.flatMap(({ refused }) => refused)).toEqual([]);
    await cluster.untilLogsEqual();
  }

  it.each(ORDERS)(
    'R15: all killed under load and started in the order %i %i %i: everything acknowledged is back, once, in order',
    async (...order) => {
      talk();
      await untilAcknowledged(10);
      await cluster.untilComplete();
      await Promise.all(order.map((index) => cluster.kill(index)));
      const [first, second, third] = order as [number, number, number];
      await cluster.start(first);
      const expected = [second, third].map((index) => cluster.addresses[index]!);
      await cluster.until('the only one that runs says whom it waits for', async () => {
        const waitingFor = (await cluster.status(first))?.waitingFor ?? '';
        return expected.every((address) => waitingFor.includes(address));
      });
      const acknowledged = talkers.map((talker) => talker.acknowledged.length);
      await cluster.start(second);
      await cluster.until('two say whom they wait for', async () => {
        const both = await Promise.all([first, second].map((index) => cluster.status(index)));
        return both.every((status) =>
          status?.waitingFor.startsWith(`${cluster.addresses[third]}, which may hold more`),
        );
      });
      expect(talkers.map((talker) => talker.acknowledged.length)).toEqual(acknowledged);
      await cluster.start(third);
      await untilAcknowledged(10);
      await expectAllKept();
    },
  );

  it('an emptied folder at a known address gets everything, whether it was a backup or the primary', async () => {
    talk();
    const primary = await cluster.untilComplete();
    for (const victim of [(primary + 1) % 3, primary]) {
      await cluster.kill(victim);
      rmSync(cluster.servers[victim]!.folder, { recursive: true });
      await untilAcknowledged(5);
      await cluster.start(victim);
      await cluster.untilComplete();
    }
    await untilAcknowledged(5);
    await expectAllKept();
  });

  it('a torn last row: the server says so, keeps the cut bytes in quarantine/, and gets the row from the others', async () => {
    talk();
    await untilAcknowledged(10);
    const primary = await cluster.untilComplete();
    await Promise.all([0, 1, 2].map((index) => cluster.kill(index)));
    const { folder } = cluster.servers[primary]!;
    const log = join(folder, logSegments(folder).at(-1)!);
    const before = readFileSync(log, 'utf8');
    truncateSync(log, Buffer.byteLength(before) - 5);
    const row = before.trimEnd().slice(before.trimEnd().lastIndexOf('\n') + 1);
    const printedBefore = cluster.output(primary).length;
    await cluster.startAll();
    await untilAcknowledged(10);
    await expectAllKept();
    expect(cluster.output(primary).slice(printedBefore)).toContain('ended in a half-written row');
    const aside = readdirSync(join(folder, 'quarantine'));
    const kept = aside.map((name) => readFileSync(join(folder, 'quarantine', name), 'utf8'));
    expect(kept.some((text) => text.includes(row.slice(0, -4)))).toBe(true);
  });
});
