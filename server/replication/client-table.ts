import type { ClientId } from '../../shared/ids.ts';
import { CLIENT_TABLE_ROWS, CLIENT_TABLE_UNUSED_MS, REQUESTS_IN_FLIGHT } from '../../shared/limits.ts';
import type { LogEntry, Outcome, Table } from '../../shared/operations.ts';

/** A reply that can be given again, with the digest of what was asked. */
export interface RememberedReply {
  request: number;
  asked: string;
  outcome: Outcome;
}

interface ClientRow {
  /** The last request that was executed. */
  last: number;
  /** Replies of all executed requests whose number is less than {@link REQUESTS_IN_FLIGHT} below the last; ascending. */
  replies: RememberedReply[];
  usedAtMs: number;
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

  /**
   * @param known the client says that it once got an answer; an unknown id then means that its row was given up
   * @param asked the digest of what is asked now
   */
  standing(client: ClientId, request: number, asked: string, known: boolean): Standing {
    const row = this.#rows.get(client);
    if (!row) return known ? { type: 'forgotten' } : { type: 'new' };
    if (request > row.last) return { type: 'new' };
    const reply = row.replies.find((one) => one.request === request);
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
    const row = this.#rows.get(entry.client) ?? { last: 0, replies: [], usedAtMs: 0 };
    // Moved to the end: the map's order is the order of last use, which is the order of giving up.
    this.#rows.delete(entry.client);
    this.#rows.set(entry.client, row);
    row.last = entry.request;
    row.usedAtMs = entry.time;
    row.replies.push({ request: entry.request, asked: entry.asked, outcome });
    const oldestKept = entry.request - REQUESTS_IN_FLIGHT;
    while (row.replies.length > REQUESTS_IN_FLIGHT || (row.replies[0] && row.replies[0].request <= oldestKept)) {
      row.replies.shift();
    }
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
    }
  }

  snapshot(): Table {
    const rows = [...this.#rows].map(([client, row]) => [
      client,
      String(row.last),
      String(row.usedAtMs),
      row.replies
        .map(({ request, asked, outcome }) => [request, asked, outcome.position, outcome.at, outcome.refused].join('/'))
        .join(' '),
    ]);
    return { name: 'client_table', columns: ['client', 'last_request', 'used_at_ms', 'replies'], rows };
  }

  /** @param table as {@link snapshot} made it, whole: its digest was checked when it was read */
  static restore(table: Table): ClientTable {
    const restored = new ClientTable();
    for (const [client, last, usedAtMs, replies] of table.rows) {
      restored.#rows.set(client as ClientId, {
        last: Number(last),
        usedAtMs: Number(usedAtMs),
        replies: replies === '' ? [] : replies!.split(' ').map(parseReply),
      });
    }
    return restored;
  }
}

function parseReply(text: string): RememberedReply {
  const [request, asked, position, at, refused] = text.split('/');
  return {
    request: Number(request),
    asked: asked!,
    outcome: { position: Number(position), at: Number(at), refused: refused as Outcome['refused'] },
  };
}
