import { describe, expect, it } from 'vitest';
import { MESSAGE_BODY_MAX_BYTES } from '../../shared/limits.ts';
import { Stage, type TestReply, until } from './harness.ts';

async function twoAccounts() {
  const stage = await Stage.open();
  const ana = await stage.account('ana');
  const beth = await stage.account('beth');
  return { stage, ana, beth };
}

describe('message:send', () => {
  it('is answered after commit and pushed to every socket of both sides', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const phone = await stage.connect();
    await phone.write('session:open', { username: 'beth', password: 'beth-password' });
    const reply = await ana.write('message:send', { to: 'BETH', body: 'hi' });
    const at = stage.engine.log.at(-1)!.time;
    expect(reply).toEqual({ ok: true, id: expect.any(String), position: 4, at });
    const message = { id: reply.id, position: 4, from: 'ana', to: 'beth', body: 'hi', at };
    for (const client of [ana, beth, phone]) expect(await client.heard('message:new')).toEqual(message);
  });

  it.each([
    ['no-such-account', { to: 'nobody' }],
    ['no-such-room', { to: '#all' }],
    ['invalid-username', { to: '' }],
    ['invalid-username', { to: 'be th' }],
    ['bad-request', { to: 5 }],
    ['bad-request', { body: '' }],
    ['bad-request', { body: 'one\0two' }],
    ['bad-request', { body: 'half \udfff pair' }],
    ['bad-request', { body: { text: 'hi' } }],
    ['too-large', { body: 'x'.repeat(MESSAGE_BODY_MAX_BYTES + 1) }],
    ['too-large', { body: '\u00e9'.repeat(MESSAGE_BODY_MAX_BYTES / 2 + 1) }],
    ['bad-request', { request: 0 }],
    ['bad-request', { request: 1.5 }],
    ['bad-request', { request: '7' }],
    ['bad-request', { oldest: -1 }],
  ])('%s: refused, and surely not done (case %#)', async (code, wrong) => {
    const { stage, ana } = await twoAccounts();
    const reply = await ana.ask('message:send', { request: 50, to: 'beth', body: 'hi', ...wrong });
    expect(reply.error).toMatchObject({ code, definite: true });
    if (code === 'bad-request') expect(reply.error!.message).toContain(Object.keys(wrong)[0]);
    expect(stage.engine.log).toHaveLength(2);
  });

  it('names both sizes when a message is too large', async () => {
    const { ana } = await twoAccounts();
    const reply = await ana.write('message:send', { to: 'beth', body: 'x'.repeat(20_000) });
    expect(reply.error!.message).toMatch(/20000.*16384/);
  });

  it.each([
    'x'.repeat(MESSAGE_BODY_MAX_BYTES),
    '"quoted", comma\r\nnext line',
    '=cmd|calc',
    '\ufeffBOM \u202e RTL \u001b[31m \u009b C1 \u0007',
    `a${'\u0301'.repeat(200)} \u{1f469}\u200d\u{1f4bb}`,
  ])('carries any text unchanged (case %#)', async (body) => {
    const { ana, beth } = await twoAccounts();
    expect((await ana.write('message:send', { to: 'beth', body })).ok).toBe(true);
    expect((await beth.heard('message:new')).body).toBe(body);
    const { messages } = await beth.ask('message:history', {});
    expect((messages as { body: string }[])[0]!.body).toBe(body);
  });

  it('R18: is handed to the engine without waiting for the answers before it, and in order', async () => {
    const { stage, ana } = await twoAccounts();
    stage.engine.hold();
    const replies = Array.from({ length: 100 }, (_, index) =>
      ana.write('message:send', { to: 'beth', body: `message ${index}` }),
    );
    await until(() => stage.engine.submissions.length === 102);
    const requests = stage.engine.submissions.slice(2).map(({ request }) => request);
    expect(requests).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
    stage.engine.release();
    const positions = (await Promise.all(replies)).map(({ position }) => position);
    expect(positions).toEqual(Array.from({ length: 100 }, (_, index) => index + 3));
  });

  it('R18: asked again, gives the same answer; with another content it is refused', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const ask = { request: 9, to: 'beth', body: 'once' };
    const reply = await ana.ask('message:send', ask);
    expect(await ana.ask('message:send', { ...ask, oldest: 9 })).toEqual(reply);
    expect((await ana.ask('message:send', { ...ask, body: 'twice' })).error!.code).toBe('bad-request');
    expect((await ana.ask('message:send', { ...ask, request: 8 })).error).toMatchObject({
      code: 'overtaken',
      definite: true,
    });
    await beth.settled();
    expect(beth.all('message:new')).toHaveLength(1);
    expect(stage.engine.log).toHaveLength(3);
  });

  it('R18: done before its log-in ended, is answered again without a log-in; a new one is not done', async () => {
    const { stage, ana } = await twoAccounts();
    const ask = { request: 9, to: 'beth', body: 'once' };
    const reply = await ana.ask('message:send', ask);
    const again = await stage.connect({ clientId: ana.auth.clientId, known: true });
    expect(await again.ask('message:send', ask)).toEqual(reply);
    expect((await again.ask('message:send', { ...ask, request: 10 })).error!.code).toBe('not-logged-in');
  });

  it('R18: of a client that is known to others but not to the cluster is forgotten', async () => {
    const { stage } = await twoAccounts();
    const client = await stage.connect({ known: true });
    const reply = await client.write('session:open', { username: 'ana', password: 'ana-password' });
    expect(reply.error!.code).toBe('request-forgotten');
  });
});

