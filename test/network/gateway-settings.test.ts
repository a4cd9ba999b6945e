import { describe, expect, it } from 'vitest';
import { DISPLAY_NAME_MAX_CHARACTERS } from '../../shared/limits.ts';
import { Stage, type TestClient, type TestReply, until } from './harness.ts';

async function twoAccounts() {
  const stage = await Stage.open();
  const ana = await stage.account('ana');
  const beth = await stage.account('beth');
  return { stage, ana, beth };
}

async function again(stage: Stage, username: string, password = `${username}-password`): Promise<TestClient> {
  const client = await stage.connect();
  const reply = await client.write('session:open', { username, password });
  if (!reply.ok) throw new Error(reply.error!.message);
  await client.heard('session:ready');
  return client;
}

async function code(reply: Promise<TestReply>): Promise<string | undefined> {
  const { error } = await reply;
  if (error) {
    expect(error.definite).toBe(true);
    expect(error.message.length).toBeLessThan(300);
  }
  return error?.code;
}

describe('account:profile', () => {
  it('gives the account a name to be shown, told to all and in all lists', async () => {
    const { ana, beth } = await twoAccounts();
    await beth.write('message:send', { to: 'ana', body: 'hi' });
    const { position } = await ana.write('account:profile', {
      displayName: 'Ana \u05e9\u05dc\u05d5\u05dd \u{1f469}\u200d\u{1f4bb}',
    });
    const displayName = 'Ana \u05e9\u05dc\u05d5\u05dd \u{1f469}\u200d\u{1f4bb}';
    for (const client of [ana, beth]) {
      expect(await client.heard('account:changed')).toEqual({ username: 'ana', displayName, position });
    }
    const { accounts } = await beth.ask('account:list', {});
    expect(accounts).toEqual([
      { username: 'ana', online: true, displayName },
      { username: 'beth', online: true },
    ]);
    expect((await beth.ask('conversation:list', {})).conversations).toMatchObject([
      { with: 'ana', online: true, displayName },
    ]);
    expect(await ana.ask('account:settings', {})).toMatchObject({ username: 'ana', displayName });
    await ana.write('account:profile', { displayName: '' });
    expect((await beth.ask('account:list', { pattern: 'ana' })).accounts).toEqual([{ username: 'ana', online: true }]);
  });

  it.each([
    ['too-large', 'x'.repeat(DISPLAY_NAME_MAX_CHARACTERS + 1)],
    ['too-large', 'x'.repeat(10_000)],
    ['bad-request', ' '],
    ['bad-request', '\u200b\u200d'],
    ['bad-request', 'line\nfeed'],
    ['bad-request', 'tab\tulator'],
    ['bad-request', '\u001b[2Jana'],
    ['bad-request', 'ana\u0085'],
    ['bad-request', 'ana\u2029'],
    ['bad-request', 'ana\u202eana'],
    ['bad-request', '\u2066ana'],
    ['bad-request', 'ana\0'],
    ['bad-request', 'ana\ud83d'],
    ['bad-request', 5],
    ['bad-request', null],
    ['bad-request', undefined],
    ['bad-request', { toString: 'ana' }],
  ])('%s: refused, and surely not done (case %#)', async (expected, displayName) => {
    const { stage, ana } = await twoAccounts();
    expect(await code(ana.write('account:profile', { displayName }))).toBe(expected);
    expect(stage.engine.log).toHaveLength(2);
    expect(stage.faults).toEqual([]);
  });

  it('takes as many characters as are possible, whatever their bytes', async () => {
    const { ana } = await twoAccounts();
    expect(
      (await ana.write('account:profile', { displayName: '\u{1f600}'.repeat(DISPLAY_NAME_MAX_CHARACTERS) })).ok,
    ).toBe(true);
    expect((await ana.write('account:profile', { displayName: '__proto__' })).ok).toBe(true);
    expect(await ana.ask('account:settings', {})).toMatchObject({ displayName: '__proto__' });
  });

  it('R18: asked again, is answered again and done once', async () => {
    const { stage, ana } = await twoAccounts();
    const reply = await ana.ask('account:profile', { request: 9, displayName: 'One' });
    await ana.ask('account:profile', { request: 10, displayName: 'Two' });
    expect(await ana.ask('account:profile', { request: 9, displayName: 'One' })).toEqual(reply);
    expect(await code(ana.ask('account:profile', { request: 9, displayName: 'Three' }))).toBe('bad-request');
    expect(await ana.ask('account:settings', {})).toMatchObject({ displayName: 'Two' });
    expect(stage.engine.log).toHaveLength(4);
  });
});

