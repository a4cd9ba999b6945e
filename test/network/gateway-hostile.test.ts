import { describe, expect, it } from 'vitest';
import { Stage, type TestClient, until } from './harness.ts';

/** The server still serves others. */
async function expectAlive(stage: Stage): Promise<void> {
  const other = await stage.connect();
  expect((await other.ask('cluster:status', {})).ok).toBe(true);
  expect(stage.faults).toEqual([]);
}

describe('a hostile client', () => {
  it.each([
    'garbage',
    '',
    '4',
    '4garbage',
    '49',
    '42',
    '42{}',
    '42[]',
    '42[null]',
    '42[1,{}]',
    '420["message:send"',
    '4212345678901234567890["message:send",{}]',
    '42["connect",{}]',
    '45999999-["message:send",{"_placeholder":true,"num":0}]',
    '451-["message:send",{"_placeholder":true,"num":7}]',
    '40/nowhere,{}',
    '40{"protocol":1}',
    '44"error"',
    '430["ack"]',
    '0{}',
    '3probe',
    '6',
    'b4AAAA',
    '\u0000\u001b\ud800',
  ])('sends a malformed frame: nobody else notices (case %#)', async (frame) => {
    const stage = await Stage.open();
    const client = await stage.connect();
    client.webSocket.send(frame);
    client.webSocket.send('421["cluster:status",{}]');
    await expectAlive(stage);
  });

  it('sends binary frames that nobody announced', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    client.webSocket.send(new Uint8Array([1, 2, 3]));
    await until(() => client.closedFor !== undefined);
    await expectAlive(stage);
  });

  it.each([undefined, null, 5, 'text', [], [[]], true, { request: null }, { __proto__: { request: 1 } }])(
    'sends no object where one belongs: every event says so (case %#)',
    async (sent) => {
      const stage = await Stage.open();
      const client = await stage.connect();
      for (const event of ['account:create', 'account:delete', 'session:open', 'message:send', 'message:received']) {
        expect((await client.ask(event, sent)).error).toMatchObject({ code: 'bad-request', definite: true });
      }
      expect(stage.faults).toEqual([]);
    },
  );

  it('sends binary data in the place of text', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    const reply = await client.write('message:send', { to: 'ana', body: Buffer.from('hi') });
    expect(reply.error!.code).toBe('bad-request');
    expect(reply.error!.message).toContain('"body"');
  });

  it.each(['message:unknown', '__proto__', 'constructor', 'toString', 'error', 'x'.repeat(1000)])(
    'asks for an event that there is not (case %#)',
    async (event) => {
      const stage = await Stage.open();
      const client = await stage.connect();
      const { error } = await client.ask(event, {});
      expect(error).toMatchObject({ code: 'bad-request', definite: true });
      expect(error!.message).toContain('message:send');
      expect(error!.message.length).toBeLessThan(1000);
    },
  );

  it('nests JSON 20,000 deep, in the place of a field and of the whole', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    client.webSocket.send(`4290["message:send",{"request":5,"to":"ana","body":${deep}}]`);
    client.webSocket.send(`4291["message:send",${deep}]`);
    client.webSocket.send(`4292["message:send",${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}]`);
    await client.settled();
    client.webSocket.send(`451-93["message:send",${deep},{"_placeholder":true,"num":0}]`);
    client.webSocket.send(new Uint8Array([1]));
    await expectAlive(stage);
    expect(stage.engine.submissions).toHaveLength(1);
  });

  it('sends no acknowledgement callback: what it asked for is done', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    client.socket.emit('message:send', { request: 5, to: 'ana', body: 'quietly' });
    client.socket.emit('message:send', { request: 6, to: 'nobody', body: 'quietly' });
    client.socket.emit('message:send');
    client.socket.emit('message:send', { request: 7, to: 'ana', body: 'quietly' }, 'not a callback');
    expect((await client.heard('message:new', 2)).body).toBe('quietly');
    expect(stage.faults).toEqual([]);
  });

  it('sends a body of 2 MB: the connection ends before the frame is read, and what was done stays done', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    client.socket.emit('message:send', { request: 5, to: 'ana', body: 'x'.repeat(2_000_000) });
    await until(() => client.closedFor !== undefined);
    expect(stage.engine.submissions).toHaveLength(1);
    await expectAlive(stage);
  });

  it('sends a password of 200,000 characters: refused before any work', async () => {
    const stage = await Stage.open();
    const client = await stage.account('ana');
    const asked = stage.passwords.asked;
    const { error } = await client.write('account:delete', { password: 'x'.repeat(200_000) });
    expect(error!.code).toBe('wrong-password');
    expect(error!.message).not.toContain('xxx');
    expect(stage.passwords.asked).toBe(asked);
  });

  it('never reads: it is cut, and the sender does not notice', async () => {
    const stage = await Stage.open({
      limits: { unreadBytesMax: 1024 * 1024 },
      // No ping may end the connection first.
      io: { pingIntervalMs: 600_000, pingTimeoutMs: 600_000 },
    });
    const deaf = await stage.account('deaf');
    const ana = await stage.account('ana');
    deaf.webSocket.pause();
    await sendUntil(stage, ana, () => stage.gateway.sockets().open === 1);
    expect((await ana.write('message:send', { to: 'deaf', body: 'still there?' })).ok).toBe(true);
  });

  it('asks for much and never reads the answers: it is cut', async () => {
    const stage = await Stage.open({
      limits: { unreadBytesMax: 1024 * 1024 },
      io: { pingIntervalMs: 600_000, pingTimeoutMs: 600_000 },
    });
    const client = await stage.account('ana');
    for (let count = 0; count < 60; count++) {
      await client.write('message:send', { to: 'ana', body: 'x'.repeat(16_000) });
    }
    client.webSocket.pause();
    for (let count = 0; count < 100; count++) client.socket.emit('message:history', {}, () => {});
    await until(() => stage.gateway.sockets().open === 0);
    await expectAlive(stage);
  });
});

/** One message of 16 KB after the other, until the condition holds. */
async function sendUntil(stage: Stage, client: TestClient, condition: () => boolean): Promise<void> {
  while (!condition()) {
    expect((await client.write('message:send', { to: 'deaf', body: 'x'.repeat(16_000) })).ok).toBe(true);
  }
  expect(stage.faults).toEqual([]);
}
