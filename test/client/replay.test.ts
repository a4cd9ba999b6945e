import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyTold } from '../../client/told.ts';
import type { Message } from '../../shared/api.ts';
import { seededRandom } from '../../shared/random.ts';
import { clientOf, loggedIn, type Under } from './client-under-test.ts';
import { FakeCluster } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const MEMBERS = ['one:1538', 'two:2538', 'three:3538'];

function cluster(latencyMs?: () => number): FakeCluster {
  return new FakeCluster(new ManualClock(), [...MEMBERS], latencyMs);
}

/** Positions of everything told of messages, in the order of telling. */
function positions({ events }: Under): number[] {
  return events.flatMap((event) => {
    if (event.type === 'message') return [event.message.position];
    return event.type.startsWith('message-') ? [(event as { position: number }).position] : [];
  });
}

/** The messages as they are to somebody who heard everything that was told. */
function heard({ events }: Under): Message[] {
  const messages: Message[] = [];
  for (const event of events) {
    if (event.type === 'message') applyTold(messages, { message: event.message });
    else if (event.type === 'message-deleted') applyTold(messages, { deleted: event });
    else if (event.type === 'message-edited') applyTold(messages, { edited: event });
    else if (event.type === 'message-reacted') applyTold(messages, { reacted: event });
    else if (event.type === 'message-changed') applyTold(messages, { changed: event });
  }
  return messages;
}

type Step =
  | { do: 'say'; to: 'ana' | 'bob' | 'eve'; times: number }
  | { do: 'send' | 'delete' | 'break' }
  | { do: 'edit' | 'react'; which: number }
  | { do: 'move'; to: number }
  | { do: 'wait'; ms: number };

const to = fc.constantFrom('ana', 'ana', 'bob', 'eve');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), to, times: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('send' as const, 'delete' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('edit' as const, 'react' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('break' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), to: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(30) }) },
);
const steps = fc.array(step, { minLength: 30, maxLength: 120, size: 'max' });

function perform(servers: FakeCluster, { chat }: Under, one: Step): number {
  switch (one.do) {
    case 'say':
      for (let time = 0; time < one.times; time++) servers.say('bob', one.to, `to ${one.to}`);
      return 0;
    case 'send':
      void chat.send('bob', 'own');
      return 0;
    case 'delete': {
      const first = servers.events.find((event) => 'message' in event && event.message.to !== 'eve');
      if (first && 'message' in first) servers.remove(first.message.id);
      return 0;
    }
    case 'edit':
    case 'react': {
      const { id, reactions } = servers.messages().at(-1 - one.which) ?? {};
      if (id === undefined) return 0;
      if (one.do === 'edit') servers.edit(id, `edited at ${servers.position}`);
      else servers.react(id, 'bob', '+1', reactions === undefined);
      return 0;
    }
    case 'break':
      for (const socket of [...servers.sockets]) socket.close();
      return 0;
    case 'move':
      servers.promote(MEMBERS[one.to]!);
      return 0;
    case 'wait':
      return one.ms;
  }
}

