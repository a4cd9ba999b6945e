import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LOGIN_DEADLINE_MS } from '../../shared/limits.ts';
import { ManualTimers, Stage, until } from './harness.ts';

describe('a handshake', () => {
  it('of another protocol is refused with both numbers', async () => {
    const stage = await Stage.open();
    const client = stage.client({ protocol: 7 });
    await until(() => client.refused !== undefined);
    expect(client.refused).toMatchObject({ code: 'unsupported-protocol', definite: true });
    expect(client.refused!.message).toMatch(/7.*1/);
  });

  it.each([
    ['clientId', { clientId: 'me' }],
    ['clientId', { clientId: { nested: true } }],
    ['protocol', { protocol: 'one' }],
    ['token', { token: 12 }],
    ['known', { known: 'yes' }],
  ])('with a wrong %s is refused by that name', async (field, auth) => {
    const stage = await Stage.open();
    const client = stage.client(auth);
    await until(() => client.refused !== undefined);
    expect(client.refused!.code).toBe('bad-request');
    expect(client.refused!.message).toContain(`"${field}"`);
  });

  it('may come from a page of any origin, to which no browser adds what it has of another page', async () => {
    const stage = await Stage.open();
    const url = `${stage.url}/socket.io/?EIO=4&transport=polling`;
    const { headers } = await fetch(url, { headers: { origin: 'https://elsewhere.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect([headers.get('access-control-allow-credentials'), headers.get('set-cookie')]).toEqual([null, null]);
  });

  it('beyond the number of connections is refused, and let in when one left', async () => {
    const stage = await Stage.open({ limits: { connectionsMax: 2 } });
    const first = await stage.connect();
    await stage.connect();
    const third = stage.client();
    await until(() => third.refused !== undefined);
    expect(third.refused!.code).toBe('too-many-connections');
    first.socket.disconnect();
    await until(() => stage.gateway.sockets().open === 1);
    await stage.connect();
  });

  it('beyond the connections of one address is refused, but not when it replaces a socket of the same client', async () => {
    const stage = await Stage.open({ limits: { connectionsPerAddressMax: 1 } });
    const clientId = randomUUID();
    await stage.connect({ clientId });
    const other = stage.client();
    await until(() => other.refused !== undefined);
    expect(other.refused!.code).toBe('too-many-connections');
    expect(other.refused!.message).toContain('127.0.0.1');
    await stage.connect({ clientId });
  });
});

describe('a socket', () => {
  it('R18: is cut by a newer one of the same client before the newer one is served', async () => {
    const stage = await Stage.open();
    const clientId = randomUUID();
    const older = await stage.connect({ clientId });
    stage.passwords.hold();
    older.socket.emit('account:create', { request: 1, username: 'ana', password: 'long enough' });
    await until(() => stage.passwords.asked === 1);
    const newer = await stage.connect({ clientId });
    await until(() => older.closedFor !== undefined);
    stage.passwords.release();
    expect((await newer.ask('session:close', { request: 2 })).error!.code).toBe('not-logged-in');
    expect(stage.engine.submissions.map(({ request }) => request)).toEqual([2]);
    expect(stage.gateway.sockets().open).toBe(1);
  });

  it('with a valid token is logged in and ready without asking', async () => {
    const stage = await Stage.open();
    const first = await stage.connect();
    const { token, position } = await first.write('account:create', { username: 'ana', password: 'long enough' });
    const second = await stage.connect({ token });
    expect(await second.heard('session:ready')).toEqual({
      username: 'ana',
      position,
      received: 0,
      cluster: stage.engine.cluster(),
    });
    expect(stage.gateway.sockets()).toEqual({ open: 2, loggedIn: 2 });
  });

  it.each(['1.forged', '', 'no token'])('with the void token "%s" opens logged out and is told so', async (token) => {
    const stage = await Stage.open();
    await stage.account('ana');
    const client = await stage.connect({ token });
    expect((await client.heard('session:ended')).reason).toMatch(/log in again/);
    expect((await client.ask('account:list', {})).error!.code).toBe('not-logged-in');
    expect((await client.ask('cluster:status', {})).ok).toBe(true);
  });

  it('with the token of a closed session opens logged out and is told so', async () => {
    const stage = await Stage.open();
    const first = await stage.connect();
    const { token } = await first.write('account:create', { username: 'ana', password: 'long enough' });
    await first.write('session:close');
    const second = await stage.connect({ token });
    await second.heard('session:ended');
    expect(second.all('session:ready')).toEqual([]);
  });

  it('that does not log in in time is closed; with a token it is not, nor when it logged in', async () => {
    const timers = new ManualTimers();
    const stage = await Stage.open({ after: timers.after });
    const idle = await stage.connect();
    timers.run(LOGIN_DEADLINE_MS);
    await until(() => idle.closedFor !== undefined);
    expect(idle.closedFor).toBe('io server disconnect');
    const beth = await stage.account('beth');
    const standby = await stage.connect({ token: stage.engine.tokenOf(1) });
    const later = await stage.connect();
    timers.run(LOGIN_DEADLINE_MS);
    await until(() => later.closedFor !== undefined);
    await Promise.all([beth, standby].map((client) => client.settled()));
    await beth.write('session:close');
    await until(() => timers.count(LOGIN_DEADLINE_MS) === 2);
    timers.run(LOGIN_DEADLINE_MS);
    await until(() => beth.closedFor !== undefined && standby.closedFor !== undefined);
  });
});

describe('at a server that is behind', () => {
  it('a genuine token of a log-in that was not applied yet is neither refused nor forgotten', async () => {
    const stage = await Stage.open();
    await stage.account('ana');
    stage.engine.setPrimary(false);
    const client = await stage.connect({ token: stage.engine.tokenOf(stage.engine.chat.position + 1) });
    const listed = client.ask('account:list', {});
    await client.settled();
    expect(client.all('session:ended')).toEqual([]);
    const { id } = stage.engine.chat.accountByName('ana')!;
    stage.engine.applyFromPrimary({ event: 'session:open', account: id });
    expect((await listed).ok).toBe(true);
    stage.engine.setPrimary(true);
    expect((await client.heard('session:ready')).username).toBe('ana');
  });

  it('a token that turns out to be void when the server has become the primary is told so', async () => {
    const stage = await Stage.open();
    stage.engine.setPrimary(false);
    const client = await stage.connect({ token: stage.engine.tokenOf(99) });
    await client.settled();
    expect(client.events).toEqual([]);
    stage.engine.setPrimary(true);
    await client.heard('session:ended');
  });
});