describe('message:delete', () => {
  it('takes a message back and tells every socket of both sides', async () => {
    const { ana, beth } = await twoAccounts();
    const { id } = await ana.write('message:send', { to: 'beth', body: 'oops' });
    const theirs = await beth.write('message:delete', { id });
    expect(theirs.error!.code).toBe('forbidden');
    const reply = await ana.write('message:delete', { id });
    expect(reply).toEqual({ ok: true, position: 4 });
    for (const client of [ana, beth]) expect(await client.heard('message:deleted')).toEqual({ id, position: 4 });
    expect((await ana.write('message:delete', { id })).error!.code).toBe('no-such-message');
  });

  it.each(['', 'x'.repeat(500), 'line\nfeed', '\ud800', 'unknown'])(
    'of what was never an id says so (case %#)',
    async (id) => {
      const { ana } = await twoAccounts();
      expect((await ana.write('message:delete', { id })).error!.code).toBe('no-such-message');
    },
  );
});

describe('message:history', () => {
  it('pages forwards and backwards, through one conversation or all', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const cleo = await stage.account('cleo');
    for (let count = 1; count <= 4; count++) await ana.write('message:send', { to: 'beth', body: `b${count}` });
    await cleo.write('message:send', { to: 'ana', body: 'c1' });
    const page = await ana.ask('message:history', { after: 0, limit: 3 });
    expect(bodies(page)).toEqual(['b1', 'b2', 'b3']);
    expect(page).toMatchObject({ ok: true, deletions: [], more: true });
    const next = await ana.ask('message:history', { after: page.position, limit: 3 });
    expect(bodies(next)).toEqual(['b4', 'c1']);
    expect(next.more).toBe(false);
    expect(bodies(await ana.ask('message:history', { before: next.position, limit: 1 }))).toEqual(['b4']);
    expect(bodies(await ana.ask('message:history', { with: 'Cleo' }))).toEqual(['c1']);
    expect(bodies(await beth.ask('message:history', { with: 'cleo' }))).toEqual([]);
  });

  it('tells of deletions', async () => {
    const { ana } = await twoAccounts();
    const { id } = await ana.write('message:send', { to: 'beth', body: 'oops' });
    const { position } = await ana.write('message:delete', { id });
    expect(await ana.ask('message:history', { after: 3 })).toMatchObject({
      messages: [],
      deletions: [{ id, position }],
    });
  });

  it.each([
    ['no-such-account', { with: 'nobody' }],
    ['no-such-room', { with: '#room' }],
    ['bad-request', { after: -1 }],
    ['bad-request', { after: 1, before: 2 }],
    ['bad-request', { limit: 501 }],
    ['bad-request', { limit: 0 }],
    ['bad-request', { seen: 'all' }],
  ])('%s: refused (case %#)', async (code, ask) => {
    const { ana } = await twoAccounts();
    expect((await ana.ask('message:history', ask)).error!.code).toBe(code);
  });

  it('never makes one reply of megabytes, and loses nothing by that', async () => {
    const { ana } = await twoAccounts();
    const text = 'x'.repeat(16_000);
    for (let count = 0; count < 150; count++) {
      void ana.write('message:send', { to: 'beth', body: `${count} ${text}` });
    }
    await ana.heard('message:new', 150);
    const numbers: number[] = [];
    let pages = 0;
    for (let after = 0, more = true; more; pages++) {
      const page = await ana.ask('message:history', { after, limit: 500 });
      expect(JSON.stringify(page).length).toBeLessThan(1_200_000);
      numbers.push(...bodies(page).map((body) => Number.parseInt(body, 10)));
      after = page.position as number;
      more = page.more as boolean;
    }
    expect(numbers).toEqual(Array.from({ length: 150 }, (_, index) => index));
    expect(pages).toBeGreaterThan(1);
    const newest = await ana.ask('message:history', { limit: 500 });
    expect(bodies(newest).at(-1)).toMatch(/^149 /);
    expect(newest.more).toBe(true);
  });
});

