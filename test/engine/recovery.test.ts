import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queueTable } from '../../server/engine/queue-table.ts';
import { recoverEngine } from '../../server/engine/recovery.ts';
import { CLIENT_TABLE, ClientTable } from '../../server/replication/client-table.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import { openDatabase } from '../../server/storage/database.ts';
import { writeKeyedFile } from '../../server/storage/keyed-file.ts';
import type { ReplicaStorage } from '../../server/storage/replica-storage.ts';
import type { ClientId } from '../../shared/ids.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { createOperation } from '../state/chat-log.ts';
import {
  ADDRESS,
  append,
  NONCE,
  openScanned,
  readRows,
  settled,
  TIME,
  temporaryFolder,
  viewFile,
} from '../storage/samples.ts';

const OPTIONS = { address: ADDRESS, heartbeatTimeoutMs: 1500 };
const CLIENT = '3f0e6f1e-1f0b-4d0e-9a53-6a3c2b6b7f11' as ClientId;

/** Two accounts, and messages between them of which every fifth is deleted. */
function someChat(messages: number): LogEntry[] {
  const empty = { client: '', request: 0, asked: '', id: '', account: '', subject: '', body: '' } as const;
  const drafts: EntryDraft[] = ['ana', 'bo'].map((name) => ({ ...empty, ...createOperation(name) }));
  for (let number = 1; number <= messages; number++) {
    const id = number.toString(16).padStart(22, '0');
    const asker = { client: CLIENT, request: drafts.length, asked: id.slice(6), account: '1' as EntryDraft['account'] };
    drafts.push({ ...empty, ...asker, event: 'message:send', id, subject: '2', body: `text ${number}, "quoted"` });
    if (number % 5 === 0) drafts.push({ ...empty, event: 'message:delete', account: asker.account, subject: id });
  }
  const place = { firstOp: 1, previousChain: GENESIS_CHAIN, view: `0/1/${ADDRESS}`, time: TIME };
  return makeEntryCodec().seal(drafts, place, () => NONCE);
}

interface Applied {
  chat: ChatState;
  clients: ClientTable;
}

function applied(entries: readonly LogEntry[], to: Applied = { chat: new ChatState(), clients: new ClientTable() }) {
  for (const entry of entries) to.clients.record(entry, to.chat.apply(entry).outcome);
  return to;
}

async function saveSnapshot({ chat, clients }: Applied, last: LogEntry, storage: ReplicaStorage): Promise<void> {
  const { before, rows } = chat.takeIndexRows();
  const longTables = [
    { ...CLIENT_TABLE, pieces: clients.pieces(), rowsBefore: null },
    { ...MESSAGE_INDEX, pieces: [[...rows]], rowsBefore: before },
    queueTable(chat.queue(), storage, () => false),
  ];
  const { op, chain, view } = last;
  const snapshot = { op, chain, view, complete: true, tables: chat.snapshot(), longTables };
  expect(await settled((done) => storage.writeSnapshot(snapshot, done))).toBeUndefined();
}

/** A database with snapshots at these ops, each of which adds to the one before. */
async function databaseWith(entries: readonly LogEntry[], snapshotOps: readonly number[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder, { segmentOperations: 64 });
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, entries);
  const state: Applied = { chat: new ChatState(), clients: new ClientTable() };
  for (const op of snapshotOps) {
    applied(entries.slice(state.chat.position, op), state);
    await saveSnapshot(state, entries[op - 1]!, storage);
  }
  await close();
  return folder;
}

