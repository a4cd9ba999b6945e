import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { auditTalkers, Talker } from '../chaos/talker.ts';
import { Cluster, logSegments } from '../support/cluster.ts';

const hasLimits = spawnSync('prlimit', ['--version']).status === 0;
if (!hasLimits) process.stderr.write('Skipped, because there is no prlimit here to limit the size of files with.\n');

describe.skipIf(!hasLimits)('R19: a write that fails for another reason than a full disk', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let ana: Talker;

  afterEach(async () => {
    await ana.close();
    await cluster.close();
  });

  it.each([
    { whose: 'a backup', offset: 1 },
    { whose: 'the primary', offset: 0 },
  ])(
    'at $whose: it ends with status 1 and names the file; the others go on without a time-out; nothing is lost',
    async ({ offset }) => {
      // Silence would take a minute to count: the others have to be told.
      cluster = await Cluster.started({ args: ['--heartbeat-timeout', '60s'] });
      ana = await Talker.joined('ana', cluster.addresses);
      await ana.say('ana');
      const victim = ((await cluster.untilComplete()) + offset) % 3;
      const { folder, process: child, ended } = cluster.servers[victim]!;
      const path = join(folder, logSegments(folder).at(-1)!);
      // Somewhere in the rows that are to come: the write that passes it is cut short, and the rest of it fails.
      const limit = statSync(path).size + 4000;
      expect(spawnSync('prlimit', ['--pid', String(child!.pid), `--fsize=${limit}`]).status).toBe(0);
      ana.talk('ana', 8, 0);
      expect(await ended).toEqual({ status: 1, signal: null });
      const others = [0, 1, 2].filter((index) => index !== victim);
      await cluster.untilServing(others);
      const acknowledged = ana.acknowledged.length;
      await cluster.until('the others go on', () => ana.acknowledged.length > acknowledged + 20);
      const last = cluster.output(victim).trimEnd().split('\n').at(-1);
      expect(last).toContain(`Writing to ${path} failed: EFBIG`);
      expect(last).toContain('Nothing more is written there: check the disk, then start this server again.');
      expect(statSync(path).size).toBeLessThanOrEqual(limit);
      await cluster.start(victim);
      await ana.quiet();
      const primary = await cluster.untilComplete();
      expect(await auditTalkers([ana], cluster.addresses[primary]!)).toEqual({ lost: [], doubled: [], outOfOrder: [] });
      await cluster.untilLogsEqual();
    },
  );
});
