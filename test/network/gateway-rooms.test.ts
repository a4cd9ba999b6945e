import { describe, expect, it } from 'vitest';
import { ROOM_TOPIC_MAX_BYTES } from '../../shared/limits.ts';
import { Stage, type TestClient, type TestReply } from './harness.ts';

/** Ana owns #Tea; beth is a member, cleo is none. */
async function room() {
  const stage = await Stage.open();
  const ana = await stage.account('ana');
  const beth = await stage.account('beth');
  const cleo = await stage.account('cleo');
  expect((await ana.write('room:create', { room: '#Tea', topic: 'all about tea' })).ok).toBe(true);
  expect((await beth.write('room:join', { room: '#tea' })).ok).toBe(true);
  return { stage, ana, beth, cleo };
}

async function code(reply: Promise<TestReply>): Promise<string | undefined> {
  const { error } = await reply;
  if (error) {
    expect(error.definite).toBe(true);
    expect(error.message.length).toBeLessThan(300);
    expect(error.message).toMatch(/^[^\n]+\.$/);
  }
  return error?.code;
}

/** What it was told from now on. */
async function newly(client: TestClient, act: () => Promise<unknown>): Promise<unknown[]> {
  const before = client.events.length;
  await act();
  await client.settled();
  return client.events.slice(before);
}

describe('room:create', () => {
  it('makes a room that its maker owns, and tells the maker alone', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    const beth = await stage.account('beth');
    const reply = await ana.write('room:create', { room: '#Tea', topic: 'all about tea' });
    expect(reply).toEqual({ ok: true, position: 3 });
    const made = { name: '#Tea', topic: 'all about tea', owner: 'ana', members: 1 };
    expect(await ana.heard('room:changed')).toEqual({ room: made, position: 3 });
    expect(await beth.ask('room:list', {})).toEqual({ ok: true, rooms: [made], more: false, asOf: 3 });
    expect(beth.all('room:changed')).toEqual([]);
  });

  it('of a name that another room has by any spelling is refused', async () => {
    const { beth } = await room();
    for (const name of ['#Tea', '#tEA', '#\uff54\uff45\uff41']) {
      expect(await code(beth.write('room:create', { room: name }))).toBe('room-taken');
    }
  });

  it.each([
    ['invalid-room', { room: 'tea' }],
    ['invalid-room', { room: '' }],
    ['invalid-room', { room: '#' }],
    ['invalid-room', { room: '##' }],
    ['invalid-room', { room: '#-' }],
    ['invalid-room', { room: '#a b' }],
    ['invalid-room', { room: '#a\nb' }],
    ['invalid-room', { room: '#a\u202eb' }],
    ['invalid-room', { room: '#\ud800' }],
    ['invalid-room', { room: '\uff03tea' }],
    ['invalid-room', { room: `#${'x'.repeat(33)}` }],
    ['invalid-room', { room: `#${'x'.repeat(10_000)}` }],
    ['too-large', { topic: 'x'.repeat(ROOM_TOPIC_MAX_BYTES + 1) }],
    ['too-large', { topic: '\u00e9'.repeat(ROOM_TOPIC_MAX_BYTES / 2 + 1) }],
    ['bad-request', { topic: 'one\ntwo' }],
    ['bad-request', { topic: 'one\0two' }],
    ['bad-request', { topic: '\u001b[31mred' }],
    ['bad-request', { topic: '\u009bC1' }],
    ['bad-request', { topic: 'one\u2028two' }],
    ['bad-request', { topic: 'abc\u202edef' }],
    ['bad-request', { topic: '\u2067abc' }],
    ['bad-request', { topic: '\ud800' }],
    ['bad-request', { topic: 5 }],
    ['bad-request', { topic: null }],
    ['bad-request', { room: 5 }],
    ['bad-request', { room: { name: '#a' } }],
    ['bad-request', { request: 0 }],
  ])('%s: refused, and surely not done (case %#)', async (expected, wrong) => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    expect(await code(ana.ask('room:create', { request: 50, room: '#tea', ...wrong }))).toBe(expected);
    expect(stage.engine.log).toHaveLength(1);
    expect(stage.faults).toEqual([]);
  });

  it.each(['#__proto__', '#constructor', '#\u8336', '#[x]`{y}|\\^', '#1'])('takes the name %s', async (name) => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    expect((await ana.write('room:create', { room: name, topic: '\u2615 "a", \u05e9\u05dc\u05d5\u05dd' })).ok).toBe(
      true,
    );
    expect((await ana.write('message:send', { to: name, body: 'hi' })).ok).toBe(true);
    expect((await ana.heard('message:new')).to).toBe(name);
    expect((await ana.ask('message:history', { with: name })).messages).toHaveLength(1);
  });

  it('R18: asked again, is answered again and done once; with another topic it is refused', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    const ask = { request: 9, room: '#tea', topic: 'one' };
    const reply = await ana.ask('room:create', ask);
    expect(await ana.ask('room:create', ask)).toEqual(reply);
    expect(await code(ana.ask('room:create', { ...ask, topic: 'two' }))).toBe('bad-request');
    await ana.settled();
    expect(ana.all('room:changed')).toHaveLength(1);
    expect(stage.engine.log).toHaveLength(2);
  });
});

