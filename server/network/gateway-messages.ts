import type { RequestOf } from '../../shared/api.ts';
import { type Result, success } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { ChatReader, HistoryChoice, HistoryPage } from '../engine/engine.ts';
import { noSuchAccount, noSuchRoom, notLoggedIn } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext } from './gateway-context.ts';
import { submit } from './gateway-submit.ts';

/** Text in one page of history, in UTF-16 code units; a page that would hold more is cut and says that there is more. */
const HISTORY_PAGE_LENGTH = 1024 * 1024;
/** What a message costs in a page besides its text. */
const MESSAGE_BYTES = 200;

/** `message:send`: on the fastest path there is; nothing here waits. */
export function sendMessage(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:send'>,
  answer: Answer,
): undefined {
  const { to, body } = request;
  submit(context, connection, request, { event: 'message:send', fields: { to, body }, subject: to, body }, (result) => {
    if (!result.ok) return answer(result);
    const { id, position, at } = result.value;
    answer({ ok: true, id, position, at } as AnyReply);
  });
}

/** `message:delete`: that it is the asker's own message is the state's to check. */
export function deleteMessage(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:delete'>,
  answer: Answer,
): undefined {
  const { id } = request;
  submit(context, connection, request, { event: 'message:delete', fields: { id }, subject: id, body: '' }, (result) => {
    answer(result.ok ? ({ ok: true, position: result.value.position } as AnyReply) : result);
  });
}

/** `message:history`: a page of the asker's own messages, or of those between the asker and another account. */
export function readHistory(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:history'> & { limit: number },
  answer: Answer,
): undefined {
  const { after, before, with: other, limit } = request;
  if (other?.startsWith('#')) return answer(noSuchRoom(other));
  const choose = (chat: ChatReader, account: AccountId): Result<HistoryChoice> => {
    const partner = other === undefined ? undefined : chat.accountByName(other);
    if (other !== undefined && !partner) return noSuchAccount(other);
    return success(chat.history({ account, after, before, with: partner?.id, limit }));
  };
  const { engine } = context;
  const asker = askerOf(context, connection, request.seen);
  engine.readHistory(
    asker.seen,
    (chat) => asker.as(chat, (account) => choose(chat, account)),
    (result) => {
      asker.settle();
      if (!result.ok) return answer(result);
      const { messages, deletions, position, more } = shortened(result.value, after !== undefined);
      const bytes = lengthOf({ messages, deletions, position, more });
      answer({ ok: true, messages, deletions, position, more } as AnyReply, bytes);
    },
  );
}

/** `message:received`: answered at once; when it is lost, the account's next device shows a few messages as new again. */
export function noteReceived(
  { engine }: GatewayContext,
  connection: Connection,
  { position }: RequestOf<'message:received'>,
  answer: Answer,
): undefined {
  if (connection.account === '') return answer(notLoggedIn());
  engine.received(connection.account, position);
  answer({ ok: true });
}

/** `account:list`: in the order of the names' keys. */
export function listAccounts(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'account:list'> & { limit: number },
  answer: Answer,
): undefined {
  const { pattern, after, limit } = request;
  const query = (chat: ChatReader) => success(chat.listAccounts({ pattern, after, limit }));
  readAs(context, connection, request.seen, query, (result) => {
    if (!result.ok) return answer(result);
    const { accounts, more } = result.value;
    const listed = accounts.map(({ id, username }) => ({ username, online: context.presence.isOnline(id) }));
    answer({ ok: true, accounts: listed, more } as AnyReply, 100 * listed.length);
  });
}

/** `cluster:status`: what this server believes; anybody may ask. */
export function readCluster(
  { engine }: GatewayContext,
  _connection: Connection,
  _request: RequestOf<'cluster:status'>,
  answer: Answer,
): undefined {
  answer({ ok: true, cluster: engine.cluster() } as AnyReply);
}

/** Reads as the account that is logged in. */
function readAs<T>(
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

function lengthOf({ messages, deletions }: HistoryPage): number {
  let length = MESSAGE_BYTES * (messages.length + deletions.length);
  for (const { body } of messages) length += body.length;
  return length;
}

/** Cuts a page at the end that is read on from, so that one reply never becomes megabytes; one message always stays. */
function shortened(page: HistoryPage, forwards: boolean): HistoryPage {
  const { messages } = page;
  let length = 0;
  let kept = 0;
  while (kept < messages.length) {
    length += messages[forwards ? kept : messages.length - 1 - kept]!.body.length + MESSAGE_BYTES;
    if (length > HISTORY_PAGE_LENGTH && kept > 0) break;
    kept += 1;
  }
  if (kept === messages.length) return page;
  if (!forwards) return { ...page, messages: messages.slice(-kept), more: true };
  const position = messages[kept - 1]!.position;
  const deletions = page.deletions.filter((deletion) => deletion.position <= position);
  return { messages: messages.slice(0, kept), deletions, position, more: true };
}
