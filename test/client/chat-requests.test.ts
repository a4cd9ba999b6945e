import { describe, expect, it } from 'vitest';
import type { Chat } from '../../client/chat-types.ts';
import { memoryStore } from '../../client/memory-store.ts';
import type { ClientId } from '../../shared/ids.ts';
import { clientOf, loggedIn } from './client-under-test.ts';
import { FakeCluster } from './fake-cluster.ts';
import { ManualClock } from './manual-clock.ts';

const MEMBERS = ['one:1538', 'two:2538', 'three:3538'];

function cluster(): FakeCluster {
  return new FakeCluster(new ManualClock(), [...MEMBERS]);
}

/** Every request that changes something and is answered with its position, on a message with this id. */
function changes(chat: Chat, id: string): Promise<{ ok: boolean }>[] {
  return [
    chat.editMessage(id, 'edited'),
    chat.react(id, '+1'),
    chat.unreact(id, '+1'),
    chat.createRoom('#room', 'a topic'),
    chat.joinRoom('#other'),
    chat.setTopic('#room', 'another topic'),
    chat.removeFromRoom('#room', 'bob'),
    chat.readmitToRoom('#room', 'bob'),
    chat.leaveRoom('#other'),
    chat.deleteRoom('#room'),
    chat.setDisplayName('Ana'),
    chat.block('bob'),
    chat.unblock('bob'),
    chat.changePassword('a password', 'another password'),
    chat.deleteMessage(id),
  ];
}

describe('what is asked for besides messages', () => {
  it('R18: is done once and in order, although each answer was lost in a fail-over', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const { id } = servers.say('ana', 'bob', 'hello');
    servers.conversations.create('#other', 'bob');
    await servers.clock.advance(100);
    const { position } = servers;
    servers.intercept = ({ payload, server }) =>
      server === MEMBERS[0] && payload.request !== undefined ? 'lose-answer' : undefined;
    const all = Promise.all(changes(ana.chat, id));
    await servers.clock.advance(50);
    // Readmitting is no news to anybody, and takes no position of the fake cluster.
    expect(servers.position).toBe(position + 14);
    servers.kill(MEMBERS[0]!);
    servers.promote(MEMBERS[1]!);
    await servers.clock.advance(1000);
    expect((await all).map(({ ok }) => ok)).toEqual(Array.from({ length: 15 }, () => true));
    const numbers = servers.seen.flatMap(({ payload, server }) =>
      server === MEMBERS[1] && payload.request !== undefined ? [payload.request] : [],
    );
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(servers.accounts.get('ana')).toBe('another password');
  });

  it('is refused before it is sent when it is wrong in itself, or when nobody is logged in', async () => {
    const servers = cluster();
    const { chat } = await loggedIn(servers, 'ana');
    const sent = servers.seen.length;
    const refused = async (asked: Promise<object>[]) =>
      (await Promise.all(asked)).map((result) => (result as { error?: { code: string } }).error?.code);
    expect(
      await refused([
        chat.editMessage('m1', ''),
        chat.editMessage('no id', 'text'),
        chat.react('m1', 'two words'),
        chat.react('m1', '+'.repeat(65)),
        chat.createRoom('room'),
        chat.createRoom('#room', 'two\nlines'),
        chat.createRoom('#room', 'x'.repeat(1025)),
        chat.joinRoom('#two words'),
        chat.removeFromRoom('#room', '-bob'),
        chat.setDisplayName('\u202e'),
        chat.setDisplayName('x'.repeat(65)),
        chat.changePassword('a password', 'short'),
        chat.block(''),
        chat.search({ text: '' }),
        chat.search({ text: 'x'.repeat(257) }),
        chat.message('\u0000'),
        chat.send('#', 'hello'),
        chat.send('bob', 'hello', { replyTo: 'no id' }),
        chat.history({ with: 'x'.repeat(2000) }),
      ]),
    ).toEqual([
      ...['bad-request', 'no-such-message', 'bad-request', 'too-large', 'invalid-room', 'bad-request', 'too-large'],
      ...['invalid-room', 'invalid-username', 'bad-request', 'too-large', 'weak-password', 'invalid-username'],
      ...['bad-request', 'bad-request', 'no-such-message', 'invalid-room', 'no-such-message', 'no-such-account'],
    ]);
    expect(servers.seen).toHaveLength(sent);
    const stranger = clientOf(servers);
    await servers.clock.advance(100);
    const codes = await refused([
      ...changes(stranger.chat, 'm1'),
      stranger.chat.settings(),
      stranger.chat.logOutEverywhere(),
    ]);
    expect(new Set(codes)).toEqual(new Set(['not-logged-in']));
  });

  it('to log out everywhere ends the log-in here as well, and nothing that was asked before is lost', async () => {
    const servers = cluster();
    const ana = await loggedIn(servers, 'ana');
    const sent = ana.chat.send('bob', 'hello');
    const left = ana.chat.logOutEverywhere();
    await servers.clock.advance(500);
    expect([await sent, await left]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(ana.of('logged-out')).toEqual([{ type: 'logged-out', reason: 'You logged out everywhere.' }]);
    expect([ana.chat.username, ana.store.session]).toEqual(['', undefined]);
  });
});

describe('an answer to a message', () => {
  it('R18: says what it answers after a crash of the client, too', async () => {
    const servers = cluster();
    const store = memoryStore('0a508e33-551c-427d-a012-3b4ba6562178' as ClientId);
    const ana = await loggedIn(servers, 'ana', { store });
    const { id } = servers.say('bob', 'ana', 'what?');
    servers.kill(MEMBERS[0]!);
    void ana.chat.send('bob', 'that', { replyTo: id });
    await servers.clock.advance(100);
    expect(ana.chat.outbox).toMatchObject([{ to: 'bob', body: 'that', replyTo: id }]);
    await ana.chat.close();
    servers.promote(MEMBERS[1]!);
    const again = clientOf(servers, { store });
    expect(again.of('outbox')).toMatchObject([{ waiting: [{ replyTo: id }] }]);
    await servers.clock.advance(1000);
    expect(servers.messages().at(-1)).toMatchObject({ body: 'that', replyTo: id });
    expect(again.of('message').at(-1)).toMatchObject({ message: { replyTo: id } });
  });
});
