import { assert } from '../../shared/assert.ts';
import type { AccountId, ConversationEnd, RoomId } from '../../shared/ids.ts';
import type { Table } from '../../shared/operations.ts';
import type { Blocks } from './blocks.ts';
import type { MessageArchive } from './messages.ts';
import type { Reactions } from './reactions.ts';
import type { ReadMark } from './read-marks.ts';
import type { Member, Room, Rooms } from './rooms.ts';
import { opCell, optionalOp, rowsOf, type TableForm, wholeNumber } from './table-form.ts';

const ROOMS: TableForm = {
  name: 'rooms',
  columns: ['room', 'name', 'name_key', 'owner', 'topic', 'topic_op', 'first_topic_op'],
  isNew: true,
};
const ROOM_MEMBERS: TableForm = {
  name: 'room_members',
  // `joined_at_op` is empty for one that was removed and cannot join again.
  columns: ['room', 'account', 'joined_at_op', 'read'],
  isNew: true,
};
const READ_MARKS: TableForm = { name: 'read_marks', columns: ['account', 'with', 'read'], isNew: true };
const BLOCKS: TableForm = { name: 'blocks', columns: ['account', 'blocked'], isNew: true };
const REACTIONS: TableForm = { name: 'reactions', columns: ['op', 'message', 'account', 'reaction'], isNew: true };

/** Present rooms, oldest first, and who is in them, in the order in which they joined. */
export function roomTables(rooms: Rooms): Table[] {
  const all = [...rooms.all()];
  const roomRows = all.map((room) => [
    room.id,
    room.name,
    room.nameKey,
    room.owner,
    room.topic,
    String(room.topicAtOp),
    opCell(room.firstTopicOp),
  ]);
  const memberRows = all.flatMap(({ id, members, removed }) => [
    ...Array.from(members, ([account, { joinedAtOp, read }]) => [id, account, String(joinedAtOp), String(read)]),
    ...Array.from(removed, (account) => [id, account, '', '']),
  ]);
  return [
    { name: ROOMS.name, columns: ROOMS.columns, rows: roomRows },
    { name: ROOM_MEMBERS.name, columns: ROOM_MEMBERS.columns, rows: memberRows },
  ];
}

/** The inverse of {@link roomTables}. */
export function readRoomTables(tables: readonly Table[]): Room[] {
  const rooms = new Map<string, Room>();
  for (const row of rowsOf(tables, ROOMS)) {
    const [id, name, nameKey, owner, topic, topicOp, firstTopicOp] = row as Cells<7>;
    rooms.set(id, {
      id: id as RoomId,
      name,
      nameKey,
      topic,
      topicAtOp: wholeNumber(topicOp, 'rooms.topic_op'),
      firstTopicOp: optionalOp(firstTopicOp, 'rooms.first_topic_op'),
      owner: owner as AccountId,
      members: new Map(),
      removed: new Set(),
    });
  }
  for (const row of rowsOf(tables, ROOM_MEMBERS)) {
    const [id, account, joinedAtOp, read] = row as Cells<4>;
    const room = rooms.get(id);
    assert(room, `room_members tells of room ${id}, which is there`);
    if (joinedAtOp === '') room.removed.add(account as AccountId);
    else room.members.set(account as AccountId, memberOf(joinedAtOp, read));
  }
  return [...rooms.values()];
}

function memberOf(joinedAtOp: string, read: string): Member {
  return {
    joinedAtOp: wholeNumber(joinedAtOp, 'room_members.joined_at_op'),
    read: wholeNumber(read, 'room_members.read'),
  };
}

/** Up to where accounts have read what they write to each other. */
export function readMarkTable(marks: Iterable<ReadMark>): Table {
  const rows = Array.from(marks, (mark) => [mark.account, mark.with, String(mark.position)]);
  return { name: READ_MARKS.name, columns: READ_MARKS.columns, rows };
}

/** The inverse of {@link readMarkTable}. */
export function readReadMarkTable(tables: readonly Table[]): ReadMark[] {
  return rowsOf(tables, READ_MARKS).map((row) => {
    const [account, other, read] = row as Cells<3>;
    return {
      account: account as AccountId,
      with: other as ConversationEnd,
      position: wholeNumber(read, 'read_marks.read'),
    };
  });
}

export function blockTable(blocks: Blocks): Table {
  return { name: BLOCKS.name, columns: BLOCKS.columns, rows: [...blocks.all()] };
}

/** Does to `blocks` what {@link blockTable} says. */
export function readBlockTable(tables: readonly Table[], blocks: Blocks): void {
  for (const row of rowsOf(tables, BLOCKS)) blocks.add(row[0] as AccountId, row[1] as AccountId);
}

/** The texts of reactions: in the index of messages, to which rows are only ever added, they could not be removed any more. */
export function reactionTable(reactions: Reactions, archive: MessageArchive): Table {
  const rows = Array.from(reactions.rows(), ({ message, account, op, text }) => [
    String(op),
    archive.idOf(message),
    archive.accounts[account]!,
    text,
  ]);
  return { name: REACTIONS.name, columns: REACTIONS.columns, rows };
}

/** The inverse of {@link reactionTable}, once the archive is there. */
export function readReactionTable(tables: readonly Table[], reactions: Reactions, archive: MessageArchive): void {
  for (const row of rowsOf(tables, REACTIONS)) {
    const [op, id, account, text] = row as Cells<4>;
    const message = archive.find(id);
    assert(message !== undefined, `reactions tells of message ${id}, which is there`);
    const number = archive.numberFor(account as AccountId);
    reactions.restore({ message, account: number, op: wholeNumber(op, 'reactions.op'), text });
  }
}

type Cells<N extends number, T extends string[] = []> = T['length'] extends N ? T : Cells<N, [...T, string]>;
