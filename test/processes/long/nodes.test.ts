import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChat } from '../../../client/open-chat.ts';
import type { ServerStatus } from '../../../shared/api.ts';
import { auditTalkers, Talker } from '../../chaos/talker.ts';
import { Cluster } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const ALL = [0, 1, 2, 3, 4];
/** Of servers that know nothing but themselves and what is said on their command line. */
const FOUND_BY = (cluster: Cluster, ...indices: readonly number[]): string[] => [
  '--join',
  indices.map((index) => cluster.addresses[index]).join(','),
];

describe('five servers with replication factor 3', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  beforeAll(async () => {
    cluster = await Cluster.make({ size: 5 });
    await cluster.startAll([0, 1, 2]);
    await cluster.untilServing([0, 1, 2]);
  });

  afterAll(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    await cluster?.close();
  });

  function statuses(): Promise<(ServerStatus | undefined)[]> {
    return Promise.all(ALL.map((index) => cluster.status(index)));
  }

  /** Waits until the view has three members, all of which run and serve, and a spare for each other server that runs. */
  async function untilFull(): Promise<ServerStatus> {
    let primary: ServerStatus | undefined;
    await cluster.until('three members serve, and the others stand ready', async () => {
      const running = (await statuses()).filter((status) => status !== undefined);
      primary = running.find(({ role }) => role === 'primary');
      const count = (role: string) =>
        running.filter((status) => status.role === role && status.view === primary?.view && status.waitingFor === '')
          .length;
      const spares = cluster.up.length - 3;
      return (
        count('primary') === 1 && count('backup') === 2 && count('spare') === spares && running.length === 3 + spares
      );
    });
    return primary!;
  }

  async function untilAcknowledged(count: number): Promise<void> {
    const goals = talkers.map(({ acknowledged }) => acknowledged.length + count);
    await cluster.until(`${count} more messages are acknowledged to each`, () =>
      talkers.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
    );
  }

  it('R21: one that was told of a spare alone becomes known to all servers and clients, as the others are', async () => {
    const { addresses } = cluster;
    await cluster.start(3, FOUND_BY(cluster, 1));
    await untilFull();
    await cluster.start(4, FOUND_BY(cluster, 3));
    const { members } = await untilFull();
    const spares = [...addresses.slice(3)].sort();
    await cluster.until('each server tells of all', async () =>
      (await statuses()).every(
        (status) =>
          status?.cluster.members.join() === members.join() &&
          status.cluster.primary === members[0] &&
          [...status.cluster.spares].sort().join() === spares.join() &&
          [...status.cluster.known].sort().join() === [...addresses].sort().join(),
      ),
    );
    const asked = await runProgram(['status', '--server', addresses[4]!]);
    for (const [index, role] of ['primary', 'backup', 'backup', 'spare', 'spare'].entries()) {
      const address = [...members, ...spares][index]!;
      expect(asked.stdout).toMatch(new RegExp(`^${address} +${role} `, 'm'));
    }
    const chat = await openChat({ servers: [addresses[4]!], stateFolder: join(cluster.folder, 'state') });
    try {
      chat.start();
      await cluster.until('the client is told of all', () => {
        const { connection } = chat;
        return connection.phase === 'connected' && connection.cluster.known.length === 5;
      });
      const { connection } = chat;
      const cluster5 = connection.phase === 'connected' ? connection.cluster : undefined;
      expect(cluster5).toMatchObject({ members, primary: members[0], replicationFactor: 3, witnesses: [] });
      expect([...cluster5!.spares].sort()).toEqual(spares);
      expect(cluster5).not.toHaveProperty('warning');
    } finally {
      await chat.close();
    }
  });

  it('R21: any may be killed: a spare takes its place, six times in a row, and nothing is lost, doubled or reordered', async () => {
    const names = ['ana', 'bob', 'cleo'];
    talkers = await Promise.all(names.map((name) => Talker.joined(name, cluster.addresses)));
    for (const [index, talker] of talkers.entries()) talker.talk(names[(index + 1) % names.length]!, 2, 20);
    for (const place of [0, 1, 0, 2, 0, 1]) {
      const { members } = await untilFull();
      await untilAcknowledged(10);
      const victim = cluster.servers.find(({ address }) => address === members[place])!;
      await cluster.kill(victim.index);
      const after = await untilFull();
      expect(after.members).not.toContain(victim.address);
      await untilAcknowledged(5);
      await cluster.start(victim.index);
    }
    const { address } = await untilFull();
    await Promise.all(talkers.map((talker) => talker.quiet()));
    const verdict = await auditTalkers(talkers, cluster.addresses.find((one) => one === address)!);
    expect(verdict).toEqual({ lost: [], doubled: [], outOfOrder: [] });
    expect(talkers.flatMap(({ refused }) => refused)).toEqual([]);
    await cluster.untilLogsEqual();
  });
});