describe('account:block and account:unblock', () => {
  it('keep messages between two accounts back, in both directions, and are told to the one who blocks', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const phone = await again(stage, 'ana');
    const { position } = await ana.write('account:block', { username: 'BETH' });
    for (const client of [ana, phone]) {
      expect(await client.heard('account:blocked')).toEqual({ username: 'beth', blocked: true, position });
    }
    const theirs = await beth.write('message:send', { to: 'ana', body: 'hi' });
    const own = await ana.write('message:send', { to: 'beth', body: 'hi' });
    for (const { error } of [theirs, own]) expect(error).toMatchObject({ code: 'blocked', definite: true });
    expect(await ana.ask('account:settings', {})).toMatchObject({ blocked: ['beth'] });
    expect(await beth.ask('account:settings', {})).toMatchObject({ blocked: [] });
    expect((await ana.write('account:unblock', { username: 'beth' })).ok).toBe(true);
    expect(await phone.heard('account:blocked', 2)).toMatchObject({ username: 'beth', blocked: false });
    expect((await beth.write('message:send', { to: 'ana', body: 'hi' })).ok).toBe(true);
    await beth.settled();
    expect(beth.all('account:blocked')).toEqual([]);
  });

  it('leave rooms as they are', async () => {
    const { ana, beth } = await twoAccounts();
    await ana.write('room:create', { room: '#tea' });
    await beth.write('room:join', { room: '#tea' });
    await ana.write('account:block', { username: 'beth' });
    expect((await beth.write('message:send', { to: '#tea', body: 'hi' })).ok).toBe(true);
    expect(await ana.heard('message:new')).toMatchObject({ from: 'beth', to: '#tea' });
  });

  it('that change nothing are answered', async () => {
    const { ana } = await twoAccounts();
    expect((await ana.write('account:unblock', { username: 'beth' })).ok).toBe(true);
    for (let count = 0; count < 2; count++) {
      expect((await ana.write('account:block', { username: 'beth' })).ok).toBe(true);
    }
    expect(await ana.ask('account:settings', {})).toMatchObject({ blocked: ['beth'] });
  });

  it.each([
    ['no-such-account', 'nobody'],
    ['no-such-account', '__proto__'],
    ['invalid-username', ''],
    ['invalid-username', '#tea'],
    ['invalid-username', 'be th'],
    ['invalid-username', 'x'.repeat(10_000)],
    ['bad-request', 'ANA'],
    ['bad-request', 5],
    ['bad-request', undefined],
  ])('%s: block nobody (case %#)', async (expected, username) => {
    const { stage, ana } = await twoAccounts();
    for (const event of ['account:block', 'account:unblock']) {
      expect(await code(ana.write(event, { username }))).toBe(expected);
    }
    expect(stage.engine.log).toHaveLength(2);
  });
});

