import { describe, expect, it } from 'vitest';
import type { ChatClientOptions } from '../../client/client-options.ts';
import { clientOf, loggedIn } from './client-under-test.ts';
import { FakeCluster, refused } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const [A, B, C] = ['one:1538', 'two:2538', 'three:3538'] as const;

/** A client that takes any server, whose first choice is not the primary; `at` is where it is. */
async function spreading(options: Partial<ChatClientOptions> = {}) {
  for (;;) {
    const servers = new FakeCluster(new ManualClock(), [A, B, C]);
    const under = await loggedIn(servers, 'ana', { spread: true, ...options });
    await servers.clock.advance(3000);
    const { connection } = under.chat;
    if (connection.phase !== 'connected') throw new Error(connection.phase);
    const at = connection.server;
    servers.seen = [];
    if (at !== A) return { servers, at, other: at === B ? C : B, ...under };
  }
}

function sends(servers: FakeCluster): string[] {
  return servers.seen.filter(({ event }) => event === 'message:send').map(({ server }) => server);
}

describe('R28: requests that are spread', () => {
  it('go to a server that many clients choose evenly, and each always the same', async () => {
    const chosen = new Map<string, number>();
    for (let count = 0; count < 60; count++) {
      const servers = new FakeCluster(new ManualClock(), [A, B, C]);
      const { chat } = await loggedIn(servers, 'ana', { spread: true });
      await servers.clock.advance(3000);
      const { connection } = chat;
      const name = connection.phase === 'connected' ? connection.server : connection.phase;
      chosen.set(name, (chosen.get(name) ?? 0) + 1);
      await chat.close();
    }
    expect([...chosen.keys()].sort()).toEqual([A, B, C].sort());
    for (const count of chosen.values()) expect(count).toBeGreaterThan(8);
  });

  it('are answered there, and what is new is pushed over that one socket alone', async () => {
    const { servers, chat, at, other, bodies } = await spreading();
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(10);
    expect(await sent).toMatchObject({ ok: true });
    expect(sends(servers)).toEqual([at]);
    servers.say('bob', 'ana', 'and you');
    await servers.clock.advance(10);
    expect(bodies()).toEqual(['hello', 'and you']);
    expect(servers.sockets.filter(({ ready }) => ready).map(({ server }) => server)).toEqual([at]);
    expect(servers.sockets.map(({ server }) => server).sort()).toEqual([at, other].sort());
  });

  it.each(['kills', 'refuses', 'is silent'] as const)(
    'move to the next server when theirs %s, and are sent again in order, from the oldest, and done once',
    async (how) => {
      const { servers, chat, at, other, bodies, of } = await spreading();
      const isThere = ({ server, event }: { server: string; event: string }) =>
        server === at && event === 'message:send';
      servers.intercept = (seen) => {
        if (!isThere(seen)) return undefined;
        return how === 'refuses' ? refused('unavailable') : how === 'kills' ? 'lose-answer' : 'drop';
      };
      const sent = ['1', '2', '3'].map((body) => chat.send('bob', body));
      await servers.clock.advance(20);
      if (how === 'kills') servers.kill(at);
      await servers.clock.advance(9000);
      for (const one of sent) expect(await one).toMatchObject({ ok: true });
      expect(servers.bodies()).toEqual(['1', '2', '3']);
      expect(bodies()).toEqual(['1', '2', '3']);
      expect(chat.connection).toMatchObject({ phase: 'connected', server: expect.not.stringContaining(at) });
      const again = servers.seen.filter(({ event, server }) => event === 'message:send' && server !== at);
      expect(again.map(({ payload }) => payload.body).slice(0, 3)).toEqual(['1', '2', '3']);
      expect(new Set(again.slice(0, 3).map(({ payload }) => payload.oldest)).size).toBe(1);
      expect(of('send-failed')).toEqual([]);
      expect([A, other]).toContain(again.at(-1)!.server);
    },
  );

  it('stay where they are when the primary changes', async () => {
    const { servers, chat, at, other, of } = await spreading();
    servers.kill(A);
    servers.promote(other);
    await servers.clock.advance(3000);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(10);
    expect(await sent).toMatchObject({ ok: true });
    expect(sends(servers)).toEqual([at]);
    expect(of('moved')).toEqual([]);
  });

  it('leave a server that has lost its primary for long while others have one', async () => {
    const { servers, chat, at, bodies } = await spreading();
    const socket = servers.sockets.find(({ server }) => server === at)!;
    socket.ready = false;
    servers.members = servers.members.filter((one) => one !== at);
    servers.view += 1;
    for (const one of servers.sockets) {
      one.push(
        'cluster:changed',
        one === socket ? { ...servers.cluster(), view: 1, primary: null } : servers.cluster(),
      );
    }
    await servers.clock.advance(3000);
    servers.say('bob', 'ana', 'hello');
    await servers.clock.advance(10);
    expect(bodies()).toEqual(['hello']);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: expect.not.stringContaining(at) });
  });

  it('go to the primary where servers know nothing of it, after a moment, and at once when that needs a password', async () => {
    const servers = new FakeCluster(new ManualClock(), [A, B, C]);
    servers.takesSpread = false;
    const { chat } = await loggedIn(servers, 'ana', { spread: true });
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(20_000);
    expect(await sent).toMatchObject({ ok: true });
    expect(chat.connection).toMatchObject({ phase: 'connected', server: A });
    const again = chat.send('bob', 'again');
    await servers.clock.advance(10);
    expect(await again).toMatchObject({ ok: true });
  });

  it('that need a password verified go to the primary, with all that is before them, and the next ones to the same server as before', async () => {
    const { servers, chat, at } = await spreading();
    const asked = [chat.send('bob', '1'), chat.changePassword('a password', 'another one'), chat.send('bob', '2')];
    await servers.clock.advance(2000);
    for (const one of asked) expect(await one).toMatchObject({ ok: true });
    expect(servers.bodies()).toEqual(['1', '2']);
    const passwords = servers.seen.filter(({ event }) => event === 'account:password');
    expect(passwords.map(({ server }) => server)).toEqual([A]);
    servers.seen = [];
    const sent = chat.send('bob', '3');
    await servers.clock.advance(10);
    expect(await sent).toMatchObject({ ok: true });
    expect(sends(servers)).toEqual([at]);
  });

  it('never go over a socket whose handshake does not say so', async () => {
    const { servers, chat, at } = await spreading({ spreadReads: true });
    for (const body of ['1', '2', '3']) {
      void chat.send('bob', body);
      void chat.history({ after: 0 });
      await servers.clock.advance(10);
    }
    servers.intercept = ({ event, server }) => {
      if (event !== 'message:send') return undefined;
      const socket = servers.sockets.find((one) => one.server === server)!;
      expect(socket.handshake.spread).toBe(true);
      return server === at ? refused('not-primary') : undefined;
    };
    const sent = chat.send('bob', '4');
    await servers.clock.advance(5000);
    expect(await sent).toMatchObject({ ok: true });
    expect(servers.bodies()).toEqual(['1', '2', '3', '4']);
  });

  it('log in and out as before; the end of the log-in elsewhere is heard at any server', async () => {
    const { servers, chat, of } = await spreading();
    servers.endSessions('ana');
    await servers.clock.advance(100);
    expect(of('logged-out')).toMatchObject([{ reason: 'ended elsewhere' }]);
    const entered = chat.logIn('ana', 'a password');
    await servers.clock.advance(3000);
    expect(await entered).toMatchObject({ ok: true });
    const left = chat.logOut();
    await servers.clock.advance(3000);
    expect(await left).toMatchObject({ ok: true });
    expect(chat.username).toBe('');
  });

  it('a client that once spread them says so ever after, also when all of them go to the primary', async () => {
    const { servers, chat, store } = await spreading();
    await chat.close();
    servers.handshakes = [];
    const later = clientOf(servers, { store });
    await servers.clock.advance(3000);
    const sent = later.chat.send('bob', 'hello');
    await servers.clock.advance(100);
    expect(await sent).toMatchObject({ ok: true });
    expect(sends(servers)).toEqual([A]);
    expect(servers.handshakes.every(({ handshake }) => handshake.spread === true)).toBe(true);
    servers.kill(A);
    servers.promote(B);
    await servers.clock.advance(1000);
    servers.say('bob', 'ana', 'and you');
    await servers.clock.advance(10);
    expect(later.bodies().slice(-2)).toEqual(['hello', 'and you']);
  });

  it('what one server told is not told again by the next, which may be behind it', async () => {
    const { servers, of } = await spreading({ replay: false });
    const tell = async (displayName: string, position: number): Promise<void> => {
      servers.push(['ana'], 'account:changed', { username: 'bob', displayName, position });
      servers.push(['ana'], 'account:blocked', { username: 'eve', blocked: position % 2 === 0, position });
      await servers.clock.advance(10);
    };
    const [before] = servers.sockets.filter(({ ready }) => ready);
    await tell('Bob', 50);
    await tell('Bobby', 51);
    servers.kill(before!.server);
    await servers.clock.advance(3000);
    await tell('Bob', 50);
    await tell('Bobby', 51);
    await tell('Robert', 52);
    expect(of('account-changed').map(({ displayName }) => displayName)).toEqual(['Bob', 'Bobby', 'Robert']);
    expect(of('account-blocked').map(({ blocked }) => blocked)).toEqual([true, false, true]);
  });

  it('nor over one that was kept for news and became the primary', async () => {
    const { servers, chat, at, other } = await spreading();
    const kept = servers.sockets.find(({ server }) => server === other)!;
    expect(kept.handshake.spread).toBeUndefined();
    servers.intercept = ({ server, event }) => (event === 'message:send' && server === at ? 'drop' : undefined);
    const sent = chat.send('bob', 'hello');
    // News are worth a second socket to the primary while requests are not answered.
    await servers.clock.advance(3000);
    servers.kill(A);
    servers.promote(other);
    await servers.clock.advance(10);
    expect(servers.sockets.filter(({ server }) => server === other)).toEqual([kept]);
    expect(kept.ready).toBe(true);
    const ways: (boolean | undefined)[] = [];
    for (let ms = 0; ms < 5000; ms++) {
      await servers.clock.advance(1);
      for (const { server } of servers.seen.splice(0).filter(({ event }) => event === 'message:send')) {
        ways.push(servers.sockets.find((one) => one.server === server)!.handshake.spread);
      }
    }
    expect(await sent).toMatchObject({ ok: true });
    expect(new Set(ways)).toEqual(new Set([true]));
  });

  it('nor over one to the primary that was opened for news while nothing was answered', async () => {
    const { servers, chat, at } = await spreading();
    servers.intercept = ({ server, event }) => (event === 'message:send' && server === at ? 'drop' : undefined);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(3000);
    expect(servers.sockets.find(({ server }) => server === A)?.handshake.spread).toBeUndefined();
    servers.takesSpread = false;
    servers.seen = [];
    const ways: (boolean | undefined)[] = [];
    for (let ms = 0; ms < 9000; ms++) {
      await servers.clock.advance(1);
      for (const { server } of servers.seen.splice(0).filter(({ event }) => event === 'message:send')) {
        ways.push(servers.sockets.find((one) => one.server === server)!.handshake.spread);
      }
    }
    expect(await sent).toMatchObject({ ok: true });
    expect(new Set(ways)).toEqual(new Set([true]));
  });
});