describe('room:join and room:leave', () => {
  it('are told to all members, the one who comes or goes included', async () => {
    const { ana, beth, cleo } = await room();
    const { position } = await cleo.write('room:join', { room: '#tea' });
    const joined = { room: '#Tea', username: 'cleo', position };
    expect(await ana.heard('room:joined', 2)).toEqual(joined);
    expect(await beth.heard('room:joined', 2)).toEqual(joined);
    expect(await cleo.heard('room:joined')).toEqual(joined);
    expect((await cleo.heard('room:changed')).room).toMatchObject({ name: '#Tea', members: 3 });
    const left = await beth.write('room:leave', { room: '#TEA' });
    const gone = { room: '#Tea', username: 'beth', removed: false, position: left.position };
    for (const client of [ana, beth, cleo]) expect(await client.heard('room:left')).toEqual(gone);
  });

  it('R18: to join again is answered, and changes nothing', async () => {
    const { ana, beth } = await room();
    expect((await beth.write('room:join', { room: '#tea' })).ok).toBe(true);
    await ana.settled();
    expect(ana.all('room:joined')).toHaveLength(1);
    const members = await ana.ask('room:members', { room: '#tea' });
    expect((members.members as object[]).length).toBe(2);
  });

  it('give the room to its oldest member when the owner leaves, and end it when the last one does', async () => {
    const { stage, ana, beth, cleo } = await room();
    await cleo.write('room:join', { room: '#tea' });
    await ana.write('room:leave', { room: '#tea' });
    expect((await cleo.ask('room:list', {})).rooms).toMatchObject([{ owner: 'beth', members: 2 }]);
    expect(beth.all('room:changed').at(-1)).toMatchObject({ room: { owner: 'beth' } });
    await beth.write('room:leave', { room: '#tea' });
    await cleo.write('room:leave', { room: '#tea' });
    expect((await cleo.ask('room:list', {})).rooms).toEqual([]);
    expect((await ana.write('room:create', { room: '#TEA' })).ok).toBe(true);
    expect(stage.faults).toEqual([]);
  });

  it('of a room where one is none, or that there is not, say so', async () => {
    const { cleo } = await room();
    expect(await code(cleo.write('room:leave', { room: '#tea' }))).toBe('not-a-member');
    for (const event of ['room:join', 'room:leave', 'room:delete']) {
      expect(await code(cleo.write(event, { room: '#coffee' }))).toBe('no-such-room');
      expect(await code(cleo.write(event, { room: 'tea' }))).toBe('invalid-room');
    }
  });
});