describe('account:password', () => {
  const ask = { password: 'ana-password', newPassword: 'another password' };

  it('changes the password; the socket goes on, and all other log-ins end', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const phone = await again(stage, 'ana');
    expect(await ana.write('account:password', ask)).toEqual({ ok: true, position: 4 });
    expect((await phone.heard('session:ended')).reason).toMatch(/password was changed/);
    expect(await code(phone.ask('account:list', {}))).toBe('not-logged-in');
    expect((await ana.write('message:send', { to: 'beth', body: 'still here' })).ok).toBe(true);
    expect(ana.all('session:ended')).toEqual([]);
    expect(await ana.ask('account:settings', {})).toMatchObject({ sessions: 1 });
    const client = await stage.connect();
    expect(await code(client.write('session:open', { username: 'ana', password: 'ana-password' }))).toBe(
      'wrong-password',
    );
    await again(stage, 'ana', 'another password');
    await beth.settled();
    expect(beth.all('session:ended')).toEqual([]);
  });

  it('with the wrong old password is refused, and ends nothing', async () => {
    const { stage, ana } = await twoAccounts();
    const phone = await again(stage, 'ana');
    expect(await code(ana.write('account:password', { ...ask, password: 'not the one' }))).toBe('wrong-password');
    expect((await phone.ask('account:list', {})).ok).toBe(true);
    await again(stage, 'ana');
    expect(stage.engine.log.map(({ event }) => event)).not.toContain('account:password');
  });

  it.each([
    ['weak-password', { newPassword: 'short' }],
    ['weak-password', { newPassword: 'x'.repeat(10_000) }],
    ['wrong-password', { password: 'x'.repeat(10_000) }],
    ['bad-request', { newPassword: `long enough \ud800` }],
    ['bad-request', { newPassword: 5 }],
    ['bad-request', { password: ['ana-password'] }],
    ['bad-request', { newPassword: undefined }],
  ])('%s: refused without any work, and without the password in the sentence (case %#)', async (expected, wrong) => {
    const { stage, ana } = await twoAccounts();
    const before = stage.passwords.asked;
    const { error } = await ana.write('account:password', { ...ask, ...wrong });
    expect(error).toMatchObject({ code: expected, definite: true });
    for (const secret of ['xxx', 'short', 'long enough', 'ana-password']) expect(error!.message).not.toContain(secret);
    expect(stage.passwords.asked).toBe(before);
  });

  it('R18: asked again, is answered again and done once, although its old password is wrong by then', async () => {
    const { stage, ana } = await twoAccounts();
    const numbered = { request: 9, ...ask };
    const reply = await ana.ask('account:password', numbered);
    expect(reply.ok).toBe(true);
    expect(await ana.ask('account:password', numbered)).toEqual(reply);
    const second = await stage.connect({ clientId: ana.auth.clientId, known: true });
    expect(await second.ask('account:password', numbered)).toEqual(reply);
    expect(await code(second.ask('account:password', { ...numbered, request: 10 }))).toBe('not-logged-in');
    expect(stage.engine.log.filter(({ event }) => event === 'account:password')).toHaveLength(1);
  });

  it('R18: holds back later writes of the socket until it is done', async () => {
    const { stage, ana } = await twoAccounts();
    stage.passwords.hold();
    const changed = ana.write('account:password', ask);
    const sent = ana.write('message:send', { to: 'beth', body: 'later' });
    await until(() => stage.passwords.asked > 2);
    await ana.settled();
    expect(stage.engine.log).toHaveLength(2);
    stage.passwords.release();
    expect([(await changed).position, (await sent).position]).toEqual([3, 4]);
  });

  it('counts as a log-in for the rate', async () => {
    const stage = await Stage.open({ limits: { loginsPerMinute: 2 } });
    const ana = await stage.account('ana');
    expect((await ana.write('account:password', ask)).ok).toBe(true);
    expect(await code(ana.write('account:password', ask))).toBe('rate-limited');
  });

  it('meanwhile changed elsewhere is wrong for whoever was about to log in with the old one', async () => {
    const { stage, ana } = await twoAccounts();
    const client = await stage.connect();
    stage.passwords.hold();
    const opened = client.write('session:open', { username: 'ana', password: 'ana-password' });
    await until(() => stage.passwords.asked > 2);
    const id = stage.engine.chat.accountByName('ana')!.id;
    stage.engine.applyFromPrimary({
      event: 'account:password',
      account: id,
      subject: '1',
      body: 'plain another password',
    });
    stage.passwords.release();
    expect(await code(opened)).toBe('wrong-password');
    expect(await code(client.ask('account:list', {}))).toBe('not-logged-in');
    expect((await ana.ask('account:list', {})).ok).toBe(true);
  });

  it('that is under way when an old password opens a log-in gives that log-in to nobody', async () => {
    const { stage, ana } = await twoAccounts();
    const client = await stage.connect();
    stage.engine.hold();
    const changed = ana.write('account:password', ask);
    await until(() => stage.engine.submissions.length === 3);
    const opened = client.write('session:open', { username: 'ana', password: 'ana-password' });
    await until(() => stage.engine.submissions.length === 4);
    stage.engine.release();
    expect((await changed).ok).toBe(true);
    expect(await code(opened)).toBe('wrong-password');
    expect(await code(client.ask('account:list', {}))).toBe('not-logged-in');
  });
});

