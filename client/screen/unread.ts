import type { Message } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import { newestOf, openOf, withConversation } from './conversations.ts';
import { findLast, type KeptMessage, messageAt, messagesAbove, newestPosition } from './message-log.ts';
import { type Conversation, type ScreenState, type Step, step } from './model.ts';

/** Nobody who has pressed no key for so long is taken to be reading. */
const IDLE_MS = 180_000;
const NAME_CHARACTER = /[\p{L}\p{M}\p{Nd}_]/u;

/** Whether the user wrote this message. */
export function isOwn(state: ScreenState, message: Message): boolean {
  return message.fromDeleted !== true && nameKey(message.from) === nameKey(state.owner);
}

/** Whether a text names an account, as a word of its own and in whatever case. */
export function mentions(body: string, username: string): boolean {
  const text = nameKey(body);
  const name = nameKey(username);
  if (name === '') return false;
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const before = [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? '';
    const [after = '', next = ''] = [...text.slice(at + name.length, at + name.length + 4)];
    const goesOn = NAME_CHARACTER.test(after) || (/[-.]/.test(after) && NAME_CHARACTER.test(next));
    if (!NAME_CHARACTER.test(before) && !/[-.]/.test(before) && !goesOn) return true;
  }
  return false;
}

/** Whether a message of somebody else names the user. */
export function mentionsUser(state: ScreenState, message: KeptMessage): boolean {
  return message.deleted !== true && !isOwn(state, message) && mentions(message.body, state.owner);
}

/** An unread message names the user. */
export function isMentioned(conversation: Conversation): boolean {
  return conversation.unread > 0 && conversation.mentionedAt > conversation.readPosition;
}

/** Position of the newest message that names the user, looked for among those that are unread. */
export function mentionedAt(state: ScreenState, conversation: Conversation): number {
  const { log, readPosition } = conversation;
  const found = findLast(log, (one) => one.position <= readPosition || mentionsUser(state, one));
  return found && found.position > readPosition ? found.position : 0;
}

function othersAmong(state: ScreenState, messages: readonly KeptMessage[]): number {
  return messages.filter((one) => one.deleted !== true && !isOwn(state, one)).length;
}

/** The conversation when everything up to a position has been read; a mark only rises. */
export function withReadMark(state: ScreenState, conversation: Conversation, position: number): Conversation {
  if (position <= conversation.readPosition) return conversation;
  const { log, older, readPosition, countedUpTo } = conversation;
  const newest = newestPosition(log);
  const marked = { ...conversation, readPosition: position };
  if (position >= Math.max(newest, countedUpTo)) return { ...marked, unread: 0 };
  const oldest = messageAt(log, 0)?.position;
  const reachesDown = older === 'none' || (oldest !== undefined && oldest <= position);
  if (reachesDown && newest >= countedUpTo) {
    return { ...marked, unread: othersAmong(state, messagesAbove(log, position)), countedUpTo: newest };
  }
  const read = messagesAbove(log, readPosition).filter((one) => one.position <= position);
  return { ...marked, unread: Math.max(0, conversation.unread - othersAmong(state, read)) };
}

/** The conversation as the servers count it, and what came here since they counted. */
export function withToldUnread(
  state: ScreenState,
  conversation: Conversation,
  told: { read: number; last: number; unread: number },
): Conversation {
  const read = Math.max(told.read, 0);
  const since = messagesAbove(conversation.log, Math.max(told.last, read)).filter((one) => one.fresh);
  const counted: Conversation = {
    ...conversation,
    readPosition: read,
    unread: told.unread + othersAmong(state, since),
    countedUpTo: Math.max(told.last, since.at(-1)?.position ?? 0),
  };
  const mark = conversation.readPosition;
  const marked = withReadMark(state, counted, mark);
  // Where the newest was read here, the count of the servers says nothing that is not known.
  const settled = marked.readPosition >= newestOf(marked) ? { ...marked, unread: 0 } : marked;
  return { ...settled, mentionedAt: mentionedAt(state, settled) };
}

/** Somebody sits before the screen, as far as can be known. */
export function isInUse(state: ScreenState): boolean {
  return state.focused && state.nowMs - state.usedAtMs < IDLE_MS;
}

/** The newest messages of the open conversation are in sight of somebody. */
export function isInSight(state: ScreenState, conversation: Conversation): boolean {
  const hidden = state.username === '' || state.panel !== null || conversation.key !== state.open;
  return !hidden && conversation.anchor === null && isInUse(state);
}

/**
 * Everything in the open conversation was read, provided that its newest messages are in sight; if not, what comes is
 * set off from what was read.
 */
export function markShown(state: ScreenState): Step {
  const conversation = openOf(state);
  if (!conversation || !state.listed) return step(state);
  const isSettled = state.recentLoaded || state.chosen;
  if (!isSettled || !isInSight(state, conversation)) {
    const { unread, newSince, readPosition, anchor } = conversation;
    // Whoever has scrolled up is still reading what was new before.
    const isSetOff = newSince === readPosition || (newSince !== null && anchor !== null);
    if (unread === 0 || isSetOff) return step(state);
    return step(withConversation(state, { ...conversation, newSince: readPosition }));
  }
  const newest = newestPosition(conversation.log);
  if (newest <= conversation.readPosition) return step(state);
  const now = withConversation(state, withReadMark(state, conversation, newest));
  // What the user wrote counts as unread nowhere.
  if (conversation.unread === 0) return step(now);
  return step(now, { type: 'read', conversation: conversation.name, position: newest });
}
