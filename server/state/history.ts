import type { AccountId } from '../../shared/ids.ts';
import type { ChatParts } from './chat-parts.ts';
import { type Cursor, Merge } from './merge.ts';
import type { ChosenMessage, HistoryAsk, HistoryChoice } from './reader.ts';

/** What a page is made of: the parts of the state, and the position that it has reached. */
export interface HistorySource extends ChatParts {
  position: number;
}

/** A conversation that a page is made of: what lies above a position in it. */
interface Stretch {
  conversation: number;
  above: number;
}

/**
 * What one page of what concerns an account consists of; nothing for an account that is not present. What was said in a room before it joined
 * concerns it only where it asks for that room. A room that it is no member of has nothing for it.
 *
 * With `after`: messages, deletions and changes above it, oldest first, at most `limit` together. `position` is where the
 * next page goes on: the last item's position, or the state's when nothing more is there. A message that was deleted
 * since shows as its deletion only; one above `after` that was changed since shows as it is now, and its change is left out.
 *
 * With `before`, or neither: the `limit` newest messages below it, oldest first. Deleted ones are left out;
 * `deletions` and `changes` are empty: what was deleted or changed up to `position`, the state's, is not in the page anyway, or is in it. Whoever keeps older
 * copies of messages asks with `after` for what became of them since. When there is `more`, the page holds a message, and
 * the first one's position is the next `before`.
 */
export function chooseHistory(source: HistorySource, ask: HistoryAsk): HistoryChoice {
  const stretches = stretchesOf(source, ask);
  return ask.after === undefined
    ? pageBefore(source, stretches, ask.before ?? Number.POSITIVE_INFINITY, ask.limit)
    : pageAfter(source, stretches, ask.after, ask.limit);
}

/** A page of the one message with this id; of none when the account may not see it, or it is deleted. */
export function chooseMessage(source: HistorySource, account: AccountId, id: string): HistoryChoice {
  const { archive, accounts, rooms, position } = source;
  const page: HistoryChoice = { messages: [], deletions: [], changes: [], position, more: false };
  const message = archive.find(id);
  if (message === undefined || accounts.present(account) === undefined) return page;
  const end = archive.endOf(message);
  const room = rooms.find(end);
  const isShown = room ? room.members.has(account) : end === account || archive.senderOf(message) === account;
  if (isShown && archive.columns.deletedAtOp(message) === 0) page.messages.push(chosen(source, message));
  return page;
}

function stretchesOf(source: HistorySource, { account, with: other }: HistoryAsk): Stretch[] {
  const { archive, accounts, rooms } = source;
  if (accounts.present(account) === undefined) return [];
  if (other !== undefined) {
    const room = rooms.find(other);
    if (room !== undefined && !room.members.has(account)) return [];
    const conversation = room ? archive.inRoom(room.id) : archive.between(account, other as AccountId);
    return conversation === undefined ? [] : [{ conversation, above: 0 }];
  }
  const stretches: Stretch[] = [];
  for (const conversation of archive.conversationsOf(account)) stretches.push({ conversation, above: 0 });
  for (const room of rooms.of(account)) {
    const conversation = archive.inRoom(room.id);
    if (conversation !== undefined) stretches.push({ conversation, above: room.members.get(account)!.joinedAtOp });
  }
  return stretches;
}

/** Stands at the next message or change of a conversation that a page which goes forward is to show. */
class ForwardCursor implements Cursor {
  key = 0;
  readonly #archive: ChatParts['archive'];
  readonly #conversation: number;
  readonly #after: number;
  #nextMessage: number;
  #nextChange: number;

  constructor(archive: ChatParts['archive'], conversation: number, after: number) {
    this.#archive = archive;
    this.#conversation = conversation;
    this.#after = after;
    this.#nextMessage = archive.contents.firstMessageAbove(conversation, after);
    this.#nextChange = archive.contents.firstChangeAbove(conversation, after);
  }

