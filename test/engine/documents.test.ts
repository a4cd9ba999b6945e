import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Committed, Submission } from '../../server/engine/engine.ts';
import { recoverEngine } from '../../server/engine/recovery.ts';
import { SessionKeys } from '../../server/engine/session-keys.ts';
import { Submissions } from '../../server/engine/submissions.ts';
import { CLIENT_TABLE, ClientTable } from '../../server/replication/client-table.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { partOfBody } from '../../server/state/compactions.ts';
import { bytesTaken, DOCUMENTS } from '../../server/state/documents.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { LOG_HEADER, makeEntryCodec } from '../../server/storage/csv.ts';
import type { CompactionPlan, CompactionReport, ReplicaStorage } from '../../server/storage/replica-storage.ts';
import type { Result } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import {
  DOCUMENT_VALUE_MAX_BYTES,
  DOCUMENTS_MAX_BYTES,
  LOG_TAIL_LENGTH,
  LOG_UNDER_WAY_LENGTH,
} from '../../shared/limits.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { entryAt } from '../state/chat-log.ts';
import { filesWith } from '../storage/compaction-samples.ts';
import { ADDRESS, append, NONCE, openScanned, settled, TIME, temporaryFolder, viewFile } from '../storage/samples.ts';
import { SingleServer } from './single-server.ts';

const CLIENT = '6f1c6f0e-0000-4000-8000-000000000001' as ClientId;
const KEY = keyAt(1);

