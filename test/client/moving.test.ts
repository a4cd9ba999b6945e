import { describe, expect, it } from 'vitest';
import { loggedIn } from './client-under-test.ts';
import { FakeCluster, refused } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const [A, B, C] = ['one:1538', 'two:2538', 'three:3538'] as const;

function cluster(): FakeCluster {
  return new FakeCluster(new ManualClock(), [A, B, C]);
}

describe('moving to the next primary', () => {
  it('goes over the socket that is open already: no handshake lies between the news and the resending', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.kill(A);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(50);
    const handshakes = servers.handshakes.filter(({ server }) => server !== A).length;
    servers.promote(B);
    await servers.clock.advance(10);
    expect(servers.bodies()).toEqual(['hello']);
    expect(await sent).toMatchObject({ ok: true });
    expect(servers.handshakes.filter(({ server }) => server !== A)).toHaveLength(handshakes);
  });

  it('lets the servers change their view before it opens a socket in the place of the lost one', async () => {
    const servers = cluster();
    await loggedIn(servers, 'ana');
    const before = servers.handshakes.length;
    servers.kill(A);
    await servers.clock.advance(100);
    expect(servers.handshakes.slice(before).map(({ server }) => server)).not.toContain(C);
    await servers.clock.advance(400);
    expect(servers.handshakes.slice(before).map(({ server }) => server)).toContain(C);
  });

  it('waits for nothing when no other server is reached', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.kill(A);
    servers.kill(B);
    servers.promote(C);
    await servers.clock.advance(100);
    expect(chat.connection).toMatchObject({ phase: 'connected', server: C });
  });

  it('R23: what a server that stops put off is sent to the next one at once, however often it was put off before', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.intercept = ({ event, server }) =>
      event === 'message:send' && server === A ? refused('unavailable') : undefined;
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(3000);
    servers.promote(B);
    await servers.clock.advance(10);
    expect(servers.bodies()).toEqual(['hello']);
    expect(await sent).toMatchObject({ ok: true });
  });

  it('R23: and what the next one puts off, too, waits as shortly as the first time', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    let puttingOff = 1;
    servers.intercept = ({ event, server }) => {
      if (event !== 'message:send') return undefined;
      return server === A || puttingOff-- > 0 ? refused('unavailable') : undefined;
    };
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(3000);
    servers.promote(B);
    await servers.clock.advance(50);
    expect(servers.bodies()).toEqual(['hello']);
    expect(await sent).toMatchObject({ ok: true });
  });

  it('notices within seconds when both servers that it is connected to fell silent, and the third goes on', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.intercept = ({ server }) => (server === C ? undefined : 'drop');
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(1500);
    servers.view += 1;
    servers.primary = C;
    await servers.clock.advance(1500);
    expect(servers.bodies()).toEqual(['hello']);
    expect(await sent).toMatchObject({ ok: true });
    expect(chat.connection).toMatchObject({ phase: 'connected', server: C });
  });

  it('is back to two sockets when a slow server answers after all', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.intercept = ({ event }) => (event === 'message:send' ? 'drop' : undefined);
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(3000);
    expect(servers.sockets.map(({ server }) => server).sort()).toEqual([A, B, C].sort());
    servers.intercept = undefined;
    await servers.clock.advance(10_000);
    expect(await sent).toMatchObject({ ok: true });
    expect(servers.sockets.map(({ server }) => server).sort()).toEqual([A, B].sort());
  });
});
