import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestClient, type TestReply, until } from '../network/harness.ts';
import { Cluster } from '../support/cluster.ts';

describe('a client that takes any server, at a backup', () => {
  let cluster: Cluster;
  let primary: number;

  beforeAll(async () => {
    cluster = await Cluster.started();
    primary = await cluster.untilComplete();
  });

  afterAll(async () => {
    await cluster.close();
  });

  async function connect(server: number, auth: object = {}): Promise<TestClient> {
    const url = `http://127.0.0.1:${cluster.servers[server]!.port}`;
    const client = new TestClient(url, { protocol: 1, clientId: randomUUID(), ...auth });
    await client.connected();
    return client;
  }

  it('R28: has everything done once and in order, and hears of no error, while the primary is killed', async () => {
    const backup = cluster.servers.findIndex(({ index }) => index !== primary);
    const { token } = await (await connect(primary)).write('account:create', {
      username: 'ana',
      password: 'correct horse',
    });
    const client = await connect(backup, { token, spread: true });
    await client.heard('session:ready');
    const bodies = Array.from({ length: 300 }, (_, index) => `message ${index}`);
    const replies: Promise<TestReply>[] = [];
    for (const [index, body] of bodies.entries()) {
      replies.push(client.write('message:send', { to: 'ana', body }));
      if (index === 100) await replies[50];
      if (index === 150) cluster.kill(primary);
    }
    expect((await Promise.all(replies)).filter(({ ok }) => !ok)).toEqual([]);
    await until(() => client.all('message:new').length === bodies.length);
    expect(client.all('message:new').map(({ body }) => body)).toEqual(bodies);
  });
});
