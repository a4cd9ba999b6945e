import { describe, expect, it } from 'vitest';
import type { ChatError, ErrorCode } from '../../shared/errors.ts';
import { Stage, type TestClient, until } from './harness.ts';

function refusalWith(code: ErrorCode): ChatError {
  return { code, message: `It is ${code}.`, definite: true };
}

function send(client: TestClient, request: number, more: object = {}) {
  return client.ask('message:send', { request, to: 'ana', body: `message ${request}`, ...more });
}

async function refusedOnce(code: ErrorCode) {
  const stage = await Stage.open();
  const ana = await stage.account('ana');
  stage.engine.refuseAll(refusalWith(code));
  expect((await send(ana, 10)).error!.code).toBe(code);
  stage.engine.refuseAll(undefined);
  return { stage, ana };
}

describe('R18: a number refused for the state of the server', () => {
  it.each<ErrorCode>(['not-primary', 'unavailable', 'read-only', 'rate-limited'])(
    'as %s refuses later numbers likewise, until it comes again',
    async (code) => {
      const { stage, ana } = await refusedOnce(code);
      expect((await send(ana, 11)).error).toMatchObject({ code, definite: true });
      expect((await ana.ask('session:close', { request: 12 })).error!.code).toBe(code);
      expect((await send(ana, 10)).ok).toBe(true);
      expect((await send(ana, 11)).ok).toBe(true);
      const sent = stage.engine.log.filter(({ event }) => event === 'message:send');
      expect(sent.map(({ body }) => body)).toEqual(['message 10', 'message 11']);
    },
  );

  it('refuses nothing below it, no reads, and nothing on other sockets', async () => {
    const { stage, ana } = await refusedOnce('unavailable');
    expect((await send(ana, 9)).ok).toBe(true);
    expect((await ana.ask('message:history', {})).ok).toBe(true);
    const beth = await stage.account('beth');
    expect((await send(beth, 11)).ok).toBe(true);
    expect((await send(ana, 11)).error!.code).toBe('unavailable');
  });

  it('is void once `oldest` lies above it, and not before', async () => {
    const { ana } = await refusedOnce('unavailable');
    expect((await send(ana, 11, { oldest: 10 })).error!.code).toBe('unavailable');
    expect((await send(ana, 12, { oldest: 11 })).ok).toBe(true);
    expect((await send(ana, 13)).ok).toBe(true);
  });

  it('stays marked when it is refused again, and moves to a lower number that is refused too', async () => {
    const { stage, ana } = await refusedOnce('unavailable');
    stage.engine.refuseAll(refusalWith('read-only'));
    expect((await send(ana, 10)).error!.code).toBe('read-only');
    expect((await send(ana, 8)).error!.code).toBe('read-only');
    stage.engine.refuseAll(undefined);
    expect((await send(ana, 10)).error!.code).toBe('read-only');
    expect((await send(ana, 8)).ok).toBe(true);
    expect((await send(ana, 10)).ok).toBe(true);
  });

  it('refuses what was already on its way behind it', async () => {
    const stage = await Stage.open();
    stage.engine.setPrimary(false);
    const client = await stage.connect();
    const replies = [1, 2, 3].map((request) => send(client, request));
    expect((await Promise.all(replies)).map(({ error }) => error!.code)).toEqual(Array(3).fill('not-primary'));
    stage.engine.setPrimary(true);
    expect((await send(client, 3)).error!.code).toBe('not-primary');
    expect(stage.engine.submissions).toEqual([]);
  });

  it('while a password is being hashed refuses also the number that waits for the hash', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    stage.engine.hold();
    const first = send(ana, 10);
    await until(() => stage.engine.submissions.length === 2);
    stage.passwords.hold();
    const login = ana.ask('session:open', { request: 11, username: 'ana', password: 'ana-password' });
    await until(() => stage.passwords.asked === 2);
    stage.engine.refuseAll({ ...refusalWith('unavailable'), definite: false });
    stage.engine.release();
    expect((await first).error).toMatchObject({ code: 'unavailable', definite: false });
    stage.engine.refuseAll(undefined);
    stage.passwords.release();
    expect((await login).error).toMatchObject({ code: 'unavailable', definite: true });
    expect(stage.engine.submissions).toHaveLength(2);
  });

  it('is not what any other refusal does', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    expect((await send(ana, 10, { to: 'nobody' })).error!.code).toBe('no-such-account');
    expect((await send(ana, 11, { body: '' })).error!.code).toBe('bad-request');
    expect((await send(ana, 12)).ok).toBe(true);
  });
});

describe('requests beyond the rate', () => {
  it('are refused as rate-limited, marked, and do not bother other accounts', async () => {
    const stage = await Stage.open({ limits: { requestsPerSecond: 3, rateWindowSeconds: 60 } });
    const ana = await stage.account('ana');
    const beth = await stage.account('beth');
    const replies = Array.from({ length: 200 }, (_, index) => send(ana, index + 10));
    const codes = (await Promise.all(replies)).map(({ error }) => error?.code ?? 'ok');
    expect(codes).toEqual([...Array(180).fill('ok'), ...Array(20).fill('rate-limited')]);
    expect((await ana.ask('message:history', {})).error).toMatchObject({ code: 'rate-limited', definite: true });
    expect((await send(beth, 10)).ok).toBe(true);
  });
});
