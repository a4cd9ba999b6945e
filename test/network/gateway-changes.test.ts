import { describe, expect, it } from 'vitest';
import { MESSAGE_BODY_MAX_BYTES, REACTION_MAX_BYTES } from '../../shared/limits.ts';
import { Stage, type TestClient, type TestReply } from './harness.ts';

/** Ana has written to beth; cleo has nothing to do with it. */
async function written() {
  const stage = await Stage.open();
  const ana = await stage.account('ana');
  const beth = await stage.account('beth');
  const cleo = await stage.account('cleo');
  const { id } = await ana.write('message:send', { to: 'beth', body: 'teh message' });
  return { stage, ana, beth, cleo, id: id as string };
}

async function code(reply: Promise<TestReply>): Promise<string | undefined> {
  const { error } = await reply;
  if (error) {
    expect(error.definite).toBe(true);
    expect(error.message.length).toBeLessThan(300);
  }
  return error?.code;
}

async function message(client: TestClient, id: string): Promise<Record<string, unknown>> {
  return (await client.ask('message:get', { id })).message as Record<string, unknown>;
}

describe('message:edit', () => {
  it('changes the text for both sides, and says when', async () => {
    const { stage, ana, beth, cleo, id } = await written();
    const reply = await ana.write('message:edit', { id, body: 'the message' });
    const { position, at } = reply;
    expect(reply).toEqual({ ok: true, position: 5, at: stage.engine.log.at(-1)!.time });
    for (const client of [ana, beth]) {
      expect(await client.heard('message:edited')).toEqual({ id, position, body: 'the message', at });
      expect(await message(client, id)).toMatchObject({ position: 4, body: 'the message', editedAt: at });
    }
    await cleo.settled();
    expect(cleo.all('message:edited')).toEqual([]);
  });

  it('is for the sender alone, and for what is there', async () => {
    const { ana, beth, cleo, id } = await written();
    expect(await code(beth.write('message:edit', { id, body: 'mine' }))).toBe('forbidden');
    expect(['forbidden', 'no-such-message']).toContain(await code(cleo.write('message:edit', { id, body: 'mine' })));
    await ana.write('message:delete', { id });
    expect(await code(ana.write('message:edit', { id, body: 'too late' }))).toBe('no-such-message');
  });

  it.each([
    ['no-such-message', { id: 'unknown' }],
    ['no-such-message', { id: '__proto__' }],
    ['no-such-message', { id: '' }],
    ['no-such-message', { id: 'x'.repeat(10_000) }],
    ['no-such-message', { id: 'a b' }],
    ['bad-request', { id: 5 }],
    ['bad-request', { body: '' }],
    ['bad-request', { body: 'one\0two' }],
    ['bad-request', { body: '\udfff' }],
    ['bad-request', { body: ['text'] }],
    ['too-large', { body: 'x'.repeat(MESSAGE_BODY_MAX_BYTES + 1) }],
  ])('%s: refused, and surely not done (case %#)', async (expected, wrong) => {
    const { stage, ana, id } = await written();
    expect(await code(ana.ask('message:edit', { request: 50, id, body: 'new', ...wrong }))).toBe(expected);
    expect(stage.engine.log).toHaveLength(4);
    expect(stage.faults).toEqual([]);
  });

  it('R18: asked again, is answered again and done once; with another text it is refused', async () => {
    const { stage, ana, beth, id } = await written();
    const ask = { request: 9, id, body: 'the message' };
    const reply = await ana.ask('message:edit', ask);
    await ana.ask('message:edit', { request: 10, id, body: 'a later one' });
    expect(await ana.ask('message:edit', ask)).toEqual(reply);
    expect(await code(ana.ask('message:edit', { ...ask, body: 'another' }))).toBe('bad-request');
    await beth.settled();
    expect(beth.all('message:edited').map(({ body }) => body)).toEqual(['the message', 'a later one']);
    expect(stage.engine.log).toHaveLength(6);
  });
});

