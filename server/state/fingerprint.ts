import { assert } from '../../shared/assert.ts';
import type { ChatParts } from './chat-parts.ts';
import { snapshotOf } from './state-tables.ts';

/** The whole state as text, but for the texts of messages: equal exactly when the states are. Long; for tests. */
export function fingerprintOf(parts: ChatParts, position: number): string {
  const { accounts, archive, rooms, documents, compactions } = parts;
  const { columns } = archive;
  const lines = [`position ${position}`];
  for (const { name, rows } of snapshotOf(parts)) for (const row of rows) lines.push(JSON.stringify([name, ...row]));
  for (let message = 0; message < archive.length; message++) {
    if (!archive.isKept(message)) continue;
    const id = archive.idOf(message);
    const places = [columns.position(message), columns.deletedAtOp(message)];
    const changes = [columns.firstEditOp(message), columns.editedAtOp(message), columns.changedAtOp(message)];
    lines.push(JSON.stringify([id, archive.senderOf(message), archive.endOf(message), ...places, ...changes]));
    assert(archive.find(id) === message, `message ${id} is found by its id`);
  }
  for (const { id } of accounts.all()) {
    for (const conversation of archive.conversationsOf(id)) lines.push(conversationLine(parts, id, conversation));
    lines.push(JSON.stringify(Array.from(rooms.of(id), (room) => room.id)));
  }
  for (const { id } of rooms.all()) {
    const conversation = archive.inRoom(id);
    if (conversation !== undefined) lines.push(conversationLine(parts, id, conversation));
  }
  for (const piece of documents.pieces()) for (const row of piece) lines.push(JSON.stringify(['documents', ...row]));
  lines.push(`documents take ${documents.bytes}`);
  lines.push(`needed ${compactions.neededRows.join()}`);
  return lines.join('\n');
}

function conversationLine({ archive }: ChatParts, of: string, conversation: number): string {
  const { columns } = archive;
  const positions: number[] = [];
  const changes: number[] = [];
  for (let index = 0; index < archive.contents.messageCount(conversation); index++) {
    positions.push(columns.position(archive.contents.messageAt(conversation, index)));
  }
  for (let index = 0; index < archive.contents.changeCount(conversation); index++) {
    changes.push(
      columns.position(archive.contents.changedMessage(conversation, index)),
      archive.contents.changeOp(conversation, index),
    );
  }
  return JSON.stringify([of, conversation, archive.conversations.lastOp(conversation), positions, changes]);
}
