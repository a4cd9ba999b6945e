import type { Message } from '../../shared/api.ts';
import type { ChatEvent } from '../chat-types.ts';
import { onConversations } from './conversation-list.ts';
import { changed, conversationNamed, openMostRecent } from './conversations.ts';
import { addMessages, changeMessage, conversationOf, putMessage, removeMessage } from './messages.ts';
import { type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { rings } from './notifications.ts';
import { onOutbox, onSendFailed } from './outbox.ts';
import { withBlocked } from './requests.ts';
import {
  onAccountChanged,
  onAccountDeleted,
  onPresence,
  onRoomChanged,
  onRoomDeleted,
  onRoomJoined,
  onRoomLeft,
} from './rooms.ts';
import { onLoggedIn, onLoggedOut, onReload } from './sessions.ts';
import { onTyping, withoutTyping } from './typing.ts';
import { withReadMark } from './unread.ts';
import { asSeconds } from './words.ts';

const FAIL_OVERS_KEPT = 20;

/** What an event of the chat library makes of the screen. */
export function onChatEvent(state: ScreenState, event: ChatEvent): Step {
  switch (event.type) {
    case 'connection':
      return step({
        ...state,
        connection: event.state,
        everConnected: state.everConnected || event.state.phase === 'connected',
      });
    case 'moved':
      return step(onMoved(state, event));
    case 'logged-in':
      return onLoggedIn(state, event.username);
    case 'logged-out':
      return step(onLoggedOut(state, event.reason));
    case 'reload':
      return onReload(state, event.reason);
    case 'outbox':
      return step(onOutbox(state, event.waiting));
    case 'send-failed':
      return step(onSendFailed(state, event.message, event.reason));
    case 'notice':
      return step(withNotice(state, event.text, 'plain'));
    case 'message':
      return onMessage(state, event.message, event.replayed);
    case 'message-deleted':
    case 'message-edited':
    case 'message-reacted':
    case 'message-changed':
      return step(onMessageEvent(state, event), { type: 'received', position: event.position });
    default:
      return onListEvent(state, event);
  }
}

type MessageEvent = Extract<
  ChatEvent,
  { type: 'message-deleted' | 'message-edited' | 'message-reacted' | 'message-changed' }
>;

function onMessageEvent(state: ScreenState, event: MessageEvent): ScreenState {
  if (event.type === 'message-deleted') return removeMessage(state, event.id);
  return event.type === 'message-changed' ? putMessage(state, event.message) : changeMessage(state, event);
}

type ListEvent = Extract<
  ChatEvent,
  {
    type: `account-${string}` | `room-${string}` | 'conversations' | 'conversation-read' | 'presence' | 'typing';
  }
>;

/** What concerns the list of conversations and those in them. */
function onListEvent(state: ScreenState, event: ListEvent): Step {
  switch (event.type) {
    case 'conversations':
      return onConversations(state, event.conversations);
    case 'conversation-read':
      return step(onRead(state, event.with, event.read));
    case 'room-changed':
      return step(onRoomChanged(state, event.room));
    case 'room-joined':
      return step(onRoomJoined(state, event.room, event.username));
    case 'room-left':
      return step(onRoomLeft(state, event.room, event.username, event.removed));
    case 'room-deleted':
      return step(onRoomDeleted(state, event.room));
    case 'presence':
      return step(onPresence(state, event.username, event.online));
    case 'typing':
      return step(onTyping(state, event.with, event.username, event.typing));
    case 'account-deleted':
      return step(onAccountDeleted(state, event.username));
    case 'account-changed':
      return step(onAccountChanged(state, event.username, event.displayName));
    case 'account-blocked':
      return step(withBlocked(state, event.username, event.blocked));
  }
}

function onMessage(state: ScreenState, message: Message, replayed: boolean): Step {
  const seenBefore = replayed && !state.everConnected;
  const now = addMessages(withoutTyping(state, message.from), [message], !seenBefore);
  const known = conversationNamed(state, conversationOf(state, message));
  // What was read on another device calls nobody.
  const isNew = !seenBefore && message.position > (known?.readPosition ?? 0);
  const received = { type: 'received', position: message.position } as const;
  if (isNew && rings(now, message)) return step(now, received, { type: 'ring' });
  return step(seenBefore ? openMostRecent(now) : now, received);
}

function onRead(state: ScreenState, name: string, read: number): ScreenState {
  const conversation = conversationNamed(state, name);
  return conversation ? changed(state, name, withReadMark(state, conversation, read)) : state;
}

function onMoved(state: ScreenState, event: Extract<ChatEvent, { type: 'moved' }>): ScreenState {
  const { from, to, silenceMs } = event;
  const way = from === to ? `Reconnected to ${to}` : `Moved from ${from} to ${to}`;
  const failOvers = [...state.failOvers, { atMs: state.nowMs, from, to, silenceMs }].slice(-FAIL_OVERS_KEPT);
  return withNotice({ ...state, failOvers }, `${way} after ${asSeconds(silenceMs)}; nothing was lost.`, 'good');
}