function keyAt(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

type About = Pick<Submission, 'event' | 'subject'> & { body?: string };
const set = (key: string, body: string): About => ({ event: 'document:set', subject: key, body });
const remove = (key: string): About => ({ event: 'document:delete', subject: key });

function submission(request: number, about: About): Submission {
  const asked = `${about.event} ${about.subject} ${(about.body ?? '').slice(0, 20)}`;
  return { client: CLIENT, request, known: false, account: '', body: '', asked, ...about };
}

describe('documents in the engine, on one server', () => {
  it('R18: are answered as the first time when they are asked for again, also by the next life of the server', async () => {
    const server = await new SingleServer().start();
    const asked = [set(KEY, '1'), set(KEY, '2'), remove(KEY), remove(KEY)];
    const ask = (engine: SingleServer) =>
      asked.map((about, index) => {
        const answers: Result<Committed>[] = [];
        engine.engine.submit(submission(index + 1, about), (answer) => answers.push(answer));
        engine.settle();
        return answers[0]?.ok ? answers[0].value : answers[0]?.error;
      });
    const first = ask(server);
    const existed = [false, true, true, false];
    expect(first).toMatchObject(existed.map((one) => ({ existed: one, replicas: 1, repeated: false })));
    const again = existed.map((one) => ({ existed: one, replicas: 1, repeated: true }));
    expect(ask(server)).toMatchObject(again);
    const rows = server.entries.length;
    const next = new SingleServer(server);
    await next.engine.start();
    next.advance(5000);
    expect(ask(next)).toMatchObject(again);
    expect(next.entries.slice(rows).filter(({ client }) => client !== '')).toEqual([]);
  });

  it('count what is on its way into the log: all together they never take more than their limit', () => {
    const chat = new ChatState();
    const submissions = new Submissions(new ClientTable(), chat, new SessionKeys(() => 'key'), () => 3);
    const value = `"${'x'.repeat(DOCUMENT_VALUE_MAX_BYTES - 2)}"`;
    const most = Math.floor(DOCUMENTS_MAX_BYTES / bytesTaken(value));
    const answers: Result<Committed>[] = [];
    for (let request = 1; request <= most + 2; request++) {
      submissions.add(submission(request, set(keyAt(request), value)), (answer) => answers.push(answer));
    }
    expect(answers).toMatchObject(Array(2).fill({ ok: false, error: { code: 'limit-reached', definite: true } }));
    const batches: number[] = [];
    for (let batch = submissions.takeQueue(); batch.length > 0; batch = submissions.takeQueue()) {
      batches.push(batch.length);
      // While so much is under way, the rest waits.
      expect(submissions.takeQueue()).toEqual([]);
      for (const draft of batch) {
        const entry = entryAt(chat.position + 1, draft);
        submissions.onApplied(entry, chat.apply(entry).outcome);
      }
    }
    expect(new Set(batches.slice(0, -1))).toEqual(new Set([LOG_UNDER_WAY_LENGTH / DOCUMENT_VALUE_MAX_BYTES]));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(most);
    expect(chat.documents.bytes).toBeLessThanOrEqual(DOCUMENTS_MAX_BYTES);
    submissions.add(submission(most + 3, set(keyAt(most + 3), value)), (answer) => answers.push(answer));
    submissions.add(submission(most + 4, set(keyAt(1), value)), (answer) => answers.push(answer));
    expect(answers.at(-1)).toMatchObject({ error: { code: 'limit-reached' } });
    expect(submissions.takeQueue()).toMatchObject([{ subject: keyAt(1) }]);
  });
});

describe('rows of documents', () => {
  it('are let go from memory when they are long together, and read from the disk then', async () => {
    const server = await new SingleServer().start();
    const value = `"${'x'.repeat(DOCUMENT_VALUE_MAX_BYTES - 2)}"`;
    const { log } = server.engine.replica.state;
    let longest = 0;
    for (let request = 1; request * value.length < 3 * LOG_TAIL_LENGTH; request++) {
      const answers: Result<Committed>[] = [];
      server.engine.submit(submission(request, set(KEY, value)), (answer) => answers.push(answer));
      server.settle();
      expect(answers).toMatchObject([{ ok: true }]);
      longest = Math.max(longest, log.length);
    }
    expect(longest).toBeGreaterThan(LOG_TAIL_LENGTH);
    expect(longest).toBeLessThan(2 * LOG_TAIL_LENGTH + 2 * value.length);
    expect(log.floor).toBeGreaterThan(0);
  });
});

const SECRETS = ['sesame', 'tahini', 'halva'];
const empty = { client: '', request: 0, asked: '', id: '', account: '', subject: '', body: '' } as const;
const drafts: EntryDraft[] = [
  { ...empty, ...set(keyAt(1), `"${SECRETS[0]} of the first"`), client: CLIENT, request: 1 },
  { ...empty, ...set(keyAt(2), `{"text":"${SECRETS[1]}, \\"quoted\\""}`) },
  { ...empty, ...set(keyAt(3), '["stays"]') },
  { ...empty, ...set(keyAt(1), '"instead"'), client: CLIENT, request: 2 },
  { ...empty, ...remove(keyAt(2)) },
  { ...empty, event: 'cluster:compact' },
  { ...empty, ...set(keyAt(3), '["after the compaction"]') },
];

const sealed = (some: readonly EntryDraft[]): LogEntry[] =>
  makeEntryCodec().seal(
    some,
    { firstOp: 1, previousChain: GENESIS_CHAIN, view: `0/1/${ADDRESS}`, time: TIME },
    () => NONCE,
  );
const ENTRIES = sealed(drafts);

interface Applied {
  chat: ChatState;
  clients: ClientTable;
}

function applied(entries: readonly LogEntry[]): Applied {
  const state = { chat: new ChatState(), clients: new ClientTable() };
  for (const entry of entries) state.clients.record(entry, state.chat.apply(entry).outcome);
  return state;
}

async function saveSnapshot({ chat, clients }: Applied, storage: ReplicaStorage): Promise<void> {
  const { before, rows } = chat.takeIndexRows();
  const longTables = [
    { ...CLIENT_TABLE, pieces: clients.pieces(), rowsBefore: null },
    { ...MESSAGE_INDEX, pieces: [[...rows]], rowsBefore: before },
    { ...DOCUMENTS, pieces: chat.documents.pieces(), rowsBefore: null },
  ];
  const { op, chain, view } = ENTRIES[chat.position - 1]!;
  const snapshot = { op, chain, view, complete: true, tables: chat.snapshot(), longTables };
  expect(await settled((done) => storage.writeSnapshot(snapshot, done))).toBeUndefined();
}

function compacted(storage: ReplicaStorage, chat: ChatState): Promise<CompactionReport | undefined> {
  const plan: CompactionPlan = {
    upTo: chat.compactions.op,
    remainsOf: (op, event) => chat.compactions.remainsOf(op, event),
    partOf: partOfBody,
    hasRemovals: (firstOp, lastOp, after) => chat.compactions.hasRemovals(firstOp, lastOp, after),
    isDeletedMessage: (id) => chat.isDeletedMessage(id),
    isEditedSince: (id, op) => chat.isEditedSince(id, op),
    isDocumentChangedSince: (key, op) => chat.isDocumentChangedSince(key, op),
    isOver: () => false,
  };
  return new Promise((resolve) => storage.compact(plan, resolve));
}

/** A database with a snapshot of before the changes, and a quarantine with what might have been set aside. */
async function database(): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, ENTRIES);
  await saveSnapshot(applied(ENTRIES.slice(0, 3)), storage);
  await close();
  const quarantine = join(folder, 'quarantine', 'database-2026-01-05T09.00.00.000Z');
  await mkdir(quarantine, { recursive: true });
  const text = (key: number, op: number, value: string) => `${keyAt(key)},${op},${op},1,1,"""${value}"""\n`;
  const table = `${DOCUMENTS.columns.join()}\n${text(2, 2, SECRETS[1]!)}${text(3, 9, 'of another history')}`;
  await writeFile(join(quarantine, 'documents.csv'), table);
  const other = sealed([{ ...empty, ...set(keyAt(2), `"${SECRETS[2]}, never committed"`) }]);
  const name = 'commit_log-cut-after-00000000000000000000-2026-01-05T09.00.00.000Z.csv';
  await writeFile(join(folder, 'quarantine', name), LOG_HEADER + other.map(({ row }) => row).join(''));
  const torn = 'commit_log-00000000000000000002-torn-after-1-2026-01-05T09.00.00.000Z.csv';
  await writeFile(join(folder, 'quarantine', torn), ENTRIES[1]!.row.slice(0, -80));
  return folder;
}

