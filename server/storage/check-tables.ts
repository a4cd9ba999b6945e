import { readAccountBody } from '../../shared/account-body.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { readRoomBody } from '../../shared/room-body.ts';

/** Tells whether an operation of the log is what a row of a table came from. */
type Test = (entry: LogEntry) => boolean;

const INDEX = 'message_index';
/** The operations that rows of the index come from, by their `change`. */
const INDEXED_EVENTS: Record<string, readonly LogEntry['event'][]> = {
  sent: ['message:send'],
  posted: ['message:send'],
  edited: ['message:edit'],
  reacted: ['message:react', 'message:unreact'],
  deleted: ['message:delete'],
  left: ['account:delete'],
  ended: ['room:leave', 'room:remove', 'room:delete', 'account:delete'],
};

interface Claim {
  table: string;
  line: number;
  test: Test;
}

const isEvent =
  (...events: LogEntry['event'][]): Test =>
  ({ event }) =>
    events.includes(event);

/**
 * Compares the rows of a snapshot with the operations that they name. Holds what the tables say, not the log: its
 * memory grows with the state of the chat and not with its history.
 */
export class TableClaims {
  readonly #claims = new Map<number, Claim[]>();
  /** Of the index of messages: a row for each, in the order of the log, so a number each has to be enough. */
  readonly #indexed: { op: number[]; events: (readonly LogEntry['event'][])[] } = { op: [], events: [] };
  #nextIndexed = 0;
  readonly #columns = new Map<string, string[]>();
  readonly #lines = new Map<string, number>();
  rows = 0;

  /** @param cells of the next row of that table; the first one names the columns */
  add(table: string, cells: string[]): void {
    const columns = this.#columns.get(table);
    const line = (this.#lines.get(table) ?? 0) + 1;
    this.#lines.set(table, line);
    if (!columns) {
      this.#columns.set(table, cells);
      return;
    }
    this.rows += 1;
    const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
    if (table === INDEX) this.#index(Number(cell('op')), cell('change'));
    for (const [op, test] of claimsOf(table, cell)) {
      const claims = this.#claims.get(op) ?? [];
      claims.push({ table, line, test });
      this.#claims.set(op, claims);
    }
  }

  #index(op: number, change: string): void {
    this.#indexed.op.push(op);
    this.#indexed.events.push(INDEXED_EVENTS[change] ?? []);
  }

  /** @param onDifference gets a clause for each row that did not come from this operation */
  compare(entry: LogEntry, onDifference: (clause: string) => void): void {
    this.#compareIndex(entry, onDifference);
    const claims = this.#claims.get(entry.op);
    if (!claims) return;
    this.#claims.delete(entry.op);
    for (const { table, line, test } of claims) {
      if (!test(entry)) onDifference(`${table}.csv, line ${line}: op ${entry.op} of the log is something else`);
    }
  }

  #compareIndex({ op: entryOp, event: entryEvent }: LogEntry, onDifference: (clause: string) => void): void {
    const { op, events } = this.#indexed;
    for (; op[this.#nextIndexed]! <= entryOp; this.#nextIndexed++) {
      // Operations that are missing in the log, or damaged, are told as such.
      if (op[this.#nextIndexed] !== entryOp || events[this.#nextIndexed]!.includes(entryEvent)) continue;
      onDifference(
        `${INDEX}.csv, line ${this.#nextIndexed + 2}: op ${op[this.#nextIndexed]} of the log is something else`,
      );
    }
  }

  /** A clause for each row whose operation was not in the log as far as it was read. */
  *unfounded(): Generator<string> {
    for (const [op, claims] of this.#claims) {
      for (const { table, line } of claims) yield `${table}.csv, line ${line}: op ${op} is not in the log`;
    }
    const op = this.#indexed.op[this.#nextIndexed];
    if (op !== undefined) yield `${INDEX}.csv, line ${this.#nextIndexed + 2}: op ${op} is not in the log`;
  }
}

/** Compaction may have removed what a table of an older snapshot still has. */
function isRemoved({ body, removedDigest }: LogEntry): boolean {
  return body === '' && removedDigest !== '';
}

function isNamed(entry: LogEntry, username: string): boolean {
  // A table may have forgotten a name before the log has.
  return isRemoved(entry) || username === '' || readAccountBody(entry).username === username;
}

/** None for an empty cell. */
function claimAt(op: string, test: Test): [op: number, test: Test][] {
  return op === '' ? [] : [[Number(op), test]];
}

function claimsOf(table: string, cell: (name: string) => string): [op: number, test: Test][] {
  switch (table) {
    case 'user_table': {
      const [account, username] = [cell('account'), cell('username')];
      const created: Test = (entry) => entry.event === 'account:create' && isNamed(entry, username);
      const isOf =
        (event: LogEntry['event']): Test =>
        (entry) =>
          entry.event === event && entry.account === account;
      return [
        [Number(account), created],
        ...claimAt(cell('deleted_at_op'), isOf('account:delete')),
        ...claimAt(cell('first_password_op'), isOf('account:password')),
        ...claimAt(cell('profile_op'), isOf('account:profile')),
      ];
    }
    case 'rooms': {
      const [room, name] = [cell('room'), cell('name')];
      const created: Test = (entry) =>
        entry.event === 'room:create' && (isRemoved(entry) || name === '' || readRoomBody(entry).name === name);
      const topic: Test = (entry) => entry.event === 'room:topic' && entry.subject === room;
      return [[Number(room), created], ...claimAt(cell('first_topic_op'), topic)];
    }
    case 'room_members': {
      const [room, account] = [cell('room'), cell('account')];
      const joined: Test = ({ op, event, account: who, subject }) =>
        who === account && (event === 'room:join' ? subject === room : event === 'room:create' && String(op) === room);
      return claimAt(cell('joined_at_op'), joined);
    }
    case 'reactions': {
      const [message, account, text] = [cell('message'), cell('account'), cell('reaction')];
      const given: Test = (entry) => {
        const isReaction = entry.event === 'message:react' || (entry.event === 'message:unreact' && text === '');
        const isSame = entry.subject === message && entry.account === account;
        return isReaction && isSame && (text === '' || isRemoved(entry) || entry.body === text);
      };
      return [[Number(cell('op')), given]];
    }
    case 'documents': {
      const [key, value] = [cell('key'), cell('value')];
      const isOf: Test = ({ event, subject }) => event === 'document:set' && subject === key;
      return [
        [Number(cell('created_op')), isOf],
        [Number(cell('changed_op')), (entry) => isOf(entry) && (isRemoved(entry) || entry.body === value)],
      ];
    }
    case 'sessions':
      return [[Number(cell('session')), isEvent('session:open', 'account:create')]];
    case 'queued_messages': {
      const [id, at, body] = [cell('id'), Number(cell('at')), cell('body')];
      const sent: Test = (entry) => entry.event === 'message:send' && entry.id === id && entry.time === at;
      const worded: Test = (entry) =>
        (entry.event === 'message:send' ? entry.id === id : entry.event === 'message:edit' && entry.subject === id) &&
        (isRemoved(entry) || entry.body === body);
      // Lists of earlier versions, which knew no edits, do not say which row has the text.
      return [
        [Number(cell('position')), sent],
        [Number(cell('text_op') || cell('position')), worded],
      ];
    }
    case 'client_table': {
      const [client, last] = [cell('client'), Number(cell('last_request'))];
      const position = Number(cell('replies').split(' ').at(-1)?.split('/')[2]);
      return position > 0 ? [[position, (entry) => entry.client === client && entry.request === last]] : [];
    }
    default:
      return [];
  }
}