describe('session:close-all', () => {
  it('ends every log-in of the account: the asker is answered, the others are told', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const phone = await again(stage, 'ana');
    expect(await ana.ask('account:settings', {})).toMatchObject({ sessions: 2 });
    expect(await ana.write('session:close-all')).toEqual({ ok: true });
    expect((await phone.heard('session:ended')).reason).toMatch(/\.$/);
    for (const client of [ana, phone]) expect(await code(client.ask('account:list', {}))).toBe('not-logged-in');
    expect(ana.all('session:ended')).toEqual([]);
    expect((await beth.ask('account:list', {})).ok).toBe(true);
    const resumed = await stage.connect({ token: stage.engine.tokenOf(1) });
    await resumed.heard('session:ended');
  });

  it('R18: asked again after a new log-in, is answered again and ends nothing more', async () => {
    const { stage, ana } = await twoAccounts();
    expect(await ana.ask('session:close-all', { request: 9 })).toEqual({ ok: true });
    await ana.ask('session:open', { request: 10, username: 'ana', password: 'ana-password' });
    expect(await ana.ask('session:close-all', { request: 9 })).toEqual({ ok: true });
    expect((await ana.ask('account:list', {})).ok).toBe(true);
    expect((await ana.ask('message:send', { request: 11, to: 'beth', body: 'hi' })).ok).toBe(true);
    expect(stage.engine.log.filter(({ event }) => event === 'session:close-all')).toHaveLength(1);
  });

  it('and all other writes need a log-in, and without one tell nobody what there is', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    for (const [event, fields] of [
      ['session:close-all', {}],
      ['account:profile', { displayName: 'x' }],
      ['account:block', { username: 'nobody' }],
      ['message:send', { to: 'nobody', body: 'hi' }],
      ['message:send', { to: '#nowhere', body: 'hi' }],
      ['room:join', { room: '#nowhere' }],
      ['room:create', { room: '#tea' }],
      ['message:react', { id: 'unknown', reaction: 'x' }],
      ['account:password', { password: 'long enough', newPassword: 'long enough' }],
    ] as const) {
      expect(await code(client.write(event, fields))).toBe('not-logged-in');
    }
    expect(await code(client.ask('account:settings', {}))).toBe('not-logged-in');
  });
});