const OPTIONS = { address: ADDRESS, heartbeatTimeoutMs: 1500 };

describe('documents in the files', () => {
  it('R27: what was replaced or deleted is found nowhere after compaction, and a start leads to the same state, with the snapshot and without', async () => {
    const folder = await database();
    const opened = await openScanned(folder);
    const state = applied(ENTRIES);
    for (const secret of SECRETS) expect(await filesWith(folder, secret)).not.toEqual([]);
    await saveSnapshot(state, opened.storage);
    expect(await compacted(opened.storage, state.chat)).toMatchObject({ op: 6, rows: 5 });
    for (const secret of SECRETS) expect(await filesWith(folder, secret), secret).toEqual([]);
    for (const kept of ['instead', 'after the compaction', 'stays', 'of another history']) {
      expect(await filesWith(folder, kept), kept).not.toEqual([]);
    }
    await opened.close();
    const again = await openScanned(folder);
    const recovered = await recoverEngine(again, OPTIONS);
    expect(recovered.chat.fingerprint()).toBe(state.chat.fingerprint());
    expect(recovered.clients.snapshot()).toEqual(state.clients.snapshot());
    await again.close();
    await rm(join(folder, 'snapshot.csv'));
    const anew = await openScanned(folder);
    const { replica } = await recoverEngine(anew, OPTIONS);
    expect(applied(replica.entries).chat.fingerprint()).toBe(state.chat.fingerprint());
    await anew.close();
  });

  it('start from a snapshot of a version that knew no documents', async () => {
    const folder = join(await temporaryFolder(), 'database');
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await append(storage, ENTRIES);
    const { chat, clients } = applied([]);
    const place = { op: 0, chain: GENESIS_CHAIN, view: '0/0/', complete: true };
    const longTables = [{ ...CLIENT_TABLE, pieces: clients.pieces(), rowsBefore: null }];
    await settled((done) => storage.writeSnapshot({ ...place, tables: chat.snapshot(), longTables }, done));
    await close();
    const { chat: found, replica } = await recoverEngine(await openScanned(folder), OPTIONS);
    for (const entry of replica.entries) found.apply(entry);
    expect(found.fingerprint()).toBe(applied(ENTRIES).chat.fingerprint());
  });
});