describe('five servers with replication factor 5', { timeout: 90_000 }, () => {
  let cluster: Cluster;
  let talker: Talker;

  afterAll(async () => {
    await talker?.close();
    await cluster?.close();
  });

  it('R19b: are complete with the fifth, warn when one is lost, and the last one serves', async () => {
    cluster = await Cluster.make({ size: 5, args: ['--replication-factor', '5'] });
    await cluster.startAll([0, 1, 2, 3]);
    await cluster.until('four wait for a fifth', async () => {
      const status = await cluster.status(0);
      return status?.members.length === 4 && status.waitingFor === '1 more server before the cluster is complete';
    });
    await cluster.start(4);
    await cluster.untilComplete();
    talker = await Talker.joined('ana', cluster.addresses);
    talker.talk('ana', 2, 20);
    for (const left of [4, 3, 2, 1]) {
      const up = cluster.up.map(({ index }) => index);
      await cluster.kill(left % 2 === 0 ? await cluster.untilServing(up) : up.at(-1)!);
      const rest = cluster.up.map(({ index }) => index);
      const primary = await cluster.untilServing(rest);
      const warning = `cluster size (${left}) is smaller than the replication factor (5)!`;
      expect((await cluster.status(primary))?.cluster).toMatchObject({ replicationFactor: 5, warning });
      const { length } = talker.acknowledged;
      await cluster.until('messages are acknowledged', () => talker.acknowledged.length > length + 3);
    }
    await talker.quiet();
    const [last] = cluster.up;
    expect(await auditTalkers([talker], last!.address)).toEqual({
      lost: [],
      doubled: [],
      outOfOrder: [],
    });
  });
});

describe('servers with replication factor 1', { timeout: 90_000 }, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.make({ size: 5, firsts: 4, args: ['--replication-factor', '1'] });
  });

  afterAll(() => cluster?.close());

  /** A server that may start a cluster, and knows of these. */
  async function begin(index: number, ...join: readonly number[]): Promise<void> {
    await cluster.start(index, FOUND_BY(cluster, ...join));
  }

  async function untilIn(index: number, of: number, role: 'primary' | 'spare'): Promise<string> {
    let id = '';
    await cluster.until(`server ${index} is ${role} with ${of}`, async () => {
      const status = await cluster.status(index);
      id = status?.cluster.id ?? '';
      return status?.role === role && status.members.join() === cluster.addresses[of] && status.waitingFor === '';
    });
    return id;
  }

  it('one alone serves; a second one is a spare, which waits for it when it is killed', async () => {
    await begin(0, 0);
    await untilIn(0, 0, 'primary');
    const folder = ['--state-folder', join(cluster.folder, 'state'), '--server', cluster.addresses[0]!];
    const environment = { CHAT_PASSWORD: 'correct horse' };
    expect(await runProgram(['create', 'ana', ...folder], { program: 'client', environment })).toMatchObject({
      status: 0,
    });
    await begin(1, 0);
    await untilIn(1, 0, 'spare');
    await cluster.kill(0);
    await cluster.until('the spare says for whom it waits', async () => {
      const status = await cluster.status(1);
      return status?.role === 'waiting' && status.waitingFor === `the primary ${cluster.addresses[0]}, to join`;
    });
    await begin(0, 0);
    await untilIn(1, 0, 'spare');
    const list = await runProgram(['list', '--user', 'ana', ...folder], { program: 'client', environment });
    expect(list.stdout).toBe('ana (online)\n');
  });

  it('R19b: a cluster that calls, because its servers were told of this address, is not joined by chance', async () => {
    // Of the addresses at which the next servers start only the caller was told.
    await begin(2, 2, 3, 4);
    const theirs = await untilIn(2, 2, 'primary');
    await begin(4, 4);
    await cluster.until('a second server says that it was not told of it', () =>
      cluster.output(4).includes(`so it does not join it; if it should, start it with --join ${cluster.addresses[2]}.`),
    );
    expect(await cluster.status(4)).toMatchObject({ view: 0, waitingFor: 'a server of the cluster to join' });
    await cluster.kill(4);
    await begin(3, 3);
    expect(await untilIn(3, 3, 'primary')).not.toBe(theirs);
    await cluster.until('one says that the other is another cluster', () =>
      [2, 3].some((index) => cluster.output(index).includes('belongs to another cluster')),
    );
    expect(await untilIn(2, 2, 'primary')).toBe(theirs);
    await cluster.kill(3);
    rmSync(cluster.servers[3]!.folder, { recursive: true });
  });

  it('R19b: a first server that was told of another cluster joins it, and says how to have one of its own', async () => {
    await begin(3, 2);
    await untilIn(3, 2, 'spare');
    expect(cluster.output(3)).toContain(
      `have a cluster already (${cluster.addresses[2]}): ${cluster.addresses[3]} joins it.`,
    );
  });
});