  /** Finds the next item. @returns false when there is none */
  find(): boolean {
    const [archive, conversation] = [this.#archive, this.#conversation];
    const messages = archive.contents.messageCount(conversation);
    while (this.#nextMessage < messages && this.#isDeleted(this.#nextMessage)) this.#nextMessage++;
    const position =
      this.#nextMessage < messages
        ? archive.columns.position(archive.contents.messageAt(conversation, this.#nextMessage))
        : Number.POSITIVE_INFINITY;
    this.key = Math.min(position, this.#findChange());
    return this.key !== Number.POSITIVE_INFINITY;
  }

  /** Adds what it stands at to a page. */
  take(source: HistorySource, page: HistoryChoice): void {
    const [archive, conversation] = [this.#archive, this.#conversation];
    const isChange =
      this.#nextChange < archive.contents.changeCount(conversation) &&
      archive.contents.changeOp(conversation, this.#nextChange) === this.key;
    if (!isChange) {
      page.messages.push(chosen(source, archive.contents.messageAt(conversation, this.#nextMessage++)));
      return;
    }
    const message = archive.contents.changedMessage(conversation, this.#nextChange++);
    const isDeletion = archive.columns.deletedAtOp(message) === this.key;
    if (isDeletion) page.deletions.push({ id: archive.idOf(message), position: this.key });
    else page.changes.push({ position: this.key, message: chosen(source, message) });
  }

  #findChange(): number {
    const [archive, conversation] = [this.#archive, this.#conversation];
    const count = archive.contents.changeCount(conversation);
    for (; this.#nextChange < count; this.#nextChange++) {
      const op = archive.contents.changeOp(conversation, this.#nextChange);
      if (this.#isShownChange(archive.contents.changedMessage(conversation, this.#nextChange), op)) return op;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** A deletion, or the latest change of a message that is there and older than what the page shows. */
  #isShownChange(message: number, op: number): boolean {
    const { columns } = this.#archive;
    const deletedAtOp = columns.deletedAtOp(message);
    if (deletedAtOp > 0) return deletedAtOp === op;
    return columns.changedAtOp(message) === op && columns.position(message) <= this.#after;
  }

  #isDeleted(index: number): boolean {
    return this.#archive.columns.deletedAtOp(this.#archive.contents.messageAt(this.#conversation, index)) > 0;
  }
}

function pageAfter(source: HistorySource, stretches: readonly Stretch[], after: number, limit: number): HistoryChoice {
  const { archive, position } = source;
  const cursors: ForwardCursor[] = [];
  for (const { conversation, above } of stretches) {
    const from = Math.max(after, above);
    if (archive.conversations.lastOp(conversation) <= from) continue;
    const cursor = new ForwardCursor(archive, conversation, from);
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
interface BackwardCursor extends Cursor, Stretch {
  index: number;
}

function pageBefore(
  source: HistorySource,
  stretches: readonly Stretch[],
  before: number,
  limit: number,
): HistoryChoice {
  const { archive } = source;
  const cursors: BackwardCursor[] = [];
  for (const { conversation, above } of stretches) {
    const isAllBelow = archive.conversations.lastOp(conversation) < before;
    const index = isAllBelow
      ? archive.contents.messageCount(conversation)
      : archive.contents.firstMessageAbove(conversation, before - 1);
    const cursor = { conversation, above, index, key: 0 };
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
function moveBack(archive: ChatParts['archive'], cursor: BackwardCursor): boolean {
  while (cursor.index > 0) {
    const message = archive.contents.messageAt(cursor.conversation, --cursor.index);
    if (archive.columns.position(message) <= cursor.above) return false;
    if (archive.columns.deletedAtOp(message) > 0) continue;
    cursor.key = -message;
    return true;
  }
  return false;
}

/** The message as clients see it: with the names that its accounts have, or had. */
function chosen({ archive, accounts, rooms, reactions }: HistorySource, message: number): ChosenMessage {
  const { columns } = archive;
  const from = accounts.find(archive.senderOf(message))!;
  const end = archive.endOf(message);
  const to = rooms.find(end)?.name ?? accounts.find(end)!.username;
  const position = columns.position(message);
  const one: ChosenMessage = { id: archive.idOf(message), position, from: from.username, to, textAt: position };
  if (from.deletedAtOp > 0) one.fromDeleted = true;
  if (columns.changedAtOp(message) === 0) return one;
  one.textAt = columns.textAtOp(message);
  const shown = reactions.shownAt(message).map(({ text, accounts: numbers }) => ({
    reaction: text,
    by: numbers.map((number) => accounts.find(archive.accounts[number]!)!.username),
  }));
  if (shown.length > 0) one.reactions = shown;
  return one;
}
