import { type Result, success } from '../../shared/errors.ts';
import type { AccountId, ConversationEnd } from '../../shared/ids.ts';
import { LIST_MAX_LIMIT } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import type { ChatReader, HistoryChoice, HistoryPage } from '../engine/engine.ts';
import { noSuchAccount, noSuchRoom, notAMember, notLoggedIn } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { GatewayContext } from './gateway-context.ts';

/** Reads as the account that is logged in. */
export function readAs<T>(
  context: GatewayContext,
  connection: Connection,
  seen: number | undefined,
  query: (chat: ChatReader, account: AccountId) => Result<T>,
  answer: (result: Result<T>) => void,
): void {
  const asker = askerOf(context, connection, seen);
  context.engine.read(
    asker.seen,
    (chat) => asker.as(chat, (account) => query(chat, account)),
    (result) => {
      asker.settle();
      answer(result.ok ? result.value : result);
    },
  );
}

/** Reads messages as the account that is logged in. */
export function readMessagesAs(
  context: GatewayContext,
  connection: Connection,
  seen: number | undefined,
  choose: (chat: ChatReader, account: AccountId) => Result<HistoryChoice>,
  answer: (result: Result<HistoryPage>) => void,
): void {
  const asker = askerOf(context, connection, seen);
  context.engine.readHistory(
    asker.seen,
    (chat) => asker.as(chat, (account) => choose(chat, account)),
    (result) => {
      asker.settle();
      answer(result);
    },
  );
}

/**
 * Whom `with` names for an account: a room that it is a member of, the present account of that name, or else the deleted account of that
 * name that it is still in conversation with.
 */
export function endNamed(chat: ChatReader, account: AccountId, name: string): Result<ConversationEnd> {
  if (name.startsWith('#')) {
    const room = chat.roomByName(name);
    if (!room) return noSuchRoom(name);
    return chat.isMember(account, room.id) ? success(room.id) : notAMember(name);
  }
  const end = chat.accountByName(name)?.id ?? deletedEndNamed(chat, account, name);
  return end === undefined ? noSuchAccount(name) : success(end);
}

/** Deleted accounts have given up their names, so all conversations are looked through. */
function deletedEndNamed(chat: ChatReader, account: AccountId, name: string): ConversationEnd | undefined {
  const key = nameKey(name);
  for (let after: string | undefined, more = true; more; ) {
    const page = chat.conversations({ account, after, limit: LIST_MAX_LIMIT });
    const found = page.conversations.find((one) => one.deleted && nameKey(one.with) === key);
    if (found) return found.end;
    after = page.conversations.at(-1)?.with;
    more = page.more && after !== undefined;
  }
  return undefined;
}

/** Who reads: the account that is logged in; a log-in that this server has not applied yet is waited for. */
function askerOf({ presence }: GatewayContext, connection: Connection, seen: number | undefined) {
  const logIn = connection.logIn!;
  const known = connection.account !== '';
  return {
    seen: known ? seen : Math.max(seen ?? 0, Number(logIn.session)),
    as: <T>(chat: ChatReader, query: (account: AccountId) => Result<T>): Result<T> => {
      const account = chat.accountOfLogIn(logIn);
      return account ? query(account.id) : notLoggedIn();
    },
    settle: (): void => {
      if (!known && !connection.closed) presence.settle(connection);
    },
  };
}
