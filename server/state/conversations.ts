import type { AccountId, ConversationEnd } from '../../shared/ids.ts';
import type { ChatParts } from './chat-parts.ts';
import type { ConversationView } from './reader.ts';
import type { Room } from './rooms.ts';
import { shownRoom } from './views.ts';

/** A conversation of an account with another one, before what there is to know of it is looked up. */
interface Listed {
  conversation: number;
  other: AccountId;
  isDeleted: boolean;
}

/**
 * What an account is in conversation with: accounts in the order in which that began, as long as a message is there, then its rooms in the order in which it
 * joined them. A deleted account is left out where another one has its name, of which there is only one in a list.
 *
 * @param ask `after` is the `with` of the last one that was told; `limit` is at least 1
 */
export function listConversations(
  parts: ChatParts,
  ask: { account: AccountId; after?: string | undefined; limit: number },
): { conversations: ConversationView[]; more: boolean } {
  const { account, after, limit } = ask;
  if (parts.accounts.present(account) === undefined) return { conversations: [], more: false };
  const names = new Map<string, Listed | Room>(accountsListed(parts, account));
  for (const room of parts.rooms.of(account)) names.set(room.name, room);
  const all = [...names];
  const start = after === undefined ? 0 : 1 + all.findIndex(([name]) => name === after);
  const page = all.slice(start, start + limit).map(([name, one]) => viewOfOne(parts, account, name, one));
  return { conversations: page, more: start + limit < all.length };
}

function accountsListed({ accounts, archive }: ChatParts, account: AccountId): Map<string, Listed> {
  const listed = new Map<string, Listed>();
  for (const conversation of archive.conversationsOf(account)) {
    if (newestIn(archive, conversation) === undefined) continue;
    const other = archive.accountOn(1 - archive.sideOf(account, conversation), conversation);
    const { username, deletedAtOp } = accounts.find(other)!;
    const isDeleted = deletedAtOp > 0;
    const sameName = listed.get(username);
    if (sameName !== undefined && isDeleted && !sameName.isDeleted) continue;
    listed.delete(username);
    listed.set(username, { conversation, other, isDeleted });
  }
  return listed;
}

function viewOfOne(parts: ChatParts, account: AccountId, name: string, one: Listed | Room): ConversationView {
  const { accounts, archive, marks } = parts;
  if ('members' in one) {
    const { read } = one.members.get(account)!;
    const counts = countsIn(parts, account, archive.inRoom(one.id), read);
    return { end: one.id, with: name, read, ...counts, room: shownRoom(parts, one) };
  }
  const { conversation, other, isDeleted } = one;
  const read = marks.get(conversation, archive.sideOf(account, conversation));
  const { displayName } = accounts.find(other)!;
  return {
    end: other,
    with: name,
    read,
    ...countsIn(parts, account, conversation, read),
    ...(displayName === '' ? {} : { displayName }),
    ...(isDeleted ? { deleted: true } : {}),
  };
}

function countsIn({ archive }: ChatParts, account: AccountId, conversation: number | undefined, read: number) {
  const newest = conversation === undefined ? undefined : newestIn(archive, conversation);
  if (conversation === undefined || newest === undefined) return { last: 0, unread: 0 };
  const { columns } = archive;
  const own = archive.numberOf(account);
  const count = archive.contents.messageCount(conversation);
  let unread = 0;
  for (let index = archive.contents.firstMessageAbove(conversation, read); index < count; index++) {
    const message = archive.contents.messageAt(conversation, index);
    if (columns.sender(message) !== own && columns.deletedAtOp(message) === 0) unread++;
  }
  return { last: columns.position(newest), unread };
}

/** The newest message that is not deleted. */
function newestIn(archive: ChatParts['archive'], conversation: number): number | undefined {
  for (let index = archive.contents.messageCount(conversation) - 1; index >= 0; index--) {
    const message = archive.contents.messageAt(conversation, index);
    if (archive.columns.deletedAtOp(message) === 0) return message;
  }
  return undefined;
}

/** Up to where an account has read in one of its conversations; 0 where it has none. */
export function readUpTo({ rooms, archive, marks }: ChatParts, account: AccountId, end: ConversationEnd): number {
  const room = rooms.find(end);
  if (room !== undefined) return room.members.get(account)?.read ?? 0;
  const conversation = archive.between(account, end as AccountId);
  return conversation === undefined ? 0 : marks.get(conversation, archive.sideOf(account, conversation));
}

/** The present accounts that share a conversation with this one, each once, itself not. */
export function* acquaintancesOf({ accounts, rooms, archive }: ChatParts, account: AccountId): Generator<AccountId> {
  const told = new Set<AccountId>([account]);
  for (const conversation of archive.conversationsOf(account)) {
    const other = archive.accountOn(1 - archive.sideOf(account, conversation), conversation);
    if (told.has(other) || accounts.present(other) === undefined) continue;
    told.add(other);
    yield other;
  }
  for (const room of rooms.of(account)) {
    for (const member of rooms.memberIds(room)) {
      if (told.has(member)) continue;
      told.add(member);
      yield member;
    }
  }
}
