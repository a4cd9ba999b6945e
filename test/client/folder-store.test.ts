import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFolderStore } from '../../client/folder-store.ts';
import { Outbox } from '../../client/outbox.ts';
import type { ClientStore, StoredMessage } from '../../client/store.ts';
import { ToldLog } from '../../client/told-log.ts';
import type { Address, ClientId } from '../../shared/ids.ts';

const ID = '0a508e33-551c-427d-a012-3b4ba6562178' as ClientId;
const OTHER_ID = '1a508e33-551c-427d-a012-3b4ba6562178' as ClientId;
const SERVERS = ['localhost:1538' as Address];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'understudy-client-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function message(request: number, from = 'ana'): StoredMessage {
  return { request, from, to: 'bob', body: `"${request}",\n\u202e ' ümläut 👩‍👩‍👧`, typedAt: request };
}

function open(username?: string): Promise<ClientStore> {
  return openFolderStore({ stateFolder: folder, servers: SERVERS, ...(username ? { username } : {}) });
}

describe('the outbox', () => {
  it('has every message that counted as taken, and never gives a number twice, when cut at any byte of its tail', async () => {
    const path = join(folder, 'outbox.jsonl');
    const outbox = new Outbox(path, ID);
    const numbers = [outbox.takeNumber(), outbox.takeNumber(), outbox.takeNumber()];
    await outbox.add(message(numbers[0]!));
    const durable = statSync(path).size;
    await outbox.add(message(numbers[1]!));
    outbox.remove(numbers[0]!);
    await outbox.add(message(numbers[2]!));
    const bytes = readFileSync(path);
    const copy = join(folder, 'copy.jsonl');
    const seen = new Set<string>();
    for (let length = durable; length <= bytes.length; length++) {
      writeFileSync(copy, bytes.subarray(0, length));
      const again = new Outbox(copy, OTHER_ID);
      expect(again.clientId).toBe(ID);
      const requests = again.messages.map((one) => one.request);
      seen.add(requests.join());
      for (const one of again.messages) expect(one).toEqual(message(one.request));
      expect(again.takeNumber()).toBeGreaterThan(numbers[2]!);
      await again.close();
    }
    expect([...seen]).toEqual(['1', '1,2', '2', '2,3']);
    await outbox.close();
  });

  it('keeps one sync for many messages, in their order', async () => {
    const path = join(folder, 'outbox.jsonl');
    const outbox = new Outbox(path, ID);
    const settled: number[] = [];
    const numbers = Array.from({ length: 200 }, () => outbox.takeNumber());
    await Promise.all(numbers.map((number) => outbox.add(message(number)).then(() => settled.push(number))));
    expect(settled).toEqual(numbers);
    copyFileSync(path, join(folder, 'copy.jsonl'));
    expect(Outbox.peek(join(folder, 'copy.jsonl')).map(({ request }) => request)).toEqual(numbers);
    await outbox.close();
  });

  it('does not grow with what was answered', async () => {
    const path = join(folder, 'outbox.jsonl');
    const outbox = new Outbox(path, ID);
    for (let round = 0; round < 30; round++) {
      const numbers = Array.from({ length: 100 }, () => outbox.takeNumber());
      await Promise.all(numbers.map((number) => outbox.add(message(number))));
      for (const number of numbers) outbox.remove(number);
    }
    await outbox.add(message(outbox.takeNumber()));
    const lines = readFileSync(path, 'utf8').split('\n').length;
    expect(lines).toBeLessThan(2500);
    await outbox.close();
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(10);
  });

  it('goes on under a new id with what is left, all or nothing', async () => {
    const path = join(folder, 'outbox.jsonl');
    const outbox = new Outbox(path, ID);
    outbox.markKnown();
    await outbox.add(message(outbox.takeNumber()));
    outbox.renew(OTHER_ID, [{ ...message(1), body: 'left' }], 3);
    const again = new Outbox(path, ID);
    expect([again.clientId, again.known]).toEqual([OTHER_ID, false]);
    expect(again.messages).toMatchObject([{ request: 1, body: 'left' }]);
    expect(again.takeNumber()).toBe(4);
    await again.close();
    await outbox.close();
  });
});

