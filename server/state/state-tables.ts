import { assert } from '../../shared/assert.ts';
import type { Table } from '../../shared/operations.ts';
import { Accounts } from './accounts.ts';
import { Blocks } from './blocks.ts';
import type { ChatParts } from './chat-parts.ts';
import { Compactions } from './compactions.ts';
import { Documents } from './documents.ts';
import { MessageArchive } from './messages.ts';
import { Reactions } from './reactions.ts';
import { type ReadMark, ReadMarks } from './read-marks.ts';
import {
  blockTable,
  reactionTable,
  readBlockTable,
  readMarkTable,
  readReactionTable,
  readReadMarkTable,
  readRoomTables,
  roomTables,
} from './room-tables.ts';
import { Rooms } from './rooms.ts';
import { Sessions } from './sessions.ts';
import {
  compactionTable,
  readCompactionTable,
  readSessionTable,
  readUserTable,
  sessionTable,
  userTable,
} from './tables.ts';

/** A chat in which nothing has happened. */
export function newParts(): ChatParts {
  const [accounts, rooms, archive] = [new Accounts(), new Rooms(), new MessageArchive()];
  return {
    accounts,
    sessions: new Sessions(),
    rooms,
    blocks: new Blocks(),
    archive,
    reactions: new Reactions(),
    marks: new ReadMarks(),
    documents: new Documents(),
    compactions: new Compactions(accounts, rooms, archive),
  };
}

/** The tables of the snapshot, but for those that are too long for memory. */
export function snapshotOf(parts: ChatParts): Table[] {
  const { accounts, sessions, rooms, blocks, archive, reactions, compactions } = parts;
  return [
    userTable(accounts),
    sessionTable(sessions),
    compactionTable(compactions.facts),
    ...roomTables(rooms),
    readMarkTable(readMarksIn(parts)),
    blockTable(blocks),
    reactionTable(reactions, archive),
  ];
}

/**
 * Takes up the tables of a snapshot, of this version or an earlier one.
 *
 * @param parts in which nothing has happened
 * @returns what is to be done once the archive is there
 * @throws Error when a table is missing or malformed
 */
export function restoreParts(parts: ChatParts, tables: readonly Table[]): () => void {
  const { accounts, sessions, rooms, blocks, compactions } = parts;
  accounts.restore(readUserTable(tables));
  for (const session of readSessionTable(tables)) {
    assert(accounts.present(session.account), `session ${session.id} is of a present account`);
    assert(sessions.open(session) === undefined, `account ${session.account} has few enough sessions`);
  }
  for (const room of readRoomTables(tables)) rooms.add(room);
  rooms.sortByJoining();
  readBlockTable(tables, blocks);
  compactions.restore(readCompactionTable(tables));
  for (const { passwordAtOp, firstPasswordOp, profileAtOp, deletedAtOp } of accounts.all()) {
    if (deletedAtOp > 0) continue;
    if (firstPasswordOp > 0) compactions.need(passwordAtOp);
    if (profileAtOp > 0) compactions.need(profileAtOp);
  }
  for (const { topicAtOp, firstTopicOp } of rooms.all()) if (firstTopicOp > 0) compactions.need(topicAtOp);
  return () => restoreWithArchive(parts, tables);
}

function restoreWithArchive(parts: ChatParts, tables: readonly Table[]): void {
  const { archive, reactions, marks, compactions } = parts;
  readReactionTable(tables, reactions, archive);
  for (const { op } of reactions.rows()) compactions.need(op);
  for (const message of archive.columns.edited()) {
    if (archive.removableAtOp(message) === 0) compactions.need(archive.columns.editedAtOp(message));
  }
  for (const { account, with: end, position } of readReadMarkTable(tables)) {
    const conversation = archive.between(account, end as typeof account);
    assert(conversation !== undefined, `read_marks tells of a conversation of ${account} with ${end}, which is there`);
    marks.set(conversation, archive.sideOf(account, conversation), position);
  }
}

/** Of present accounts, in conversations that are there. */
function* readMarksIn({ accounts, archive, marks }: ChatParts): Generator<ReadMark> {
  for (const { conversation, side, position } of marks.all()) {
    const account = archive.accountOn(side, conversation);
    if (accounts.present(account) === undefined) continue;
    yield { account, with: archive.accountOn(1 - side, conversation), position };
  }
}
