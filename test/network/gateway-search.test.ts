import { describe, expect, it } from 'vitest';
import type { After } from '../../server/network/gateway-connection.ts';
import { SEARCH_FOUND_MAX, SEARCH_MAX_CHARACTERS, SEARCH_MESSAGES } from '../../shared/limits.ts';
import { Stage, type TestClient, type TestReply, until } from './harness.ts';

async function twoAccounts(after?: After) {
  const stage = await Stage.open(after ? { after } : {});
  const ana = await stage.account('ana');
  const beth = await stage.account('beth');
  return { stage, ana, beth };
}

/** Messages from beth to ana that are in the log already. */
function sent(stage: Stage, bodies: readonly string[]): void {
  const [to, from] = ['ana', 'beth'].map((name) => stage.engine.chat.accountByName(name)!.id);
  for (const body of bodies) {
    const id = `m${stage.engine.log.length}`;
    stage.engine.applyFromPrimary({ event: 'message:send', id, account: from!, subject: to!, body });
  }
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `number ${index}`);
}

async function searchAll(client: TestClient, text: string): Promise<TestReply[]> {
  const replies: TestReply[] = [];
  for (let before: number | undefined, more = true; more; ) {
    const reply = await client.ask('message:search', before === undefined ? { text } : { text, before });
    replies.push(reply);
    before = reply.position as number;
    more = reply.more as boolean;
  }
  return replies;
}

describe('message:search', () => {
  it('finds what contains the text, whatever its case or width, oldest first', async () => {
    const { ana, beth } = await twoAccounts();
    for (const body of ['Straße', 'the ｆｅｎｃｅ', 'nothing', 'A FENCE!']) {
      await beth.write('message:send', { to: 'ana', body });
    }
    const reply = await ana.ask('message:search', { text: 'Fence' });
    expect(reply).toMatchObject({ ok: true, position: 3, more: false });
    expect(bodies(reply)).toEqual(['the ｆｅｎｃｅ', 'A FENCE!']);
    expect(bodies(await ana.ask('message:search', { text: 'STRASSE' }))).toEqual([]);
    expect(bodies(await ana.ask('message:search', { text: 'STRAßE' }))).toEqual(['Straße']);
  });

  it('looks only where it may, and only in the conversation that is asked for', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const cleo = await stage.account('cleo');
    await beth.write('message:send', { to: 'ana', body: 'tea with beth' });
    await cleo.write('message:send', { to: 'ana', body: 'tea with cleo' });
    expect(bodies(await ana.ask('message:search', { text: 'tea', with: 'CLEO' }))).toEqual(['tea with cleo']);
    expect(bodies(await cleo.ask('message:search', { text: 'tea' }))).toEqual(['tea with cleo']);
    expect((await ana.ask('message:search', { text: 'tea', with: 'nobody' })).error!.code).toBe('no-such-account');
    expect((await ana.ask('message:search', { text: 'tea', with: '#tea' })).error!.code).toBe('no-such-room');
  });

  it('finds no message that was deleted', async () => {
    const { ana, beth } = await twoAccounts();
    const { id } = await beth.write('message:send', { to: 'ana', body: 'tea' });
    await beth.write('message:delete', { id });
    expect(await ana.ask('message:search', { text: 'tea' })).toMatchObject({ messages: [], position: 0, more: false });
  });

  it('looks at a bounded number of messages, and goes on where it ended', async () => {
    const { stage, ana } = await twoAccounts();
    sent(stage, ['needle', ...numbered(SEARCH_MESSAGES + 50)]);
    const replies = await searchAll(ana, 'needle');
    expect(replies.map(bodies)).toEqual([[], ['needle']]);
    expect(replies[0]).toMatchObject({ more: true, position: 2 + 1 + 51 });
  });

  it('answers with a bounded number of messages, and skips and repeats none', async () => {
    const { stage, ana } = await twoAccounts();
    const all = numbered(2 * SEARCH_FOUND_MAX + 20);
    sent(stage, all);
    const replies = await searchAll(ana, 'number');
    expect(replies.map(({ messages }) => (messages as object[]).length)).toEqual([100, 100, 20]);
    expect(replies.toReversed().flatMap(bodies)).toEqual(all);
  });

  it('never makes one reply of megabytes', async () => {
    const { stage, ana } = await twoAccounts();
    sent(
      stage,
      numbered(90).map((body) => `${body} ${'x'.repeat(16_000)}`),
    );
    const replies = await searchAll(ana, 'number');
    expect(replies.length).toBeGreaterThan(1);
    for (const reply of replies) expect(JSON.stringify(reply).length).toBeLessThan(1_200_000);
    expect(replies.flatMap(bodies)).toHaveLength(90);
  });

  it('lets others have their turn after each page', async () => {
    const paused: (() => void)[] = [];
    const { stage, ana, beth } = await twoAccounts((delayMs, run) => {
      if (delayMs === 0) paused.push(run);
      return () => {};
    });
    sent(stage, numbered(250));
    const search = ana.ask('message:search', { text: 'number 0' });
    for (let turn = 0; turn < 2; turn++) {
      await until(() => paused.length > 0);
      expect((await beth.write('message:send', { to: 'beth', body: 'meanwhile' })).ok).toBe(true);
      paused.shift()!();
    }
    expect(bodies(await search)).toEqual(['number 0']);
  });

  it('of one socket many at a time are refused; of a closed one none goes on', async () => {
    const paused: (() => void)[] = [];
    const { stage, ana, beth } = await twoAccounts((delayMs, run) => {
      if (delayMs === 0) paused.push(run);
      return () => {};
    });
    sent(stage, numbered(150));
    const replies = Array.from({ length: 9 }, () => ana.ask('message:search', { text: 'x' }));
    expect((await replies[8]!).error).toMatchObject({ code: 'rate-limited', definite: true });
    const other = beth.ask('message:search', { text: 'number 0' });
    ana.socket.disconnect();
    await until(() => stage.gateway.sockets().open === 1);
    const going = setInterval(() => paused.shift()?.(), 1);
    expect(bodies(await other)).toEqual(['number 0']);
    clearInterval(going);
    expect(stage.faults).toEqual([]);
  });

  it.each([
    { text: '' },
    { text: 'x'.repeat(SEARCH_MAX_CHARACTERS + 1) },
    { text: 5 },
    { text: ['a'] },
    { text: 'a', before: -1 },
    { text: 'a', with: 7 },
    {},
  ])('is refused when it is malformed (case %#)', async (ask) => {
    const { ana } = await twoAccounts();
    expect((await ana.ask('message:search', ask)).error!.code).toBe('bad-request');
  });

  it('takes any characters for what they are', async () => {
    const { ana, beth } = await twoAccounts();
    await beth.write('message:send', { to: 'ana', body: 'a .* \\ [ % __proto__' });
    for (const text of ['.*', '\\', '[', '%', '__PROTO__']) {
      expect((await ana.ask('message:search', { text })).messages).toHaveLength(1);
    }
    expect((await ana.ask('message:search', { text: '\ud800' })).messages).toEqual([]);
  });

  it('needs a log-in', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    expect((await client.ask('message:search', { text: 'x' })).error!.code).toBe('not-logged-in');
  });
});

