import type { Message } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import type { OutboxMessage } from '../chat-types.ts';
import { type Editor, EMPTY_EDITOR } from './editor.ts';
import {
  countBelow,
  EMPTY_LOG,
  findById,
  messageAt,
  messageAtPosition,
  withMessage,
  withoutMessage,
  withReplaced,
} from './message-log.ts';
import type { Conversation, ScreenState } from './model.ts';

/** A message that came back is taken for one of the outbox when it is at most so much older: clocks differ. */
const CLOCK_DIFFERENCE_MS = 600_000;
const REMEMBERED_DELETIONS = 1000;

function freshConversation(name: string, activeAtMs: number): Conversation {
  return {
    key: nameKey(name),
    name,
    deleted: false,
    log: EMPTY_LOG,
    unread: 0,
    readPosition: 0,
    activeAtMs,
    draft: EMPTY_EDITOR,
    failed: [],
    anchor: null,
    older: 'unknown',
  };
}

/** The open conversation; undefined when there is none. */
export function openOf(state: ScreenState): Conversation | undefined {
  return state.open === null ? undefined : state.conversations.get(state.open);
}

/** All conversations, the most recently active first. */
export function orderedConversations(state: ScreenState): Conversation[] {
  return [...state.conversations.values()].sort(
    (a, b) => b.activeAtMs - a.activeAtMs || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
}

/** The state with this conversation put in or replaced. */
export function withConversation(state: ScreenState, conversation: Conversation): ScreenState {
  if (state.conversations.get(conversation.key) === conversation) return state;
  const conversations = new Map(state.conversations);
  conversations.set(conversation.key, conversation);
  return { ...state, conversations, open: state.open ?? conversation.key };
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
  if (!state.conversations.has(key) || state.open === key) return state;
  return { ...state, open: key, picked: null, recall: null, completion: null };
}

/** Opens the most recent conversation, unless the user has begun to do something. */
export function openMostRecent(state: ScreenState): ScreenState {
  const newest = state.chosen ? undefined : orderedConversations(state)[0];
  return newest ? openConversation(state, newest.key) : state;
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

function isOwn(state: ScreenState, message: Message): boolean {
  return message.fromDeleted !== true && nameKey(message.from) === nameKey(state.owner);
}

/**
 * Puts messages into their conversations. Those that were `told` (as an event or as the answer to a send) are new:
 * from others they count as unread, and own ones end the waiting of their row. Those read from history, or shown to
 * their reader in an earlier session, do neither.
 */
export function addMessages(state: ScreenState, messages: readonly Message[], told: boolean): ScreenState {
  return messages.reduce((now, message) => addMessage(now, message, told), state);
}

function addMessage(before: ScreenState, message: Message, told: boolean): ScreenState {
  if (before.deletedIds.includes(message.id)) return before;
  const own = isOwn(before, message);
  const state = ensureConversation(before, own ? message.to : message.from, message.at);
  const conversation = state.conversations.get(nameKey(own ? message.to : message.from))!;
  const kept = { ...message, fresh: told && !own };
  const present = messageAtPosition(conversation.log, message.position);
  if (present && (present.fresh || !kept.fresh)) return own && told ? settleOwn(state, message) : state;
  const newest = message.position >= (messageAt(conversation.log, conversation.log.size - 1)?.position ?? 0);
  const grown: Conversation = {
    ...conversation,
    log: present ? withReplaced(conversation.log, kept) : withMessage(conversation.log, kept),
    unread: conversation.unread + (kept.fresh && message.position > conversation.readPosition ? 1 : 0),
    activeAtMs: Math.max(conversation.activeAtMs, message.at),
    deleted: newest && !own ? message.fromDeleted === true : conversation.deleted,
    name: newest && !own ? message.from : conversation.name,
  };
  const now = withConversation({ ...state, highest: Math.max(state.highest, message.position) }, grown);
  return own && told ? settleOwn(now, message) : now;
}

function sameText(waiting: OutboxMessage, message: Message): boolean {
  return waiting.body === message.body && nameKey(waiting.to) === nameKey(message.to);
}

/** An own message came back: the row that stood for it while it was on its way goes. */
function settleOwn(state: ScreenState, message: Message): ScreenState {
  const settledIndex = state.settled.findIndex((one) => sameText(one, message));
  if (settledIndex !== -1) return { ...state, settled: state.settled.toSpliced(settledIndex, 1) };
  const waiting = state.outbox.find(
    (one) =>
      sameText(one, message) &&
      !state.arrived.includes(one.request) &&
      message.position > one.above &&
      message.at >= one.typedAt - CLOCK_DIFFERENCE_MS,
  );
  return waiting ? { ...state, arrived: [...state.arrived, waiting.request] } : state;
}

/** Takes a deleted message off the screen, and remembers it against history that was read earlier. */
export function removeMessage(state: ScreenState, id: string): ScreenState {
  const deletedIds = [...state.deletedIds, id].slice(-REMEMBERED_DELETIONS);
  for (const conversation of state.conversations.values()) {
    const found = findById(conversation.log, id);
    if (!found) continue;
    const wasUnread = found.fresh && found.position > conversation.readPosition;
    const picked = state.picked === found.position ? null : state.picked;
    return withConversation(
      { ...state, deletedIds, picked },
      {
        ...conversation,
        log: withoutMessage(conversation.log, id),
        unread: conversation.unread - (wasUnread ? 1 : 0),
      },
    );
  }
  return { ...state, deletedIds };
}

/** Everything in the open conversation was seen, provided that its newest messages are on the screen. */
export function markShown(state: ScreenState): ScreenState {
  const conversation = openOf(state);
  const settled = state.recentLoaded || state.chosen;
  const hidden = state.username === '' || state.panel !== null || !settled;
  if (!conversation || hidden || conversation.anchor !== null) return state;
  const newest = messageAt(conversation.log, conversation.log.size - 1)?.position ?? 0;
  if (conversation.unread === 0 && newest <= conversation.readPosition) return state;
  return withConversation(state, {
    ...conversation,
    unread: 0,
    readPosition: Math.max(conversation.readPosition, newest),
  });
}

/** A row at the end of a conversation for a message that is no message yet. */
export interface TailItem {
  readonly kind: 'waiting' | 'sent' | 'failed';
  readonly message: OutboxMessage;
  readonly reason: string;
}

/** What follows the messages of a conversation: failed, waiting and just acknowledged ones, in the order of typing. */
export function tailOf(state: ScreenState, conversation: Conversation): TailItem[] {
  const here = (message: OutboxMessage): boolean => nameKey(message.to) === conversation.key;
  const items: TailItem[] = [
    ...conversation.failed.map((message) => ({ kind: 'failed' as const, message, reason: message.reason })),
    ...state.settled.filter(here).map((message) => ({ kind: 'sent' as const, message, reason: '' })),
    ...state.outbox
      .filter((message) => here(message) && !state.arrived.includes(message.request))
      .map((message) => ({ kind: 'waiting' as const, message, reason: '' })),
  ];
  return items.sort((a, b) => a.message.typedAt - b.message.typedAt || a.message.request - b.message.request);
}

/** The own messages of a conversation around `position`: the nearest older and the nearest newer one. */
export function ownNeighbour(
  state: ScreenState,
  conversation: Conversation,
  position: number,
  direction: -1 | 1,
): number | undefined {
  const start = countBelow(conversation.log, position) + (direction === 1 ? 0 : -1);
  for (let index = start; index >= 0 && index < conversation.log.size; index += direction) {
    const message = messageAt(conversation.log, index)!;
    if (message.position !== position && isOwn(state, message)) return message.position;
  }
  return undefined;
}
