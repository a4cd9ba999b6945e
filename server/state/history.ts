import type { LogEntry } from '../../shared/operations.ts';
import type { Accounts } from './accounts.ts';
import { type Cursor, Merge } from './merge.ts';
import type { MessageArchive } from './messages.ts';
import type { ChosenMessage, HistoryAsk, HistoryChoice, HistoryPage } from './reader.ts';

/** What a page is made of: the parts of the state, and the position that it has reached. */
export interface HistorySource {
  archive: MessageArchive;
  accounts: Accounts;
  position: number;
}

/**
 * What one page of what concerns an account consists of; nothing for an account that is not present.
 *
 * With `after`: messages and deletions above it, oldest first, at most `limit` together. `position` is where the
 * next page goes on: the last item's position, or the state's when nothing more is there. A message that was deleted
 * since shows as its deletion only.
 *
 * With `before`, or neither: the `limit` newest messages below it, oldest first. Deleted ones are left out and
 * `deletions` is empty: what was deleted up to `position`, the state's, is not in the page anyway. Whoever keeps older
 * copies of messages asks with `after` for what was deleted since. When there is `more`, the page holds a message, and
 * the first one's position is the next `before`.
 */
export function chooseHistory(source: HistorySource, ask: HistoryAsk): HistoryChoice {
  const conversations = conversationsIn(source, ask);
  return ask.after === undefined
    ? pageBefore(source, conversations, ask.before ?? Number.POSITIVE_INFINITY, ask.limit)
    : pageAfter(source, conversations, ask.after, ask.limit);
}

/**
 * The page of a choice, its texts taken from the rows of the log.
 *
 * @param rowAt the row of the log at a position; undefined when it is not at hand
 * @returns the page, or the positions of the rows that are missing for it, ascending
 */
export function pageOf(
  choice: HistoryChoice,
  rowAt: (position: number) => LogEntry | undefined,
): HistoryPage | { missing: number[] } {
  const rows = choice.messages.map(({ id, position }) => {
    const row = rowAt(position);
    // Another row in its place is no better than none.
    return row?.id === id ? row : undefined;
  });
  const missing = choice.messages.filter((_, index) => rows[index] === undefined);
  if (missing.length > 0) return { missing: missing.map(({ position }) => position) };
  const messages = choice.messages.map(({ id, position, from, to, fromDeleted }, index) => {
    const { body, time: at } = rows[index]!;
    return { id, position, from, to, body, at, ...(fromDeleted ? { fromDeleted } : {}) };
  });
  return { ...choice, messages, changes: [] };
}

function conversationsIn({ archive, accounts }: HistorySource, { account, with: other }: HistoryAsk): number[] {
  if (accounts.present(account) === undefined) return [];
  if (other === undefined) return [...archive.conversationsOf(account)];
  const conversation = archive.between(account, other as typeof account);
  return conversation === undefined ? [] : [conversation];
}

/** Stands at the next message or change of a conversation that a page which goes forward is to show. */
class ForwardCursor implements Cursor {
  key = 0;
  readonly #archive: MessageArchive;
  readonly #conversation: number;
  #nextMessage: number;
  #nextChange: number;

  constructor(archive: MessageArchive, conversation: number, after: number) {
    this.#archive = archive;
    this.#conversation = conversation;
    this.#nextMessage = archive.firstMessageAbove(conversation, after);
    this.#nextChange = archive.firstChangeAbove(conversation, after);
  }

