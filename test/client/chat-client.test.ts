import { describe, expect, it } from 'vitest';
import type { Address } from '../../shared/ids.ts';
import { clientOf, loggedIn } from './client-under-test.ts';
import { FakeCluster, refused } from './fake-cluster.ts';
import { EarlyClock, ManualClock } from './manual-clock.ts';

const [A, B, C] = ['one:1538', 'two:2538', 'three:3538'];

function cluster(): FakeCluster {
  return new FakeCluster(new ManualClock(), [A!, B!, C!]);
}

describe('finding the primary', () => {
  it('finds it from any one address and keeps sockets to it and to one other server', async () => {
    for (const seed of [A, B, C]) {
      const servers = cluster();
      const { chat } = clientOf(servers, { servers: [seed as Address] });
      await servers.clock.advance(2000);
      expect(chat.connection).toMatchObject({ phase: 'connected', server: A });
      expect(servers.sockets.map((socket) => socket.server).sort()).toEqual([A, B].sort());
    }
  });

  it('says which servers it reached while none of them is the primary, and goes on by itself when one is', async () => {
    const servers = cluster();
    servers.primary = null;
    const { chat } = clientOf(servers);
    await servers.clock.advance(5000);
    expect(chat.connection).toMatchObject({ phase: 'waiting' });
    servers.promote(C!);
    await servers.clock.advance(2000);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: C });
  });

  it('says which servers it tried while none is reached, tries them seconds apart, and never gives up', async () => {
    const servers = cluster();
    for (const server of servers.members) servers.down.add(server);
    const { chat } = clientOf(servers);
    await servers.clock.advance(60_000);
    expect(chat.connection).toMatchObject({ phase: 'offline', tried: expect.arrayContaining([A, B, C]) });
    const before = servers.handshakes.length;
    await servers.clock.advance(60_000);
    const tries = servers.handshakes.length - before;
    expect(tries).toBeGreaterThan(60);
    expect(tries).toBeLessThan(3 * 60);
    servers.down.clear();
    await servers.clock.advance(3000);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: A });
  });

  it('goes on trying when its timer comes a moment too early, and the moment while it looks', async () => {
    for (let early = 1; early <= 40; early++) {
      const servers = new FakeCluster(new EarlyClock(early), [A!]);
      servers.down.add(A!);
      const { chat } = clientOf(servers);
      await servers.clock.advance(10_000);
      servers.down.clear();
      await servers.clock.advance(5000);
      expect(chat.connection, `${early} looks at the clock`).toMatchObject({ phase: 'connected', server: A });
    }
  });

  it('finds it although another server does not answer its handshake', async () => {
    const servers = cluster();
    servers.silent.add(B!);
    servers.silent.add(C!);
    const { chat } = clientOf(servers);
    await servers.clock.advance(2000);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: A });
  });

  it('does not run in circles between servers that point at each other', async () => {
    const servers = cluster();
    const pointing = { [A!]: B, [B!]: A, [C!]: A };
    servers.intercept = ({ server, event }) => {
      if (event !== 'account:create') return undefined;
      return { ...refused('not-primary'), primary: pointing[server]!, epoch: 0, view: 1 };
    };
    const { chat } = clientOf(servers);
    const created = chat.createAccount('ana', 'a password');
    await servers.clock.advance(20_000);
    expect(servers.seen.filter(({ event }) => event === 'account:create').length).toBeLessThan(60);
    servers.intercept = undefined;
    await servers.clock.advance(5000);
    expect(await created).toMatchObject({ ok: true });
  });

  it('does not follow a not-primary that is older than what it knows', async () => {
    const servers = cluster();
    servers.view = 7;
    const { chat } = clientOf(servers, { servers: [A as Address] });
    await servers.clock.advance(1000);
    let refusals = 0;
    servers.intercept = ({ event }) => {
      if (event !== 'account:create' || refusals++ > 0) return undefined;
      return { ...refused('not-primary'), primary: C!, epoch: 0, view: 6 };
    };
    const created = chat.createAccount('ana', 'a password');
    await servers.clock.advance(3000);
    expect(await created).toMatchObject({ ok: true });
    expect(servers.seen.filter(({ event }) => event === 'account:create').map(({ server }) => server)).toEqual([A, A]);
    expect(servers.handshakes.filter(({ server }) => server === C)).toEqual([]);
  });

  it('does not take the sentence of another cluster at one of the addresses for its own', async () => {
    const servers = cluster();
    const { chat, of } = await loggedIn(servers, 'ana');
    const socket = servers.sockets.find((one) => one.server === B)!;
    socket.push('cluster:changed', { ...servers.cluster(), id: 'another', view: 99, primary: B });
    await servers.clock.advance(2000);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: A });
    expect(of('reload')).toEqual([]);
  });
});

describe('moving', () => {
  it('moves as soon as the other socket tells of a new view, without a new handshake', async () => {
    const servers = cluster();
    const { chat, of } = await loggedIn(servers, 'ana');
    const handshakes = servers.handshakes.length;
    servers.kill(A!);
    await servers.clock.advance(40);
    servers.promote(B!);
    await servers.clock.advance(3);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: B });
    expect(servers.handshakes.slice(handshakes).filter(({ server }) => server === B)).toEqual([]);
    expect(of('moved')).toMatchObject([{ from: A, to: B }]);
  });

  it('moves away from a primary that fell silent when the other server tells of a new view', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.silent.add(A!);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(1500);
    servers.promote(B!);
    await servers.clock.advance(20);
    expect(await sent).toMatchObject({ ok: true });
    expect(servers.bodies()).toEqual(['hello']);
  });

  it('gives up a server that never answers although connected, and asks again', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    let dropped = 0;
    servers.intercept = ({ event }) => (event === 'message:send' && dropped++ === 0 ? 'drop' : undefined);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(8000);
    expect(await sent).toMatchObject({ ok: true });
  });

  it('stays logged in across a fail-over and a restart of the client', async () => {
    const servers = cluster();
    const { chat, store } = await loggedIn(servers, 'ana');
    servers.kill(A!);
    servers.promote(C!);
    await servers.clock.advance(2000);
    await chat.close();
    const again = clientOf(servers, { store });
    expect(again.chat.username).toBe('ana');
    const sent = again.chat.send('bob', 'hello');
    await servers.clock.advance(2000);
    expect(await sent).toMatchObject({ ok: true });
    expect(again.of('logged-out')).toEqual([]);
  });

  it('tells when the log-in ended, and keeps what is in the outbox for the next one', async () => {
    const servers = cluster();
    const { chat, of } = await loggedIn(servers, 'ana');
    servers.intercept = ({ event }) => (event === 'message:send' ? refused('unavailable') : undefined);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(100);
    servers.endSessions('ana');
    servers.intercept = undefined;
    await servers.clock.advance(3000);
    expect(of('logged-out')).toHaveLength(1);
    expect(chat.username).toBe('');
    const back = chat.logIn('ana', 'a password');
    await servers.clock.advance(3000);
    expect(await back).toMatchObject({ ok: true });
    expect(await sent).toMatchObject({ ok: true });
    expect(servers.bodies()).toEqual(['hello']);
  });
});
