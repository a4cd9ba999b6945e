import { describe, expect, it } from 'vitest';
import { Stage, until } from './harness.ts';

/** A backup to which ana and her phone hold sockets with tokens. */
async function backup() {
  const stage = await Stage.open();
  const first = await stage.connect();
  const { token } = await first.write('account:create', { username: 'ana', password: 'long enough' });
  first.socket.disconnect();
  await until(() => stage.gateway.sockets().open === 0);
  stage.engine.setPrimary(false);
  const ana = await stage.connect({ token });
  return { stage, ana, id: stage.engine.chat.accountByName('ana')!.id };
}

describe('a server that is not the primary', () => {
  it('answers reads, and refuses every write with the address of the primary before it costs a hash', async () => {
    const { stage, ana } = await backup();
    expect((await ana.ask('account:list', {})).ok).toBe(true);
    expect((await ana.ask('message:history', {})).ok).toBe(true);
    expect((await ana.ask('message:received', { position: 1 })).ok).toBe(true);
    const asked = stage.passwords.asked;
    const writes: [string, object][] = [
      ['account:create', { username: 'beth', password: 'long enough' }],
      ['account:delete', { password: 'long enough' }],
      ['session:open', { username: 'ana', password: 'long enough' }],
      ['session:close', {}],
      ['message:send', { to: 'ana', body: 'hi' }],
      ['message:delete', { id: 'x' }],
    ];
    for (const [event, fields] of writes) {
      const { error } = await ana.write(event, fields);
      expect(error).toMatchObject({
        code: 'not-primary',
        definite: true,
        primary: '127.0.0.1:2538',
        epoch: 0,
        view: 2,
      });
    }
    expect(stage.passwords.asked).toBe(asked);
  });

  it('waits with a read until it is as new as what the client has seen', async () => {
    const { stage, ana, id } = await backup();
    let answered = false;
    const read = ana.ask('message:history', { after: 0, seen: 2 }).then((reply) => {
      answered = true;
      return reply;
    });
    await ana.settled();
    expect(answered).toBe(false);
    stage.engine.applyFromPrimary({ event: 'message:send', id: 'm', account: id, subject: id, body: 'hi' });
    expect(await read).toMatchObject({ ok: true, position: 2, messages: [{ body: 'hi' }] });
  });

  it('pushes nothing but the cluster', async () => {
    const { stage, ana, id } = await backup();
    stage.engine.applyFromPrimary({ event: 'message:send', id: 'm', account: id, subject: id, body: 'hi' });
    stage.engine.applyFromPrimary({ event: 'session:close', account: id, subject: '1' });
    await ana.settled();
    expect(ana.events).toEqual([]);
    expect((await ana.ask('account:list', {})).error!.code).toBe('not-logged-in');
  });
});

describe('a server that becomes the primary', () => {
  it('makes the sockets it has full ones: ready once, and pushed to from there on', async () => {
    const { stage, ana, id } = await backup();
    stage.engine.applyFromPrimary({ event: 'message:send', id: 'm', account: id, subject: id, body: 'older' });
    stage.engine.setPrimary(true);
    expect(await ana.heard('session:ready')).toMatchObject({ username: 'ana', position: 2, cluster: { view: 3 } });
    expect((await ana.heard('cluster:changed')).primary).toBe(stage.engine.address);
    expect((await ana.write('message:send', { to: 'ana', body: 'newer' })).ok).toBe(true);
    expect((await ana.heard('message:new')).body).toBe('newer');
    expect(ana.events.map(({ event }) => event)).toEqual(['session:ready', 'cluster:changed', 'message:new']);
  });

  it('tells the sockets whose log-ins ended meanwhile', async () => {
    const { stage, ana, id } = await backup();
    const phone = await stage.connect();
    stage.engine.applyFromPrimary({ event: 'session:close', account: id, subject: '1' });
    stage.engine.setPrimary(true);
    await ana.heard('session:ended');
    await phone.settled();
    expect(ana.all('session:ready')).toEqual([]);
    expect(phone.all('session:ended')).toEqual([]);
  });

  it('and was one before, pushes nothing in between and nothing twice', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    const { id } = stage.engine.chat.accountByName('ana')!;
    stage.engine.setPrimary(false);
    stage.engine.applyFromPrimary({ event: 'message:send', id: 'm', account: id, subject: id, body: 'elsewhere' });
    stage.engine.setPrimary(true);
    await ana.write('message:send', { to: 'ana', body: 'here' });
    expect((await ana.heard('message:new')).body).toBe('here');
    expect(ana.all('session:ready').map(({ position }) => position)).toEqual([1, 2]);
  });
});