  /** Finds the next item. @returns false when there is none */
  find(): boolean {
    const [archive, conversation] = [this.#archive, this.#conversation];
    const messages = archive.messageCount(conversation);
    while (this.#nextMessage < messages && this.#isDeleted(this.#nextMessage)) this.#nextMessage++;
    const position =
      this.#nextMessage < messages
        ? archive.columns.position(archive.messageAt(conversation, this.#nextMessage))
        : Number.POSITIVE_INFINITY;
    const changeOp =
      this.#nextChange < archive.changeCount(conversation)
        ? archive.changeOp(conversation, this.#nextChange)
        : Number.POSITIVE_INFINITY;
    this.key = Math.min(position, changeOp);
    return this.key !== Number.POSITIVE_INFINITY;
  }

  /** Adds what it stands at to a page. */
  take(source: HistorySource, page: HistoryChoice): void {
    const [archive, conversation] = [this.#archive, this.#conversation];
    const isChange =
      this.#nextChange < archive.changeCount(conversation) &&
      archive.changeOp(conversation, this.#nextChange) === this.key;
    if (isChange) {
      const message = archive.changedMessage(conversation, this.#nextChange++);
      page.deletions.push({ id: archive.idOf(message), position: this.key });
    } else {
      page.messages.push(chosen(source, archive.messageAt(conversation, this.#nextMessage++)));
    }
  }

  #isDeleted(index: number): boolean {
    return this.#archive.columns.deletedAtOp(this.#archive.messageAt(this.#conversation, index)) > 0;
  }
}

function pageAfter(
  source: HistorySource,
  conversations: readonly number[],
  after: number,
  limit: number,
): HistoryChoice {
  const { archive, position } = source;
  const cursors: ForwardCursor[] = [];
  for (const conversation of conversations) {
    if (archive.conversations.lastOp(conversation) <= after) continue;
    const cursor = new ForwardCursor(archive, conversation, after);
    if (cursor.find()) cursors.push(cursor);
  }
  const merge = new Merge(cursors);
  const page: HistoryChoice = { messages: [], deletions: [], changes: [], position, more: false };
  let last = after;
  for (let count = 0; merge.first !== undefined; count++) {
    const cursor = merge.first;
    if (count === limit) return { ...page, position: last, more: true };
    last = cursor.key;
    cursor.take(source, page);
    merge.moved(!cursor.find());
  }
  return page;
}

/** Stands at the next older message of a conversation. */
interface BackwardCursor extends Cursor {
  conversation: number;
  index: number;
}

function pageBefore(
  source: HistorySource,
  conversations: readonly number[],
  before: number,
  limit: number,
): HistoryChoice {
  const { archive } = source;
  const cursors: BackwardCursor[] = [];
  for (const conversation of conversations) {
    const isAllBelow = archive.conversations.lastOp(conversation) < before;
    const end = isAllBelow ? archive.messageCount(conversation) : archive.firstMessageAbove(conversation, before - 1);
    const cursor = { conversation, index: end, key: 0 };
    if (moveBack(archive, cursor)) cursors.push(cursor);
  }
  const merge = new Merge(cursors);
  const newestFirst: ChosenMessage[] = [];
  while (merge.first !== undefined && newestFirst.length < limit) {
    const cursor = merge.first;
    newestFirst.push(chosen(source, -cursor.key));
    merge.moved(!moveBack(archive, cursor));
  }
  const more = merge.first !== undefined;
  return { messages: newestFirst.reverse(), deletions: [], changes: [], position: source.position, more };
}

/** To the message before, deleted ones left out. Messages are numbered by position. @returns false when there is none */
function moveBack(archive: MessageArchive, cursor: BackwardCursor): boolean {
  while (cursor.index > 0) {
    const message = archive.messageAt(cursor.conversation, --cursor.index);
    if (archive.columns.deletedAtOp(message) > 0) continue;
    cursor.key = -message;
    return true;
  }
  return false;
}

/** The message as clients see it: with the names that its accounts have, or had. */
function chosen({ archive, accounts }: HistorySource, message: number): ChosenMessage {
  const from = accounts.find(archive.senderOf(message))!;
  const to = accounts.find(archive.recipientOf(message))!;
  const id = archive.idOf(message);
  const position = archive.columns.position(message);
  const names = { id, position, from: from.username, to: to.username, textAt: position };
  return from.deletedAtOp > 0 ? { ...names, fromDeleted: true } : names;
}
