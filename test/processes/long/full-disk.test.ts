import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SmallDisk } from '../../chaos/disk.ts';
import { auditTalkers, Talker } from '../../chaos/talker.ts';
import { Cluster, freePorts } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const KEPT = { lost: [], doubled: [], outOfOrder: [] };

/** Why no file system can be mounted here; empty when one can. */
function whyNoMounts(): string {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-'));
  try {
    new SmallDisk(join(folder, 'disk')).close();
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const whyNot = whyNoMounts();
if (whyNot !== '') process.stderr.write(`Skipped, because no disk of a given size can be made here: ${whyNot}\n`);

describe.skipIf(whyNot !== '')('R19: a disk that is full', { timeout: 90_000 }, () => {
  let cluster: Cluster;
  let disk: SmallDisk;
  let ana: Talker;

  afterEach(async () => {
    await ana.close();
    await Promise.all(cluster.up.map(({ index }) => cluster.kill(index)));
    disk.close();
    await cluster.close();
  });

  /** A cluster of which one server has a disk of its own. */
  async function beginWith(small: number): Promise<void> {
    // Silence would take a minute to count: the others have to be told.
    cluster = await Cluster.make({ args: ['--heartbeat-timeout', '60s'] });
    disk = new SmallDisk(cluster.servers[small]!.folder);
    await cluster.startAll();
    ana = await Talker.joined('ana', cluster.addresses);
    await ana.say('ana');
    await cluster.untilComplete();
  }

  async function expectAllKept(): Promise<void> {
    await ana.quiet();
    const primary = await cluster.untilComplete();
    expect(await auditTalkers([ana], cluster.addresses[primary]!)).toEqual(KEPT);
    expect(ana.refused).toEqual([]);
    await cluster.untilLogsEqual();
  }

  const isAway = async (index: number) => (await cluster.status(index)) === undefined;

  it.each([
    { whose: 'a backup', place: 1 },
    { whose: 'the primary', place: 0 },
  ])(
    'of $whose: the others go on, it says which disk and how much room, and comes back by itself',
    async ({ place }) => {
      // The first to start is the primary, unless the machine is very slow; either way one and then another is full.
      await beginWith(place);
      const { folder, address, process: child } = cluster.servers[place]!;
      const others = [0, 1, 2].filter((index) => index !== place);
      ana.talk('ana', 4, 5);
      disk.fill(4);
      await cluster.until('the server with the full disk is away', () => isAway(place));
      await cluster.untilServing(others);
      const acknowledged = ana.acknowledged.length;
      await cluster.until('the others go on', () => ana.acknowledged.length > acknowledged + 20);
      expect(cluster.output(place)).toMatch(/failed: ENOSPC/);
      expect(cluster.output(place)).toContain(`The disk mounted at ${folder}, which holds ${folder}, has 0.0 MiB left`);
      expect(cluster.output(place)).toContain(`${address} stops here`);
      expect(cluster.output(place)).toContain('as soon as 16 MiB are free there');
      disk.free();
      await cluster.untilComplete();
      expect(cluster.servers[place]!.process).toBe(child);
      expect(cluster.output(place)).toContain(`${address} starts again.`);
      await expectAllKept();
    },
  );

  it('when the server is started: it waits for room without a part in anything, and can be stopped', async () => {
    await beginWith(2);
    ana.talk('ana', 4, 5);
    disk.fill(0);
    await cluster.until('the server with the full disk is away', () => isAway(2));
    await cluster.kill(2);
    for (const end of ['stopped', 'free']) {
      const printedBefore = cluster.output(2).length;
      cluster.launch(2);
      await cluster.until('it says what it needs', () =>
        cluster.output(2).slice(printedBefore).includes('as soon as 16 MiB are free there'),
      );
      expect(await isAway(2)).toBe(true);
      if (end === 'stopped') expect(await cluster.terminate(2)).toEqual({ status: 0, signal: null });
    }
    disk.free();
    await expectAllKept();
  });
});

describe.skipIf(whyNot !== '')('a disk that is mounted read-only', () => {
  it('is refused with that reason, before the server listens', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-'));
    const disk = new SmallDisk(join(folder, 'data'));
    try {
      disk.makeReadOnly();
      const [port] = await freePorts(1);
      const ran = await runProgram(['primary', String(port), '--data', disk.folder]);
      expect(ran).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('is mounted read-only') });
      expect(ran.stderr).toContain(disk.folder);
      expect(ran.stderr).toContain('mount it for writing, or give another folder with --data');
    } finally {
      disk.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
