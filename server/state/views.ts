import type { Room as ShownRoom } from '../../shared/api.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { Account } from './accounts.ts';
import type { ChatParts } from './chat-parts.ts';
import type { AccountView, RoomView } from './reader.ts';
import type { Room } from './rooms.ts';

/** A copy of what others may know of an account. */
export function viewOf(account: Account): AccountView {
  const { id, username, displayName, passwordHash } = account;
  return { id, username, displayName, passwordHash };
}

/** A room as clients see it. */
export function shownRoom({ accounts }: Pick<ChatParts, 'accounts'>, room: Room): ShownRoom {
  const { name, topic, owner, members } = room;
  return { name, topic, owner: accounts.find(owner)?.username ?? '', members: members.size };
}

export function roomView(parts: Pick<ChatParts, 'accounts'>, room: Room): RoomView {
  return { id: room.id, room: shownRoom(parts, room) };
}

/** The present accounts that see what happens in a conversation, each once. */
export function audienceOf({ accounts, archive, rooms }: ChatParts, message: number): readonly AccountId[] {
  const end = archive.endOf(message);
  const room = rooms.find(end);
  if (room !== undefined) return rooms.memberIds(room);
  const from = archive.senderOf(message);
  const sides = from === end ? [from] : [from, end as AccountId];
  return sides.filter((account) => accounts.present(account) !== undefined);
}
