import { describe, expect, it } from 'vitest';
import { PRESENCE_GRACE_MS } from '../../shared/limits.ts';
import { ManualTimers, Stage, type TestClient, until } from './harness.ts';

/** Ana has exchanged messages with beth and dora, not with cleo. */
async function acquainted() {
  const timers = new ManualTimers();
  const stage = await Stage.open({ after: timers.after });
  const ana = await stage.account('ana');
  const beth = await stage.account('beth');
  const cleo = await stage.account('cleo');
  const dora = await stage.account('dora');
  await ana.write('message:send', { to: 'beth', body: 'hi' });
  await dora.write('message:send', { to: 'ana', body: 'hi' });
  return { timers, stage, ana, beth, cleo, dora };
}

async function again(stage: Stage, username: string): Promise<TestClient> {
  const client = await stage.connect();
  await client.write('session:open', { username, password: `${username}-password` });
  await client.heard('session:ready');
  return client;
}

async function presenceOf(client: TestClient): Promise<unknown[]> {
  await client.settled();
  return client.all('presence:changed');
}

async function isOnline(viewer: TestClient, username: string): Promise<unknown> {
  const { accounts } = await viewer.ask('account:list', { pattern: username });
  return (accounts as { online: boolean }[])[0]!.online;
}

describe('presence', () => {
  it('is told to those in conversation with an account when it logs out and in, and to nobody else', async () => {
    const { stage, ana, beth, cleo, dora } = await acquainted();
    await ana.write('session:close');
    await again(stage, 'ana');
    const heard = [
      { username: 'ana', online: false },
      { username: 'ana', online: true },
    ];
    expect(await presenceOf(beth)).toEqual(heard);
    expect(await presenceOf(dora)).toEqual(heard);
    expect(await presenceOf(cleo)).toEqual([]);
    expect(await presenceOf(ana)).toEqual([]);
  });

  it('of an account whose connection breaks off lasts for a while, and a return within it is not told', async () => {
    const { timers, stage, ana, beth, cleo } = await acquainted();
    ana.socket.disconnect();
    await until(() => timers.count(PRESENCE_GRACE_MS) === 1);
    expect(await isOnline(cleo, 'ana')).toBe(true);
    const back = await again(stage, 'ana');
    expect(timers.count(PRESENCE_GRACE_MS)).toBe(0);
    expect(await presenceOf(beth)).toEqual([]);
    back.socket.disconnect();
    await until(() => timers.count(PRESENCE_GRACE_MS) === 1);
    timers.run(PRESENCE_GRACE_MS);
    expect(await presenceOf(beth)).toEqual([{ username: 'ana', online: false }]);
    expect(await isOnline(cleo, 'ana')).toBe(false);
  });

  it('is that of all sockets of an account together', async () => {
    const { timers, stage, ana, beth } = await acquainted();
    const phone = await again(stage, 'ana');
    ana.socket.disconnect();
    await until(() => stage.gateway.sockets().open === 4);
    expect(timers.count(PRESENCE_GRACE_MS)).toBe(0);
    await phone.write('session:close');
    expect(await presenceOf(beth)).toEqual([{ username: 'ana', online: false }]);
  });

  it('changes for two accounts when one socket logs in as the other', async () => {
    const { timers, ana, beth, dora } = await acquainted();
    await dora.write('message:send', { to: 'beth', body: 'hi' });
    await dora.write('session:open', { username: 'ana', password: 'ana-password' });
    await dora.heard('session:ready', 2);
    timers.run(PRESENCE_GRACE_MS);
    expect(await presenceOf(beth)).toEqual([{ username: 'dora', online: false }]);
    expect(await presenceOf(ana)).toEqual([{ username: 'dora', online: false }]);
  });

  it('is told by the primary alone; who is there when it becomes one is not told anew', async () => {
    const { stage, ana, beth, dora } = await acquainted();
    stage.engine.setPrimary(false);
    dora.socket.disconnect();
    const phone = await stage.connect({ token: stage.engine.tokenOf(1) });
    await phone.settled();
    stage.engine.setPrimary(true);
    await ana.heard('session:ready', 2);
    expect(await presenceOf(ana)).toEqual([]);
    expect(await presenceOf(beth)).toEqual([]);
  });

  it('is not told between accounts of which one blocks the other, and is again when that ends', async () => {
    const { stage, ana, beth, dora } = await acquainted();
    await ana.write('account:block', { username: 'beth' });
    expect(await beth.heard('presence:changed')).toEqual({ username: 'ana', online: false });
    expect(await ana.heard('presence:changed')).toEqual({ username: 'beth', online: false });
    expect([await isOnline(ana, 'beth'), await isOnline(beth, 'ana'), await isOnline(dora, 'ana')]).toEqual([
      false,
      false,
      true,
    ]);
    await beth.write('session:close');
    await again(stage, 'beth');
    expect(await presenceOf(ana)).toHaveLength(1);
    await ana.write('account:unblock', { username: 'beth' });
    expect(await ana.heard('presence:changed', 2)).toEqual({ username: 'beth', online: true });
    expect(await presenceOf(dora)).toEqual([]);
  });

  it('is that of the members of a room, too; of a deleted account nothing is told', async () => {
    const { timers, stage, ana, cleo } = await acquainted();
    await ana.write('room:create', { room: '#tea' });
    await cleo.write('room:join', { room: '#tea' });
    const dan = await stage.account('dan');
    await cleo.write('session:close');
    expect(await presenceOf(ana)).toEqual([{ username: 'cleo', online: false }]);
    await dan.write('room:join', { room: '#tea' });
    await dan.write('account:delete', { password: 'dan-password' });
    timers.run(PRESENCE_GRACE_MS);
    expect(await presenceOf(ana)).toHaveLength(1);
    expect(stage.faults).toEqual([]);
  });
});