describe('messages in a room', () => {
  it('reach the members that there are, and nobody else', async () => {
    const { stage, ana, beth, cleo } = await room();
    const phone = await stage.connect();
    await phone.write('session:open', { username: 'beth', password: 'beth-password' });
    await phone.heard('session:ready');
    const { id, position } = await ana.write('message:send', { to: '#tea', body: 'hi all' });
    const at = stage.engine.log.at(-1)!.time;
    const message = { id, position, from: 'ana', to: '#Tea', body: 'hi all', at };
    for (const client of [ana, beth, phone]) expect(await client.heard('message:new')).toEqual(message);
    await cleo.settled();
    expect(cleo.all('message:new')).toEqual([]);
  });

  it('no longer reach a former member, who no longer reads or writes there', async () => {
    const { ana, beth } = await room();
    const { id } = await ana.write('message:send', { to: '#tea', body: 'before' });
    await beth.write('room:leave', { room: '#tea' });
    const told = await newly(beth, async () => {
      const later = await ana.write('message:send', { to: '#tea', body: 'after' });
      await ana.write('message:edit', { id: later.id, body: 'edited' });
      await ana.write('message:react', { id: later.id, reaction: '+1' });
      await ana.write('message:delete', { id: later.id });
      await ana.write('room:topic', { room: '#tea', topic: 'new' });
    });
    expect(told).toEqual([]);
    expect(await code(beth.write('message:send', { to: '#tea', body: 'still here' }))).toBe('not-a-member');
    expect(await code(beth.ask('message:history', { with: '#tea' }))).toBe('not-a-member');
    expect(await code(beth.ask('message:search', { text: 'before', with: '#tea' }))).toBe('not-a-member');
    expect(await code(beth.ask('message:get', { id }))).toBe('no-such-message');
    expect((await beth.ask('message:search', { text: 'before' })).messages).toEqual([]);
  });

  it('from before one joined are read backwards, and not replayed', async () => {
    const { ana, cleo } = await room();
    await ana.write('message:send', { to: '#tea', body: 'before' });
    await cleo.write('room:join', { room: '#tea' });
    await ana.write('message:send', { to: '#tea', body: 'after' });
    expect(bodies(await cleo.ask('message:history', { after: 0 }))).toEqual(['after']);
    expect(bodies(await cleo.ask('message:history', { with: '#tea' }))).toEqual(['before', 'after']);
    expect(bodies(await cleo.ask('message:search', { text: 'before', with: '#tea' }))).toEqual(['before']);
  });

  it('may be deleted by the owner of the room, and by no other member', async () => {
    const { ana, beth, cleo } = await room();
    await cleo.write('room:join', { room: '#tea' });
    const { id } = await beth.write('message:send', { to: '#tea', body: 'oops' });
    expect(await code(cleo.write('message:delete', { id }))).toBe('forbidden');
    const { position } = await ana.write('message:delete', { id });
    for (const client of [ana, beth, cleo]) expect(await client.heard('message:deleted')).toEqual({ id, position });
  });

  it('to a room that there is not, or that one is not in, are refused', async () => {
    const { stage, cleo } = await room();
    const count = stage.engine.log.length;
    expect(await code(cleo.write('message:send', { to: '#tea', body: 'hi' }))).toBe('not-a-member');
    expect(await code(cleo.write('message:send', { to: '#coffee', body: 'hi' }))).toBe('no-such-room');
    expect(await code(cleo.write('message:send', { to: '#a b', body: 'hi' }))).toBe('invalid-room');
    expect(await code(cleo.write('message:send', { to: '#tea x', body: 'hi' }))).toBe('invalid-room');
    expect(stage.engine.log).toHaveLength(count);
  });

  it('count as unread for the others from their joining on', async () => {
    const { ana, beth } = await room();
    const { position: last } = await ana.write('message:send', { to: '#tea', body: 'one' });
    const { conversations } = await beth.ask('conversation:list', {});
    expect(conversations).toEqual([
      {
        with: '#Tea',
        last,
        read: expect.any(Number),
        unread: 1,
        room: { name: '#Tea', topic: 'all about tea', owner: 'ana', members: 2 },
      },
    ]);
    expect((await ana.ask('conversation:list', {})).conversations).toMatchObject([{ with: '#Tea', unread: 0 }]);
  });
});

