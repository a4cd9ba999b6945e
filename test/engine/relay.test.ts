import { describe, expect, it } from 'vitest';
import type { ChatReader } from '../../server/engine/engine.ts';
import type { Result } from '../../shared/errors.ts';
import type { SimulatedServer } from '../simulator/simulated-server.ts';
import { SeveralServers, type StageReply } from './several-servers.ts';

/** Cuts what one server sends another, both ways. */
function cut(stage: SeveralServers, a: SimulatedServer, b: SimulatedServer): void {
  stage.peers.cuts.cut(a.address, b.address);
  stage.peers.cuts.cut(b.address, a.address);
}

function freshRead<T>(server: SimulatedServer, query: (chat: ChatReader) => T): Result<T>[] {
  const answers: Result<T>[] = [];
  server.engine!.read('latest', query, (answer) => answers.push(answer));
  return answers;
}

function bodies(stage: SeveralServers, server: SimulatedServer): string[] {
  return stage.logOf(server).flatMap(({ event, body }) => (event === 'message:send' ? [body] : []));
}

describe('fresh reads at a backup', () => {
  it('R17: answer with everything that was acknowledged before they were asked', async () => {
    const stage = await SeveralServers.open(4);
    const { socket } = await stage.account('ana', stage.primary);
    for (let round = 0; round < 20; round++) {
      const { position } = await socket.write('message:send', { to: 'ana', body: `message ${round}` });
      for (const server of [...stage.backups, stage.servers[3]!]) {
        const answers = freshRead(server, (chat) => chat.position);
        await stage.until(() => answers.length > 0);
        expect(answers[0]).toMatchObject({ ok: true });
        expect((answers[0] as { value: number }).value).toBeGreaterThanOrEqual(position as number);
      }
    }
  });

  it('R17: are refused by one that follows nobody', async () => {
    const stage = await SeveralServers.open();
    const [backup] = stage.backups;
    for (const other of stage.servers) if (other !== backup) cut(stage, backup!, other);
    await stage.until(() => backup!.engine!.status().role === 'waiting');
    const answers = freshRead(backup!, (chat) => chat.position);
    await stage.until(() => answers.length > 0);
    expect(answers).toMatchObject([{ ok: false, error: { code: 'unavailable' } }]);
  });

  it('R17: are refused after a while by one that was left behind and does not know it yet', async () => {
    const stage = await SeveralServers.open();
    const [backup] = stage.backups;
    for (const other of stage.servers) if (other !== backup) cut(stage, backup!, other);
    const answers = freshRead(backup!, (chat) => chat.position);
    await stage.advance(2100);
    expect(answers).toMatchObject([{ ok: false }]);
  });
});