describe('conversation:read', () => {
  it('is noted, told to all sockets of the reader and to nobody else, and lowers what is unread', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const phone = await again(stage, 'ana');
    await beth.write('message:send', { to: 'ana', body: 'one' });
    const { position } = await beth.write('message:send', { to: 'ana', body: 'two' });
    expect((await ana.ask('conversation:list', {})).conversations).toMatchObject([{ with: 'beth', unread: 2 }]);
    expect(await ana.ask('conversation:read', { with: 'BETH', position })).toEqual({ ok: true });
    expect(stage.engine.readMarks).toEqual([{ account: '1', end: '2', position }]);
    for (const client of [ana, phone]) {
      expect(await client.heard('conversation:read')).toMatchObject({ with: 'beth', read: position });
    }
    const { conversations, position: listed } = await ana.ask('conversation:list', {});
    expect(conversations).toEqual([{ with: 'beth', last: position, read: position, unread: 0, online: true }]);
    expect(listed).toBe(stage.engine.chat.position);
    await beth.settled();
    expect(beth.all('conversation:read')).toEqual([]);
  });

  it('in a room is for its members', async () => {
    const { stage, ana, beth } = await twoAccounts();
    await ana.write('room:create', { room: '#tea' });
    await beth.write('room:join', { room: '#tea' });
    const { position } = await ana.write('message:send', { to: '#tea', body: 'hi' });
    expect((await beth.ask('conversation:read', { with: '#TEA', position })).ok).toBe(true);
    expect((await beth.ask('conversation:list', {})).conversations).toMatchObject([{ with: '#tea', unread: 0 }]);
    const cleo = await stage.account('cleo');
    expect(await code(cleo.ask('conversation:read', { with: '#tea', position }))).toBe('not-a-member');
  });

  it('names a deleted account, too, and its history can still be read', async () => {
    const { ana, beth } = await twoAccounts();
    const { position } = await beth.write('message:send', { to: 'ana', body: 'goodbye' });
    await beth.write('account:delete', { password: 'beth-password' });
    expect((await ana.ask('conversation:list', {})).conversations).toEqual([
      { with: 'beth', last: position, read: expect.any(Number), unread: 1, deleted: true },
    ]);
    expect((await ana.ask('message:history', { with: 'Beth' })).messages).toMatchObject([{ body: 'goodbye' }]);
    expect((await ana.ask('conversation:read', { with: 'beth', position })).ok).toBe(true);
    expect((await ana.ask('conversation:list', {})).conversations).toMatchObject([{ with: 'beth', unread: 0 }]);
    expect(await code(ana.ask('typing:set', { with: 'beth', typing: true }))).toBe('no-such-account');
  });

  it('at a server that is not the primary is refused with the address of the primary, and not noted', async () => {
    const { stage, ana } = await twoAccounts();
    stage.engine.setPrimary(false);
    expect(await code(ana.ask('conversation:read', { with: 'beth', position: 1 }))).toBe('not-primary');
    expect(stage.engine.readMarks).toEqual([]);
  });

  it.each([
    ['no-such-account', { with: 'nobody' }],
    ['no-such-account', { with: '__proto__' }],
    ['no-such-room', { with: '#nowhere' }],
    ['bad-request', { with: 'x'.repeat(10_000) }],
    ['bad-request', { position: -1 }],
    ['bad-request', { position: 1.5 }],
    ['bad-request', { position: '1' }],
    ['bad-request', { with: 5 }],
  ])('%s: refused (case %#)', async (expected, wrong) => {
    const { stage, ana } = await twoAccounts();
    expect(await code(ana.ask('conversation:read', { with: 'beth', position: 1, ...wrong }))).toBe(expected);
    expect(stage.engine.readMarks).toEqual([]);
    expect(stage.faults).toEqual([]);
  });
});

describe('conversation:list', () => {
  it('comes in pages', async () => {
    const { stage, ana, beth } = await twoAccounts();
    await beth.write('message:send', { to: 'ana', body: 'hi' });
    await ana.write('room:create', { room: '#tea' });
    await ana.write('message:send', { to: 'ana', body: 'note' });
    await stage.account('cleo');
    const seen: unknown[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const page = await ana.ask('conversation:list', { limit: 1, ...(after === undefined ? {} : { after }) });
      const conversations = page.conversations as { with: string }[];
      expect(conversations).toHaveLength(1);
      after = conversations[0]!.with;
      seen.push(after);
      more = page.more as boolean;
    }
    expect(seen.toSorted()).toEqual(['#tea', 'ana', 'beth']);
  });

  it('says of others whether they are online, and nothing of oneself', async () => {
    const { ana, beth } = await twoAccounts();
    await ana.write('message:send', { to: 'ana', body: 'note' });
    expect((await ana.ask('conversation:list', {})).conversations).toEqual([
      { with: 'ana', last: 3, read: expect.any(Number), unread: 0 },
    ]);
    await beth.write('message:send', { to: 'ana', body: 'hi' });
    await beth.write('session:close');
    const { conversations } = await ana.ask('conversation:list', {});
    expect((conversations as { with: string }[]).find((one) => one.with === 'beth')).toMatchObject({ online: false });
  });
});