describe('typing:set', () => {
  it('is passed on to every socket of the other side, and to nobody else', async () => {
    const { stage, ana, beth, cleo } = await acquainted();
    const phone = await again(stage, 'beth');
    const second = await again(stage, 'ana');
    expect(await ana.ask('typing:set', { with: 'BETH', typing: true })).toEqual({ ok: true });
    await ana.ask('typing:set', { with: 'beth', typing: false });
    for (const client of [beth, phone]) {
      await client.settled();
      expect(client.all('typing:changed')).toEqual([
        { with: 'ana', username: 'ana', typing: true },
        { with: 'ana', username: 'ana', typing: false },
      ]);
    }
    for (const client of [ana, second, cleo]) {
      await client.settled();
      expect(client.all('typing:changed')).toEqual([]);
    }
    expect(stage.engine.log.map(({ event }) => event)).not.toContain('typing:set');
  });

  it('in a room is passed on to its other members, but not to those who block the typist', async () => {
    const { ana, beth, cleo, dora } = await acquainted();
    await ana.write('room:create', { room: '#Tea' });
    for (const client of [beth, cleo, dora]) await client.write('room:join', { room: '#tea' });
    await beth.write('account:block', { username: 'ana' });
    await dora.write('room:leave', { room: '#tea' });
    await ana.ask('typing:set', { with: '#TEA', typing: true });
    expect(await cleo.heard('typing:changed')).toEqual({ with: '#Tea', username: 'ana', typing: true });
    for (const client of [ana, beth, dora]) {
      await client.settled();
      expect(client.all('typing:changed')).toEqual([]);
    }
    expect((await dora.ask('typing:set', { with: '#tea', typing: true })).error!.code).toBe('not-a-member');
  });

  it('with oneself is told to nobody', async () => {
    const { stage, ana } = await acquainted();
    const phone = await again(stage, 'ana');
    expect((await ana.ask('typing:set', { with: 'ana', typing: true })).ok).toBe(true);
    await phone.settled();
    expect(phone.all('typing:changed')).toEqual([]);
  });

  it('between accounts of which one blocks the other is refused to both', async () => {
    const { ana, beth } = await acquainted();
    await ana.write('account:block', { username: 'beth' });
    const theirs = await beth.ask('typing:set', { with: 'ana', typing: true });
    const own = await ana.ask('typing:set', { with: 'beth', typing: true });
    for (const { error } of [theirs, own]) expect(error).toMatchObject({ code: 'blocked', definite: true });
    expect(theirs.error!.message).not.toBe(own.error!.message);
    for (const client of [ana, beth]) {
      await client.settled();
      expect(client.all('typing:changed')).toEqual([]);
    }
  });

  it('at a server that is not the primary is refused with the address of the primary', async () => {
    const { stage, ana } = await acquainted();
    stage.engine.setPrimary(false);
    const { error } = await ana.ask('typing:set', { with: 'beth', typing: true });
    expect(error).toMatchObject({ code: 'not-primary', primary: '127.0.0.1:2538' });
  });

  it.each([
    ['no-such-account', { with: 'nobody', typing: true }],
    ['no-such-account', { with: '', typing: true }],
    ['no-such-account', { with: '__proto__', typing: true }],
    ['no-such-room', { with: '#nowhere', typing: true }],
    ['no-such-room', { with: '#__proto__', typing: true }],
    ['bad-request', { with: 'x'.repeat(10_000), typing: true }],
    ['bad-request', { with: 'beth', typing: 'yes' }],
    ['bad-request', { with: 'beth' }],
    ['bad-request', { with: null, typing: true }],
  ])('%s: refused (case %#)', async (code, ask) => {
    const { ana } = await acquainted();
    const { error } = await ana.ask('typing:set', ask);
    expect(error).toMatchObject({ code, definite: true });
    expect(error!.message.length).toBeLessThan(300);
  });

  it('needs a log-in', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    expect((await client.ask('typing:set', { with: 'ana', typing: true })).error!.code).toBe('not-logged-in');
  });
});
