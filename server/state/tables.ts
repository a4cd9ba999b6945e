import { assert } from '../../shared/assert.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';
import type { LogEntry, Table } from '../../shared/operations.ts';
import type { Account, Accounts } from './accounts.ts';
import type { CompactionFacts } from './compactions.ts';
import type { QueuedMessage } from './message-queue.ts';
import type { Session, Sessions } from './sessions.ts';

const USER_TABLE = {
  name: 'user_table',
  columns: [
    'account',
    'username',
    'name_key',
    'password_hash',
    'created_at',
    'received',
    // An op number, as `account` is; empty while the account is present.
    'deleted_at_op',
  ],
} as const;
const SESSIONS = { name: 'sessions', columns: ['session', 'account', 'opened_at'] } as const;
/** What the state knows of compaction; see {@link CompactionFacts}. */
const REMOVALS = { name: 'removals', columns: ['what', 'op', 'account', 'deleted_at_op'] } as const;
/** Messages that their recipients have not received, by position. For people to read: it follows from the log. */
export const QUEUED_MESSAGES = {
  name: 'queued_messages',
  columns: ['position', 'id', 'from', 'to', 'at', 'body'],
} as const;

/** Accounts and tombstones, oldest first. */
export function userTable(accounts: Accounts): Table {
  const rows = Array.from(accounts.all(), (account) => [
    account.id,
    account.username,
    account.nameKey,
    account.passwordHash,
    String(account.createdAt),
    String(account.received),
    account.deletedAtOp === 0 ? '' : String(account.deletedAtOp),
  ]);
  return { ...USER_TABLE, rows };
}

/** The inverse of {@link userTable}. */
export function readUserTable(tables: readonly Table[]): Account[] {
  return rowsOf(tables, USER_TABLE).map((row) => {
    const [id, username, nameKey, passwordHash, createdAt, received, deletedAtOp] = row as SevenCells;
    return {
      id: id as AccountId,
      username,
      nameKey,
      passwordHash,
      createdAt: wholeNumber(createdAt, 'user_table.created_at'),
      received: wholeNumber(received, 'user_table.received'),
      deletedAtOp: deletedAtOp === '' ? 0 : wholeNumber(deletedAtOp, 'user_table.deleted_at_op'),
    };
  });
}
type SevenCells = [string, string, string, string, string, string, string];

/** Open sessions, oldest first. */
export function sessionTable(sessions: Sessions): Table {
  const rows = Array.from(sessions.all(), ({ id, account, openedAt }) => [id, account, String(openedAt)]);
  return { ...SESSIONS, rows };
}

/** The inverse of {@link sessionTable}. */
export function readSessionTable(tables: readonly Table[]): Session[] {
  return rowsOf(tables, SESSIONS).map((row) => {
    const [id, account, openedAt] = row as [string, string, string];
    return {
      id: id as SessionId,
      account: account as AccountId,
      openedAt: wholeNumber(openedAt, 'sessions.opened_at'),
    };
  });
}

export function compactionTable({ op, opBefore, removableSinceOp, gone, withoutBody }: CompactionFacts): Table {
  const rows = [
    ['compacted', String(op), '', ''],
    ['compacted_before', String(opBefore), '', ''],
    ['removable_since', String(removableSinceOp), '', ''],
    ...withoutBody.map((one) => ['without_body', String(one), '', '']),
    ...gone.map(({ account, deletedAtOp, goneAtOp }) => ['gone', String(goneAtOp), account, String(deletedAtOp)]),
  ];
  return { ...REMOVALS, rows };
}

/** The inverse of {@link compactionTable}. Snapshots of earlier versions, which knew no compaction, have none. */
export function readCompactionTable(tables: readonly Table[]): CompactionFacts {
  const rows = tables.some(({ name }) => name === REMOVALS.name) ? rowsOf(tables, REMOVALS) : [];
  const opOf = (what: string) => wholeNumber(rows.find((row) => row[0] === what)?.[1] ?? '0', 'removals.op');
  const gone = rows.filter((row) => row[0] === 'gone') as [string, string, AccountId, string][];
  return {
    op: opOf('compacted'),
    opBefore: opOf('compacted_before'),
    removableSinceOp: opOf('removable_since'),
    gone: gone.map(([, goneAtOp, account, deletedAtOp]) => ({
      account,
      deletedAtOp: wholeNumber(deletedAtOp, 'removals.deleted_at_op'),
      goneAtOp: wholeNumber(goneAtOp, 'removals.op'),
    })),
    withoutBody: rows.filter((row) => row[0] === 'without_body').map((row) => wholeNumber(row[1]!, 'removals.op')),
  };
}

/** @param row the message's row in the log */
export function queueRow({ position, id, from, to }: QueuedMessage, { time, body }: LogEntry): string[] {
  return [String(position), id, from, to, String(time), body];
}

function rowsOf(tables: readonly Table[], { name, columns }: Pick<Table, 'name' | 'columns'>): Table['rows'] {
  const table = tables.find((one) => one.name === name);
  assert(table, `the snapshot has a table ${name}`);
  assert(table.columns.join() === columns.join(), `the columns of ${name} are ${columns.join()}, not ${table.columns}`);
  for (const row of table.rows) {
    assert(row.length === columns.length, `a row of ${name} has ${columns.length} cells, not ${row.length}`);
  }
  return table.rows;
}

function wholeNumber(cell: string, column: string): number {
  assert(/^\d{1,15}$/.test(cell), `${column} is a whole number, not ${JSON.stringify(cell)}`);
  return Number(cell);
}
