import type { ClientId } from '../../shared/ids.ts';
import { CLIENT_TABLE_ROWS, CLIENT_TABLE_UNUSED_MS, REQUESTS_IN_FLIGHT } from '../../shared/limits.ts';
import type { LogEntry, Outcome, Table } from '../../shared/operations.ts';
import { ClientReplies, type RememberedReply } from './client-replies.ts';

interface ClientRow {
  /** The last request that was executed. */
  last: number;
  /** Replies of all executed requests whose number is less than {@link REQUESTS_IN_FLIGHT} below the last; ascending. */
  replies: ClientReplies;
  usedAtMs: number;
}

export const CLIENT_TABLE = {
  name: 'client_table',
  columns: ['client', 'last_request', 'used_at_ms', 'replies'],
} as const;
/** Clients whose rows are made at a time: a few milliseconds of work. */
const CLIENTS_AT_A_TIME = 20;

/** Rows on their way into a snapshot: one that changes before its turn is copied first. */
interface Frozen {
  waiting: Set<ClientRow>;
  copies: Map<ClientRow, ClientRow>;
}

/** What R18 says of a request before anybody looks at what it asks for. */
export type Standing =
  | { type: 'new' }
  | { type: 'executed'; outcome: Outcome }
  | { type: 'number-reused' }
  /** It was never executed and never will be, because a later one was. */
  | { type: 'overtaken' }
  | { type: 'forgotten' };

/**
 * R18: who asked what, and how it ended. A function of the log alone, so every replica has the same table and a new
 * primary gives the same answers. Part of the snapshot.
 */
export class ClientTable {
  readonly #rows = new Map<ClientId, ClientRow>();
  #replies = 0;
  #frozen: Frozen = { waiting: new Set(), copies: new Map() };

  /**
   * @param known the client says that it once got an answer; an unknown id then means that its row was given up
   * @param asked the digest of what is asked now
   */
  standing(client: ClientId, request: number, asked: string, known: boolean): Standing {
    const row = this.#rows.get(client);
    if (!row) return known ? { type: 'forgotten' } : { type: 'new' };
    if (request > row.last) return { type: 'new' };
    const reply = row.replies.find(request);
    // Had it been executed, it would have been before the last one (I9), and its reply would still be here: `record` drops
    // none above this line. That stays so: the last one is committed, and behind it nobody executes a lower number.
    if (!reply) return { type: request > row.last - REQUESTS_IN_FLIGHT ? 'overtaken' : 'forgotten' };
    if (reply.asked !== asked) return { type: 'number-reused' };
    return { type: 'executed', outcome: reply.outcome };
  }

  /** Whether applying this entry would execute a request a second time, or out of order (I9). */
  wasExecuted(entry: LogEntry): boolean {
    if (entry.client === '') return false;
    const row = this.#rows.get(entry.client);
    return row !== undefined && entry.request <= row.last;
  }

  /** Remembers how an applied entry ended. Entries of the cluster itself (no client) leave no trace. */
  record(entry: LogEntry, outcome: Outcome): void {
    if (entry.client === '') return;
    const row = this.#rows.get(entry.client) ?? { last: 0, replies: new ClientReplies(), usedAtMs: 0 };
    if (this.#frozen.waiting.delete(row)) this.#frozen.copies.set(row, { ...row, replies: row.replies.copy() });
    // Moved to the end: the map's order is the order of last use, which is the order of giving up.
    this.#rows.delete(entry.client);
    this.#rows.set(entry.client, row);
    row.last = entry.request;
    row.usedAtMs = entry.time;
    const { replies } = row;
    const oldestKept = entry.request - REQUESTS_IN_FLIGHT;
    const isGivenUp = () => replies.length === REQUESTS_IN_FLIGHT || (replies.oldest ?? entry.request) <= oldestKept;
    for (; isGivenUp(); this.#replies--) replies.dropOldest();
    replies.push({ request: entry.request, asked: entry.asked, outcome });
    this.#replies++;
    this.#giveUpUnused(entry.time);
  }

  /** The last executed request of a client; 0 when it is unknown. */
  lastRequest(client: ClientId): number {
    return this.#rows.get(client)?.last ?? 0;
  }

  get size(): number {
    return this.#rows.size;
  }

  #giveUpUnused(nowMs: number): void {
    while (this.#rows.size > CLIENT_TABLE_ROWS) {
      const [client, row] = this.#rows.entries().next().value!;
      if (nowMs - row.usedAtMs < CLIENT_TABLE_UNUSED_MS) return;
      this.#rows.delete(client);
      this.#replies -= row.replies.length;
    }
  }

  /** How many replies are remembered in all. */
  get replies(): number {
    return this.#replies;
  }

  snapshot(): Table {
    return { ...CLIENT_TABLE, rows: [...this.#rows].map(([client, row]) => cellsOf(client, row)) };
  }

  /**
   * The rows of {@link snapshot} as they are at the call, piece by piece; the table may change while they are taken. Only the
   * pieces of the last call may be taken.
   */
  pieces(): Iterable<string[][]> {
    const frozen: Frozen = { waiting: new Set(this.#rows.values()), copies: new Map() };
    this.#frozen = frozen;
    return piecesOf([...this.#rows], frozen);
  }

  /** @param table as {@link snapshot} made it, whole: its digest was checked when it was read */
  static restore(table: Table): ClientTable {
    const restored = new ClientTable();
    for (const row of table.rows) restored.restoreRow(row);
    return restored;
  }

  /** Takes the next row of the table of a snapshot: all of them, in order, before anything else. */
  restoreRow(cells: readonly string[]): void {
    const [client, last, usedAtMs, text] = cells;
    const replies = new ClientReplies();
    if (text !== '') for (const reply of text!.split(' ')) replies.push(parseReply(reply));
    this.#rows.set(client as ClientId, { last: Number(last), usedAtMs: Number(usedAtMs), replies });
    this.#replies += replies.length;
  }
}

function* piecesOf(rows: readonly (readonly [ClientId, ClientRow])[], frozen: Frozen): Generator<string[][]> {
  for (let start = 0; start < rows.length; start += CLIENTS_AT_A_TIME) {
    yield rows.slice(start, start + CLIENTS_AT_A_TIME).map(([client, row]) => {
      const cells = cellsOf(client, frozen.copies.get(row) ?? row);
      frozen.waiting.delete(row);
      frozen.copies.delete(row);
      return cells;
    });
  }
}

function cellsOf(client: ClientId, { last, usedAtMs, replies }: ClientRow): string[] {
  const texts = Array.from(
    replies,
    ({ request, asked, outcome: { position, at, refused, existed } }) =>
      `${request}/${asked}/${position}/${at}/${refused}${existed ? '/existed' : ''}`,
  );
  return [client, String(last), String(usedAtMs), texts.join(' ')];
}

function parseReply(text: string): RememberedReply {
  // Only of documents that were there before is there a sixth part.
  const [request, asked, position, at, refused, existed] = text.split('/');
  const outcome: Outcome = { position: Number(position), at: Number(at), refused: refused as Outcome['refused'] };
  if (existed !== undefined) outcome.existed = true;
  return { request: Number(request), asked: asked!, outcome };
}
