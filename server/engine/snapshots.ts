import { DOCUMENT_OVERHEAD_BYTES } from '../../shared/limits.ts';
import type { LongTable } from '../../shared/operations.ts';
import { CLIENT_TABLE, type ClientTable } from '../replication/client-table.ts';
import type { ReplicaState } from '../replication/replica-state.ts';
import type { ChatState } from '../state/chat-state.ts';
import { DOCUMENTS } from '../state/documents.ts';
import { MESSAGE_INDEX } from '../state/message-index.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';
import { queueTable } from './queue-table.ts';

/** Rows of the index that are made at a time. */
const INDEX_ROWS_AT_A_TIME = 1000;
/** To write so many rows, or remembered replies, costs little beside the operation that they are written for. */
const ROWS_FOR_ONE_OPERATION = 5;
/** To read a queued message from the log and to list it costs more than a few operations may bear. */
const OPERATIONS_FOR_ONE_QUEUED = 4;
/** A list of queued messages up to this length is written with every snapshot; a longer one costs too much for that. */
const SHORT_QUEUE_ROWS = 10_000;

export interface SnapshotParts {
  state: ReplicaState;
  chat: ChatState;
  clients: ClientTable;
  storage: ReplicaStorage;
  /** The last operation of the snapshot that is on disk; 0 when there is none. */
  op: number;
  /** Another is due after so many operations at least. */
  intervalOperations: number;
  /** The storage must not be asked for anything any more. */
  isOver(): boolean;
}

/** Writes the state down now and then, so that a start need not apply the whole log. */
export class Snapshots {
  readonly #parts: SnapshotParts;
  #op: number;
  /** Of the last one, in operations between two. */
  #cost = 0;
  /** Of the list of queued messages that is on disk; 0 when nothing is known of it. */
  #queueOp = 0;
  /** The last one that is on disk and has the list of queued messages. */
  #wholeOp = 0;
  #isWriting = false;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.#op = parts.op;
  }

  /** A snapshot costs as much as its rows: with the interval growing alike, an operation's share stays the same. */
  get isDue(): boolean {
    const { chat, intervalOperations } = this.#parts;
    return chat.position - this.#op >= Math.max(intervalOperations, this.#cost);
  }

  /** The op after which the state is on disk, with all that people read of it. */
  get wholeOp(): number {
    return this.#wholeOp;
  }

  /**
   * Resolves when it is durable, or when there is nothing new to write; with the failure if there was one.
   *
   * @param what `quick`: the server ends, what takes long is left as it is; `whole`: all that people read is written, however long it takes
   */
  save(what: 'usual' | 'quick' | 'whole'): Promise<StorageFailure | undefined> {
    const { state, chat, clients, storage } = this.#parts;
    const op = chat.position;
    const entry = state.log.entry(op);
    const isNew = op !== this.#op || (what === 'whole' && op !== this.#wholeOp);
    if (this.#isWriting || !isNew || !entry || op > state.log.durableOp) return Promise.resolve(undefined);
    this.#isWriting = true;
    this.#op = op;
    const tables = chat.snapshot();
    const documentRows = chat.documents.bytes / DOCUMENT_OVERHEAD_BYTES;
    const rows = tables.reduce((sum, table) => sum + table.rows.length, clients.replies + documentRows);
    this.#cost = rows / ROWS_FOR_ONE_OPERATION;
    const longTables = [this.#clientTable(), this.#index(), this.#documents(), ...this.#queue(what)];
    const { chain, view } = entry;
    const { complete } = state;
    const isWhole = this.#queueOp === op;
    return new Promise((resolve) => {
      storage.writeSnapshot({ op, chain, view, complete, tables, longTables }, (failure) => {
        this.#isWriting = false;
        if (isWhole && !failure) this.#wholeOp = op;
        resolve(failure);
      });
    });
  }

  #clientTable(): LongTable {
    return { ...CLIENT_TABLE, pieces: this.#parts.clients.pieces(), rowsBefore: null };
  }

  #documents(): LongTable {
    return { ...DOCUMENTS, pieces: this.#parts.chat.documents.pieces(), rowsBefore: null };
  }

  #index(): LongTable {
    const { before, rows } = this.#parts.chat.takeIndexRows();
    return { ...MESSAGE_INDEX, pieces: inPieces(rows), rowsBefore: before };
  }

  /** With the distance between two growing as the list does, an operation's share of it stays the same. */
  #queue(what: 'usual' | 'quick' | 'whole'): LongTable[] {
    const { chat, storage, isOver } = this.#parts;
    const queue = chat.queue();
    const rows = queue.count();
    const isDue = what === 'usual' && chat.position - this.#queueOp >= OPERATIONS_FOR_ONE_QUEUED * rows;
    if (rows > SHORT_QUEUE_ROWS && !isDue && what !== 'whole') return [];
    this.#queueOp = chat.position;
    return [queueTable(queue, storage, isOver)];
  }
}

function* inPieces(rows: Iterable<string[]>): Generator<string[][]> {
  let piece: string[][] = [];
  for (const row of rows) {
    piece.push(row);
    if (piece.length < INDEX_ROWS_AT_A_TIME) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
