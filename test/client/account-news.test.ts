import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../client/chat-types.ts';
import { TYPING_SHOWN_MS } from '../../shared/limits.ts';
import { seededRandom } from '../../shared/random.ts';
import { clientOf, loggedIn, type Under } from './client-under-test.ts';
import { FakeCluster } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const MEMBERS = ['one:1538', 'two:2538', 'three:3538'];

function cluster(latencyMs?: () => number): FakeCluster {
  return new FakeCluster(new ManualClock(), [...MEMBERS], latencyMs);
}

function failOver(servers: FakeCluster): void {
  const { primary } = servers;
  servers.kill(primary!);
  servers.promote(servers.members.find((one) => !servers.down.has(one))!);
}

function marksSent(servers: FakeCluster) {
  return servers.seen.filter(({ event }) => event === 'conversation:read').map(({ payload }) => payload);
}

/** The rooms of an account and their topics, to somebody who heard everything that was told. */
function topics({ events, chat }: Under): Record<string, string> {
  let rooms = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'conversations') {
      rooms = new Map(event.conversations.flatMap(({ room }) => (room ? [[room.name, room.topic]] : [])));
    } else if (event.type === 'room-changed') rooms.set(event.room.name, event.room.topic);
    else if (event.type === 'room-deleted') rooms.delete(event.room);
    else if (event.type === 'room-left' && event.username === chat.username) rooms.delete(event.room);
  }
  return Object.fromEntries(rooms);
}

describe('the list of conversations', () => {
  it('is told whole, over all its pages, after each connection and log-in', async () => {
    const servers = cluster();
    servers.pageSize = 2;
    const ana = await loggedIn(servers, 'ana');
    for (const name of ['bob', 'carol', 'dave', 'eve']) servers.say(name, 'ana', `from ${name}`);
    servers.conversations.create('#room', 'ana', 'a topic');
    failOver(servers);
    await servers.clock.advance(1000);
    const [before, after] = ana.of('conversations');
    expect(before!.conversations).toEqual([]);
    expect(after!.conversations).toMatchObject([
      { with: 'bob', unread: 1, online: false },
      { with: 'carol', unread: 1 },
      { with: 'dave', unread: 1 },
      { with: 'eve', unread: 1 },
      { with: '#room', unread: 0, room: { topic: 'a topic', owner: 'ana', members: 1 } },
    ]);
    expect(ana.of('conversations')).toHaveLength(2);
  });

  it('and what is pushed meanwhile give what there is, however they are interleaved with moves', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(`rooms ${seed}`);
      const servers = cluster(() => random.between(0, 9));
      servers.pageSize = random.between(1, 4);
      servers.readMs = () => random.between(0, 15);
      const ana = await loggedIn(servers, 'ana');
      const { conversations } = servers;
      for (let step = 0; step < 60; step++) {
        const name = `#room${random.between(0, 4)}`;
        const room = conversations.rooms.get(name);
        const fate = random.fraction();
        if (fate < 0.1) servers.promote(random.pick(MEMBERS));
        else if (fate < 0.2) for (const socket of [...servers.sockets]) socket.close();
        else if (!room) conversations.create(name, 'ana', `topic ${step}`);
        else if (!room.joined.has('ana')) conversations.join(name, 'ana');
        else if (random.chance(0.6)) conversations.setTopic(name, `topic ${step}`);
        else if (random.chance(0.5)) conversations.leave(name, 'ana');
        else conversations.delete(name);
        await servers.clock.advance(random.between(0, 12));
      }
      await servers.clock.advance(5000);
      const listed = conversations.list('ana').map(({ with: name, room }) => [name, room!.topic]);
      expect(topics(ana), `seed ${seed}`).toEqual(Object.fromEntries(listed));
      await ana.chat.close();
    }
  });

  it('is not fetched by whoever wants no replay', async () => {
    const servers = cluster();
    await loggedIn(servers, 'ana', { replay: false });
    expect(servers.seen.filter(({ event }) => event === 'conversation:list')).toEqual([]);
  });

  it('makes what was written in a room that the account left elsewhere go from this machine', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    servers.conversations.create('#room', 'ana');
    servers.say('ana', '#room', 'in the room');
    servers.say('ana', 'bob', 'to bob');
    await servers.clock.advance(100);
    expect(ana.bodies()).toEqual(['in the room', 'to bob']);
    await ana.chat.close();
    servers.conversations.leave('#room', 'ana');
    const back = clientOf(servers, { store: ana.store });
    await servers.clock.advance(1000);
    expect(back.store.history(10).map(({ body }) => body)).toEqual(['to bob']);
    servers.conversations.create('#other', 'ana');
    servers.say('ana', '#other', 'in the other');
    await servers.clock.advance(100);
    servers.conversations.delete('#other');
    await servers.clock.advance(100);
    expect(back.of('room-deleted')).toEqual([{ type: 'room-deleted', room: '#other' }]);
    expect(back.store.history(10).map(({ body }) => body)).toEqual(['to bob']);
  });
});

