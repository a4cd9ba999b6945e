import { describe, expect, it } from 'vitest';
import { PasswordsBusy, startPasswords } from '../../server/network/passwords.ts';
import { Stage, type TestReply, until } from './harness.ts';

const PASSWORD = 'correct horse';

describe('account:create', () => {
  it('logs in, answers with a token, and is followed by session:ready', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    const reply = await client.write('account:create', { username: 'Ana', password: PASSWORD });
    expect(reply).toEqual({ ok: true, username: 'Ana', token: stage.engine.tokenOf(1), position: 1 });
    expect(await client.heard('session:ready')).toMatchObject({ username: 'Ana', position: 1, received: 0 });
    expect(stage.engine.log[0]).toMatchObject({ event: 'account:create', subject: '', account: '' });
    expect(JSON.parse(stage.engine.log[0]!.body)).toEqual({
      username: 'Ana',
      nameKey: 'ana',
      passwordHash: `plain ${PASSWORD}`,
    });
  });

  it('stores the name in NFC and folds only its key', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    const reply = await client.write('account:create', { username: 'Ame\u0301lie', password: PASSWORD });
    expect(reply.username).toBe('Am\u00e9lie');
    expect(JSON.parse(stage.engine.log[0]!.body).nameKey).toBe('am\u00e9lie');
    const other = await stage.connect();
    const taken = await other.write('account:create', { username: 'AM\u00c9LIE', password: PASSWORD });
    expect(taken.error).toMatchObject({ code: 'username-taken', definite: true });
  });

  it.each([
    ['invalid-username', { username: '' }],
    ['invalid-username', { username: '-rf' }],
    ['invalid-username', { username: '#room' }],
    ['invalid-username', { username: 'a b' }],
    ['invalid-username', { username: 'x'.repeat(33) }],
    ['invalid-username', { username: 'x'.repeat(10_000) }],
    ['invalid-username', { username: 'half\ud800' }],
    ['weak-password', { password: '1234567' }],
    ['weak-password', { password: 'x'.repeat(257) }],
    ['weak-password', { password: 'x'.repeat(200_000) }],
    ['bad-request', { password: 'half a pair \ud800' }],
    ['bad-request', { password: 12345678 }],
    ['bad-request', { username: ['ana'] }],
  ])('%s: refused before anything is hashed (case %#)', async (code, wrong) => {
    const stage = await Stage.open();
    const client = await stage.connect();
    const reply = await client.write('account:create', { username: 'ana', password: PASSWORD, ...wrong });
    expect(reply.error).toMatchObject({ code, definite: true });
    expect(reply.error!.message.length).toBeLessThan(300);
    expect(stage.passwords.asked).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString'])('takes the name %s like any other', async (username) => {
    const stage = await Stage.open();
    const client = await stage.account(username);
    const reply = await client.write('message:send', { to: username, body: 'to myself' });
    expect(reply.ok).toBe(true);
    expect((await client.heard('message:new')).to).toBe(username);
  });

  it('R18: repeated, gives the same answer to the same password only', async () => {
    const stage = await Stage.open();
    const first = await stage.connect();
    const ask = { request: 1, username: 'ana', password: PASSWORD };
    const reply = await first.ask('account:create', ask);
    const second = await stage.connect({ clientId: first.auth.clientId });
    expect((await second.ask('account:create', { ...ask, password: 'wrong horse' })).error!.code).toBe(
      'wrong-password',
    );
    expect((await second.ask('account:list', {})).error!.code).toBe('not-logged-in');
    expect(await second.ask('account:create', ask)).toEqual(reply);
    await second.heard('session:ready');
    expect(stage.engine.log).toHaveLength(1);
  });

  it('R18: repeated when the account has been deleted since, is answered as done, and with a log-in that is none', async () => {
    const stage = await Stage.open();
    const first = await stage.connect();
    const ask = { request: 1, username: 'ana', password: PASSWORD };
    const reply = await first.ask('account:create', ask);
    expect((await first.ask('account:delete', { request: 2, password: PASSWORD })).ok).toBe(true);
    const second = await stage.connect({ clientId: first.auth.clientId });
    const again = await second.ask('account:create', ask);
    expect(again).toMatchObject({ ok: true, username: 'ana', position: reply.position });
    expect(again.token).not.toBe(reply.token);
    await second.heard('session:ended');
    const third = await stage.connect({ token: again.token! });
    await third.heard('session:ended');
    expect((await third.ask('account:list', {})).error!.code).toBe('not-logged-in');
    expect(stage.engine.log).toHaveLength(2);
  });
});