describe('other reads', () => {
  it('account:list shows who is online here, by wildcard and page', async () => {
    const { stage, ana, beth } = await twoAccounts();
    await stage.account('bert');
    await beth.write('session:close');
    const reply = await ana.ask('account:list', { pattern: 'B*' });
    expect(reply).toEqual({
      ok: true,
      asOf: 4,
      accounts: [
        { username: 'bert', online: true },
        { username: 'beth', online: false },
      ],
      more: false,
    });
    expect(await ana.ask('account:list', { limit: 1, after: 'ana' })).toMatchObject({
      accounts: [{ username: 'bert' }],
      more: true,
    });
    expect((await ana.ask('account:list', { pattern: 'x'.repeat(65) })).error!.code).toBe('bad-request');
  });

  it('message:received is passed on, shows in the next session:ready, and needs a log-in', async () => {
    const { stage, ana } = await twoAccounts();
    await ana.write('message:send', { to: 'ana', body: 'note' });
    expect(await ana.ask('message:received', { position: 3 })).toEqual({ ok: true });
    expect(stage.engine.receipts).toEqual([{ account: '1', position: 3 }]);
    const phone = await stage.connect();
    expect((await phone.ask('message:received', { position: 3 })).error!.code).toBe('not-logged-in');
    await phone.write('session:open', { username: 'ana', password: 'ana-password' });
    expect(await phone.heard('session:ready')).toMatchObject({ received: 3 });
    expect((await phone.ask('message:received', { position: -3 })).error!.code).toBe('bad-request');
  });

  it('cluster:status answers anybody', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    expect(await client.ask('cluster:status', {})).toEqual({ ok: true, cluster: stage.engine.cluster() });
  });

  it.each(['account:list', 'message:history'])('%s needs a log-in', async (event) => {
    const stage = await Stage.open();
    const client = await stage.connect();
    expect((await client.ask(event, {})).error).toMatchObject({ code: 'not-logged-in', definite: true });
  });
});

describe('what is pushed', () => {
  it('is exactly what lies above the position of session:ready, also when it is told late', async () => {
    const { stage, ana } = await twoAccounts();
    stage.engine.tellNoticesLate();
    stage.engine.hold();
    const phone = await stage.connect();
    const opened = phone.write('session:open', { username: 'beth', password: 'beth-password' });
    await until(() => stage.engine.submissions.some(({ event }) => event === 'session:open'));
    const sent = ana.write('message:send', { to: 'beth', body: 'after the log-in' });
    await until(() => stage.engine.submissions.length === 4);
    stage.engine.release();
    await Promise.all([opened, sent]);
    const { position } = await phone.heard('session:ready');
    await phone.settled();
    const pushed = phone.all('message:new').map((message) => message.position);
    const { messages } = await phone.ask('message:history', { after: 0 });
    const older = (messages as { position: number }[]).filter((message) => message.position <= (position as number));
    expect([...older.map((message) => message.position), ...pushed]).toEqual([4]);
  });

  it('leaves out a message that was applied before the log-in and is told after it', async () => {
    const { stage, beth } = await twoAccounts();
    const phone = await stage.connect();
    await phone.write('session:open', { username: 'ana', password: 'ana-password' });
    const told = { id: 'm', position: 2, from: 'beth', to: 'ana', body: 'old', at: 1 };
    stage.engine.tell([{ type: 'message:new', accounts: ['1', '2'] as never, message: told }]);
    await Promise.all([phone.settled(), beth.settled()]);
    expect(phone.all('message:new')).toEqual([]);
  });
});

function bodies(page: TestReply): string[] {
  return (page.messages as { body: string }[]).map(({ body }) => body);
}