describe('a client that takes any server, at a backup', () => {
  it('R28: is told what happens, and has its writes done', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const ana = (await stage.account('ana', first!)).socket;
    const bob = (await stage.account('bob', second!)).socket;
    const sent = await ana.write('message:send', { to: 'bob', body: 'hello' });
    expect(sent).toMatchObject({ ok: true });
    await stage.until(() => bob.all('message:new').length > 0);
    expect(bob.all('message:new')).toMatchObject([{ id: sent.id, position: sent.position, body: 'hello' }]);
    // It was told before it was answered.
    expect(ana.all('message:new')).toMatchObject([{ id: sent.id }]);
  });

  it('R28: a server that does not say so serves it as ever', async () => {
    const stage = await SeveralServers.open();
    const { token } = await stage.account('ana', stage.primary);
    const socket = await stage.connect(stage.backups[0]!, { token });
    const refused = await socket.write('message:send', { to: 'ana', body: 'hello' });
    expect(refused).toMatchObject({ ok: false, error: { code: 'not-primary', definite: true } });
    expect(socket.all('session:ready')).toEqual([]);
  });

  it('R18: gets the same answer again, there and elsewhere, and it is done once', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const { socket, token } = await stage.account('ana', first!);
    const message = { request: 1, to: 'ana', body: 'once' };
    const reply = await socket.ask('message:send', message);
    for (const server of [first!, second!, stage.primary]) {
      const other = await stage.connect(server, { token, spread: true, clientId: socket.clientId });
      await stage.until(() => other.all('session:ready').length > 0);
      expect(await other.ask('message:send', message)).toEqual(reply);
      expect(await other.ask('message:send', { ...message, body: 'other' })).toMatchObject({
        ok: false,
        error: { code: 'bad-request' },
      });
    }
    expect(bodies(stage, stage.primary)).toEqual(['once']);
  });

  it('R18: has its writes done in the order in which it sent them', async () => {
    const stage = await SeveralServers.open();
    const { socket } = await stage.account('ana', stage.backups[0]!);
    const expected = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    const replies = expected.map((body) => socket.send('message:send', { request: socket.next(), to: 'ana', body }));
    await stage.until(() => replies.every(({ length }) => length === 1));
    expect(replies.flat().every(({ ok }) => ok)).toBe(true);
    expect(bodies(stage, stage.primary)).toEqual(expected);
    const positions = replies.flat().map(({ position }) => position as number);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  it('R28: a refusal is in the log, so that it stays one although things have changed', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const { socket, token } = await stage.account('ana', first!);
    const message = { request: 1, to: 'bob', body: 'hello' };
    const refused = await socket.ask('message:send', message);
    expect(refused).toMatchObject({ ok: false, error: { code: 'no-such-account', definite: true } });
    await stage.account('bob', second!);
    for (const server of [second!, stage.primary]) {
      const other = await stage.connect(server, { token, spread: true, clientId: socket.clientId });
      await stage.until(() => other.all('session:ready').length > 0);
      expect(await other.ask('message:send', message)).toMatchObject({ ok: false, error: refused.error });
    }
    expect(bodies(stage, stage.primary)).toEqual([]);
    expect(stage.logOf(stage.primary).filter(({ event }) => event === 'request:refused')).toMatchObject([
      { request: 1, subject: 'no-such-account', body: '' },
    ]);
  });

  it('R28: what was refused for good over one server is not done when a copy of it comes late over another', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const { socket, token } = await stage.account('ana', first!);
    const message = { request: 1, to: 'bob', body: 'hello' };
    stage.clients.stall(socket.name, 1000);
    const late = socket.send('message:send', message);
    for (const server of [second!, stage.primary]) {
      const other = await stage.connect(server, { token, spread: true, clientId: socket.clientId });
      await stage.until(() => other.all('session:ready').length > 0);
      const refused = await other.ask('message:send', message);
      expect(refused).toMatchObject({ ok: false, error: { code: 'no-such-account', definite: true } });
      if (server === second) await stage.account('bob', stage.primary);
    }
    expect(late).toEqual([]);
    await stage.until(() => late.length > 0);
    expect(late).toMatchObject([{ ok: false, error: { code: 'no-such-account' } }]);
    expect(bodies(stage, stage.primary)).toEqual([]);
  });

  it('R28: what needs a password is for the primary, and what was sent behind it waits for it', async () => {
    const stage = await SeveralServers.open();
    const { socket, token } = await stage.account('ana', stage.backups[0]!);
    const change = { password: 'a password', newPassword: 'another password' };
    const refusal = { ok: false, error: { code: 'not-primary', definite: true, primary: stage.primary.address } };
    expect(await socket.ask('account:password', { request: 1, ...change })).toMatchObject(refusal);
    expect(await socket.ask('message:send', { request: 2, to: 'ana', body: 'later' })).toMatchObject(refusal);
    const direct = await stage.connect(stage.primary, { token, spread: true, clientId: socket.clientId });
    await stage.until(() => direct.all('session:ready').length > 0);
    expect(await direct.ask('account:password', { request: 1, ...change })).toMatchObject({ ok: true });
    expect(await socket.ask('message:send', { request: 2, oldest: 2, to: 'ana', body: 'later' })).toMatchObject({
      ok: true,
    });
  });

  it('R28: does nothing any more once its log-in has ended elsewhere, and is told so', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const { socket, token } = await stage.account('ana', first!);
    const other = await stage.connect(second!, { token, spread: true });
    await stage.until(() => other.all('session:ready').length > 0);
    expect(await other.write('session:close')).toMatchObject({ ok: true });
    const refused = await socket.write('message:send', { to: 'ana', body: 'too late' });
    expect(refused).toMatchObject({ ok: false, error: { code: 'not-logged-in', definite: true } });
    await stage.until(() => socket.all('session:ended').length > 0);
    expect(bodies(stage, stage.primary)).toEqual([]);
  });

  it('R28: is told nothing of a crash of the primary: what was under way is done, once and in order', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const ana = (await stage.account('ana', first!)).socket;
    const bob = (await stage.account('bob', second!)).socket;
    const expected: string[] = [];
    const replies: StageReply[][] = [];
    for (let round = 0; round < 60; round++) {
      for (const [name, socket] of [
        ['bob', ana],
        ['ana', bob],
      ] as const) {
        const body = `${round} to ${name}`;
        expected.push(body);
        replies.push(socket.send('message:send', { request: socket.next(), to: name, body }));
      }
      if (round === 30) stage.primary.end('crashes');
      await stage.advance(1);
    }
    await stage.until(() => replies.every(({ length }) => length === 1));
    expect(replies.flat().filter(({ ok }) => !ok)).toEqual([]);
    const done = bodies(stage, stage.primary);
    expect([...done].sort()).toEqual([...expected].sort());
    for (const name of ['ana', 'bob']) {
      const isTo = (body: string) => body.endsWith(name);
      expect(done.filter(isTo)).toEqual(expected.filter(isTo));
    }
    // Each was told everything, without a gap.
    const told = (payloads: Record<string, unknown>[]) => payloads.map(({ body }) => body);
    await stage.until(() => ana.all('message:new').length === expected.length);
    expect(told(ana.all('message:new'))).toEqual(done);
  });

  it('R28: is refused after a while when there is no primary, and what it sent is not done later behind its back', async () => {
    const stage = await SeveralServers.open();
    const [backup, other] = stage.backups;
    const { socket } = await stage.account('ana', backup!);
    for (const one of stage.servers) if (one !== backup) cut(stage, backup!, one);
    const first = await socket.ask('message:send', { request: 1, to: 'ana', body: 'one' });
    expect(first).toMatchObject({ ok: false, error: { code: 'unavailable', definite: false } });
    const second = await socket.ask('message:send', { request: 2, to: 'ana', body: 'two' });
    expect(second).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    expect(bodies(stage, other!)).toEqual([]);
  });

  it('R28: what it received and read becomes known everywhere', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const ana = (await stage.account('ana', first!)).socket;
    const bob = (await stage.account('bob', second!)).socket;
    const { position } = await ana.write('message:send', { to: 'bob', body: 'hello' });
    await bob.ask('message:received', { position });
    expect(await bob.ask('conversation:read', { with: 'ana', position })).toMatchObject({ ok: true });
    await stage.until(() => bob.all('conversation:read').length > 0);
    expect(bob.all('conversation:read')).toMatchObject([{ with: 'ana', read: position }]);
    const account = first!.engine!.chat.accountByName('bob')!;
    await stage.until(() => first!.engine!.chat.received(account.id) === position);
  });
});
