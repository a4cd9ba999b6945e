import { assert } from '../../shared/assert.ts';
import type { AccountId, RoomId } from '../../shared/ids.ts';
import type { Change, MessageArchive } from './messages.ts';

/**
 * The archive as rows that only ever grow: a row for each message that was sent, for each change of one, for each account
 * that left with messages to its name, and for each room that ended with messages in it. Read in order, they lead to the archive again, without the log.
 */
export const MESSAGE_INDEX = { name: 'message_index', columns: ['op', 'change', 'id', 'from', 'to'] } as const;

/** What of the archive is written down: its first so many messages, and all changes up to an op. */
export interface WrittenIndex {
  messages: number;
  rows: number;
}

/**
 * The rows that follow those that are written, up to the archive as it is at the call; it may change while they are taken.
 *
 * @param changes of the archive, all that are not written yet
 */
export function indexRows(archive: MessageArchive, written: WrittenIndex): { count: number; rows: Iterable<string[]> } {
  const end = archive.length;
  const changes = [...archive.changes];
  return { count: end - written.messages + changes.length, rows: merged(archive, written.messages, end, changes) };
}

function* merged(archive: MessageArchive, from: number, end: number, changes: readonly Change[]): Generator<string[]> {
  let nextChange = 0;
  for (let message = from; message < end; message++) {
    const op = archive.columns.position(message);
    for (; nextChange < changes.length && changes[nextChange]!.op < op; nextChange++) {
      yield changeRow(archive, changes[nextChange]!);
    }
    yield [String(op), ...sentCells(archive, message)];
  }
  for (; nextChange < changes.length; nextChange++) yield changeRow(archive, changes[nextChange]!);
}

function sentCells(archive: MessageArchive, message: number): string[] {
  const isInRoom = archive.conversations.isRoom(archive.columns.conversation(message));
  return [isInRoom ? 'posted' : 'sent', archive.idOf(message), archive.senderOf(message), archive.endOf(message)];
}

function changeRow(archive: MessageArchive, change: Change): string[] {
  const { op, kind } = change;
  if (kind === 'left') return [String(op), kind, '', change.account, ''];
  if (kind === 'ended') return [String(op), kind, '', '', change.room];
  return [String(op), kind, archive.idOf(change.message), kind === 'reacted' ? change.account : '', ''];
}

/** Does to the archive what the next row of the index says; rows come in the order in which {@link indexRows} made them. */
export function readIndexRow(archive: MessageArchive, row: readonly string[]): void {
  const [op, change, id, from, to] = row as [string, string, string, AccountId, AccountId & RoomId];
  if (change === 'sent') archive.add(id, Number(op), from, to);
  else if (change === 'posted') archive.post(id, Number(op), from, to);
  else if (change === 'left') archive.forget(from, Number(op), nothing);
  else if (change === 'ended') archive.endRoom(to, Number(op), nothing);
  else {
    const message = archive.find(id);
    assert(message !== undefined, `message_index tells of ${change} ${id} out of order`);
    readChange(archive, message, change, Number(op), from);
  }
}

function readChange(archive: MessageArchive, message: number, change: string, op: number, from: AccountId): void {
  if (change === 'deleted') archive.delete(message, op);
  else if (change === 'edited') archive.edit(message, op);
  else {
    assert(change === 'reacted', `message_index tells of ${change} ${archive.idOf(message)}, which nobody knows`);
    archive.react(message, op, from);
  }
}

/** What becomes of edits and reactions is in the tables of the snapshot. */
function nothing(): void {}
