import { openConversation, openOf, orderedConversations, withConversation } from './conversations.ts';
import { layoutOf } from './layout.ts';
import { messageAt } from './message-log.ts';
import { messageWindow, scrolledBy, scrolledTo } from './message-window.ts';
import { type Conversation, type Effect, type ScreenState, type Step, step } from './model.ts';

const OLDER_MESSAGES = 100;

/** Room for the messages: width and height in cells. */
function roomOf(state: ScreenState): { width: number; height: number } {
  const layout = layoutOf(state);
  return { width: layout.paneWidth - 1, height: layout.bodyRows };
}

/** Scrolls the open conversation by pages (negative: towards older ones); at the top older messages are asked for. */
export function scrollPages(state: ScreenState, pages: number): Step {
  const conversation = openOf(state);
  if (!conversation) return step(state);
  const { width, height } = roomOf(state);
  const rows = Math.round(pages * Math.max(1, height - 1));
  const anchor = scrolledBy(state, conversation, rows, width, height);
  const now = withConversation(state, { ...conversation, anchor });
  if (pages >= 0 || !messageWindow(now, openOf(now)!, width, height).atTop) return step(now);
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
  if (conversation?.older !== 'unknown' || conversation.deleted || !state.recentLoaded) return step(state);
  return conversation.log.size < roomOf(state).height ? fetchOlder(state, OLDER_MESSAGES, false) : step(state);
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
