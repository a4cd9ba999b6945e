import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../client/memory-store.ts';
import type { Connection, Transport } from '../../client/transport.ts';
import type { ClientId } from '../../shared/ids.ts';
import { clientOf, loggedIn } from './client-under-test.ts';
import { FakeCluster, refused } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const [A, B, C] = ['one:1538', 'two:2538', 'three:3538'];

function cluster(): FakeCluster {
  return new FakeCluster(new ManualClock(), [A!, B!, C!]);
}

function sends(servers: FakeCluster) {
  return servers.seen.filter(({ event }) => event === 'message:send');
}

/** A store in which the message "two" becomes durable only when it is released. */
function holdingStore() {
  const store = memoryStore('0a508e33-551c-427d-a012-3b4ba6562178' as ClientId);
  const addToOutbox = store.addToOutbox.bind(store);
  const add = { release: (): void => undefined };
  store.addToOutbox = (message) => {
    const kept = addToOutbox(message);
    return message.body === 'two' ? new Promise<void>((resolve) => (add.release = resolve)) : kept;
  };
  return { store, add };
}

describe('resending', () => {
  it('R18: what was done but not answered is sent again under its number, and is there once', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    let first = true;
    servers.intercept = ({ event }) => {
      if (event !== 'message:send' || !first) return undefined;
      first = false;
      return 'lose-answer';
    };
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(50);
    servers.kill(A!);
    servers.promote(B!);
    await servers.clock.advance(1000);
    expect(await sent).toMatchObject({ ok: true });
    expect(servers.bodies()).toEqual(['hello']);
    const [once, again] = sends(servers);
    expect(again!.payload.request).toBe(once!.payload.request);
    expect([once!.server, again!.server]).toEqual([A, B]);
  });

  it('R18: everything unanswered is resent in order, with the oldest number, and never more than 256 apart', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    servers.kill(A!);
    const bodies = Array.from({ length: 500 }, (_, index) => `line ${index}`);
    const all = Promise.all(bodies.map((body) => chat.send('bob', body)));
    await servers.clock.advance(100);
    expect(chat.outbox).toHaveLength(500);
    servers.promote(B!);
    await servers.clock.advance(3000);
    expect((await all).every((result) => result.ok)).toBe(true);
    expect(servers.bodies()).toEqual(bodies);
    expect(chat.outbox).toEqual([]);
    for (const { payload } of sends(servers)) {
      expect(payload.request! - (payload.oldest as number)).toBeLessThan(256);
    }
  });

  it('R18: what the user may have been told has failed is not sent after a crash, and the user is told', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const { store } = ana;
    const request = store.takeNumber();
    await store.addToOutbox({ request, from: 'ana', typedAt: 0, to: 'nobody', body: 'hello' });
    await store.refuse(request, { code: 'no-such-account', message: 'There is no account "nobody".' });
    await ana.chat.close();
    servers.seen = [];
    const again = clientOf(servers, { store });
    await servers.clock.advance(1000);
    expect(sends(servers)).toEqual([]);
    expect(again.of('send-failed')).toMatchObject([{ code: 'no-such-account', message: { body: 'hello' } }]);
    expect(again.chat.outbox).toEqual([]);
  });

  it('waits and sends again what was refused for the state of the server, in order', async () => {
    for (const code of ['unavailable', 'read-only', 'rate-limited'] as const) {
      const servers = cluster();
      const { chat } = await loggedIn(servers, 'ana');
      let marked: number | undefined;
      let refusals = 0;
      servers.intercept = ({ event, payload }) => {
        if (event !== 'message:send') return undefined;
        if (refusals >= 3 && (marked === undefined || payload.request! <= marked)) marked = undefined;
        else if (refusals++ >= 0) marked ??= payload.request!;
        return marked === undefined ? undefined : refused(code);
      };
      const all = Promise.all(['a', 'b', 'c'].map((body) => chat.send('bob', body)));
      await servers.clock.advance(10_000);
      expect((await all).map((result) => result.ok)).toEqual([true, true, true]);
      expect(servers.bodies()).toEqual(['a', 'b', 'c']);
    }
  });

  it('R18: an indefinite refusal is followed by the same number', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    let first = true;
    servers.intercept = ({ event }) => {
      if (event !== 'message:send' || !first) return undefined;
      first = false;
      return refused('internal', false);
    };
    const sent = chat.send('bob', 'hello');
    await servers.clock.advance(1000);
    expect(await sent).toMatchObject({ ok: true });
    expect(new Set(sends(servers).map(({ payload }) => payload.request)).size).toBe(1);
  });

  it('gives back a message that was refused for good, and goes on with the next', async () => {
    const servers = cluster();
    const { chat, of } = await loggedIn(servers, 'ana');
    const results = Promise.all([chat.send('nobody', 'lost'), chat.send('bob', 'kept')]);
    await servers.clock.advance(500);
    expect(await results).toMatchObject([{ ok: false, error: { code: 'no-such-account' } }, { ok: true }]);
    expect(of('send-failed')).toMatchObject([{ code: 'no-such-account', message: { to: 'nobody', body: 'lost' } }]);
    expect(chat.outbox).toEqual([]);
  });

  it('refuses what no server would take before it is kept or sent', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    const results = await Promise.all([
      chat.send('bob', ''),
      chat.send('bob', 'x'.repeat(16_385)),
      chat.send('bob', 'a\0b'),
      chat.send('bob', '\ud800'),
      chat.send('x'.repeat(10_000), 'hello'),
      chat.logIn('bob', 'p'.repeat(1_000_000)),
    ]);
    expect(results.map((result) => (result.ok ? 'ok' : result.error.code))).toEqual([
      'bad-request',
      'too-large',
      'bad-request',
      'bad-request',
      'invalid-username',
      'wrong-password',
    ]);
    expect(chat.outbox).toEqual([]);
  });

  it('R18: when the servers no longer know its numbers, it says what is unknown and goes on under a new id', async () => {
    const servers = cluster();
    const { chat, store, of } = await loggedIn(servers, 'ana');
    const before = store.clientId;
    servers.intercept = ({ event }) => (event === 'message:send' ? 'drop' : undefined);
    const sent = chat.send('bob', 'perhaps');
    await servers.clock.advance(100);
    servers.intercept = undefined;
    servers.clients.clear();
    servers.kill(A!);
    await servers.clock.advance(100);
    const later = chat.send('bob', 'surely');
    servers.promote(B!);
    await servers.clock.advance(3000);
    expect(await sent).toMatchObject({ ok: false, error: { code: 'request-forgotten', definite: false } });
    expect(of('send-failed')).toMatchObject([{ code: 'request-forgotten', message: { body: 'perhaps' } }]);
    expect(await later).toMatchObject({ ok: true });
    expect(store.clientId).not.toBe(before);
    expect(servers.bodies()).toEqual(['surely']);
    const last = servers.handshakes.at(-1)!.handshake;
    expect(last).toMatchObject({ clientId: store.clientId });
  });

  it('R18: what it sends again under a new id leaves over connections of that id only', async () => {
    const servers = cluster();
    const store = memoryStore('0a508e33-551c-427d-a012-3b4ba6562178' as ClientId);
    const before = store.clientId;
    const strays: unknown[] = [];
    const connect: Transport = (address, handshake, listener) => {
      const connection = servers.connect(address, handshake, listener);
      const request: Connection['request'] = (event, payload, answer) => {
        if (event === 'message:send' && handshake.clientId !== store.clientId) strays.push(payload);
        connection.request(event, payload, answer);
      };
      return { ...connection, request };
    };
    const { chat } = await loggedIn(servers, 'ana', { store, connect });
    servers.intercept = ({ event, clientId }) =>
      event === 'message:send' && clientId === before ? refused('request-forgotten', false) : undefined;
    const sent = Promise.all(['a', 'b'].map((body) => chat.send('bob', body)));
    await servers.clock.advance(3000);
    expect((await sent).map(({ ok }) => ok)).toEqual([true, true]);
    expect(servers.bodies()).toEqual(['a', 'b']);
    expect(store.clientId).not.toBe(before);
    expect(strays).toEqual([]);
  });

  it('R18: what is given up when it starts over takes no other message out of the outbox', async () => {
    const servers = cluster();
    const { chat, store, of } = await loggedIn(servers, 'ana');
    const before = store.clientId;
    servers.intercept = ({ event }) => (event === 'message:send' ? 'drop' : undefined);
    void chat.send('bob', 'perhaps');
    await servers.clock.advance(100);
    servers.intercept = ({ event, clientId }) => (event === 'message:send' && clientId !== before ? 'drop' : undefined);
    servers.clients.clear();
    servers.kill(A!);
    await servers.clock.advance(100);
    for (const body of ['a', 'b', 'c']) void chat.send('bob', body);
    servers.promote(B!);
    await servers.clock.advance(1000);
    expect(of('send-failed')).toMatchObject([{ message: { body: 'perhaps' } }]);
    expect(store.outbox.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
  });

  it('R18: a message that was overtaken is given back as surely not sent, and its client goes on as it is', async () => {
    const servers = cluster();
    const { chat, store, of } = await loggedIn(servers, 'ana');
    const before = store.clientId;
    servers.intercept = ({ payload }) => (payload.body === 'refused' ? 'drop' : undefined);
    const sent = chat.send('bob', 'refused');
    await servers.clock.advance(100);
    const done = chat.send('bob', 'done');
    await servers.clock.advance(100);
    expect(await done).toMatchObject({ ok: true });
    servers.intercept = undefined;
    servers.kill(A!);
    servers.promote(B!);
    await servers.clock.advance(3000);
    expect(await sent).toMatchObject({ ok: false, error: { code: 'overtaken', definite: true } });
    expect(of('send-failed')).toMatchObject([{ code: 'overtaken', message: { body: 'refused' } }]);
    expect([store.clientId, store.outbox]).toEqual([before, []]);
    expect(servers.bodies()).toEqual(['done']);
  });

  it('R18: what was typed while a log-out waited is sent after the next log-in in the order of typing', async () => {
    for (const isForgotten of [false, true]) {
      const servers = cluster();
      const { store, add } = holdingStore();
      const { chat } = await loggedIn(servers, 'ana', { store });
      let first = isForgotten;
      servers.intercept = ({ payload }) => {
        if (payload.body !== 'before' || !first) return undefined;
        first = false;
        return refused('request-forgotten', false);
      };
      const left = [chat.send('bob', 'before'), chat.logOut()];
      const all = ['one', 'two', 'three'].map((body) => chat.send('bob', body));
      await servers.clock.advance(1000);
      expect(chat.username).toBe('');
      add.release();
      const entered = chat.logIn('ana', 'a password');
      all.push(chat.send('bob', 'after'));
      await servers.clock.advance(3000);
      expect((await Promise.all([...left, entered, ...all])).map(({ ok }) => ok)).toEqual(Array(7).fill(true));
      expect(servers.bodies()).toEqual(['before', 'one', 'two', 'three', 'after']);
    }
  });

  it('R18: what is typed while one log-in follows another is sent in the order of typing (ci-6350)', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    const asked: Promise<unknown>[] = [];
    for (const body of ['typed first', 'typed second', 'typed third']) {
      asked.push(chat.logIn('ana', 'a password'), chat.send('bob', body));
    }
    await servers.clock.advance(3000);
    await Promise.all(asked);
    expect(servers.bodies()).toEqual(['typed first', 'typed second', 'typed third']);
  });

  it('R18: a log-in waits for what was typed before it: a lost refusal of that is no reason to give it up', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    let first = true;
    servers.intercept = ({ event }) => {
      if (event !== 'message:send' || !first) return undefined;
      first = false;
      return 'lose-answer';
    };
    const left = chat.logOut();
    const typed = chat.send('bob', 'typed while it left');
    await servers.clock.advance(100);
    expect(await left).toMatchObject({ ok: true });
    const entered = chat.logIn('ana', 'a password');
    const later = chat.send('bob', 'typed later');
    await servers.clock.advance(20_000);
    expect(await Promise.all([entered, typed, later])).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
    expect(servers.bodies()).toEqual(['typed while it left', 'typed later']);
  });

  it('a client that was stopped sends what is left in its outbox under the old numbers', async () => {
    const servers = cluster();
    const { chat, store } = await loggedIn(servers, 'ana');
    servers.intercept = ({ event }) => (event === 'message:send' ? 'lose-answer' : undefined);
    void chat.send('bob', 'hello');
    await servers.clock.advance(100);
    await chat.close();
    servers.intercept = undefined;
    const again = clientOf(servers, { store });
    expect(again.chat.outbox).toMatchObject([{ to: 'bob', body: 'hello' }]);
    await servers.clock.advance(1000);
    expect(again.chat.outbox).toEqual([]);
    expect(servers.bodies()).toEqual(['hello']);
  });

  it('never sends under another log-in what was typed under one', async () => {
    const servers = cluster();
    const { chat, store } = await loggedIn(servers, 'ana');
    servers.intercept = ({ event }) => (event === 'message:send' ? refused('not-logged-in') : undefined);
    void chat.send('bob', 'by ana');
    await servers.clock.advance(200);
    servers.intercept = undefined;
    servers.accounts.set('eve', 'a password');
    const entered = chat.logIn('eve', 'a password');
    await servers.clock.advance(1000);
    expect(await entered).toMatchObject({ ok: true });
    expect(chat.outbox).toEqual([]);
    expect(servers.bodies()).toEqual([]);
    expect(store.outbox).toMatchObject([{ from: 'ana', body: 'by ana' }]);
  });

  it('gives up when it was told to, and says whether it may have been done', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana', { giveUpAfterMs: 1000 });
    servers.intercept = ({ event }) => (event === 'message:send' ? 'drop' : undefined);
    const sent = chat.send('bob', 'sent');
    await servers.clock.advance(1500);
    expect(await sent).toMatchObject({ ok: false, error: { code: 'unavailable', definite: false } });
    for (const server of servers.members) servers.kill(server);
    await servers.clock.advance(100);
    const unsent = chat.send('bob', 'unsent');
    await servers.clock.advance(1500);
    expect(await unsent).toMatchObject({ ok: false, error: { code: 'unavailable', definite: true } });
    expect(chat.outbox).toMatchObject([{ body: 'sent' }]);
  });

  it('does not send before the message is durable, nor what was typed after it', async () => {
    const servers = cluster();
    const store = memoryStore('0a508e33-551c-427d-a012-3b4ba6562178' as ClientId);
    const add = store.addToOutbox.bind(store);
    let release = (): void => undefined;
    store.addToOutbox = (message) => {
      const kept = add(message);
      return message.body === 'first' ? new Promise<void>((resolve) => (release = resolve)) : kept;
    };
    const { chat } = await loggedIn(servers, 'ana', { store });
    const both = Promise.all([chat.send('bob', 'first'), chat.send('bob', 'second')]);
    await servers.clock.advance(1000);
    expect(sends(servers)).toEqual([]);
    release();
    await servers.clock.advance(1000);
    expect((await both).map(({ ok }) => ok)).toEqual([true, true]);
    expect(servers.bodies()).toEqual(['first', 'second']);
  });
});