describe('message:react and message:unreact', () => {
  it('put a reaction to a message and take it back, for both sides', async () => {
    const { ana, beth, cleo, id } = await written();
    const on = await beth.write('message:react', { id, reaction: '\u{1f44d}\u{1f3fd}' });
    expect(on).toEqual({ ok: true, position: 5 });
    await ana.write('message:react', { id, reaction: '\u{1f44d}\u{1f3fd}' });
    await ana.write('message:react', { id, reaction: 'nice' });
    expect((await message(beth, id)).reactions).toEqual([
      { reaction: '\u{1f44d}\u{1f3fd}', by: ['beth', 'ana'] },
      { reaction: 'nice', by: ['ana'] },
    ]);
    const off = await beth.write('message:unreact', { id, reaction: '\u{1f44d}\u{1f3fd}' });
    const change = { id, from: 'beth', reaction: '\u{1f44d}\u{1f3fd}' };
    for (const client of [ana, beth]) {
      expect(await client.heard('message:reacted')).toEqual({ ...change, position: on.position, on: true });
      expect(await client.heard('message:reacted', 4)).toEqual({ ...change, position: off.position, on: false });
    }
    await cleo.settled();
    expect(cleo.all('message:reacted')).toEqual([]);
  });

  it('that change nothing are answered', async () => {
    const { beth, id } = await written();
    expect((await beth.write('message:unreact', { id, reaction: 'x' })).ok).toBe(true);
    for (let count = 0; count < 2; count++) {
      expect((await beth.write('message:react', { id, reaction: 'x' })).ok).toBe(true);
    }
    expect((await message(beth, id)).reactions).toEqual([{ reaction: 'x', by: ['beth'] }]);
  });

  it.each([
    '__proto__',
    'constructor',
    '\u2764\ufe0f',
    '\u{1f469}\u200d\u{1f4bb}',
    ':+1:',
    'x'.repeat(REACTION_MAX_BYTES),
  ])('take the reaction %s', async (reaction) => {
    const { ana, id } = await written();
    expect((await ana.write('message:react', { id, reaction })).ok).toBe(true);
    expect((await message(ana, id)).reactions).toEqual([{ reaction, by: ['ana'] }]);
  });

  it.each([
    ['bad-request', { reaction: '' }],
    ['bad-request', { reaction: ' ' }],
    ['bad-request', { reaction: 'two words' }],
    ['bad-request', { reaction: 'line\nfeed' }],
    ['bad-request', { reaction: '\u001b[31m' }],
    ['bad-request', { reaction: '\u200b' }],
    ['bad-request', { reaction: 'a\u202eb' }],
    ['bad-request', { reaction: '\u0301' }],
    ['bad-request', { reaction: 'a\ud800' }],
    ['bad-request', { reaction: 1 }],
    ['too-large', { reaction: 'x'.repeat(REACTION_MAX_BYTES + 1) }],
    ['too-large', { reaction: 'x'.repeat(10_000) }],
    ['no-such-message', { id: 'unknown' }],
    ['no-such-message', { id: 'a b' }],
  ])('%s: refused, and surely not done (case %#)', async (expected, wrong) => {
    const { stage, ana, id } = await written();
    for (const event of ['message:react', 'message:unreact']) {
      expect(await code(ana.write(event, { id, reaction: 'x', ...wrong }))).toBe(expected);
    }
    expect(stage.engine.log).toHaveLength(4);
    expect(stage.faults).toEqual([]);
  });

  it('are for those who could write there', async () => {
    const { stage, ana, beth, cleo, id } = await written();
    expect(['forbidden', 'no-such-message']).toContain(await code(cleo.write('message:react', { id, reaction: 'x' })));
    await ana.write('account:block', { username: 'beth' });
    expect(await code(beth.write('message:react', { id, reaction: 'x' }))).toBe('blocked');
    expect(await code(ana.write('message:edit', { id, body: 'new' }))).toBe('blocked');
    expect(stage.engine.log).toHaveLength(5);
  });
});

