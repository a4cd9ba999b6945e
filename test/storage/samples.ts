import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import { type DatabaseOptions, type FolderDatabase, openDatabase } from '../../server/storage/database.ts';
import type { ReplicaStorage, StorageFailure } from '../../server/storage/replica-storage.ts';
import type { Address, ClientId, DiskId } from '../../shared/ids.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry, type Snapshot } from '../../shared/operations.ts';
import type { Incarnation, ViewFile, ViewRecord } from '../../shared/views.ts';

export const ADDRESS = 'localhost:1538' as Address;
export const CLIENT = '3f0e6f1e-1f0b-4d0e-9a53-6a3c2b6b7f11' as ClientId;
export const NONCE = '0123456789abcdef0123456789abcdef';
export const TIME = Date.UTC(2024, 4, 1, 10);

/** A folder that is removed when the test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of a database as it stands on disk now: what a server finds after it was killed at this moment. */
export async function copyOf(folder: string): Promise<string> {
  const copy = join(await temporaryFolder(), 'database');
  await cp(folder, copy, { recursive: true, filter: (source) => !/[/\\]lock(\.|$)/.test(source) });
  return copy;
}

export function draft(changes: Partial<EntryDraft> = {}): EntryDraft {
  const place = { client: CLIENT, request: 1, asked: NONCE };
  return {
    event: 'message:send',
    ...place,
    id: 'm1',
    account: '2' as EntryDraft['account'],
    subject: '3',
    body: 'hi',
    ...changes,
  };
}

/** Entries that follow `before`, one for each body. */
export function entriesAfter(before: LogEntry | undefined, bodies: readonly string[]): LogEntry[] {
  const place = { firstOp: (before?.op ?? 0) + 1, previousChain: before?.chain ?? GENESIS_CHAIN };
  const drafts = bodies.map((body, index) => draft({ body, request: place.firstOp + index }));
  return makeEntryCodec().seal(drafts, { ...place, view: `0/1/${ADDRESS}`, time: TIME }, () => NONCE);
}

/** `count` entries from op 1 on. */
export function someEntries(count: number): LogEntry[] {
  return entriesAfter(
    undefined,
    Array.from({ length: count }, (_, index) => `message ${index + 1}`),
  );
}

export function viewFile(round: number): ViewFile {
  const disk = '11111111-2222-4333-8444-555555555555' as DiskId;
  const self: Incarnation = { id: ADDRESS, disk, incarnation: 4 };
  const number = { epoch: 0, round, candidate: ADDRESS };
  const record: ViewRecord = {
    number,
    members: [self],
    witnesses: [{ id: 'localhost:4538' as Address, disk }],
    replicationFactor: 3,
    over: [{ epoch: 0, round: 0, candidate: '' }],
    clusterId: 'c3f1a7e0-0000-4000-8000-000000000001',
    baseNumber: { epoch: 0, round: 0, candidate: '' },
  };
  const pending = [{ ...record, number: { ...number, round: round + 1 } }];
  const promised = { ...number, round: round + 2 };
  return {
    clusterId: 'c1',
    id: ADDRESS,
    disk,
    incarnation: 4,
    promised,
    base: record,
    pending,
    largestHeartbeatTimeoutMs: 1500,
  };
}

/** A snapshot after `entry` whose rows tell which one it is. */
export function snapshotAt(entry: LogEntry, mark: string): Snapshot {
  return {
    op: entry.op,
    chain: entry.chain,
    view: entry.view,
    complete: true,
    tables: [
      {
        name: 'user_table',
        columns: ['account', 'username'],
        rows: [
          ['1', `${mark} =1+1`],
          ['2', 'line\nbreak, "quoted"'],
        ],
      },
      { name: 'queued_messages', columns: ['text'], rows: [[mark], ['']] },
      { name: 'client_table', columns: ['client'], rows: [] },
    ],
  };
}

/** Opens and scans a database; closed when the test has finished, unless the test did. `entries` is its whole log. */
export async function openScanned(
  folder: string,
  options: Partial<DatabaseOptions> = {},
): Promise<FolderDatabase & { entries: LogEntry[]; close: () => Promise<StorageFailure | undefined> }> {
  const database = await openDatabase(folder, { address: ADDRESS, durability: 'fsync', ...options });
  const { storage } = database;
  const closeStorage = storage.close.bind(storage);
  let closed = false;
  storage.close = (done) => {
    closed = true;
    closeStorage(done);
  };
  const close = () => settled((done) => storage.close(done));
  onTestFinished(async () => {
    if (!closed) await close();
  });
  const entries: LogEntry[] = [];
  await database.scan((some) => void entries.push(...some));
  const snapshotOp = database.recovered.snapshot?.op ?? 0;
  while (entries.length > 0 ? entries[0]!.op > 1 : snapshotOp > 0) {
    const before = await readEntries(storage, 1, 10_000_000);
    entries.unshift(...before.slice(0, snapshotOp));
  }
  return { ...database, entries, close };
}

/** Waits for a call of the storage; undefined when it went well. */
export function settled(call: (done: (failure?: StorageFailure) => void) => void): Promise<StorageFailure | undefined> {
  return new Promise((resolve) => call(resolve));
}

/** Appends, and fails the test unless it becomes durable. */
export async function append(storage: ReplicaStorage, entries: readonly LogEntry[]): Promise<void> {
  const failure = await settled((done) => storage.append(entries, done));
  if (failure) throw new Error(failure.message);
}

export function readEntries(storage: ReplicaStorage, fromOp: number, maxLength: number): Promise<LogEntry[]> {
  return new Promise((resolve, reject) => {
    storage.read(fromOp, maxLength, (entries, failure) =>
      failure ? reject(new Error(failure.message)) : resolve(entries),
    );
  });
}

export function readRows(storage: ReplicaStorage, ops: readonly number[]): Promise<LogEntry[]> {
  return new Promise((resolve, reject) => {
    storage.readRows(ops, (entries, failure) => (failure ? reject(new Error(failure.message)) : resolve(entries)));
  });
}
