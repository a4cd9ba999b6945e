import { readdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../../../shared/ids.ts';
import { ProtocolClient } from '../../chaos/protocol-client.ts';
import { auditTalkers, PASSWORD, Talker } from '../../chaos/talker.ts';
import { Cluster } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const ARGS = ['--heartbeat-timeout', '500ms', '--heartbeat-interval', '50ms'];
const DATA = [0, 1, 2];
const WITNESSES = [3, 4];

describe('three servers and two witnesses', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  beforeAll(async () => {
    cluster = await Cluster.started({ witnesses: 2, args: ARGS });
    talkers = await Promise.all(['ana', 'bob'].map((name) => Talker.joined(name, cluster.addresses)));
    for (const [index, talker] of talkers.entries()) talker.talk(talkers[1 - index]!.username, 4, 5);
  });

  afterAll(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    await cluster?.close();
  });

  async function untilAcknowledged(count: number): Promise<void> {
    const goals = talkers.map(({ acknowledged }) => acknowledged.length + count);
    await cluster.until(`${count} more messages are acknowledged to each`, () =>
      talkers.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
    );
  }

  /** The primary and two backups, in the order of the view, then the witnesses. */
  async function inOrder(): Promise<number[]> {
    const primary = await cluster.untilComplete();
    const { members } = (await cluster.status(primary))!;
    return [...members.map((member) => cluster.addresses.indexOf(member as Address)), ...WITNESSES];
  }

  const PAIRS = [
    { which: 'the primary and a backup', pair: [0, 1] },
    { which: 'both backups', pair: [1, 2] },
    { which: 'a backup and a witness', pair: [2, 3] },
    { which: 'both witnesses', pair: [3, 4] },
    { which: 'the primary and a witness', pair: [0, 4] },
  ];

  for (const how of ['fall silent', 'are killed'] as const) {
    it.each(PAIRS)(`R16: $which ${how} at once: the rest goes on, and all are one again`, async ({ pair }) => {
      const order = await inOrder();
      const victims = pair.map((place) => order[place]!);
      await untilAcknowledged(2);
      if (how === 'fall silent') for (const index of victims) cluster.pause(index);
      else await Promise.all(victims.map((index) => cluster.kill(index)));
      // More than can have been under way.
      await untilAcknowledged(10);
      if (how === 'fall silent') for (const index of victims) cluster.resume(index);
      else await Promise.all(victims.map((index) => cluster.start(index)));
      await untilAcknowledged(10);
      await cluster.untilComplete();
    });
  }

  it('R16: a witness that lost its folder is another one, and is taken in in its place', async () => {
    const [lost] = WITNESSES as [number];
    const before = (await cluster.status(await cluster.untilComplete()))!;
    await cluster.kill(lost);
    rmSync(cluster.servers[lost]!.folder, { recursive: true });
    await cluster.start(lost);
    await cluster.until('it has a vote in a later view', async () => {
      const status = await cluster.status(lost);
      return status?.waitingFor === '' && status.view > before.view;
    });
    await untilAcknowledged(5);
    const { witnesses } = (await cluster.status(await cluster.untilComplete()))!.cluster;
    expect([...witnesses].sort()).toEqual([...before.cluster.witnesses].sort());
  });

  it('a witness holds no data and no key, says what it is, and sends clients to the primary', async () => {
    const primary = await cluster.untilComplete();
    for (const index of WITNESSES) {
      const files = readdirSync(cluster.servers[index]!.folder).sort();
      expect(files).toEqual(['lock', 'quarantine', 'reserve', 'view-2.csv', 'view.csv']);
      expect(await cluster.status(index)).toMatchObject({ role: 'witness', waitingFor: '', commit: 0 });
    }
    const client = await ProtocolClient.open(cluster.addresses[WITNESSES[0]!]!);
    try {
      const reply = await client.request('account:create', { request: 1, username: 'eve', password: PASSWORD });
      const error = { code: 'not-primary', primary: cluster.addresses[primary] };
      expect(reply).toMatchObject({ ok: false, error });
    } finally {
      client.close();
    }
  });

  it('status shows one row for each server, the members in their order and the witnesses last', async () => {
    const order = await inOrder();
    const { stdout } = await runProgram(['status', '--server', cluster.addresses[WITNESSES[0]!]!]);
    const roles = ['primary', 'backup', 'backup', 'witness', 'witness'];
    const witnesses = WITNESSES.map((index) => cluster.addresses[index]!).sort();
    const servers = [...order.slice(0, 3).map((index) => cluster.addresses[index]!), ...witnesses];
    const shown = stdout.split('\n').map((line) => line.split(/ +/).slice(0, 2).join(' '));
    expect(shown.slice(1, 6)).toEqual(servers.map((address, place) => `${address} ${roles[place]}`));
  });

  it('after all that, everything acknowledged is there once, in order, on every server that holds data', async () => {
    await Promise.all(talkers.map((talker) => talker.quiet()));
    const primary = await cluster.untilComplete();
    const verdict = await auditTalkers(talkers, cluster.addresses[primary]!);
    expect(verdict).toEqual({ lost: [], doubled: [], outOfOrder: [] });
    expect(talkers.flatMap(({ refused }) => refused)).toEqual([]);
    await cluster.untilLogsEqual();
  });

  it('R16: neither a witness nor another server starts on the folder of the other', async () => {
    const primary = await cluster.untilComplete();
    const backup = DATA.find((index) => index !== primary)!;
    await Promise.all([backup, ...WITNESSES].map((index) => cluster.terminate(index)));
    const start = (role: string, index: number) =>
      runProgram([role, String(cluster.servers[index]!.port), '--data', cluster.folder, ...ARGS]);
    const contents = () => [backup, WITNESSES[0]!].map((index) => cluster.contents(index));
    const before = contents();
    const refused = await Promise.all([
      start('witness', backup),
      start('secondary', WITNESSES[0]!),
      start('primary', WITNESSES[1]!),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([1, 1, 1]);
    expect(refused[0]!.stderr).toContain(`${cluster.servers[backup]!.folder} is that of a server that holds data`);
    for (const { stderr } of refused.slice(1)) expect(stderr).toContain('is that of a witness');
    expect(contents()).toEqual(before);
    await Promise.all([backup, ...WITNESSES].map((index) => cluster.start(index)));
    await cluster.untilComplete();
  });

  it('R16: one witness alone waits for a second one, by name', async () => {
    const small = await Cluster.make({ witnesses: 1 });
    try {
      await small.startAll([0, 1, 2, 3]);
      await small.until('it says so', async () => (await small.status(3))?.waitingFor === 'a second witness');
      await small.untilServing([0, 1, 2]);
    } finally {
      await small.close();
    }
  });
});
