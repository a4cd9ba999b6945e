import { openConversation, openOf, orderedConversations, withConversation } from './conversations.ts';
import { EMPTY_EDITOR } from './editor.ts';
import type { Effect } from './effects.ts';
import { layoutOf } from './layout.ts';
import { messageAt, messageAtPosition, messagesAbove } from './message-log.ts';
import { anchorBelow, messageWindow, scrolledBy, scrolledTo } from './message-window.ts';
import { type Conversation, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { isNews } from './notifications.ts';
import { isMentioned } from './unread.ts';

const OLDER_MESSAGES = 100;
/** A page on the way down to a message that is looked for. */
const SEEKING_MESSAGES = 500;

/** Room for the messages: width and height in cells. */
export function roomOf(state: ScreenState): { width: number; height: number } {
  const layout = layoutOf(state);
  return { width: layout.paneWidth - 1, height: layout.bodyRows };
}

/** Scrolls the open conversation by pages (negative: towards older ones); at the top older messages are asked for. */
export function scrollPages(state: ScreenState, pages: number): Step {
  return scrollRows(state, Math.round(pages * Math.max(1, roomOf(state).height - 1)));
}

/** {@link scrollPages} by rows. */
export function scrollRows(state: ScreenState, rows: number): Step {
  const conversation = openOf(state);
  if (!conversation) return step(state);
  const { width, height } = roomOf(state);
  const anchor = scrolledBy(state, conversation, rows, width, height);
  const now = withConversation(state, { ...conversation, anchor });
  if (rows >= 0 || !messageWindow(now, openOf(now)!, width, height).atTop) return step(now);
  return fetchOlder(now, OLDER_MESSAGES, true);
}

/** Back to the newest messages. */
export function scrollToBottom(state: ScreenState): ScreenState {
  const conversation = openOf(state);
  return conversation?.anchor ? withConversation(state, { ...conversation, anchor: null }) : state;
}

/** Brings the message at this position into sight. */
export function scrollTo(state: ScreenState, position: number): ScreenState {
  const conversation = openOf(state);
  if (!conversation) return state;
  const { width, height } = roomOf(state);
  const anchor = scrolledTo(state, conversation, position, width, height);
  return withConversation(state, { ...conversation, anchor });
}

/** Brings the message at this position to a place in sight: 0 is the top, 1 the bottom. */
function scrollUpTo(state: ScreenState, position: number, place: number): ScreenState {
  const conversation = openOf(state);
  if (!conversation) return state;
  const { width, height } = roomOf(state);
  const rowsAfter = Math.floor((1 - place) * (height - 1));
  return withConversation(state, {
    ...conversation,
    anchor: anchorBelow(state, conversation, position, rowsAfter, width),
  });
}

/** Opens a conversation at a message; where the history does not reach down to it yet, that is fetched first. */
export function goTo(before: ScreenState, key: string, position: number): Step {
  const state = openConversation({ ...before, panel: null }, key);
  const conversation = openOf(state);
  if (conversation?.key !== key) return step(state);
  const oldest = messageAt(conversation.log, 0)?.position;
  const isLoaded = oldest !== undefined && oldest <= position;
  if (isLoaded || conversation.older === 'none') {
    const found = messageAtPosition(conversation.log, position);
    const now: ScreenState = { ...state, seeking: null };
    if (!found) return step(withNotice(now, 'That message is not there any more.', 'warning'));
    const selection = { position, asking: 'nothing', reaction: EMPTY_EDITOR } as const;
    return step(scrollUpTo({ ...now, selection }, position, 1 / 2));
  }
  return fetchOlder({ ...state, seeking: { key, position } }, SEEKING_MESSAGES, true);
}

/** What was looked for may be here now. */
export function seekOn(state: ScreenState): Step {
  const { seeking } = state;
  if (!seeking || seeking.key !== state.open) return step(state);
  const older = openOf(state)?.older;
  if (older === 'failed') return step({ ...state, seeking: null });
  return older === 'loading' ? step(state) : goTo(state, seeking.key, seeking.position);
}

/** Asks for older messages of the open conversation, unless they are on their way or there are none. */
export function fetchOlder(state: ScreenState, limit: number, again: boolean): Step {
  const conversation = openOf(state);
  const wanted = conversation?.older === 'unknown' || (again && conversation?.older === 'failed');
  if (!conversation || !wanted || state.username === '') return step(state);
  const before = messageAt(conversation.log, 0)?.position ?? Number.MAX_SAFE_INTEGER;
  const effect: Effect = {
    type: 'history',
    era: state.era,
    conversation: conversation.key,
    ask: { with: conversation.name, before, limit },
  };
  return step(withConversation(state, { ...conversation, older: 'loading' }), effect);
}

/** An open conversation that does not fill its room gets older messages without being asked. */
export function fillRoom(state: ScreenState): Step {
  const conversation = openOf(state);
  // The name of a deleted account means nobody, or somebody else: its messages come with everybody's.
  if (conversation?.older !== 'unknown' || conversation.ended !== null || !state.recentLoaded) return step(state);
  const isFull = conversation.log.size >= state.rows || conversation.log.size >= roomOf(state).height;
  return isFull ? step(state) : fetchOlder(state, OLDER_MESSAGES, false);
}

/** Opens the conversation that stands `by` places further down the list, around its ends. */
export function openNeighbour(state: ScreenState, by: 1 | -1): ScreenState {
  const ordered = orderedConversations(state);
  if (ordered.length === 0) return state;
  const index = ordered.findIndex((one) => one.key === state.open);
  return openConversation(state, ordered[(index + by + ordered.length) % ordered.length]!.key);
}

/** Opens the conversation at this place of the list, counted from 1. */
export function openNth(state: ScreenState, place: number): ScreenState {
  const conversation: Conversation | undefined = orderedConversations(state)[place - 1];
  return conversation ? openConversation(state, conversation.key) : state;
}

/** Opens the next conversation with something new: those that name the user first, then the longest silent ones. */
export function openNextUnread(state: ScreenState): ScreenState {
  const news = orderedConversations(state).filter((one) => one.key !== state.open && isNews(state, one));
  const next = news.findLast(isMentioned) ?? news.at(-1);
  return next ? openConversation(state, next.key) : withNotice(state, 'Nothing new elsewhere.', 'plain');
}

/** Brings the first message that was new when the conversation was opened to the eye; older ones are fetched when it lies further back. */
export function toFirstUnread(state: ScreenState): Step {
  const conversation = openOf(state);
  if (!conversation || conversation.newSince === null) {
    return step(withNotice(state, 'Everything here was read; Alt+A goes to what is new elsewhere.', 'plain'));
  }
  const first = messagesAbove(conversation.log, conversation.newSince)[0];
  if (!first) return fetchOlder(state, SEEKING_MESSAGES, true);
  const now = scrollUpTo(state, first.position, 0);
  const reachesDown = messageAt(conversation.log, 0)!.position < first.position;
  return reachesDown ? step(now) : fetchOlder(now, SEEKING_MESSAGES, true);
}
