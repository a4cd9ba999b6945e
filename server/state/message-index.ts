import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { Change, MessageArchive } from './messages.ts';

/**
 * The archive as rows that only ever grow: a row for each message that was sent, for each that was deleted, and for each account
 * that left with messages to its name. Read in order, they lead to the archive again, without the log.
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
    yield [String(op), 'sent', archive.idOf(message), archive.senderOf(message), archive.recipientOf(message)];
  }
  for (; nextChange < changes.length; nextChange++) yield changeRow(archive, changes[nextChange]!);
}

function changeRow(archive: MessageArchive, change: Change): string[] {
  if ('deletedAccount' in change) return [String(change.op), 'left', '', change.deletedAccount, ''];
  return [String(change.op), 'deleted', archive.idOf(change.deletedMessage), '', ''];
}

/** Does to the archive what the next row of the index says; rows come in the order in which {@link indexRows} made them. */
export function readIndexRow(archive: MessageArchive, row: readonly string[]): void {
  const [op, change, id, from, to] = row as [string, string, string, AccountId, AccountId];
  if (change === 'sent') archive.add(id, Number(op), from, to);
  else if (change === 'left') archive.forget(from, Number(op));
  else {
    const message = archive.find(id);
    assert(change === 'deleted' && message !== undefined, `message_index tells of ${change} ${id} out of order`);
    archive.delete(message, Number(op));
  }
}