describe('message:get', () => {
  it('gives a message that one may see, and says the same of all others', async () => {
    const { stage, ana, beth } = await twoAccounts();
    const cleo = await stage.account('cleo');
    const { id } = await beth.write('message:send', { to: 'ana', body: 'tea', replyTo: 'abc' });
    const message = await ana.heard('message:new');
    expect(message).toMatchObject({ body: 'tea', replyTo: 'abc' });
    for (const client of [ana, beth]) {
      expect(await client.ask('message:get', { id })).toEqual({ ok: true, message, asOf: 4 });
    }
    const foreign = await cleo.ask('message:get', { id });
    expect(foreign.error!.code).toBe('no-such-message');
    const unknown = await cleo.ask('message:get', { id: 'unknown' });
    expect(foreign.error!.message.replace(id as string, 'unknown')).toBe(unknown.error!.message);
    await beth.write('message:delete', { id });
    expect((await ana.ask('message:get', { id })).error!.code).toBe('no-such-message');
  });

  it.each(['', 'a b', 'line\nfeed', 'x'.repeat(10_000), '__proto__', '\u202e'])(
    'of what was never an id says so (case %#)',
    async (id) => {
      const { ana } = await twoAccounts();
      const { error } = await ana.ask('message:get', { id });
      expect(error!.code).toBe('no-such-message');
      expect(error!.message.length).toBeLessThan(300);
    },
  );
});

function bodies(reply: TestReply): string[] {
  return (reply.messages as { body: string }[]).map(({ body }) => body);
}
