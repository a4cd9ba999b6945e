import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { ChatParts } from './chat-parts.ts';
import { forgetMessage } from './message-operations.ts';
import type { Notice } from './reader.ts';
import { newRoom, type Room } from './rooms.ts';
import { firstWord, secondWord } from './subjects.ts';
import { shownRoom } from './views.ts';

/** Does what an entry about a room asks for, which was found to take effect. */
export function performInRoom(parts: ChatParts, entry: LogEntry): Notice[] {
  const { rooms } = parts;
  const account = entry.account as AccountId;
  if (entry.event === 'room:create') return createRoom(parts, entry);
  const room = rooms.find(firstWord(entry.subject))!;
  switch (entry.event) {
    case 'room:join':
      return room.members.has(account) ? [] : joinRoom(parts, room, account, entry.op);
    case 'room:leave':
      return leaveRoom(parts, room, account, entry.op, 'left');
    case 'room:topic':
      return setTopic(parts, room, entry);
    case 'room:remove': {
      const other = secondWord(entry.subject) as AccountId;
      rooms.shutOut(room, other);
      return leaveRoom(parts, room, other, entry.op, 'removed');
    }
    case 'room:readmit':
      rooms.readmit(room, secondWord(entry.subject) as AccountId);
      return [];
    default:
      return deleteRoom(parts, room, entry.op);
  }
}

function createRoom(parts: ChatParts, entry: LogEntry): Notice[] {
  const room = newRoom(entry);
  parts.rooms.add(room);
  parts.rooms.join(room, room.owner, { joinedAtOp: entry.op, read: entry.op });
  return [changed(parts, room, entry.op, parts.rooms.memberIds(room))];
}

function joinRoom(parts: ChatParts, room: Room, account: AccountId, op: number): Notice[] {
  parts.rooms.join(room, account, { joinedAtOp: op, read: op });
  const { username } = parts.accounts.present(account)!;
  const change = { room: room.name, username, position: op };
  return [{ type: 'room:joined', accounts: parts.rooms.memberIds(room), change }, changed(parts, room, op, [account])];
}

/**
 * Somebody is a member no more. When nobody is left, the room is gone.
 *
 * @param how `deleted`: the account is gone, and is told nothing
 */
export function leaveRoom(
  parts: ChatParts,
  room: Room,
  account: AccountId,
  op: number,
  how: 'left' | 'removed' | 'deleted',
): Notice[] {
  const { rooms, accounts } = parts;
  const { owner } = room;
  rooms.leave(room, account);
  const others = rooms.memberIds(room);
  const { username } = accounts.find(account)!;
  const told = how === 'deleted' ? others : [...others, account];
  const change = { room: room.name, username, removed: how === 'removed', position: op };
  const left: Notice[] = told.length === 0 ? [] : [{ type: 'room:left', accounts: told, change }];
  if (others.length === 0) {
    endRoom(parts, room, op);
    return how === 'deleted' ? [] : [...left, ended(room, [account], op)];
  }
  return room.owner === owner ? left : [...left, changed(parts, room, op, others)];
}

function setTopic(parts: ChatParts, room: Room, { op, body }: LogEntry): Notice[] {
  const { compactions, rooms } = parts;
  compactions.replace(room.topicAtOp, op);
  if (room.firstTopicOp === 0) {
    room.firstTopicOp = op;
    compactions.noteRemovable(op);
  }
  room.topic = body;
  room.topicAtOp = op;
  compactions.need(op);
  return [changed(parts, room, op, rooms.memberIds(room))];
}

function deleteRoom(parts: ChatParts, room: Room, op: number): Notice[] {
  const members = parts.rooms.memberIds(room);
  endRoom(parts, room, op);
  return [ended(room, members, op)];
}

/** The room, its name and all that was said in it are gone. */
function endRoom(parts: ChatParts, room: Room, op: number): void {
  const { rooms, archive, compactions } = parts;
  rooms.end(room);
  compactions.replace(room.topicAtOp, op);
  compactions.noteGone({ end: room.id, partAtOp: room.firstTopicOp || op, goneAtOp: op });
  const gone = archive.endRoom(room.id, op, (message) => forgetMessage(parts, message, op));
  for (const id of gone) forgetTombstone(parts, id, op);
}

/** Nobody is left who can see the name of a deleted account. */
export function forgetTombstone({ accounts, compactions }: ChatParts, id: AccountId, op: number): void {
  const { firstPasswordOp, deletedAtOp } = accounts.find(id)!;
  compactions.noteGone({ end: id, partAtOp: firstPasswordOp || deletedAtOp, goneAtOp: op });
  accounts.dropTombstone(id);
}

function changed(parts: ChatParts, room: Room, position: number, accounts: readonly AccountId[]): Notice {
  return { type: 'room:changed', accounts, change: { room: shownRoom(parts, room), position } };
}

function ended(room: Room, accounts: readonly AccountId[], position: number): Notice {
  return { type: 'room:deleted', accounts, change: { room: room.name, position } };
}
