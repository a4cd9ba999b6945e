import { nameKey } from '../../shared/names.ts';
import { type Editor, EMPTY_EDITOR } from './editor.ts';
import { EMPTY_LOG, newestPosition } from './message-log.ts';
import type { Conversation, ScreenState } from './model.ts';

/** A conversation of which nothing is known but its name. */
export function freshConversation(name: string, activeAtMs: number): Conversation {
  return {
    key: nameKey(name),
    name,
    ended: null,
    room: null,
    members: null,
    displayName: '',
    online: null,
    log: EMPTY_LOG,
    unread: 0,
    readPosition: 0,
    countedUpTo: 0,
    mentionedAt: 0,
    newSince: null,
    activeAtMs,
    draft: EMPTY_EDITOR,
    context: null,
    failed: [],
    anchor: null,
    older: 'unknown',
  };
}

/** Whether this is the name of a room. */
export function isRoomName(name: string): boolean {
  return name.startsWith('#');
}

/** The open conversation; undefined when there is none. */
export function openOf(state: ScreenState): Conversation | undefined {
  return state.open === null ? undefined : state.conversations.get(state.open);
}

/** The conversation with this name; undefined when there is none. */
export function conversationNamed(state: ScreenState, name: string): Conversation | undefined {
  return state.conversations.get(nameKey(name));
}

/** All conversations, the most recently active first. */
export function orderedConversations(state: ScreenState): Conversation[] {
  return [...state.conversations.values()].sort(
    (a, b) => b.activeAtMs - a.activeAtMs || newestOf(b) - newestOf(a) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
}

/** Position of the newest message that is known of, be it here or not. */
export function newestOf(conversation: Conversation): number {
  return Math.max(conversation.countedUpTo, newestPosition(conversation.log));
}

/** Nothing in the conversation is unread any more. */
export function allRead(conversation: Conversation): Pick<Conversation, 'unread' | 'readPosition'> {
  return { unread: 0, readPosition: Math.max(conversation.readPosition, newestOf(conversation)) };
}

/** The state with this conversation put in or replaced. */
export function withConversation(state: ScreenState, conversation: Conversation): ScreenState {
  if (state.conversations.get(conversation.key) === conversation) return state;
  const conversations = new Map(state.conversations);
  conversations.set(conversation.key, conversation);
  return { ...state, conversations, open: state.open ?? conversation.key };
}

/** The state with some of a conversation's properties changed; as it was when there is no such conversation. */
export function changed(state: ScreenState, name: string, changes: Partial<Conversation>): ScreenState {
  const conversation = conversationNamed(state, name);
  return conversation ? withConversation(state, { ...conversation, ...changes }) : state;
}

/** The conversation with this name, made when there is none; the first one becomes the open one. */
export function ensureConversation(state: ScreenState, name: string, activeAtMs: number): ScreenState {
  if (state.conversations.has(nameKey(name))) return state;
  const first = state.conversations.size === 0;
  const made = { ...freshConversation(name, activeAtMs), draft: first ? state.strayDraft : EMPTY_EDITOR };
  const handedOver = first ? state.handedOver.map((one) => ({ ...one, typedIn: made.key })) : state.handedOver;
  return withConversation({ ...state, handedOver, strayDraft: first ? EMPTY_EDITOR : state.strayDraft }, made);
}

/** Opens the conversation with this key, if there is one; scroll position and draft are those it was left with. */
export function openConversation(state: ScreenState, key: string): ScreenState {
  const opened = state.conversations.get(key);
  if (!opened || state.open === key) return state;
  const left = openOf(state);
  const conversations = new Map(state.conversations);
  if (left && left.newSince !== null) conversations.set(left.key, { ...left, newSince: null });
  if (opened.unread > 0) conversations.set(key, { ...opened, newSince: opened.readPosition });
  return { ...state, conversations, open: key, selection: null, seeking: null, recall: null, completion: null };
}

/** Opens the most recent conversation, unless the user has begun to do something. */
export function openMostRecent(state: ScreenState): ScreenState {
  const newest = state.chosen ? undefined : orderedConversations(state)[0];
  return newest ? openConversation(state, newest.key) : state;
}

/**
 * Takes a conversation off the list. What is typed there, on its way or failed stays visible: then it only ends.
 */
export function dropConversation(
  state: ScreenState,
  conversation: Conversation,
  ended: Conversation['ended'],
): ScreenState {
  const { key, draft, failed } = conversation;
  const isSending =
    state.outbox.some((one) => nameKey(one.to) === key) ||
    state.handedOver.some((one) => one.typedIn === key || nameKey(one.to) === key);
  const isEditing = conversation.context?.kind === 'edit';
  if (draft.text !== '' || isEditing || failed.length > 0 || isSending) {
    return withConversation(state, { ...conversation, ...allRead(conversation), ended });
  }
  const conversations = new Map(state.conversations);
  conversations.delete(key);
  const rest = { ...state, conversations };
  if (state.open !== key) return rest;
  const next = orderedConversations(rest)[0];
  const closed = { ...rest, open: null, selection: null, seeking: null, recall: null, completion: null };
  return next ? openConversation(closed, next.key) : closed;
}

/** What stands in the composer now. */
export function draftOf(state: ScreenState): Editor {
  return openOf(state)?.draft ?? state.strayDraft;
}

/** The state with another text in the composer of this conversation (null: of none). */
export function withDraft(state: ScreenState, key: string | null, draft: Editor): ScreenState {
  if (key === null) return { ...state, strayDraft: draft };
  const conversation = state.conversations.get(key);
  return conversation ? withConversation(state, { ...conversation, draft }) : state;
}
