import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { TestClient, type TestReply } from '../network/harness.ts';
import { Cluster } from '../support/cluster.ts';

const PASSWORD = 'correct horse';

describe('rooms, changes, read marks and settings', () => {
  let cluster: Cluster;

  afterEach(async () => {
    await cluster.close();
  });

  async function connect(server: number, auth: object = {}): Promise<TestClient> {
    const client = new TestClient(`http://127.0.0.1:${cluster.servers[server]!.port}`, {
      protocol: 1,
      clientId: randomUUID(),
      ...auth,
    });
    await client.connected();
    return client;
  }

  async function account(server: number, username: string) {
    const client = await connect(server);
    const { token } = await ok(client.write('account:create', { username, password: PASSWORD }));
    return { client, token: token as string };
  }

  /** Everything there is to know for an account, at the server where it asks. */
  async function facts(server: number, token: string, seen: number): Promise<unknown> {
    const client = await connect(server, { token });
    const [conversations, rooms, members, newest, missed, found, settings] = await Promise.all([
      ok(client.ask('conversation:list', { seen })),
      ok(client.ask('room:list', { seen })),
      ok(client.ask('room:members', { room: '#tea', seen })),
      ok(client.ask('message:history', { with: '#tea', seen })),
      ok(client.ask('message:history', { after: 0, seen })),
      ok(client.ask('message:search', { text: 'TEA', seen })),
      ok(client.ask('account:settings', { seen })),
    ]);
    client.socket.disconnect();
    const { messages, deletions, changes } = missed;
    return [
      (conversations.conversations as object[]).map((one) => ({ ...one, online: undefined })),
      rooms.rooms,
      (members.members as object[]).map((one) => ({ ...one, online: undefined })),
      newest.messages,
      { messages, deletions, changes },
      found.messages,
      { ...settings, asOf: undefined },
    ];
  }

  it('are the same after the primary died, and after all servers were killed and started again', async () => {
    cluster = await Cluster.started();
    const first = await cluster.untilComplete();
    const { client: ana, token } = await account(first, 'ana');
    const { client: beth, token: bethsToken } = await account(first, 'beth');
    await ok(ana.write('room:create', { room: '#Tea', topic: 'green' }));
    await ok(beth.write('room:join', { room: '#tea' }));
    const { id } = await ok(ana.write('message:send', { to: '#tea', body: 'teh tea' }));
    const { id: reply } = await ok(beth.write('message:send', { to: '#tea', body: 'which tea?', replyTo: id }));
    await ok(ana.write('message:edit', { id, body: 'the tea' }));
    await ok(beth.write('message:react', { id, reaction: '\u{1f375}' }));
    await ok(ana.write('room:topic', { room: '#tea', topic: 'black' }));
    await ok(ana.write('account:profile', { displayName: 'Ana B.' }));
    await ok(ana.write('account:block', { username: 'beth' }));
    await ok(ana.write('account:password', { password: PASSWORD, newPassword: `${PASSWORD}!` }));
    const numbered = { request: 50, room: '#coffee' };
    const made = await ok(ana.ask('room:create', numbered));
    await ok(ana.ask('conversation:read', { with: '#tea', position: made.position }));
    const { position } = await ana.heard('conversation:read');
    const before = await Promise.all([token, bethsToken].map((one) => facts(first, one, position as number)));
    expect(before[0]).toMatchObject([
      [
        { with: '#Tea', unread: 0, room: { topic: 'black', owner: 'ana', members: 2 } },
        { with: '#coffee', unread: 0 },
      ],
      [{ name: '#coffee' }, { name: '#Tea' }],
      [{ username: 'ana', displayName: 'Ana B.' }, { username: 'beth' }],
      [
        { id, body: 'the tea', editedAt: expect.any(Number), reactions: [{ by: ['beth'] }] },
        { id: reply, replyTo: id },
      ],
      { deletions: [] },
      [{ id }, { id: reply }],
      { username: 'ana', displayName: 'Ana B.', blocked: ['beth'], sessions: 1 },
    ]);

    await cluster.kill(first);
    const rest = [0, 1, 2].filter((index) => index !== first);
    const second = await cluster.untilServing(rest);
    for (const server of rest) {
      expect(await Promise.all([token, bethsToken].map((one) => facts(server, one, position as number)))).toEqual(
        before,
      );
    }
    const again = await connect(second, { clientId: ana.auth.clientId, known: true, token });
    expect(await again.ask('room:create', numbered)).toEqual(made);
    const refused = await again.ask('message:send', { request: 51, to: 'beth', body: 'hi' });
    expect(refused.error!.code).toBe('blocked');

    await Promise.all(rest.map((index) => cluster.kill(index)));
    await cluster.startAll();
    await cluster.untilComplete();
    for (const server of [0, 1, 2]) {
      expect(await Promise.all([token, bethsToken].map((one) => facts(server, one, position as number)))).toEqual(
        before,
      );
    }
    await cluster.untilLogsEqual();
  });
});

async function ok(reply: Promise<TestReply>): Promise<TestReply> {
  const answer = await reply;
  if (!answer.ok) throw new Error(answer.error?.message);
  return answer;
}
