import { cpSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isEndless } from '../../../server/commands/run.ts';
import { ProtocolClient } from '../../chaos/protocol-client.ts';
import { auditTalkers, Talker } from '../../chaos/talker.ts';
import { Cluster } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const KEPT = { lost: [], doubled: [], outOfOrder: [] };

describe('a server whose database folder cannot be taken up', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  afterEach(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    talkers = [];
    await cluster.close();
  });

  const diskOf = (index: number) =>
    /^disk,(.+)$/m.exec(readFileSync(join(cluster.servers[index]!.folder, 'view.csv'), 'utf8'))?.[1];

  it('R1: an old copy put back while the primary runs is set aside; the same process joins as another disk', async () => {
    cluster = await Cluster.started();
    const primary = await cluster.untilComplete();
    const victim = (primary + 1) % 3;
    const { folder, address } = cluster.servers[victim]!;
    const ana = await Talker.joined('ana', cluster.addresses);
    talkers = [ana];
    await ana.say('ana');
    await cluster.terminate(victim);
    const copy = join(cluster.folder, 'copy');
    cpSync(folder, copy, { recursive: true });
    await cluster.start(victim);
    await cluster.untilComplete();
    const disk = diskOf(victim);
    await ana.say('ana');
    await cluster.kill(victim);
    rmSync(folder, { recursive: true });
    renameSync(copy, folder);

    ana.talk('ana', 4, 5);
    await cluster.start(victim);
    const pid = cluster.servers[victim]!.process?.pid;
    await cluster.until(
      'it has set something aside',
      async () => (await cluster.status(victim))?.quarantine?.count === 1,
    );
    await cluster.untilComplete();
    await ana.quiet();
    expect(cluster.servers[victim]!.process?.pid).toBe(pid);
    expect(diskOf(victim)).not.toBe(disk);
    const [name] = (await cluster.status(victim))!.quarantine!.newest;
    expect(readFileSync(join(folder, 'quarantine', name!, 'view.csv'), 'utf8')).toContain(`disk,${disk}`);
    expect(readFileSync(join(folder, 'quarantine', 'quarantine.csv'), 'utf8')).toMatch(/knows a later start/);
    const { stdout } = await runProgram(['status', '--server', address]);
    expect(stdout).toContain(
      `One thing that was set aside by ${address} in\n  ${join(folder, 'quarantine')}:\n    ${name}`,
    );
    expect(await auditTalkers(talkers, cluster.addresses[await cluster.untilComplete()]!)).toEqual(KEPT);
    await cluster.untilLogsEqual();
    expect(await cluster.terminate(victim)).toEqual({ status: 0, signal: null });
  });

  it('R19b: a cluster that was never complete gives way to one that was, and its server joins', async () => {
    cluster = await Cluster.started();
    const ana = await Talker.joined('ana', cluster.addresses);
    talkers = [ana];
    await ana.say('ana');
    await cluster.untilComplete();
    // An emptied `primary` that starts before the others: nobody tells it that there is a cluster already.
    await cluster.kill(0);
    await cluster.untilServing([1, 2]);
    await ana.say('ana');
    await Promise.all([1, 2].map((index) => cluster.kill(index)));
    rmSync(cluster.servers[0]!.folder, { recursive: true });
    await cluster.start(0);
    await cluster.until('it has formed a cluster of its own', async () => (await cluster.status(0))?.view === 1);
    const client = await ProtocolClient.open(cluster.addresses[0]!);
    const cutOff = client.request('message:send', { request: 1, to: 'ana', body: 'hi' }).catch(() => undefined);
    await cluster.startAll([1, 2]);
    await cluster.untilComplete();
    expect(await cutOff).toMatchObject({ ok: false });
    client.close();
    expect((await cluster.status(0))?.quarantine?.count).toBe(1);
    const aside = readdirSync(join(cluster.servers[0]!.folder, 'quarantine')).filter(
      (name) => name !== 'quarantine.csv',
    );
    expect(readdirSync(join(cluster.servers[0]!.folder, 'quarantine', aside[0]!))).toContain('view.csv');
    await ana.say('ana');
    expect(await auditTalkers(talkers, cluster.addresses[await cluster.untilComplete()]!)).toEqual(KEPT);
    await cluster.untilLogsEqual();
  });
});

describe('starting over', () => {
  it('three times within a minute is once too often', () => {
    expect(isEndless([0])).toBe(false);
    expect(isEndless([0, 10])).toBe(false);
    expect(isEndless([0, 10, 60_000])).toBe(true);
    expect(isEndless([0, 10, 60_001])).toBe(false);
    expect(isEndless([0, 50_000, 60_001, 70_000])).toBe(true);
  });
});
