import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DOCUMENT_DEPTH_MAX, DOCUMENT_VALUE_MAX_BYTES, LOGIN_DEADLINE_MS } from '../../shared/limits.ts';
import { ManualTimers, Stage, TestClient } from './harness.ts';

const KEY = '4e1b2c1a-9f0d-4d8a-8a53-0d5f6a7b8c9d';

/** Lists within each other, so many levels. */
function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

const errorOf = async (reply: Promise<{ error?: unknown }>) => (await reply).error;
const set = (client: TestClient, value: unknown, key: string = KEY) => client.write('document:set', { key, value });
const get = (client: TestClient, fields: object = {}) => client.ask('document:get', { key: KEY, ...fields });

describe('documents at the gateway', () => {
  it('are set, read and deleted by anybody, logged in or not; their rows in the log name no account', async () => {
    const stage = await Stage.open();
    const [ana, nobody] = [await stage.account('ana'), await stage.connect()];
    expect(await set(ana, { name: "Chapayev's comb" })).toMatchObject({ ok: true, created: true, replicas: 2 });
    expect(await get(nobody)).toMatchObject({ ok: true, found: true, value: { name: "Chapayev's comb" } });
    expect(await set(nobody, [1, null])).toMatchObject({ ok: true, created: false, position: 3 });
    expect(await get(ana)).toMatchObject({ ok: true, found: true, value: [1, null] });
    expect(await nobody.write('document:delete', { key: KEY })).toMatchObject({ ok: true, deleted: true, position: 4 });
    expect(await ana.write('document:delete', { key: KEY })).toMatchObject({ ok: true, deleted: false });
    expect(await get(ana)).toMatchObject({ ok: true, found: false });
    const rows = stage.engine.log.filter(({ event }) => event.startsWith('document:'));
    expect(rows.map(({ account, subject }) => [account, subject])).toEqual(rows.map(() => ['', KEY]));
    expect(rows.map(({ body }) => body)).toEqual(['{"name":"Chapayev\'s comb"}', '[1,null]', '', '']);
  });

  it('are shown to a web page only once somebody has logged in there', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    await set(ana, 'for those who reach the server themselves');
    const auth = { protocol: 1, clientId: randomUUID() };
    const page = new TestClient(stage.url, auth, { origin: 'https://pages.example' });
    await page.connected();
    for (const asked of [get(page), set(page, 'x'), page.write('document:delete', { key: KEY })])
      expect(await asked).toMatchObject({ ok: false, error: { code: 'not-logged-in', definite: true } });
    await page.write('session:open', { username: 'ana', password: 'ana-password' });
    expect(await get(page)).toMatchObject({ ok: true, found: true });
    expect(await set(page, 'x')).toMatchObject({ ok: true, created: false });
  });

  it('R18: are done once, however often they are asked for, and answered as the first time', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    const ask = (event: string, request: number, fields: object = {}) =>
      client.ask(event, { request, key: KEY, ...fields });
    const first = [
      await ask('document:set', 1, { value: 1 }),
      await ask('document:set', 2, { value: 2 }),
      await ask('document:delete', 3),
      await ask('document:delete', 4),
    ];
    expect(first.map(({ created, deleted }) => created ?? deleted)).toEqual([true, false, true, false]);
    const again = [
      await ask('document:set', 1, { value: 1 }),
      await ask('document:set', 2, { value: 2 }),
      await ask('document:delete', 3),
      await ask('document:delete', 4),
    ];
    expect(again).toEqual(first);
    expect(stage.engine.log).toHaveLength(4);
    expect(await ask('document:set', 1, { value: 7 })).toMatchObject({ error: { code: 'bad-request' } });
  });

  it('have keys that are UUIDs of version 4, in letters of either case', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    await set(client, 'upper', KEY.toUpperCase());
    expect(await get(client)).toMatchObject({ found: true, value: 'upper' });
    const wrong = ['', 'key', KEY.replace('-4d8a-', '-1d8a-'), KEY.replace('-8a53-', '-0a53-'), `${KEY} `, `{${KEY}}`];
    for (const key of [...wrong, KEY.replaceAll('-', '')]) {
      const error = { code: 'invalid-key', definite: true };
      expect(await errorOf(set(client, 1, key)), key).toMatchObject(error);
      expect(await errorOf(client.ask('document:get', { key })), key).toMatchObject(error);
      expect(await errorOf(client.write('document:delete', { key })), key).toMatchObject(error);
    }
    expect(stage.engine.log).toHaveLength(1);
  });

  it('are any JSON value of 262,144 bytes at most', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    const fits = 'é'.repeat((DOCUMENT_VALUE_MAX_BYTES - 2) / 2);
    const hostile = JSON.parse('{"__proto__":{"a":1},"toJSON":1,"_placeholder":true,"num":0,"constructor":null}');
    for (const value of [null, false, 0, -1.5e300, '', 'null', [], {}, hostile, nested(DOCUMENT_DEPTH_MAX), fits]) {
      expect(await set(client, value)).toMatchObject({ ok: true });
      expect(JSON.stringify((await get(client)).value)).toBe(JSON.stringify(value));
    }
    expect(await errorOf(set(client, `${fits}x`))).toMatchObject({ code: 'too-large' });
  });

  it('are nothing else: what is missing, too deep, no text or no JSON is refused, and the connection goes on', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    for (const value of [undefined, 'a\0b', { 'a\0b': 1 }, ['\ud800'], { a: Buffer.from('x') }]) {
      expect(await errorOf(set(client, value)), String(value)).toMatchObject({ code: 'bad-request' });
    }
    // Socket.IO's own client walks down what it sends, so what is nested deeply is written by hand.
    for (const levels of [DOCUMENT_DEPTH_MAX + 1, 50_000]) {
      const value = `${'['.repeat(levels)}1${']'.repeat(levels)}`;
      client.webSocket.send(`42["document:set",{"request":${client.next()},"key":"${KEY}","value":${value}}]`);
    }
    await client.settled();
    expect(await get(client)).toMatchObject({ ok: true, found: false });
    expect(stage.faults).toEqual([]);
    expect(stage.engine.log).toEqual([]);
  });

  it('R17: are read from the latest state, also where they cannot be set', async () => {
    const stage = await Stage.open();
    const client = await stage.connect();
    await set(client, 1);
    expect(await errorOf(get(client, { seen: 2 }))).toMatchObject({ code: 'bad-request' });
    expect(await get(client, { seen: 1 })).toMatchObject({ found: true });
    stage.engine.setPrimary(false);
    const refused = { code: 'not-primary', primary: '127.0.0.1:2538' };
    expect(await errorOf(set(client, 2))).toMatchObject(refused);
  });

  it('are used without a log-in: a socket that does so is not cut for want of one, also when somebody logs out there', async () => {
    const timers = new ManualTimers();
    const stage = await Stage.open({ after: timers.after });
    const [idle, reader] = [await stage.connect(), await stage.connect()];
    expect(timers.count(LOGIN_DEADLINE_MS)).toBe(2);
    await get(reader);
    await reader.write('account:create', { username: 'ana', password: 'ana-password' });
    await reader.write('session:close');
    expect(timers.count(LOGIN_DEADLINE_MS)).toBe(1);
    timers.run(LOGIN_DEADLINE_MS);
    expect(await get(reader)).toMatchObject({ ok: true });
    await expect.poll(() => idle.closedFor).toBeDefined();
    expect(reader.closedFor).toBeUndefined();
  });
});