describe('the start of a server', () => {
  const entries = someChat(300);

  it('leads to the state that applying the log leads to, from any snapshot, and leaves the rest to be confirmed', async () => {
    for (const snapshotOps of [[], [200], [3, 100, 101, entries.length]]) {
      const database = await openScanned(await databaseWith(entries, snapshotOps), { segmentOperations: 64 });
      const { chat, clients, replica, lastTimeMs } = await recoverEngine(database, OPTIONS);
      const op = snapshotOps.at(-1) ?? 0;
      const expected = applied(entries.slice(0, op));
      expect(chat.fingerprint()).toBe(expected.chat.fingerprint());
      expect(clients.snapshot()).toEqual(expected.clients.snapshot());
      expect(replica.entries).toEqual(entries.slice(op));
      expect(replica.snapshot?.op ?? 0).toBe(op);
      expect(lastTimeMs).toBe(TIME);
    }
  });

  it('goes on with the index where the snapshot ended', async () => {
    const folder = await databaseWith(entries, [100]);
    const database = await openScanned(folder, { segmentOperations: 64 });
    const { chat, clients } = await recoverEngine(database, OPTIONS);
    applied(entries.slice(100, 250), { chat, clients });
    await saveSnapshot({ chat, clients }, entries[249]!, database.storage);
    await database.close();
    const again = await recoverEngine(await openScanned(folder, { segmentOperations: 64 }), OPTIONS);
    expect(again.chat.fingerprint()).toBe(applied(entries.slice(0, 250)).chat.fingerprint());
  });

  it('makes the tables anew from the log when one is damaged, and takes what they contained for committed', async () => {
    for (const name of ['message_index', 'client_table', 'user_table']) {
      const folder = await databaseWith(entries, [200]);
      const path = join(folder, `${name}.csv`);
      await writeFile(path, (await readFile(path, 'utf8')).replace(/1/, '2'));
      const database = await openScanned(folder, { segmentOperations: 64 });
      expect(database.recovered.repairs).toEqual([expect.stringContaining(`${name}.csv does not match its digest`)]);
      const { chat, clients, replica } = await recoverEngine(database, OPTIONS);
      expect(chat.fingerprint()).toBe(applied(entries.slice(0, 200)).chat.fingerprint());
      expect(replica.entries).toEqual(entries.slice(200));
      await saveSnapshot({ chat, clients }, entries[199]!, database.storage);
      await database.close();
      const again = await recoverEngine(await openScanned(folder, { segmentOperations: 64 }), OPTIONS);
      expect(again.chat.fingerprint()).toBe(chat.fingerprint());
    }
  });

  it('does the same with the tables of an earlier version', async () => {
    const folder = await databaseWith(entries, [200]);
    const { op, chain, view } = entries[199]!;
    const earlier = { format: '1', op: String(op), chain, view, complete: 'true' };
    await writeFile(join(folder, 'snapshot.csv'), writeKeyedFile(Object.entries(earlier)));
    const database = await openScanned(folder, { segmentOperations: 64 });
    const { chat, replica } = await recoverEngine(database, OPTIONS);
    expect(database.recovered.repairs).toEqual([expect.stringContaining('format "1"')]);
    expect(chat.position).toBe(200);
    expect(replica).toMatchObject({ snapshot: { op: 200 }, complete: true });
  });

  it('leaves a list for people alone that is damaged', async () => {
    const folder = await databaseWith(entries, [200]);
    await writeFile(join(folder, 'queued_messages.csv'), 'nothing');
    const database = await openScanned(folder, { segmentOperations: 64 });
    expect(database.recovered).toMatchObject({ repairs: [], snapshot: { op: 200 } });
  });
});

describe('the rows that a start leaves out', () => {
  const entries = someChat(300);
  const always = async () => true;

  it('are found whole, however they are spread over files', async () => {
    for (const op of [1, 57, entries.length]) {
      const database = await openScanned(await databaseWith(entries, [op]), { segmentOperations: 64 });
      await expect(database.verify(always)).resolves.toBeUndefined();
    }
  });

  it('are found damaged with file, line and op while the server goes on, and are not served', async () => {
    const folder = await databaseWith(entries, [entries.length]);
    const path = join(folder, 'commit_log-00000000000000000001.csv');
    await writeFile(path, (await readFile(path, 'utf8')).replace('text 7,', 'text 8,'));
    const database = await openDatabase(folder, { address: ADDRESS, durability: 'os', segmentOperations: 64 });
    onTestFinished(async () => void (await settled((done) => database.storage.close(done))));
    const { chat } = await recoverEngine(database, OPTIONS);
    expect(chat.position).toBe(entries.length);
    await expect(database.verify(always)).rejects.toThrow(/000001\.csv, line 11: op 10 does not match its digest/);
    expect(await readRows(database.storage, [8, 200])).toEqual([entries[7], entries[199]]);
    await expect(readRows(database.storage, [8, 10, 200])).rejects.toThrow('op 10 does not match its digest');
  });

  it('are not looked at any more once the server ends', async () => {
    const database = await openScanned(await databaseWith(entries, [entries.length]), { segmentOperations: 64 });
    let pieces = 0;
    await database.verify(async () => ++pieces < 2);
    expect(pieces).toBe(2);
  });
});
