import { describe, expect, it } from 'vitest';
import type { Result } from '../../shared/errors.ts';
import { loggedIn } from './client-under-test.ts';
import { FakeCluster, refused } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const [A, B, C] = ['one:1538', 'two:2538', 'three:3538'] as const;

/** A client whose reads are spread, in a conversation with bob, with its sockets open. */
async function reader(latencyMs?: () => number) {
  const servers = new FakeCluster(new ManualClock(), [A, B, C], latencyMs);
  const under = await loggedIn(servers, 'ana', { spreadReads: true });
  await servers.clock.advance(3000);
  servers.say('bob', 'ana', 'first');
  await servers.clock.advance(10);
  servers.seen = [];
  return { servers, ...under };
}

/** Who was asked for history since the last look. */
function asked(servers: FakeCluster): string[] {
  const names = servers.seen.filter(({ event }) => event === 'message:history').map(({ server }) => server);
  servers.seen = [];
  return names;
}

function bodiesOf(result: Result<{ messages: { body: string }[] }>): string[] {
  if (!result.ok) throw new Error(result.error.message);
  return result.value.messages.map(({ body }) => body);
}

describe('R17: reads that are spread', () => {
  it('go to the backups in turn, over a socket to each; writes go to the primary', async () => {
    const { servers, chat } = await reader();
    expect(servers.sockets.map(({ server }) => server).sort()).toEqual([A, B, C].sort());
    for (let count = 0; count < 4; count++) {
      const read = chat.history({ after: 0 });
      await servers.clock.advance(10);
      expect(bodiesOf(await read)).toEqual(['first']);
    }
    const turns = asked(servers);
    expect(turns.toSorted()).toEqual([B, B, C, C].sort());
    expect(turns[0]).not.toBe(turns[1]);
    void chat.send('bob', 'hello');
    await servers.clock.advance(10);
    expect(servers.seen.map(({ event, server }) => `${event} ${server}`)).toEqual([`message:send ${A}`]);
  });

  it('go to the primary when nothing is said, and to no third server is a socket kept', async () => {
    const servers = new FakeCluster(new ManualClock(), [A, B, C]);
    const { chat } = await loggedIn(servers, 'ana');
    await servers.clock.advance(3000);
    servers.seen = [];
    void chat.history({ after: 0 });
    await servers.clock.advance(10);
    expect(asked(servers)).toEqual([A]);
    expect(servers.sockets).toHaveLength(2);
  });

  it('are all that shows the state to a user; what belongs to the pushes is asked of the server that pushes', async () => {
    const { servers, chat } = await reader();
    void chat.listAccounts();
    void chat.listConversations();
    void chat.search({ text: 'first' });
    await servers.clock.advance(10);
    expect(servers.seen.map(({ server }) => server)).not.toContain(A);
    servers.seen = [];
    for (const socket of servers.sockets) if (socket.server === A) socket.close();
    await servers.clock.advance(1000);
    const again = servers.seen.filter(({ event }) => event === 'message:history' || event === 'conversation:list');
    expect(again.map(({ server }) => server)).toEqual([A, A]);
  });

  it('wait at a backup that lags for what their client was told: a message of its own among others', async () => {
    const { servers, chat } = await reader();
    for (const server of [B, C]) servers.applied.set(server, servers.position);
    const sent = chat.send('bob', 'mine');
    await servers.clock.advance(10);
    expect(await sent).toMatchObject({ ok: true });
    let read: string[] = [];
    void chat.history({ after: 0 }).then((result) => {
      read = bodiesOf(result);
    });
    await servers.clock.advance(1000);
    expect(read).toEqual([]);
    for (const server of [B, C]) servers.catchUp(server);
    await servers.clock.advance(10);
    expect(read).toEqual(['first', 'mine']);
    expect(asked(servers)).toHaveLength(1);
  });

  it('go to the primary, once and without an error, when a backup does not get that far in time', async () => {
    const { servers, chat } = await reader();
    for (const server of [B, C]) servers.applied.set(server, 0);
    const read = chat.history({ after: 0 });
    await servers.clock.advance(2500);
    expect(bodiesOf(await read)).toEqual(['first']);
    expect(asked(servers)).toEqual([expect.not.stringContaining(A), A]);
  });

  it('pages that belong together never go back: a later one is no older than one before, whoever gave it', async () => {
    const { servers, chat } = await reader();
    // Nobody tells the client of it but the page.
    for (const socket of servers.sockets) socket.ready = false;
    servers.say('bob', 'ana', 'second');
    servers.applied.set(C, servers.position - 1);
    const bodies: string[][] = [];
    for (let count = 0; count < 4; count++) {
      const read = chat.history({ after: 0 });
      await servers.clock.advance(2500);
      bodies.push(bodiesOf(await read));
    }
    const first = bodies.findIndex((page) => page.includes('second'));
    expect(first).toBeLessThan(2);
    for (const page of bodies.slice(first)) expect(page).toEqual(['first', 'second']);
  });

  it('an answer that no longer has what was told while it was under way is not shown, but asked for anew', async () => {
    const { servers, chat, bodies } = await reader();
    for (const server of [B, C]) servers.applied.set(server, servers.position);
    servers.readMs = () => 50;
    const read = chat.history({ after: 0 });
    await servers.clock.advance(10);
    servers.say('bob', 'ana', 'second');
    await servers.clock.advance(10);
    expect(bodies()).toEqual(['first', 'second']);
    await servers.clock.advance(200);
    expect(bodiesOf(await read)).toEqual(['first', 'second']);
    expect(asked(servers)).toEqual([expect.not.stringContaining(A), A]);
  });

  it('are answered without an error when the backup that was asked dies, refuses, or says nothing', async () => {
    const { servers, chat } = await reader();
    servers.intercept = ({ server, event }) => (server !== A && event === 'message:history' ? 'drop' : undefined);
    let read = chat.history({ after: 0 });
    await servers.clock.advance(10);
    const [first] = asked(servers);
    servers.kill(first!);
    await servers.clock.advance(10);
    expect(bodiesOf(await read)).toEqual(['first']);
    expect(asked(servers)).toEqual([A]);

    servers.intercept = ({ server, event }) =>
      server !== A && event === 'message:history' ? refused('unavailable') : undefined;
    read = chat.history({ after: 0 });
    await servers.clock.advance(10);
    expect(bodiesOf(await read)).toEqual(['first']);
    expect(asked(servers).at(-1)).toBe(A);

    servers.intercept = ({ server, event }) => (server !== A && event === 'message:history' ? 'drop' : undefined);
    await servers.clock.advance(2000);
    read = chat.history({ after: 0 });
    await servers.clock.advance(4000);
    expect(bodiesOf(await read)).toEqual(['first']);
    expect(asked(servers).at(-1)).toBe(A);
  });

  it('go to no server that follows nobody, tells of an older view, or does not have the log-in', async () => {
    const { servers, chat } = await reader();
    const others = servers.sockets.filter(({ server }) => server !== A);
    others[0]!.push('cluster:changed', { ...servers.cluster(), primary: null });
    others[1]!.push('cluster:changed', { ...servers.cluster(), view: 0 });
    await servers.clock.advance(10);
    const read = chat.history({ after: 0 });
    await servers.clock.advance(10);
    expect(bodiesOf(await read)).toEqual(['first']);
    expect(asked(servers)).toEqual([A]);
  });

  it('a log-in that a backup does not have is for the primary to judge', async () => {
    const { servers, chat, of } = await reader();
    for (const socket of servers.sockets) if (socket.server !== A) socket.username = '';
    const read = chat.history({ after: 0 });
    await servers.clock.advance(10);
    expect(bodiesOf(await read)).toEqual(['first']);
    expect(asked(servers)).toEqual([expect.not.stringContaining(A), A]);
    expect(of('logged-out')).toEqual([]);
  });

  it('what was refused for the state is never contradicted by a backup that lags', async () => {
    const { servers, chat } = await reader();
    for (const server of [B, C]) servers.applied.set(server, servers.position);
    for (const socket of servers.sockets) socket.ready = false;
    servers.say('bob', 'ana', 'unheard');
    const { position } = servers;
    const refusal = chat.send('nobody', 'hello');
    await servers.clock.advance(10);
    expect(await refusal).toMatchObject({ ok: false, error: { code: 'no-such-account' } });
    void chat.history({ after: 0 });
    await servers.clock.advance(10);
    const [read] = servers.seen.filter(({ event }) => event === 'message:history');
    expect(read!.payload.seen).toBe(position);
  });
});