describe('session:open', () => {
  it('logs in with another session each time', async () => {
    const stage = await Stage.open();
    await stage.account('ana');
    const client = await stage.connect();
    const reply = await client.write('session:open', { username: 'ANA', password: 'ana-password' });
    expect(reply).toEqual({ ok: true, username: 'ana', token: stage.engine.tokenOf(2), position: 2 });
    expect(await client.heard('session:ready')).toMatchObject({ position: 2 });
  });

  it('says the same of a wrong password and of an unknown name, after the same work', async () => {
    const stage = await Stage.open();
    await stage.account('ana');
    const client = await stage.connect();
    const before = stage.passwords.asked;
    const wrong = await client.write('session:open', { username: 'ana', password: 'wrong horse' });
    const unknown = await client.write('session:open', { username: 'nobody', password: 'wrong horse' });
    expect(stage.passwords.asked).toBe(before + 2);
    expect(wrong.error!.code).toBe('wrong-password');
    expect(unknown.error).toEqual({ ...wrong.error, message: wrong.error!.message.replace('ana', 'nobody') });
    expect(stage.engine.log).toHaveLength(1);
  });

  it('refuses a password of 1,000 characters without any work', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    const reply = await client.write('session:open', { username: 'ana', password: 'x'.repeat(1000) });
    expect(reply.error!.code).toBe('wrong-password');
    expect(stage.passwords.asked).toBe(0);
  });

  it('R18: repeated after its log-in ended, gives the same answer and then tells of the end', async () => {
    const stage = await Stage.open();
    await stage.account('ana');
    const client = await stage.connect();
    const ask = { request: 1, username: 'ana', password: 'ana-password' };
    const reply = await client.ask('session:open', ask);
    await client.ask('session:close', { request: 2 });
    expect(await client.ask('session:open', ask)).toEqual(reply);
    await client.heard('session:ended');
    expect(client.all('session:ready')).toHaveLength(1);
  });

  it('is refused as unavailable while too many passwords wait, and as rate-limited beyond the log-ins of a minute', async () => {
    const stage = await Stage.open({ limits: { loginsPerMinute: 2 } });
    await stage.account('ana');
    const client = await stage.connect();
    stage.passwords.fail = new PasswordsBusy('1000 wait.');
    const ask = { request: 1, username: 'ana', password: 'ana-password' };
    expect((await client.ask('session:open', ask)).error).toMatchObject({ code: 'unavailable', definite: true });
    stage.passwords.fail = undefined;
    expect((await client.ask('session:open', ask)).error).toMatchObject({ code: 'rate-limited', definite: true });
  });

  it('answers internal when something breaks inside, and serves on', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    stage.passwords.fail = new Error('broken');
    const ask = { request: 1, username: 'ana', password: PASSWORD };
    expect((await client.ask('account:create', ask)).error).toMatchObject({ code: 'internal', definite: false });
    expect(stage.faults).toEqual([stage.passwords.fail]);
    stage.passwords.fail = undefined;
    expect((await client.ask('account:create', ask)).ok).toBe(true);
  });
});

describe('session:close', () => {
  it('voids the token everywhere: other sockets of the log-in are told, the asking one is answered', async () => {
    const stage = await Stage.open();
    const first = await stage.connect();
    const { token } = await first.write('account:create', { username: 'ana', password: PASSWORD });
    const second = await stage.connect({ token });
    expect(await first.write('session:close')).toEqual({ ok: true });
    expect((await second.heard('session:ended')).reason).toBeTypeOf('string');
    await first.settled();
    expect(first.all('session:ended')).toEqual([]);
    expect((await first.ask('account:list', {})).error!.code).toBe('not-logged-in');
    expect((await second.write('message:send', { to: 'ana', body: 'hi' })).error!.code).toBe('not-logged-in');
  });

  it('R18: repeated on a socket that is logged out by now, is answered ok', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    await client.ask('session:close', { request: 5 });
    expect(await client.ask('session:close', { request: 5 })).toEqual({ ok: true });
    expect((await client.ask('session:close', { request: 6 })).error!.code).toBe('not-logged-in');
  });

  it('leaves the socket logged in when it was refused', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    stage.engine.refuseAll({ code: 'unavailable', message: 'no', definite: true });
    expect((await client.ask('session:close', { request: 5 })).error!.code).toBe('unavailable');
    stage.engine.refuseAll(undefined);
    expect((await client.ask('account:list', {})).ok).toBe(true);
  });
});

