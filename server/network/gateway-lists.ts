import type { AccountListing, Conversation, RequestOf } from '../../shared/api.ts';
import { success } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { AccountView, ChatReader } from '../engine/engine.ts';
import { noSuchRoom } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext } from './gateway-context.ts';
import type { Online } from './gateway-online.ts';
import { readAs } from './gateway-read.ts';

/** About what one of them takes in a reply. */
const ACCOUNT_BYTES = 100;
const ROOM_BYTES = 150;
const CONVERSATION_BYTES = 250;

/** `account:list`: in the order of the names' keys. */
export function listAccounts(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'account:list'> & { limit: number },
  answer: Answer,
): undefined {
  const { pattern, after, limit, seen } = request;
  const { online } = context.presence;
  const query = (chat: ChatReader, viewer: AccountId) => {
    const { accounts, more } = chat.listAccounts({ pattern, after, limit });
    return success({ accounts: listed(chat, online, accounts, viewer), more });
  };
  readAs(context, connection, seen, query, (result) => {
    if (!result.ok) return answer(result);
    answer({ ok: true, ...result.value } as AnyReply, ACCOUNT_BYTES * result.value.accounts.length);
  });
}

/** `room:list`: all rooms, in the order of the names' keys; rooms are public. */
export function listRooms(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'room:list'> & { limit: number },
  answer: Answer,
): undefined {
  const { pattern, after, limit, seen } = request;
  const query = (chat: ChatReader) => success(chat.listRooms({ pattern, after, limit }));
  readAs(context, connection, seen, query, (result) => {
    if (!result.ok) return answer(result);
    const { rooms, more } = result.value;
    const bytes = rooms.reduce((sum, { topic }) => sum + topic.length + ROOM_BYTES, 0);
    answer({ ok: true, rooms, more } as AnyReply, bytes);
  });
}

/** `room:members`: for anybody who is logged in. */
export function listMembers(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'room:members'> & { limit: number },
  answer: Answer,
): undefined {
  const { room: name, after, limit, seen } = request;
  const { online } = context.presence;
  const query = (chat: ChatReader, viewer: AccountId) => {
    const room = chat.roomByName(name);
    if (!room) return noSuchRoom(name);
    const { members, more } = chat.members({ room: room.id, after, limit });
    return success({ members: listed(chat, online, members, viewer), more });
  };
  readAs(context, connection, seen, query, (result) => {
    if (!result.ok) return answer(result);
    answer({ ok: true, ...result.value } as AnyReply, ACCOUNT_BYTES * result.value.members.length);
  });
}

/** `conversation:list`: whom the asker is in conversation with, and what it has not read there. */
export function listConversations(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'conversation:list'> & { limit: number },
  answer: Answer,
): undefined {
  const { after, limit, seen } = request;
  const { online } = context.presence;
  const query = (chat: ChatReader, account: AccountId) => {
    const page = chat.conversations({ account, after, limit });
    const conversations = page.conversations.map(({ end, ...view }): Conversation => {
      if (view.room || view.deleted || end === account) return view;
      return { ...view, online: online.isShown(chat, end as AccountId, account) };
    });
    return success({ conversations, position: chat.position, more: page.more });
  };
  readAs(context, connection, seen, query, (result) => {
    if (!result.ok) return answer(result);
    const bytes = result.value.conversations.reduce((sum, one) => sum + (one.room?.topic.length ?? 0), 0);
    answer({ ok: true, ...result.value } as AnyReply, bytes + CONVERSATION_BYTES * result.value.conversations.length);
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

function listed(
  chat: ChatReader,
  online: Online,
  accounts: readonly AccountView[],
  viewer: AccountId,
): AccountListing[] {
  return accounts.map(({ id, username, displayName }) => {
    const listing = { username, online: online.isShown(chat, id, viewer) };
    return displayName === '' ? listing : { ...listing, displayName };
  });
}
