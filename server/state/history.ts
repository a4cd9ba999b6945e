import type { LogEntry } from '../../shared/operations.ts';
import type { Accounts } from './accounts.ts';
import type { MessageArchive, Timeline } from './messages.ts';
import { NumberList } from './number-list.ts';
import type { ChosenMessage, HistoryAsk, HistoryChoice, HistoryPage } from './reader.ts';
import { firstIndexWhere } from './sorted.ts';

const NOTHING: Timeline = { messages: new NumberList(), deletions: new NumberList() };

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
  const timeline = smallestTimeline(source.archive, ask);
  const isShown = shownIn(source.archive, ask);
  return ask.after === undefined
    ? pageBefore(source, timeline, ask.before, ask.limit, isShown)
    : pageAfter(source, timeline, ask.after, ask.limit, isShown);
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
  return { ...choice, messages };
}

/** What a conversation consists of is in the timelines of both sides: the shorter one is searched. */
function smallestTimeline(archive: MessageArchive, ask: HistoryAsk): Timeline {
  const own = archive.timelineOf(ask.account);
  const other = ask.with === undefined ? undefined : archive.timelineOf(ask.with);
  if (own === undefined) return NOTHING;
  return other !== undefined && other.messages.length < own.messages.length ? other : own;
}

type IsShown = (message: number) => boolean;

/** Whether a message belongs to what is asked for, deleted or not. */
function shownIn(archive: MessageArchive, ask: HistoryAsk): IsShown {
  if (ask.with === undefined) return () => true;
  const [one, other] = [archive.numberOf(ask.account), archive.numberOf(ask.with)];
  const { columns } = archive;
  return (message) => {
    const [sender, recipient] = [columns.sender(message), columns.recipient(message)];
    return (sender === one && recipient === other) || (sender === other && recipient === one);
  };
}

function pageAfter(
  source: HistorySource,
  { messages, deletions }: Timeline,
  after: number,
  limit: number,
  isShown: IsShown,
): HistoryChoice {
  const { archive, position } = source;
  const { columns } = archive;
  const page: HistoryChoice = { messages: [], deletions: [], position, more: false };
  let nextMessage = firstIndexWhere(messages.length, (index) => columns.position(messages.at(index)) > after);
  let nextDeletion = firstIndexWhere(deletions.length, (index) => columns.deletedAtOp(deletions.at(index)) > after);
  const isPassed = (message: number) => columns.deletedAtOp(message) > 0 || !isShown(message);
  let last = after;
  for (;;) {
    while (nextMessage < messages.length && isPassed(messages.at(nextMessage))) nextMessage++;
    while (nextDeletion < deletions.length && !isShown(deletions.at(nextDeletion))) nextDeletion++;
    const messageAt = nextMessage < messages.length ? columns.position(messages.at(nextMessage)) : undefined;
    const deletedAt = nextDeletion < deletions.length ? columns.deletedAtOp(deletions.at(nextDeletion)) : undefined;
    if (messageAt === undefined && deletedAt === undefined) return page;
    if (page.messages.length + page.deletions.length === limit) return { ...page, position: last, more: true };
    if (messageAt !== undefined && (deletedAt === undefined || messageAt < deletedAt)) {
      page.messages.push(chosen(source, messages.at(nextMessage++)));
      last = messageAt;
    } else {
      page.deletions.push({ id: archive.idOf(deletions.at(nextDeletion++)), position: deletedAt! });
      last = deletedAt!;
    }
  }
}

function pageBefore(
  source: HistorySource,
  { messages }: Timeline,
  before: number | undefined,
  limit: number,
  isShown: IsShown,
): HistoryChoice {
  const { columns } = source.archive;
  const newestFirst: ChosenMessage[] = [];
  const isAtOrAbove = (index: number) => columns.position(messages.at(index)) >= before!;
  const end = before === undefined ? messages.length : firstIndexWhere(messages.length, isAtOrAbove);
  let more = false;
  for (let index = end - 1; index >= 0 && !more; index--) {
    const message = messages.at(index);
    if (columns.deletedAtOp(message) > 0 || !isShown(message)) continue;
    if (newestFirst.length === limit) more = true;
    else newestFirst.push(chosen(source, message));
  }
  return { messages: newestFirst.reverse(), deletions: [], position: source.position, more };
}

/** The message as clients see it: with the names that its accounts have, or had. */
function chosen({ archive, accounts }: HistorySource, message: number): ChosenMessage {
  const from = accounts.find(archive.senderOf(message))!;
  const to = accounts.find(archive.recipientOf(message))!;
  const id = archive.idOf(message);
  const position = archive.columns.position(message);
  const names = { id, position, from: from.username, to: to.username };
  return from.deletedAtOp > 0 ? { ...names, fromDeleted: true } : names;
}