describe('read marks', () => {
  it('are gathered: the servers are told the highest of each conversation', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    for (let count = 0; count < 10; count++) {
      ana.chat.markRead('bob', servers.say('bob', 'ana', `${count}`).position);
      ana.chat.markRead('Carol', servers.say('carol', 'ana', `${count}`).position);
    }
    ana.chat.markRead('bob', 3);
    await servers.clock.advance(1000);
    expect(marksSent(servers)).toEqual([
      { with: 'bob', position: servers.position - 3 },
      { with: 'Carol', position: servers.position - 2 },
    ]);
    expect(ana.of('conversation-read')).toMatchObject([{ with: 'bob' }, { with: 'Carol' }]);
    expect(ana.store.readMarks).toEqual([]);
  });

  it('that were made without a server are told by the next run, and until then the list counts them', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const { position } = servers.say('bob', 'ana', 'hello');
    await servers.clock.advance(100);
    for (const server of MEMBERS) servers.kill(server);
    await servers.clock.advance(100);
    ana.chat.markRead('bob', position);
    await servers.clock.advance(1000);
    await ana.chat.close();
    servers.down.clear();
    servers.promote(MEMBERS[1]!);
    const again = clientOf(servers, { store: ana.store });
    await servers.clock.advance(2000);
    expect(again.of('conversations')[0]!.conversations).toMatchObject([{ with: 'bob', read: position, unread: 0 }]);
    expect(servers.conversations.read.get('ana bob')).toBe(position);
    expect(again.store.readMarks).toEqual([]);
  });

  it('that a primary took and lost when it died are told to the next one', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const { position } = servers.say('bob', 'ana', 'hello');
    servers.conversations.losesMarks = true;
    ana.chat.markRead('bob', position);
    await servers.clock.advance(1000);
    expect(marksSent(servers)).toHaveLength(1);
    servers.conversations.losesMarks = false;
    failOver(servers);
    await servers.clock.advance(1000);
    expect(servers.conversations.read.get('ana bob')).toBe(position);
    expect(ana.store.readMarks).toEqual([]);
  });

  it('that another device made, or that are of a conversation that is no more, are not told again', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const { position } = servers.say('bob', 'ana', 'hello');
    servers.conversations.mark('ana', 'bob', position);
    await servers.clock.advance(100);
    ana.chat.markRead('bob', position);
    ana.chat.markRead('#nowhere', position);
    await servers.clock.advance(1000);
    failOver(servers);
    await servers.clock.advance(1000);
    expect(marksSent(servers)).toEqual([{ with: '#nowhere', position }]);
    expect(ana.store.readMarks).toEqual([]);
  });

  it('are told before their account logs out, and never under another one', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const { position } = servers.say('bob', 'ana', 'hello');
    await servers.clock.advance(100);
    ana.chat.markRead('bob', position);
    void ana.chat.logOut();
    await servers.clock.advance(100);
    expect(servers.conversations.read.get('ana bob')).toBe(position);
    servers.conversations.losesMarks = true;
    void ana.chat.createAccount('eve', 'a password');
    await servers.clock.advance(500);
    ana.chat.markRead('bob', position + 1);
    await servers.clock.advance(500);
    servers.endSessions('eve');
    await servers.clock.advance(500);
    const before = marksSent(servers).length;
    void ana.chat.logIn('ana', 'a password');
    await servers.clock.advance(1000);
    expect(ana.chat.username).toBe('ana');
    expect(marksSent(servers).slice(before)).toEqual([]);
  });
});

describe('typing', () => {
  const said = (servers: FakeCluster) =>
    servers.seen.filter(({ event }) => event === 'typing:set').map(({ payload }) => payload.typing);
  const shown = (events: ChatEvent[]) => events.flatMap((event) => (event.type === 'typing' ? [event.typing] : []));

  it('is told no more often than needed, and its end only when somebody may be shown it', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    ana.chat.setTyping('bob', false);
    for (let ms = 0; ms < TYPING_SHOWN_MS; ms += 100) {
      ana.chat.setTyping('bob', true);
      await servers.clock.advance(100);
    }
    expect(said(servers)).toEqual([true, true]);
    ana.chat.setTyping('bob', false);
    ana.chat.setTyping('bob', false);
    await servers.clock.advance(100);
    expect(said(servers)).toEqual([true, true, false]);
    ana.chat.setTyping('bob', true);
    void ana.chat.send('bob', 'hello');
    ana.chat.setTyping('bob', false);
    await servers.clock.advance(100);
    expect(said(servers)).toEqual([true, true, false, true]);
  });

  it('of others ends by itself, with their message, and with the connection', async () => {
    const servers = cluster();
    const [ana, bob] = [await loggedIn(servers, 'ana'), await loggedIn(servers, 'bob')];
    bob.chat.setTyping('ana', true);
    await servers.clock.advance(TYPING_SHOWN_MS - 100);
    expect(ana.of('typing')).toEqual([{ type: 'typing', with: 'bob', username: 'bob', typing: true }]);
    await servers.clock.advance(200);
    expect(shown(ana.events)).toEqual([true, false]);
    bob.chat.setTyping('ana', true);
    void bob.chat.send('ana', 'hello');
    await servers.clock.advance(100);
    expect(shown(ana.events)).toEqual([true, false, true, false]);
    servers.conversations.create('#room', 'ana');
    servers.conversations.join('#room', 'bob');
    bob.chat.setTyping('#room', true);
    await servers.clock.advance(100);
    expect(ana.of('typing').at(-1)).toEqual({ type: 'typing', with: '#room', username: 'bob', typing: true });
    failOver(servers);
    await servers.clock.advance(100);
    expect(ana.of('typing').at(-1)).toEqual({ type: 'typing', with: '#room', username: 'bob', typing: false });
  });
});
