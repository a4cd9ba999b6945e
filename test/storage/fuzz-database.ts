import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queueTable } from '../../server/engine/queue-table.ts';
import { CLIENT_TABLE, ClientTable } from '../../server/replication/client-table.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { openDatabase } from '../../server/storage/database.ts';
import { writeKeyedFile } from '../../server/storage/keyed-file.ts';
import type { ReplicaStorage, StorageFailure } from '../../server/storage/replica-storage.ts';
import type { AccountId, Address } from '../../shared/ids.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';
import { ADDRESS, CLIENT, NONCE, TIME, viewFile } from './samples.ts';

/** Several files of the log, each of them long enough to have rows in the middle. */
export const FUZZ_SEGMENT_OPERATIONS = 18;
export const COPY_NAME = 'kept';
/** The operation of the snapshot; the log goes on after it. */
const SNAPSHOT_OP = 40;
const VIEW = `0/1/${ADDRESS}`;

const BODIES = [
  'hi',
  'comma, "quotes" and \'more\'',
  'line\nfeed\r\nand return',
  '=1+1',
  '\\n',
  'ünïcödé 💬',
  'read wrongly before: \uFFFD, and \uFFFD',
  '"',
  'x'.repeat(3000),
];

/** A database as a server leaves it, a named copy of it, and what is in both. */
export interface FuzzBase {
  entries: LogEntry[];
  viewFile: ViewFile;
  sessionKey: string;
  /** What the tables of the state say at the snapshot and in the beginning, by operation. */
  states: Map<number, string>;
  /** Content of every file, by `database/NAME` and `copy/NAME`. */
  files: Map<string, Buffer>;
}

export async function makeFuzzBase(): Promise<FuzzBase> {
  const parent = await mkdtemp(join(tmpdir(), 'understudy-fuzz-'));
  const database = join(parent, 'database');
  const copy = `${database}-${COPY_NAME}`;
  const [chat, clients] = [new ChatState(), new ClientTable()];
  const sessionKey = 'ab'.repeat(32);
  const file = { ...viewFile(1), clusterId: 'c1' };
  const options = {
    address: ADDRESS as Address,
    durability: 'os' as const,
    segmentOperations: FUZZ_SEGMENT_OPERATIONS,
  };
  const { storage, codec, makeCopy } = await openDatabase(database, options);
  const states = new Map([[0, stateOf(chat)]]);
  const place = { firstOp: 1, previousChain: GENESIS_CHAIN, view: VIEW, time: TIME };
  const entries = codec.seal([...drafts()], place, () => NONCE);
  await done((call) => storage.append(entries, call));
  for (const entry of entries.slice(0, SNAPSHOT_OP)) clients.record(entry, chat.apply(entry).outcome);
  states.set(SNAPSHOT_OP, stateOf(chat));
  const { before, rows } = chat.takeIndexRows();
  const longTables = [
    { ...CLIENT_TABLE, pieces: clients.pieces(), rowsBefore: null },
    { ...MESSAGE_INDEX, pieces: [[...rows]], rowsBefore: before },
    queueTable(chat.queue(), storage, () => false),
  ];
  const { op, chain, view } = entries[SNAPSHOT_OP - 1]!;
  const snapshot = { op, chain, view, complete: true, tables: chat.snapshot(), longTables };
  await done((call) => storage.writeSnapshot(snapshot, call));
  await done((call) => storage.writeSessionKey(sessionKey, call));
  await done((call) => storage.writeViewFile(file, call));
  const ask = { name: COPY_NAME, address: ADDRESS, clusterId: 'c1', onSize: () => {} };
  await makeCopy(entries.length, ask, () => {});
  await done((call) => storage.close(call));
  await rm(join(database, 'reserve'), { force: true });
  const base: FuzzBase = { entries, viewFile: file, sessionKey, states, files: new Map() };
  for (const [kind, folder] of [
    ['database', database],
    ['copy', copy],
  ] as const) {
    for (const name of await readdir(folder)) {
      if (name !== 'quarantine') base.files.set(`${kind}/${name}`, await readFile(join(folder, name)));
    }
  }
  await rm(parent, { recursive: true });
  base.files.set('database/lock', Buffer.from('pid 99999999\nstarted 1\nboot 1\n'));
  return base;
}