describe('what was told', () => {
  const told = (position: number) => ({ id: `m${position}`, position, from: 'a', to: 'b', body: `${position}`, at: 0 });

  it('is there again after a restart, up to the last whole line, without what was deleted', () => {
    const path = join(folder, 'messages.jsonl');
    const log = new ToldLog(path);
    for (let position = 1; position <= 5; position++) log.add({ message: told(position) });
    log.add({ deleted: { id: 'm2', position: 6 } });
    log.add({ received: 4 });
    log.add({ message: told(9) });
    log.close();
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -3));
    const again = new ToldLog(path);
    expect(again.messages.map(({ position }) => position)).toEqual([1, 3, 4, 5]);
    expect([again.told, again.received]).toEqual([6, 4]);
    again.close();
    expect(readFileSync(path, 'utf8')).not.toContain('m2');
  });

  it('is kept as it was changed, and what was edited away is gone when the file is rewritten', () => {
    const path = join(folder, 'messages.jsonl');
    const log = new ToldLog(path);
    for (let position = 1; position <= 4; position++) log.add({ message: told(position) });
    log.add({ edited: { id: 'm1', position: 5, body: 'other', at: 9 } });
    for (const from of ['ana', 'bob', 'ana']) {
      log.add({ reacted: { id: 'm2', position: 6, from, reaction: '+1', on: true } });
    }
    log.add({ reacted: { id: 'm2', position: 7, from: 'ana', reaction: '+1', on: false } });
    log.add({ reacted: { id: 'm3', position: 8, from: 'ana', reaction: '+1', on: true } });
    log.add({ reacted: { id: 'm3', position: 9, from: 'ana', reaction: '+1', on: false } });
    log.add({ changed: { position: 10, message: { ...told(4), body: 'changed', editedAt: 10 } } });
    log.add({ changed: { position: 11, message: told(99) } });
    log.close();
    const again = new ToldLog(path);
    expect(again.messages).toEqual([
      { ...told(1), body: 'other', editedAt: 9 },
      { ...told(2), reactions: [{ reaction: '+1', by: ['bob'] }] },
      told(3),
      { ...told(4), body: 'changed', editedAt: 10 },
    ]);
    expect(again.told).toBe(11);
    again.close();
    expect(readFileSync(path, 'utf8')).not.toContain('"1"');
  });

  it('in a room that was left goes, and what comes after stays', () => {
    const log = new ToldLog(join(folder, 'messages.jsonl'));
    log.add({ message: { ...told(1), to: '#room' } });
    log.add({ message: told(2) });
    log.add({ message: { ...told(5), to: '#room' } });
    log.add({ left: { room: '#room', position: 3 } });
    expect([log.messages.map(({ position }) => position), log.told]).toEqual([[2, 5], 5]);
    log.close();
  });

  it('and read marks that no server has outlive the process, one for each conversation, until they are told or forgotten', async () => {
    const first = await open('ana');
    first.saveSession({ username: 'ana', token: 'secret' });
    first.saveReadMark({ with: 'bob', position: 3 });
    first.saveReadMark({ with: '#Room', position: 4 });
    first.saveReadMark({ with: 'Bob', position: 5 });
    first.saveReadMark({ with: 'carol', position: 6 });
    first.forgetReadMark('CAROL');
    await first.close();
    const again = await open('ana');
    expect(again.readMarks).toEqual([
      { with: 'Bob', position: 5 },
      { with: '#Room', position: 4 },
    ]);
    again.forgetHistory();
    expect(again.readMarks).toEqual([]);
    await again.close();
    again.saveReadMark({ with: 'bob', position: 7 });
    const last = await open('ana');
    expect(last.readMarks).toEqual([]);
    await last.close();
  });

  it('by an earlier version is read, and its outbox, too', async () => {
    const old = join(folder, ID);
    await mkdir(old, { mode: 0o700 });
    const lines = (...records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
    writeFileSync(join(old, 'lock@free'), '');
    writeFileSync(
      join(old, 'session.json'),
      lines({ servers: SERVERS.join(), session: { username: 'ana', token: 't' } }),
    );
    writeFileSync(join(old, 'outbox.jsonl'), lines({ client: ID }, { upTo: 5 }, { message: message(2) }));
    writeFileSync(
      join(old, 'messages.jsonl'),
      lines(
        { message: told(1) },
        { message: told(2) },
        { deleted: { id: 'm1', position: 3 } },
        { upTo: 7 },
        { received: 2 },
      ),
    );
    const store = await open('ana');
    expect(store.clientId).toBe(ID);
    expect([store.outbox, store.history(9), store.told, store.received, store.readMarks]).toEqual([
      ...[[message(2)], [told(2)], 7, 2, []],
    ]);
    await store.close();
  });

  it('a message that answers another is in the outbox with what it answers', async () => {
    const first = await open('ana');
    const answer = { ...message(first.takeNumber()), replyTo: 'm1' };
    await first.addToOutbox(answer);
    await first.close();
    const again = await open('ana');
    expect(again.outbox).toEqual([answer]);
    await again.close();
  });
});