describe('the owner of a room', () => {
  it('sets its topic, and nobody else does', async () => {
    const { ana, beth, cleo } = await room();
    const { position } = await ana.write('room:topic', { room: '#tea', topic: '' });
    const changed = { room: { name: '#Tea', topic: '', owner: 'ana', members: 2 }, position };
    for (const client of [ana, beth]) {
      await client.settled();
      expect(client.all('room:changed').at(-1)).toEqual(changed);
    }
    await cleo.settled();
    expect(cleo.all('room:changed')).toEqual([]);
    expect(await code(beth.write('room:topic', { room: '#tea', topic: 'mine' }))).toBe('forbidden');
    expect(await code(ana.write('room:topic', { room: '#tea', topic: 'a\u202eb' }))).toBe('bad-request');
    expect(await code(ana.write('room:topic', { room: '#tea' }))).toBe('bad-request');
  });

  it('removes a member, who is told, and cannot join until readmitted', async () => {
    const { ana, beth } = await room();
    expect(await code(beth.write('room:remove', { room: '#tea', username: 'ana' }))).toBe('forbidden');
    const { position } = await ana.write('room:remove', { room: '#TEA', username: 'BETH' });
    const removed = { room: '#Tea', username: 'beth', removed: true, position };
    for (const client of [ana, beth]) expect(await client.heard('room:left')).toEqual(removed);
    expect(await newly(beth, () => ana.write('message:send', { to: '#tea', body: 'hi' }))).toEqual([]);
    expect(await code(beth.write('room:join', { room: '#tea' }))).toBe('forbidden');
    expect((await ana.write('room:readmit', { room: '#tea', username: 'beth' })).ok).toBe(true);
    expect((await beth.write('room:join', { room: '#tea' })).ok).toBe(true);
  });

  it.each([
    ['no-such-account', { username: 'nobody' }],
    ['invalid-username', { username: 'be th' }],
    ['invalid-username', { username: '#tea' }],
    ['invalid-username', { username: 'x'.repeat(10_000) }],
    ['invalid-room', { room: '#tea beth' }],
    ['no-such-room', { room: '#coffee' }],
    ['bad-request', { username: ['beth'] }],
  ])('%s: removes and readmits nobody (case %#)', async (expected, wrong) => {
    const { stage, ana } = await room();
    const count = stage.engine.log.length;
    for (const event of ['room:remove', 'room:readmit']) {
      expect(await code(ana.write(event, { room: '#tea', username: 'beth', ...wrong }))).toBe(expected);
    }
    expect(stage.engine.log).toHaveLength(count);
  });

  it('deletes it, with all that was said there', async () => {
    const { ana, beth, cleo } = await room();
    const { id } = await beth.write('message:send', { to: '#tea', body: 'hi' });
    expect(await code(beth.write('room:delete', { room: '#tea' }))).toBe('forbidden');
    const { position } = await ana.write('room:delete', { room: '#tea' });
    for (const client of [ana, beth]) expect(await client.heard('room:deleted')).toEqual({ room: '#Tea', position });
    await cleo.settled();
    expect(cleo.all('room:deleted')).toEqual([]);
    expect(await code(beth.ask('message:get', { id }))).toBe('no-such-message');
    expect((await beth.ask('conversation:list', {})).conversations).toEqual([]);
    expect((await beth.ask('message:history', {})).messages).toEqual([]);
    expect(await code(beth.ask('message:history', { with: '#tea' }))).toBe('no-such-room');
  });
});

