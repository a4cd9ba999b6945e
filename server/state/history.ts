import type { Message } from '../../shared/api.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { MessageArchive, StoredMessage, Timeline } from './messages.ts';
import type { HistoryAsk, HistoryPage } from './reader.ts';
import { firstIndexWhere } from './sorted.ts';

const NOTHING: Timeline = { messages: [], deletions: [] };

/**
 * One page of what concerns an account; empty for an account that is not present.
 *
 * With `after`: messages and deletions above it, oldest first, at most `limit` together. `position` is where the
 * next page goes on: the last item's position, or the state's when nothing more is there. A message that was deleted
 * since shows as its deletion only.
 *
 * With `before`, or neither: the `limit` newest messages below it, oldest first. Deleted ones are left out and
 * `deletions` is empty: what was deleted up to `position`, the state's, is not in the page anyway. Whoever keeps older
 * copies of messages asks with `after` for what was deleted since. When there is `more`, the page holds a message, and
 * the first one's position is the next `before`.
 *
 * @param position the state's current position
 */
export function historyPage(archive: MessageArchive, ask: HistoryAsk, position: number): HistoryPage {
  const concerns = ask.with === undefined ? () => true : conversationOf(ask.account, ask.with);
  const timeline = smallestTimeline(archive, ask);
  if (ask.after !== undefined) return pageAfter(timeline, ask.after, concerns, ask.limit, position);
  return pageBefore(timeline, ask.before, concerns, ask.limit, position);
}

/** What a conversation consists of is in the timelines of both sides: the shorter one is searched. */
function smallestTimeline(archive: MessageArchive, ask: HistoryAsk): Timeline {
  const own = archive.timelineOf(ask.account);
  const other = ask.with === undefined ? undefined : archive.timelineOf(ask.with);
  if (own === undefined) return NOTHING;
  return other !== undefined && other.messages.length < own.messages.length ? other : own;
}

function conversationOf(one: AccountId, other: AccountId): (message: StoredMessage) => boolean {
  return ({ from, to }) => (from.id === one && to.id === other) || (from.id === other && to.id === one);
}

function pageAfter(
  { messages, deletions }: Timeline,
  after: number,
  concerns: (message: StoredMessage) => boolean,
  limit: number,
  position: number,
): HistoryPage {
  const page: HistoryPage = { messages: [], deletions: [], position, more: false };
  let nextMessage = firstIndexWhere(messages.length, (index) => messages[index]!.position > after);
  let nextDeletion = firstIndexWhere(deletions.length, (index) => deletions[index]!.deletedAtOp > after);
  let last = after;
  for (;;) {
    while (nextMessage < messages.length && !isShown(messages[nextMessage]!, concerns)) nextMessage++;
    while (nextDeletion < deletions.length && !concerns(deletions[nextDeletion]!)) nextDeletion++;
    const message = messages[nextMessage];
    const deleted = deletions[nextDeletion];
    if (message === undefined && deleted === undefined) return page;
    if (page.messages.length + page.deletions.length === limit) return { ...page, position: last, more: true };
    if (message !== undefined && (deleted === undefined || message.position < deleted.deletedAtOp)) {
      page.messages.push(shownMessage(message));
      last = message.position;
      nextMessage++;
    } else {
      page.deletions.push({ id: deleted!.id, position: deleted!.deletedAtOp });
      last = deleted!.deletedAtOp;
      nextDeletion++;
    }
  }
}

function pageBefore(
  { messages }: Timeline,
  before: number | undefined,
  concerns: (message: StoredMessage) => boolean,
  limit: number,
  position: number,
): HistoryPage {
  const newestFirst: Message[] = [];
  const end =
    before === undefined
      ? messages.length
      : firstIndexWhere(messages.length, (index) => messages[index]!.position >= before);
  let more = false;
  for (let index = end - 1; index >= 0 && !more; index--) {
    const message = messages[index]!;
    if (!isShown(message, concerns)) continue;
    if (newestFirst.length === limit) more = true;
    else newestFirst.push(shownMessage(message));
  }
  return { messages: newestFirst.reverse(), deletions: [], position, more };
}

function isShown(message: StoredMessage, concerns: (message: StoredMessage) => boolean): boolean {
  return message.deletedAtOp === 0 && concerns(message);
}

/** The message as clients see it: with the names that its accounts have, or had. */
export function shownMessage({ id, position, at, from, to, body }: StoredMessage): Message {
  const message: Message = { id, position, from: from.username, to: to.username, body, at };
  if (from.deletedAtOp > 0) message.fromDeleted = true;
  return message;
}