describe('account:delete', () => {
  it('needs the password, ends all log-ins and is told to everybody', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    const beth = await stage.account('beth');
    const phone = await stage.connect();
    await phone.write('session:open', { username: 'ana', password: 'ana-password' });
    expect((await ana.write('account:delete', { password: 'wrong horse' })).error!.code).toBe('wrong-password');
    const request = ana.next();
    expect(await ana.ask('account:delete', { request, password: 'ana-password' })).toEqual({ ok: true });
    expect(await beth.heard('account:deleted')).toEqual({ username: 'ana' });
    await phone.heard('session:ended');
    expect(await ana.ask('account:delete', { request, password: 'ana-password' })).toEqual({ ok: true });
    expect(ana.all('session:ended')).toEqual([]);
    const { accounts } = (await beth.ask('account:list', {})) as unknown as { accounts: unknown[] };
    expect(accounts).toEqual([{ username: 'beth', online: true }]);
  });

  it('with nobody logged in is refused', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    expect((await client.write('account:delete', { password: PASSWORD })).error!.code).toBe('not-logged-in');
  });
});

describe('the order of one socket', () => {
  it('R18: hashing holds back the later writes of that socket, and of no other', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    const client = await stage.connect();
    stage.passwords.hold();
    const answered: string[] = [];
    const note = (name: string) => (reply: TestReply) => answered.push(`${name} ${reply.ok}`);
    client.socket.emit('session:open', { request: 1, username: 'ana', password: 'ana-password' }, note('open'));
    client.socket.emit('message:send', { request: 2, to: 'ana', body: 'one' }, note('one'));
    client.socket.emit('message:send', { request: 3, to: 'ana', body: 'two' }, note('two'));
    client.socket.emit('session:close', { request: 4 }, note('close'));
    client.socket.emit('message:send', { request: 5, to: 'ana', body: 'too late' }, note('too late'));
    await until(() => stage.passwords.asked === 2);
    await client.settled();
    expect((await ana.write('message:send', { to: 'ana', body: 'meanwhile' })).ok).toBe(true);
    expect(answered).toEqual([]);
    stage.passwords.release();
    await until(() => answered.length === 5);
    expect(answered).toEqual(['open true', 'one true', 'two true', 'close true', 'too late false']);
    expect(ana.all('message:new').map(({ body }) => body)).toEqual(['meanwhile', 'one', 'two']);
  });

  it('more than 256 writes behind a log-in are refused, and later ones with them', async () => {
    const stage = await Stage.open();
    await stage.account('ana');
    const client = await stage.connect();
    stage.passwords.hold();
    const replies: Promise<TestReply>[] = [client.write('session:open', { username: 'ana', password: 'ana-password' })];
    for (let count = 0; count < 258; count++) replies.push(client.write('message:send', { to: 'ana', body: 'hi' }));
    await client.settled();
    stage.passwords.release();
    const codes = (await Promise.all(replies)).map((reply) => reply.error?.code ?? 'ok');
    expect(codes).toEqual([...Array(257).fill('ok'), 'rate-limited', 'rate-limited']);
  });

  it('50 log-ins at once do not hold up a stream of messages', async () => {
    const passwords = startPasswords({ workers: 1 });
    const stage = await Stage.open({ passwords });
    const ana = await stage.account('ana');
    const others = await Promise.all(Array.from({ length: 50 }, () => stage.connect()));
    const finished: string[] = [];
    const logins = others.map(async (other) => {
      const reply = await other.write('session:open', { username: 'ana', password: 'ana-password' });
      finished.push(reply.ok ? 'log-in' : 'refused');
    });
    for (let count = 0; count < 100; count++) {
      await ana.write('message:send', { to: 'ana', body: `message ${count}` });
      finished.push('message');
    }
    await Promise.all(logins);
    await passwords.close();
    expect(finished.filter((one) => one === 'log-in')).toHaveLength(50);
    expect(finished.indexOf('message')).toBeLessThan(25);
    expect(finished.slice(-10)).not.toContain('message');
  });
});
