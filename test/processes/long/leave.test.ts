import { afterEach, describe, expect, it } from 'vitest';
import { auditTalkers, Talker } from '../../chaos/talker.ts';
import { Cluster } from '../../support/cluster.ts';

/** Longer than any test lasts: whoever waited for it would be noticed. */
const NEVER = ['--heartbeat-timeout', '300s'];

describe('R23: servers that are told to stop', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  afterEach(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    talkers = [];
    await cluster.close();
  });

  async function untilAcknowledged(count: number): Promise<void> {
    const goals = talkers.map(({ acknowledged }) => acknowledged.length + count);
    await cluster.until(`${count} more messages are acknowledged to each`, () =>
      talkers.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
    );
  }

  it.each([
    { trust: 'always', what: 'a refused connection proves a death' },
    { trust: 'never', what: 'it proves nothing' },
  ])(
    'where $what, the next one takes over without a time-out, down to the last, and no client is refused',
    async ({ trust }) => {
      cluster = await Cluster.started({ args: [...NEVER, '--trust-refused', trust] });
      const names = ['ana', 'bob', 'cleo', 'dan'];
      talkers = await Promise.all(names.map((name) => Talker.joined(name, cluster.addresses)));
      for (const [index, talker] of talkers.entries()) talker.talk(names[(index + 1) % names.length]!, 4, 2);
      await untilAcknowledged(20);
      const first = await cluster.untilComplete();
      expect(await cluster.terminate(first)).toEqual({ status: 0, signal: null });
      await untilAcknowledged(20);
      const rest = [0, 1, 2].filter((index) => index !== first);
      const second = await cluster.untilServing(rest);
      expect(await cluster.terminate(second)).toEqual({ status: 0, signal: null });
      await untilAcknowledged(20);
      await cluster.start(first);
      await cluster.start(second);
      await untilAcknowledged(20);
      await Promise.all(talkers.map((talker) => talker.quiet()));
      const primary = await cluster.untilComplete();
      const verdict = await auditTalkers(talkers, cluster.addresses[primary]!);
      expect(verdict).toEqual({ lost: [], doubled: [], outOfOrder: [] });
      expect(talkers.flatMap(({ refused }) => refused)).toEqual([]);
      await cluster.untilLogsEqual();
    },
  );

  it('by the closing of their terminal leave as with SIGTERM, also when that is said twice', async () => {
    cluster = await Cluster.started({ size: 1, args: ['--replication-factor', '1'] });
    const { process: child, ended } = cluster.servers[0]!;
    child!.kill('SIGHUP');
    child!.kill('SIGHUP');
    expect(await ended).toEqual({ status: 0, signal: null });
    expect(cluster.output(0)).toContain('Stopping.');
  });
});
