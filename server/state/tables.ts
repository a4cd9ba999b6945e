import type { AccountId, ConversationEnd, SessionId } from '../../shared/ids.ts';
import type { LogEntry, Table } from '../../shared/operations.ts';
import type { Account, Accounts } from './accounts.ts';
import type { CompactionFacts } from './compactions.ts';
import type { QueuedMessage } from './message-queue.ts';
import type { Session, Sessions } from './sessions.ts';
import { opCell, optionalOp, rowsOf, type TableForm, wholeNumber } from './table-form.ts';

const USER_TABLE: TableForm = {
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
    'display_name',
    'password_op',
    'first_password_op',
    'profile_op',
  ],
  columnsBefore: 7,
};
const SESSIONS: TableForm = { name: 'sessions', columns: ['session', 'account', 'opened_at'] };
/** What the state knows of compaction; see {@link CompactionFacts}. Snapshots of earlier versions have none. */
const REMOVALS: TableForm = {
  name: 'removals',
  columns: ['what', 'op', 'account', 'deleted_at_op', 'row'],
  columnsBefore: 4,
  isNew: true,
};
/** Messages that their recipients have not received, by position. For people to read: it follows from the log. */
export const QUEUED_MESSAGES = {
  name: 'queued_messages',
  columns: ['position', 'id', 'from', 'to', 'at', 'body', 'room', 'text_op'],
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
    opCell(account.deletedAtOp),
    account.displayName,
    String(account.passwordAtOp),
    opCell(account.firstPasswordOp),
    opCell(account.profileAtOp),
  ]);
  return { name: USER_TABLE.name, columns: USER_TABLE.columns, rows };
}

/** The inverse of {@link userTable}. */
export function readUserTable(tables: readonly Table[]): Account[] {
  return rowsOf(tables, USER_TABLE).map((row) => {
    const [id, username, nameKey, passwordHash, createdAt, received, deletedAtOp, ...settings] = row as ElevenCells;
    const [displayName, passwordOp, firstPasswordOp, profileOp] = settings;
    return {
      id: id as AccountId,
      username,
      nameKey,
      passwordHash,
      createdAt: wholeNumber(createdAt, 'user_table.created_at'),
      received: wholeNumber(received, 'user_table.received'),
      deletedAtOp: optionalOp(deletedAtOp, 'user_table.deleted_at_op'),
      displayName,
      // Earlier versions knew no other password than that of the creation.
      passwordAtOp: optionalOp(passwordOp, 'user_table.password_op') || Number(id),
      firstPasswordOp: optionalOp(firstPasswordOp, 'user_table.first_password_op'),
      profileAtOp: optionalOp(profileOp, 'user_table.profile_op'),
    };
  });
}
type FourCells = [string, string, string, string];
type ElevenCells = [string, string, string, string, string, string, string, ...FourCells];

/** Open sessions, oldest first. */
export function sessionTable(sessions: Sessions): Table {
  const rows = Array.from(sessions.all(), ({ id, account, openedAt }) => [id, account, String(openedAt)]);
  return { name: SESSIONS.name, columns: SESSIONS.columns, rows };
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

export function compactionTable(facts: CompactionFacts): Table {
  const { op, opBefore, removableSinceOp, gone, replaced, withoutBody } = facts;
  const rows = [
    ['compacted', String(op), '', '', ''],
    ['compacted_before', String(opBefore), '', '', ''],
    ['removable_since', String(removableSinceOp), '', '', ''],
    ...withoutBody.map((one) => ['without_body', String(one), '', '', '']),
    ...gone.map(({ end, partAtOp, goneAtOp }) => ['gone', String(goneAtOp), end, String(partAtOp), '']),
    ...replaced.map(({ row, atOp }) => ['replaced', String(atOp), '', '', String(row)]),
  ];
  return { name: REMOVALS.name, columns: REMOVALS.columns, rows };
}

/** The inverse of {@link compactionTable}. */
export function readCompactionTable(tables: readonly Table[]): CompactionFacts {
  const rows = rowsOf(tables, REMOVALS) as [string, string, string, string, string][];
  const those = (sought: string) => rows.filter(([what]) => what === sought);
  const opOf = (what: string) => wholeNumber(those(what)[0]?.[1] ?? '0', 'removals.op');
  return {
    op: opOf('compacted'),
    opBefore: opOf('compacted_before'),
    removableSinceOp: opOf('removable_since'),
    gone: those('gone').map(([, goneAtOp, end, partAtOp]) => ({
      end: end as ConversationEnd,
      partAtOp: wholeNumber(partAtOp, 'removals.deleted_at_op'),
      goneAtOp: wholeNumber(goneAtOp, 'removals.op'),
    })),
    replaced: those('replaced').map(([, atOp, , , row]) => ({
      row: wholeNumber(row, 'removals.row'),
      atOp: wholeNumber(atOp, 'removals.op'),
    })),
    withoutBody: those('without_body').map(([, op]) => wholeNumber(op, 'removals.op')),
  };
}

/**
 * Where a row can't be read, there is no time or no text.
 *
 * @param sent the message's row in the log
 * @param text the row that holds its text; the same one, unless it was edited
 */
export function queueRow(message: QueuedMessage, sent: LogEntry | undefined, text: LogEntry | undefined): string[] {
  const { position, id, from, to, room, textAt } = message;
  const at = sent ? String(sent.time) : '';
  return [String(position), id, from, to, at, text?.body ?? '', room, String(textAt)];
}