describe('replies', () => {
  it('carry the id of what they answer', async () => {
    const { beth, ana, id } = await written();
    await beth.write('message:send', { to: 'ana', body: 'which one?', replyTo: id });
    expect(await ana.heard('message:new', 2)).toMatchObject({ body: 'which one?', replyTo: id });
    const { messages } = await ana.ask('message:history', {});
    expect((messages as object[])[1]).toMatchObject({ replyTo: id });
    expect((messages as object[])[0]).not.toHaveProperty('replyTo');
  });

  it.each([
    ['no-such-message', ''],
    ['no-such-message', 'a b'],
    ['no-such-message', 'line\nfeed'],
    ['no-such-message', 'x'.repeat(10_000)],
    ['bad-request', 5],
    ['bad-request', null],
  ])('%s: to what is no id are refused (case %#)', async (expected, replyTo) => {
    const { stage, beth } = await written();
    expect(await code(beth.write('message:send', { to: 'ana', body: 'hi', replyTo }))).toBe(expected);
    expect(stage.engine.log).toHaveLength(4);
  });

  it('R18: the same text in answer to something else is another request', async () => {
    const { beth, id } = await written();
    const ask = { request: 9, to: 'ana', body: 'yes', replyTo: id };
    const reply = await beth.ask('message:send', ask);
    expect(await beth.ask('message:send', ask)).toEqual(reply);
    expect(await code(beth.ask('message:send', { ...ask, replyTo: 'other' }))).toBe('bad-request');
    expect(await code(beth.ask('message:send', { request: 9, to: 'ana', body: 'yes' }))).toBe('bad-request');
  });
});

describe('changes in message:history', () => {
  it('are told to those who were away, with the message as it is by then', async () => {
    const { ana, beth, id } = await written();
    const edit = await ana.write('message:edit', { id, body: 'the message' });
    const { position } = await beth.write('message:react', { id, reaction: 'x' });
    const page = await beth.ask('message:history', { after: 4 });
    const changed = {
      id,
      position: 4,
      body: 'the message',
      editedAt: edit.at,
      reactions: [{ reaction: 'x', by: ['beth'] }],
    };
    expect(page).toMatchObject({ messages: [], deletions: [], position, more: false });
    expect(page.changes).toMatchObject([{ position, message: changed }]);
    expect((await beth.ask('message:history', {})).changes).toEqual([]);
    await ana.write('message:delete', { id });
    expect(await beth.ask('message:history', { after: 4 })).toMatchObject({ changes: [], deletions: [{ id }] });
  });

  it('never make one reply of megabytes, and none is lost by that', async () => {
    const { stage, ana, beth } = await written();
    const text = 'x'.repeat(16_000);
    const ids = await Promise.all(
      Array.from({ length: 100 }, async () => (await ana.write('message:send', { to: 'beth', body: 'short' })).id),
    );
    const end = stage.engine.chat.position;
    for (const id of ids) await ana.write('message:edit', { id, body: text });
    const seen: unknown[] = [];
    let pages = 0;
    for (let after = end, more = true; more; pages++) {
      const page = await beth.ask('message:history', { after, limit: 500 });
      expect(JSON.stringify(page).length).toBeLessThan(1_200_000);
      seen.push(...(page.changes as { message: { id: string } }[]).map((change) => change.message.id));
      after = page.position as number;
      more = page.more as boolean;
    }
    expect(seen).toEqual(ids);
    expect(pages).toBeGreaterThan(1);
  });
});

describe('what is pushed of changes', () => {
  it('is what lies above the position of session:ready', async () => {
    const { stage, id } = await written();
    const phone = await stage.connect();
    await phone.write('session:open', { username: 'beth', password: 'beth-password' });
    const ready = (await phone.heard('session:ready')).position as number;
    const accounts = [stage.engine.chat.accountByName('beth')!.id];
    for (const position of [ready - 1, ready + 1]) {
      stage.engine.tell([
        { type: 'message:edited', accounts, edit: { id, position, body: 'new', at: 1 } },
        { type: 'message:reacted', accounts, change: { id, position, from: 'ana', reaction: 'x', on: true } },
      ]);
    }
    await phone.settled();
    expect(phone.events.slice(1).map(({ event, payload }) => [event, payload.position])).toEqual([
      ['message:edited', ready + 1],
      ['message:reacted', ready + 1],
    ]);
  });
});