describe('replay', () => {
  it('tells everything once, in the order of positions, however pushes, replays and moves are interleaved', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), fc.nat(3), async (performed, seed, pageSize) => {
        const random = seededRandom(`latency ${seed}`);
        const servers = cluster(() => random.between(0, 9));
        servers.pageSize = pageSize + 1;
        servers.readMs = () => random.between(0, 15);
        const ana = await loggedIn(servers, 'ana');
        for (const one of performed) await servers.clock.advance(perform(servers, ana, one));
        await servers.clock.advance(5000);
        const told = positions(ana);
        expect(told).toEqual([...told].sort((a, b) => a - b));
        expect(new Set(told).size).toBe(told.length);
        const expected = servers.messages().filter(({ from, to }) => [from, to].includes('ana'));
        expect(heard(ana)).toEqual(expected);
        expect(ana.store.history(1000)).toEqual(expected);
        await ana.chat.close();
      }),
      { numRuns: 100 },
    );
  });

  it('tells what changed while it was away as it is now, and misses no change that hides behind a later one', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const said = servers.say('ana', 'bob', 'first');
    await servers.clock.advance(100);
    for (const socket of [...servers.sockets]) socket.close();
    await servers.clock.advance(1);
    servers.react(said.id, 'bob', '+1', true);
    servers.say('bob', 'ana', 'missed');
    servers.pageSize = 2;
    servers.intercept = ({ event }) => {
      if (event !== 'message:history') return undefined;
      servers.intercept = undefined;
      // Both are pushed as well. The first ends the page, the second covers the change that was missed.
      servers.say('bob', 'ana', 'pushed');
      servers.edit(said.id, 'second');
      return undefined;
    };
    await servers.clock.advance(1000);
    expect(ana.of('message-changed')).toHaveLength(1);
    expect(heard(ana)).toEqual(servers.messages());
    expect(heard(ana)[0]).toMatchObject({ body: 'second', reactions: [{ reaction: '+1', by: ['bob'] }] });
  });

  it('a client that comes back shows what it told before and fetches only what is new', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    servers.say('bob', 'ana', 'one');
    const doomed = servers.say('bob', 'ana', 'two');
    await servers.clock.advance(100);
    servers.remove(doomed.id);
    const { position } = servers;
    servers.edit(servers.messages()[0]!.id, 'one, edited');
    await servers.clock.advance(100);
    await ana.chat.close();
    servers.say('bob', 'ana', 'three');
    servers.seen = [];
    const again = clientOf(servers, { store: ana.store });
    expect(again.of('message')).toMatchObject([{ message: { body: 'one, edited' }, replayed: true }]);
    await servers.clock.advance(500);
    expect(again.bodies()).toEqual(['one, edited', 'three']);
    const asked = servers.seen.filter(({ event }) => event === 'message:history').map(({ payload }) => payload);
    expect(asked).toMatchObject([{ after: position + 1 }]);
    expect(position).toBe(doomed.position + 1);
  });

  it('R17: a read asks for nothing older than what an earlier read was answered, nor than an own deletion', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const own = servers.say('ana', 'bob', 'mine');
    await servers.clock.advance(100);
    servers.say('bob', 'carol', 'not for ana');
    const asked = () => servers.seen.filter(({ event }) => event === 'message:history').at(-1)!.payload;
    const settle = async <T>(answer: Promise<T>): Promise<T> => {
      await servers.clock.advance(100);
      return answer;
    };
    const page = await settle(ana.chat.history({ after: 0 }));
    if (!page.ok) return expect.fail(page.error.message);
    await settle(ana.chat.history({ after: 0 }));
    expect(asked().seen).toBe(page.value.position);
    const deleted = await settle(ana.chat.deleteMessage(own.id));
    if (!deleted.ok) return expect.fail(deleted.error.message);
    await settle(ana.chat.history({ after: 0 }));
    expect(asked().seen).toBeGreaterThanOrEqual(deleted.value.position);
  });

  it('a fresh device starts at what the account has received', async () => {
    const servers = cluster();
    servers.accounts.set('ana', 'a password');
    const read = servers.say('bob', 'ana', 'read elsewhere');
    servers.receivedUpTo.set('ana', read.position);
    servers.say('bob', 'ana', 'queued');
    const fresh = clientOf(servers);
    void fresh.chat.logIn('ana', 'a password');
    await servers.clock.advance(1000);
    expect(fresh.bodies()).toEqual(['queued']);
  });

  it('tells the server lazily, and the highest position only, what has been received', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    for (let count = 0; count < 20; count++) chat.received(servers.say('bob', 'ana', `${count}`).position);
    await servers.clock.advance(1000);
    expect(servers.receivedUpTo.get('ana')).toBe(servers.position);
    expect(servers.seen.filter(({ event }) => event === 'message:received')).toHaveLength(1);
  });

  it('tells that everything is to be dropped when an operator forced the cluster, and then tells it anew', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    servers.say('bob', 'ana', 'kept');
    servers.say('bob', 'ana', 'lost by force');
    await servers.clock.advance(100);
    servers.kill(MEMBERS[0]!);
    servers.events.pop();
    servers.position -= 1;
    servers.epoch = 1;
    servers.promote(MEMBERS[1]!);
    await servers.clock.advance(1000);
    const reload = ana.events.findIndex((event) => event.type === 'reload');
    expect(reload).toBeGreaterThan(0);
    const after = ana.events.slice(reload).flatMap((event) => (event.type === 'message' ? [event.message.body] : []));
    expect(after).toEqual(['kept']);
  });

  it('takes another cluster for its heir when no server of the former one is left', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const heir = cluster();
    await servers.clock.advance(100);
    for (const socket of servers.sockets) socket.close();
    servers.id = 'cluster-2';
    servers.view = 1;
    servers.tokens.clear();
    servers.clients.clear();
    servers.events = heir.events;
    servers.position = 0;
    const asked = ana.chat.history({ limit: 10 });
    await servers.clock.advance(10_000);
    expect(ana.of('reload')).toHaveLength(1);
    expect(ana.of('logged-out').map(({ reason }) => reason)).toEqual([
      'The servers are another cluster now, set up anew or restored from a copy: log in again.',
    ]);
    // Its `seen` was a position of the former cluster: it is never asked of this one.
    expect(await asked).toMatchObject({ ok: false, error: { code: 'not-logged-in', definite: true } });
    expect(ana.chat.connection).toMatchObject({ phase: 'connected', cluster: { id: 'cluster-2' } });
    const created = ana.chat.createAccount('ana', 'a password');
    await servers.clock.advance(1000);
    expect(await created).toMatchObject({ ok: true });
  });
});
