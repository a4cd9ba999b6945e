import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyOf } from '../chaos/audit.ts';
import { PASSWORD, Talker } from '../chaos/talker.ts';
import { Cluster } from '../support/cluster.ts';
import { type Ran, runProgram } from '../support/program.ts';

const SECRET = 'a secret of more than sixteen characters';

describe('server promote --force (R20)', { timeout: 60_000 }, () => {
  let parent: string;
  let secretFile: string;
  let cluster: Cluster;
  /** The one that is forced, and the two that are lost. */
  let forced: number;
  let lost: number[];

  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), 'understudy-'));
    secretFile = join(parent, 'cluster.secret');
    writeFileSync(secretFile, `${SECRET}\n`);
    const args = ['--heartbeat-timeout', '500ms', '--heartbeat-interval', '50ms', '--secret-file', secretFile];
    cluster = await Cluster.started({ parentFolder: parent, args });
    const primary = await cluster.untilComplete();
    forced = (primary + 1) % 3;
    lost = [0, 1, 2].filter((index) => index !== forced);
  });

  afterAll(async () => {
    await cluster?.close();
    rmSync(parent, { recursive: true, force: true });
  });

  function promote(...args: string[]): Promise<Ran> {
    const server = cluster.addresses[forced]!;
    return runProgram(['promote', '--server', server, '--secret-file', secretFile, ...args]);
  }

  function setAsideBy(index: number): string[] {
    const names = readdirSync(join(cluster.servers[index]!.folder, 'quarantine'));
    return names.filter((name) => name !== 'quarantine.csv');
  }

  async function say(count: number, name: string): Promise<string[]> {
    const talker = await Talker.joined(name, cluster.addresses);
    for (let said = 0; said < count; said++) await talker.say(name);
    await talker.close();
    return talker.acknowledged.map(({ body }) => body);
  }

  it('without --force it explains itself, asks nobody and ends with status 2', async () => {
    const { status, stderr } = await promote();
    expect(status).toBe(2);
    expect(stderr).toContain('--force" has it go on alone');
  });

  it('whoever does not know the secret is told so and shown nothing', async () => {
    const other = join(parent, 'other.secret');
    writeFileSync(other, 'another secret of many characters');
    for (const args of [[], ['--secret-file', other]]) {
      const ran = await runProgram(['promote', '--force', '--server', cluster.addresses[forced]!, ...args]);
      expect([ran.status, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toContain('--secret-file');
    }
  });

  it('a server that is not there ends it with status 3', async () => {
    const server = cluster.servers[forced]!;
    await cluster.terminate(forced);
    const { status, stderr } = await promote('--force');
    expect(status).toBe(3);
    expect(stderr).toContain(`${server.address} can't be reached`);
    await cluster.start(forced);
    await cluster.untilComplete();
  });

  it('is refused while the cluster serves, and changes nothing', async () => {
    await cluster.untilComplete();
    const before = await cluster.status(forced);
    // A server that has not been heard for a moment is shown as not reached.
    await cluster.until('it is refused, and all are shown to serve', async () => {
      const { status, stdout, stderr } = await promote('--force', '--yes', cluster.addresses[forced]!);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^Nothing was done: .* serves in view \d+/);
      return cluster.addresses.every((address) => new RegExp(`^${address} +yes .* yes$`, 'm').test(stdout));
    });
    expect(await cluster.status(forced)).toMatchObject({ epoch: 0, view: before?.view });
  });

  it('a server that missed something waits when the others are gone for good, says for whom, and shows how it stands', async () => {
    cluster.pause(forced);
    await cluster.untilServing(lost);
    expect(await say(3, 'before')).toHaveLength(3);
    // The last one goes in order, so that its snapshot tells it later what had been committed.
    const [killed, last] = lost as [number, number];
    await cluster.kill(killed);
    await cluster.untilServing([last]);
    await cluster.terminate(last);
    cluster.resume(forced);
    await cluster.until('it waits', async () => (await cluster.status(forced))?.role === 'waiting');
    const address = cluster.addresses[forced]!;
    for (const typed of ['localhost:1', cluster.addresses[lost[0]!]!, 'yes', '']) {
      const { status, stdout, stderr } = await promote('--force', '--yes', typed);
      expect(status).toBe(1);
      expect(stderr).toContain(`Nothing was done: "${typed}" was given, and the server is ${address}.`);
      expect(stdout).toMatch(new RegExp(`^${address} +yes +\\d+ \\(epoch 0\\) .* no$`, 'm'));
      for (const index of lost) expect(stdout).toMatch(new RegExp(`^${cluster.addresses[index]} +no$`, 'm'));
      expect(stdout).toContain('What may be lost');
    }
    expect(await cluster.status(forced)).toMatchObject({ role: 'waiting', epoch: 0 });
  });

  it('confirmed, the server goes on alone in a new epoch and says so in its log', async () => {
    const address = cluster.addresses[forced]!;
    const { status, stdout } = await promote('--force', '--yes', address);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`${address} goes on alone: view \\d+ of epoch 1`));
    expect(await cluster.untilServing([forced])).toBe(forced);
    expect(await cluster.status(forced)).toMatchObject({ epoch: 1, members: [address] });
    expect(cluster.output(forced)).toContain(`An operator asks to force ${address} to go on alone.`);
    expect(cluster.output(forced)).toContain('Forced by the operator');
    expect(await say(3, 'after')).toHaveLength(3);
  });

  it('the others join it when they are back; what only they had is in their quarantine, and all logs are equal', async () => {
    await Promise.all(lost.map((index) => cluster.start(index)));
    expect(await cluster.untilComplete()).toBe(forced);
    await cluster.untilLogsEqual();
    expect(await historyOf(cluster.addresses[forced]!, 'after', PASSWORD)).toHaveLength(3);
    const [killed, last] = lost.map((index) => setAsideBy(index)) as [string[], string[]];
    expect(killed).toEqual([expect.stringMatching(/^commit_log-cut-after-\d+-/)]);
    expect(last).toEqual([expect.stringMatching(/^database-/)]);
    const files = readdirSync(join(cluster.servers[lost[1]!]!.folder, 'quarantine', last[0]!));
    expect(files).toEqual(expect.arrayContaining(['commit_log-00000000000000000001.csv', 'view.csv', 'session_key']));
    expect(cluster.output(lost[1]!)).toContain('its view was forced without it');
    expect(await cluster.status(lost[1]!)).toMatchObject({ role: 'backup', quarantine: { count: 1, newest: last } });
  });
});