describe('lists of rooms', () => {
  it('show all rooms to anybody, by pattern and page', async () => {
    const { stage, cleo } = await room();
    for (const name of ['#coffee', '#Toast']) await cleo.write('room:create', { room: name });
    expect(names(await cleo.ask('room:list', {}))).toEqual(['#coffee', '#Tea', '#Toast']);
    for (const pattern of ['t*', '#T*'])
      expect(names(await cleo.ask('room:list', { pattern }))).toEqual(['#Tea', '#Toast']);
    const page = await cleo.ask('room:list', { after: '#coffee', limit: 1 });
    expect(names(page)).toEqual(['#Tea']);
    expect(page.more).toBe(true);
    const stranger = await stage.connect();
    expect(await code(stranger.ask('room:list', {}))).toBe('not-logged-in');
  });

  it('show the members to anybody who is logged in, and who of them is online', async () => {
    const { ana, beth, cleo } = await room();
    await beth.write('session:close');
    await ana.write('account:profile', { displayName: 'Ana B.' });
    expect(await cleo.ask('room:members', { room: '#TEA' })).toEqual({
      ok: true,
      asOf: 7,
      members: [
        { username: 'ana', online: true, displayName: 'Ana B.' },
        { username: 'beth', online: false },
      ],
      more: false,
    });
    expect(await cleo.ask('room:members', { room: '#tea', limit: 1 })).toMatchObject({ more: true });
    expect(await cleo.ask('room:members', { room: '#tea', after: 'ana' })).toMatchObject({
      members: [{ username: 'beth' }],
      more: false,
    });
  });

  it.each([
    ['no-such-room', 'room:members', { room: '#coffee' }],
    ['no-such-room', 'room:members', { room: '' }],
    ['no-such-room', 'room:members', { room: 'tea' }],
    ['bad-request', 'room:members', { room: 'x'.repeat(10_000) }],
    ['bad-request', 'room:members', {}],
    ['bad-request', 'room:list', { pattern: 'x'.repeat(65) }],
    ['bad-request', 'room:list', { limit: 501 }],
    ['bad-request', 'conversation:list', { limit: 0 }],
    ['bad-request', 'conversation:list', { after: 5 }],
  ])('%s: %s is refused (case %#)', async (expected, event, ask) => {
    const { cleo } = await room();
    expect(await code(cleo.ask(event, ask))).toBe(expected);
  });
});

describe('what is pushed of rooms', () => {
  it('is what lies above the position of session:ready', async () => {
    const { stage, ana, beth } = await room();
    const phone = await stage.connect();
    await phone.write('session:open', { username: 'beth', password: 'beth-password' });
    const { position } = await phone.heard('session:ready');
    const accounts = [stage.engine.chat.accountByName('beth')!.id];
    for (const at of [(position as number) - 1, (position as number) + 1]) {
      stage.engine.tell([{ type: 'room:joined', accounts, change: { room: '#Tea', username: 'dan', position: at } }]);
      stage.engine.tell([{ type: 'room:deleted', accounts, change: { room: '#Tea', position: at } }]);
    }
    await Promise.all([phone.settled(), beth.settled()]);
    expect(phone.events.slice(1).map(({ event, payload }) => [event, payload.position])).toEqual([
      ['room:joined', (position as number) + 1],
      ['room:deleted', (position as number) + 1],
    ]);
    expect(beth.all('room:deleted')).toHaveLength(2);
    expect(ana.all('room:deleted')).toEqual([]);
  });

  it('is nothing at a server that is not the primary, which refuses to change them', async () => {
    const { stage, ana } = await room();
    stage.engine.setPrimary(false);
    await ana.heard('cluster:changed');
    const id = stage.engine.chat.accountByName('cleo')!.id;
    const tea = stage.engine.chat.roomByName('#tea')!.id;
    expect(
      await newly(ana, async () => stage.engine.applyFromPrimary({ event: 'room:join', account: id, subject: tea })),
    ).toEqual([]);
    expect(await code(ana.write('room:create', { room: '#new' }))).toBe('not-primary');
    expect((await ana.ask('room:list', {})).ok).toBe(true);
    expect((await ana.ask('conversation:list', {})).ok).toBe(true);
  });
});

function bodies(reply: TestReply): string[] {
  return (reply.messages as { body: string }[]).map(({ body }) => body);
}

function names(reply: TestReply): string[] {
  return (reply.rooms as { name: string }[]).map(({ name }) => name);
}
