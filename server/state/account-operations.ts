import type { AccountId, SessionId } from '../../shared/ids.ts';
import { SESSIONS_PER_ACCOUNT } from '../../shared/limits.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { type Account, newAccount } from './accounts.ts';
import type { ChatParts } from './chat-parts.ts';
import { forgetMessage } from './message-operations.ts';
import type { Notice } from './reader.ts';
import { forgetTombstone, leaveRoom } from './room-operations.ts';
import type { Session } from './sessions.ts';

/** `account:create`, which was found to take effect; its session opens with it. */
export function createAccount(parts: ChatParts, entry: LogEntry): Notice[] {
  const account = newAccount(entry);
  parts.accounts.add(account);
  return openSession(parts, account, entry);
}

export function openSession({ sessions }: ChatParts, account: Account, entry: LogEntry): Notice[] {
  const session: Session = { id: String(entry.op) as SessionId, account: account.id, openedAt: entry.time };
  const oldest = sessions.open(session);
  if (oldest === undefined) return [];
  return [ended(oldest, `Your account logged in ${SESSIONS_PER_ACCOUNT} more times since; log in again.`)];
}

export function closeSession({ sessions }: ChatParts, entry: LogEntry): Notice[] {
  const session = sessions.find(entry.subject)!;
  sessions.close(session);
  return [ended(session, 'You logged out.')];
}

export function closeAllSessions({ sessions }: ChatParts, entry: LogEntry): Notice[] {
  const closed = sessions.closeAllOf(entry.account as AccountId);
  return closed.map((session) => ended(session, 'You logged out everywhere; log in again.'));
}

/** `account:delete`. Its rooms go on without it, and so do its messages, for whoever can see them. */
export function deleteAccount(parts: ChatParts, { account: id, op }: LogEntry): Notice[] {
  const { accounts, sessions, rooms, blocks, archive, reactions, compactions } = parts;
  const account = accounts.present(id)!;
  const { username, passwordAtOp, profileAtOp } = account;
  accounts.markDeleted(account, op);
  compactions.noteRemovable(op);
  compactions.replace(passwordAtOp, op);
  compactions.replace(profileAtOp, op);
  const closed = sessions.closeAllOf(account.id);
  const left = [...rooms.of(account.id)].flatMap((room) => leaveRoom(parts, room, account.id, op, 'deleted'));
  rooms.forget(account.id);
  blocks.forget(account.id);
  const number = archive.numberOf(account.id);
  const rows = number === undefined ? [] : reactions.forgetAccount(number);
  for (const row of rows) compactions.replace(row, op);
  const gone = archive.forget(account.id, op, (message) => forgetMessage(parts, message, op));
  for (const one of gone) forgetTombstone(parts, one, op);
  return [
    { type: 'account:deleted', account: account.id, username, position: op },
    ...left,
    ...closed.map((session) => ended(session, `The account "${username}" was deleted.`)),
  ];
}

/** `account:password`: all other sessions end. */
export function changePassword({ accounts, sessions, compactions }: ChatParts, entry: LogEntry): Notice[] {
  const { op, subject: staying, body } = entry;
  const account = accounts.present(entry.account)!;
  compactions.replace(account.passwordAtOp, op);
  compactions.noteRemovable(op);
  account.firstPasswordOp ||= op;
  account.passwordHash = body;
  account.passwordAtOp = op;
  compactions.need(op);
  const closed = sessions.closeAllOf(account.id, staying);
  return closed.map((session) => ended(session, 'The password was changed; log in again.'));
}

/** `account:profile`. */
export function changeProfile({ accounts, compactions }: ChatParts, entry: LogEntry): Notice[] {
  const { op, body: displayName, removedDigest } = entry;
  const account = accounts.present(entry.account)!;
  const hasBody = displayName !== '' || removedDigest !== '';
  compactions.replace(account.profileAtOp, op);
  account.displayName = displayName;
  account.profileAtOp = hasBody ? op : 0;
  if (hasBody) compactions.need(op);
  return [{ type: 'account:changed', change: { username: account.username, displayName, position: op } }];
}

/** `account:block` or `account:unblock`. */
export function changeBlock({ accounts, blocks }: ChatParts, entry: LogEntry): Notice[] {
  const account = entry.account as AccountId;
  const other = accounts.present(entry.subject)!;
  const blocked = entry.event === 'account:block';
  const isChange = blocked ? blocks.add(account, other.id) : blocks.remove(account, other.id);
  if (!isChange) return [];
  const block = { username: other.username, blocked, position: entry.op };
  return [{ type: 'account:blocked', account, block }];
}

function ended(session: Session, reason: string): Notice {
  return { type: 'session:ended', session: session.id, reason };
}
