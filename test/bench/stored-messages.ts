import { createHash, randomBytes } from 'node:crypto';
import { queueTable } from '../../server/engine/queue-table.ts';
import { recoverEngine } from '../../server/engine/recovery.ts';
import { CLIENT_TABLE } from '../../server/replication/client-table.ts';
import type { ChatState } from '../../server/state/chat-state.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { openDatabase } from '../../server/storage/database.ts';
import { accountBody } from '../../shared/account-body.ts';
import type { AccountId, Address, ClientId } from '../../shared/ids.ts';
import { HEARTBEAT_TIMEOUT_MS } from '../../shared/limits.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { seededRandom } from '../../shared/random.ts';
import { MESSAGE_BYTES } from './chat-users.ts';

const ROWS_AT_A_TIME = 500;
/** So many of the newest messages nobody has received yet. */
const QUEUED = 20_000;
/** Of `PASSWORD` in chat-users.ts; computing it for each of ten thousand accounts would take minutes. */
const PASSWORD_HASH = 'scrypt$16384$8$1$c2FsdHNhbHRzYWx0c2FsdA$LPDRs-d7MJ-D4v778lUnSsMuTt3eMzZtYlcDVF6agWU';
const WORDS = 'the quick brown fox jumps over a lazy dog while people talk of lunch, code, and the weather'.split(' ');

export interface Store {
  folder: string;
  address: string;
  accounts: number;
  messages: number;
}

/** Adds accounts and messages between them to the database of a server that is the only one of its cluster and does not run. */
export function storeMessages({ folder, address, accounts, messages }: Store): Promise<void> {
  return store(folder, address, (_, lastOp) => draftsOf(accounts, messages, lastOp));
}

/**
 * Deletes some of the messages that {@link storeMessages} added: each one in so many.
 *
 * @param round from 0 on, below `oneIn`: each deletes others
 */
export function storeDeletions(
  { folder, address, accounts, messages }: Store,
  oneIn: number,
  round: number,
): Promise<void> {
  return store(folder, address, (chat) => deletionsOf(draftsOf(accounts, messages, 0), chat, oneIn, round));
}

/** Writes rows, tables and index as the server itself would have written them, without the network and the syncs. */
async function store(
  folder: string,
  address: string,
  draftsFor: (chat: ChatState, lastOp: number) => Iterable<EntryDraft>,
): Promise<void> {
  const options = { address: address as Address, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS };
  const database = await openDatabase(folder, { address: options.address, durability: 'os' });
  const { storage, codec } = database;
  const { chat, clients, replica, lastTimeMs } = await recoverEngine(database, options);
  let last: Pick<LogEntry, 'op' | 'chain' | 'view'> = replica.snapshot ?? { op: 0, chain: GENESIS_CHAIN, view: '' };
  const take = (entries: readonly LogEntry[]): void => {
    for (const entry of entries) clients.record(entry, chat.apply(entry).outcome);
    last = entries.at(-1) ?? last;
  };
  take(replica.entries);
  let time = lastTimeMs;
  for (const drafts of inPieces(draftsFor(chat, last.op))) {
    time += 10;
    const place = { firstOp: last.op + 1, previousChain: last.chain, view: last.view, time };
    const entries = codec.seal(drafts, place, () => randomBytes(16).toString('hex'));
    await done((call) => storage.append(entries, call));
    take(entries);
  }
  const { before, rows } = chat.takeIndexRows();
  const longTables = [
    { ...CLIENT_TABLE, pieces: clients.pieces(), rowsBefore: null },
    { ...MESSAGE_INDEX, pieces: inPieces(rows), rowsBefore: before },
    queueTable(chat.queue(), storage, () => false),
  ];
  const { op, chain, view } = last;
  const snapshot = { op, chain, view, complete: replica.complete, tables: chat.snapshot(), longTables };
  await done((call) => storage.writeSnapshot(snapshot, call));
  await done((call) => storage.close(call));
}

function* draftsOf(accounts: number, messages: number, lastOp: number): Generator<EntryDraft> {
  const random = seededRandom('stored messages');
  const requests: number[] = new Array(accounts).fill(1);
  const clientOf = (account: number) => `00000000-0000-4000-8000-${String(account).padStart(12, '0')}` as ClientId;
  const idOf = (account: number) => String(lastOp + 1 + account) as AccountId;
  const nobody = { client: '', request: 0, asked: '', id: '', account: '', subject: '' } as const;
  for (let account = 0; account < accounts; account++) {
    const name = `stored${account}`;
    const body = accountBody({ username: name, nameKey: name, passwordHash: PASSWORD_HASH });
    const asked = digestOf(name, 16);
    yield { ...nobody, event: 'account:create', client: clientOf(account), request: 1, asked, body };
  }
  for (let message = 0; message < messages; message++) {
    const from = random.between(0, accounts);
    const to = (from + random.between(1, 21)) % accounts;
    requests[from]! += 1;
    const asker = { client: clientOf(from), request: requests[from]!, account: idOf(from) };
    const text = `${from} ${requests[from]}`;
    const asked = { asked: digestOf(`asked ${text}`, 16), id: digestOf(text, 22) };
    yield { event: 'message:send', ...asker, ...asked, subject: idOf(to), body: someText(random) };
  }
  const received = lastOp + accounts + messages - QUEUED;
  for (let first = 0; first < accounts && received > lastOp; first += ROWS_AT_A_TIME) {
    const some = Array.from({ length: Math.min(ROWS_AT_A_TIME, accounts - first) }, (_, index) => idOf(first + index));
    yield { ...nobody, event: 'message:received', body: some.map((account) => `${account}=${received}`).join(' ') };
  }
}

function* deletionsOf(
  drafts: Iterable<EntryDraft>,
  chat: ChatState,
  oneIn: number,
  round: number,
): Generator<EntryDraft> {
  const client = `00000000-0000-4000-9000-${String(round).padStart(12, '0')}` as ClientId;
  let request = 0;
  let message = 0;
  for (const { event, account, id } of drafts) {
    if (event !== 'message:send' || message++ % oneIn !== round) continue;
    const sender = chat.accountByName(`stored${Number(account) - 1}`)!.id;
    const asker = { client, request: ++request, asked: digestOf(`delete ${id}`, 16), account: sender };
    yield { event: 'message:delete', ...asker, id: '', subject: id, body: '' };
  }
}

function someText(random: ReturnType<typeof seededRandom>): string {
  let text = '';
  while (text.length < MESSAGE_BYTES) text += `${WORDS[random.between(0, WORDS.length)]} `;
  return text.slice(0, MESSAGE_BYTES - 1).trim();
}

function digestOf(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

function* inPieces<T>(items: Iterable<T>): Generator<T[]> {
  let piece: T[] = [];
  for (const item of items) {
    if (piece.push(item) < ROWS_AT_A_TIME) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

function done(call: (done: (failure?: { message: string }) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((failure) => (failure ? reject(new Error(failure.message)) : resolve()));
  });
}