/** The file that says that everything here is on its way to the quarantine. */
export const SETTING_ASIDE = writeKeyedFile([
  ['name', 'database-2026-01-05T09.10.00.000Z'],
  ['reason', 'a test'],
]);

/** What can be told of a state by its tables. */
export function stateOf(chat: ChatState): string {
  return JSON.stringify([chat.position, chat.snapshot()]);
}

function* drafts(): Generator<EntryDraft> {
  const nobody = { client: '', request: 0, asked: '', id: '', account: '', subject: '', body: '' } as const;
  let request = 0;
  const asked = () => ({ client: CLIENT, request: ++request, asked: NONCE.slice(0, 16) });
  const record = JSON.stringify(viewFile(1).base);
  yield { ...nobody, event: 'cluster:view', subject: VIEW, body: record };
  yield { ...nobody, event: 'cluster:complete', subject: '3' };
  for (const name of ['ana', 'Bo, "B"', '=carol']) {
    const body = JSON.stringify({ username: name, nameKey: name.toLowerCase(), passwordHash: `hash of ${name}` });
    yield { ...nobody, ...asked(), event: 'account:create', subject: name, body };
  }
  for (let index = 0; index < 55; index++) {
    const [account, subject] = [String(3 + (index % 3)), String(3 + ((index + 1) % 3))] as [AccountId, AccountId];
    const place = { ...nobody, ...asked(), account };
    const idAt = (at: number) => `message-${String(at).padStart(14, '0')}`;
    if (index % 11 === 10) yield { ...place, event: 'message:delete', subject: idAt(index - 1) };
    else if (index % 13 === 12) yield { ...nobody, event: 'message:received', body: `${subject}=${index}` };
    else if (index % 17 === 16) yield { ...place, event: 'session:open' };
    else yield { ...place, event: 'message:send', id: idAt(index), subject, body: BODIES[index % BODIES.length]! };
  }
}

/** Waits for a call of the storage. @throws Error when it fails */
export function done(call: (done: (failure?: StorageFailure) => void) => void): Promise<void> {
  return new Promise((resolve, reject) =>
    call((failure) => (failure ? reject(new Error(failure.message)) : resolve())),
  );
}

/** @returns the entries, or the failure: what a server would not serve */
export function readFrom(storage: ReplicaStorage, fromOp: number): Promise<LogEntry[] | StorageFailure> {
  return new Promise((resolve) => storage.read(fromOp, 100_000_000, (entries, failure) => resolve(failure ?? entries)));
}

/** As {@link readFrom}, of single rows. */
export function readSome(storage: ReplicaStorage, ops: readonly number[]): Promise<LogEntry[] | StorageFailure> {
  return new Promise((resolve) => storage.readRows(ops, (entries, failure) => resolve(failure ?? entries)));
}

/** Folders with all files of the base, for one case; whoever calls removes `parent`. */
export interface CaseFolders {
  parent: string;
  database: string;
  copy: string;
}

/** @param changed another content for some of the files, or more of them; undefined for one that is missing */
export async function layOut(base: FuzzBase, changed: ReadonlyMap<string, Buffer | undefined>): Promise<CaseFolders> {
  const parent = await mkdtemp(join(tmpdir(), 'understudy-fuzz-'));
  const folders = { parent, database: join(parent, 'database@localhost:1538'), copy: '' };
  folders.copy = `${folders.database}-${COPY_NAME}`;
  await mkdir(folders.database);
  await mkdir(folders.copy);
  for (const [name, bytes] of new Map([...base.files, ...changed])) {
    const [kind, file] = name.split('/') as ['database' | 'copy', string];
    if (bytes) await writeFile(join(folders[kind], file), bytes);
  }
  return folders;
}