describe('the state folder', () => {
  it('is taken up again by the next process of the same account and servers', async () => {
    const first = await open('ana');
    first.saveSession({ username: 'ana', token: 'secret' });
    const { clientId } = first;
    await first.close();
    const other = await open('bob');
    expect(other.clientId).not.toBe(clientId);
    const again = await open('ANA');
    expect(again.clientId).toBe(clientId);
    expect(again.session).toEqual({ username: 'ana', token: 'secret' });
    const elsewhere = await openFolderStore({ stateFolder: folder, servers: ['far:1' as Address], username: 'ana' });
    expect(elsewhere.clientId).not.toBe(clientId);
    for (const store of [other, again, elsewhere]) await store.close();
  });

  it('is readable by its owner only', async () => {
    const store = await open('ana');
    store.saveSession({ username: 'ana', token: 'secret' });
    await store.addToOutbox(message(store.takeNumber()));
    const [client] = readdirSync(folder);
    expect(statSync(join(folder, client!)).mode & 0o77).toBe(0);
    for (const file of readdirSync(join(folder, client!))) {
      expect(statSync(join(folder, client!, file)).mode & 0o77).toBe(0);
    }
    await store.close();
  });

  it('prefers a client with a filled outbox', async () => {
    const [empty, filled] = [await open('ana'), await open('ana')];
    for (const store of [empty, filled]) store.saveSession({ username: 'ana', token: 'secret' });
    await filled.addToOutbox(message(filled.takeNumber()));
    await filled.close();
    await empty.close();
    const again = await open('ana');
    expect(again.clientId).toBe(filled.clientId);
    await again.close();
  });

  it('is never shared: processes that start together, and again after they were killed, each have their own', async () => {
    await mkdir(folder, { recursive: true });
    const first = await Promise.all([hold('ana'), hold('ana'), hold('ana'), hold('ana')]);
    const ids = new Set(first.map(({ clientId }) => clientId));
    expect(ids.size).toBe(4);
    await Promise.all(first.map(({ kill }) => kill()));
    const second = await Promise.all([hold('ana'), hold('ana'), hold('ana'), hold('ana')]);
    expect(new Set(second.map(({ clientId }) => clientId))).toEqual(ids);
    await Promise.all(second.map(({ kill }) => kill()));
  });
});

async function hold(username: string): Promise<{ clientId: string; kill: () => Promise<void> }> {
  const script = join(import.meta.dirname, 'hold-folder.ts');
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script, folder, username], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const clientId = await new Promise<string>((resolve, reject) => {
    child.stdout!.once('data', (data: Buffer) => resolve(data.toString().trim()));
    child.once('exit', () => reject(new Error('ended before it held a folder')));
  });
  return {
    clientId,
    kill: () => {
      child.kill('SIGKILL');
      return exited;
    },
  };
}
