import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTalkers, Talker } from '../chaos/talker.ts';
import { Cluster } from '../support/cluster.ts';
import { runProgram } from '../support/program.ts';

const OS = ['--durability', 'os'];

describe('A1: servers with different durability', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let ana: Talker;

  beforeAll(async () => {
    cluster = await Cluster.make();
    await Promise.all([cluster.start(0), cluster.start(1, OS), cluster.start(2, OS)]);
    ana = await Talker.joined('ana', cluster.addresses);
    await cluster.untilComplete();
  });

  afterAll(async () => {
    await ana?.close();
    await cluster?.close();
  });

  it('say which one they have, and what it risks, at the start and when asked', async () => {
    const found = await Promise.all(cluster.servers.map(({ index }) => cluster.status(index)));
    expect(found.map((status) => status?.durability)).toEqual(['fsync', 'os', 'os']);
    expect(cluster.servers.map(({ index }) => cluster.output(index).includes('With --durability os'))).toEqual([
      false,
      true,
      true,
    ]);
    const { stdout } = await runProgram(['status', '--server', cluster.addresses[0]!]);
    const named = cluster.addresses.filter((address) => stdout.includes(`${address} runs with --durability os`));
    expect(named).toEqual(cluster.addresses.slice(1));
  });

  it('lose nothing when all are killed at once: what was written outlives the process', async () => {
    ana.talk('ana', 8, 0);
    await cluster.until('there is something to lose', () => ana.acknowledged.length > 200);
    await Promise.all(cluster.servers.map(({ index }) => cluster.kill(index)));
    await Promise.all([cluster.start(0), cluster.start(1, OS), cluster.start(2, OS)]);
    await ana.quiet();
    const primary = await cluster.untilComplete();
    const verdict = await auditTalkers([ana], cluster.addresses[primary]!);
    expect(verdict).toEqual({ lost: [], doubled: [], outOfOrder: [] });
    await cluster.untilLogsEqual();
  });
});
