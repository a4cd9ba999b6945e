import type { Message } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import type { ChatEvent, OutboxMessage } from '../chat-types.ts';
import {
  addMessages,
  ensureConversation,
  openConversation,
  openMostRecent,
  removeMessage,
  withConversation,
  withDraft,
} from './conversations.ts';
import { EMPTY_EDITOR, editorWith } from './editor.ts';
import { EMPTY_LOG } from './message-log.ts';
import { type Conversation, type Effect, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { asSeconds } from './words.ts';

/** How much of the newest history is asked for after a log-in. */
const RECENT_MESSAGES = 200;
const FAILED_KEPT = 20;

/** Asks for the newest messages of all conversations. */
export function recentHistory(state: ScreenState): Effect {
  return { type: 'history', era: state.era, ask: { before: Number.MAX_SAFE_INTEGER, limit: RECENT_MESSAGES } };
}

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
      return step(withNotice(state, movedSentence(event), 'good'));
    case 'logged-in':
      return onLoggedIn(state, event.username);
    case 'logged-out':
      return step(onLoggedOut(state, event.reason));
    case 'message':
      return onMessage(state, event.message, event.replayed);
    case 'message-deleted':
      return step(removeMessage(state, event.id), { type: 'received', position: event.position });
    case 'account-deleted':
      return step(onAccountDeleted(state, event.username));
    case 'outbox':
      return step(onOutbox(state, event.waiting));
    case 'send-failed':
      return step(onSendFailed(state, event.message, event.reason));
    case 'reload':
      return onReload(state, event.reason);
    case 'notice':
      return step(withNotice(state, event.text, 'plain'));
  }
}

function onMessage(state: ScreenState, message: Message, replayed: boolean): Step {
  const seenBefore = replayed && !state.everConnected;
  const now = addMessages(state, [message], !seenBefore);
  return step(seenBefore ? openMostRecent(now) : now, { type: 'received', position: message.position });
}

function movedSentence(event: { from: string; to: string; silenceMs: number }): string {
  const way = event.from === event.to ? `Reconnected to ${event.to}` : `Moved from ${event.from} to ${event.to}`;
  return `${way} after ${asSeconds(event.silenceMs)}; nothing was lost.`;
}

/** Someone is logged in: the same user as before finds everything as it was, another one an empty screen. */
export function onLoggedIn(state: ScreenState, username: string): Step {
  if (state.username === username) return step(state);
  const form = { ...state.form, password: EMPTY_EDITOR, busy: false, message: '' };
  const same = nameKey(state.owner) === nameKey(username);
  const kept = same || state.owner === '' ? state : withoutConversations(state);
  // What was asked for before belongs to another era: its answer will not count.
  const conversations = [...kept.conversations].map(
    ([key, one]) => [key, one.older === 'loading' ? { ...one, older: 'unknown' as const } : one] as const,
  );
  const now: ScreenState = {
    ...kept,
    form,
    username,
    owner: username,
    era: state.era + 1,
    recentLoaded: false,
    chosen: false,
    conversations: new Map(conversations),
  };
  return step(now, recentHistory(now));
}

function withoutConversations(state: ScreenState): ScreenState {
  const empty: ScreenState = {
    ...state,
    conversations: new Map(),
    open: null,
    highest: 0,
    strayDraft: EMPTY_EDITOR,
    handedOver: [],
    settled: [],
    arrived: [],
    typed: [],
    recall: null,
    completion: null,
    knownNames: [],
    picked: null,
  };
  return onOutbox({ ...empty, outbox: [] }, state.outbox);
}

/** Back to the form, with the reason; `forget` drops what was on the screen. */
export function onLoggedOut(state: ScreenState, reason: string, forget = false): ScreenState {
  if (state.username === '' && !forget) return { ...state, form: { ...state.form, busy: false, message: reason } };
  const kept = forget ? { ...withoutConversations(state), owner: '' } : state;
  return {
    ...kept,
    username: '',
    era: state.era + 1,
    panel: null,
    picked: null,
    form: {
      mode: 'log-in',
      username: editorWith(state.username || state.form.username.text),
      password: EMPTY_EDITOR,
      focus: 'password',
      busy: false,
      message: reason,
      tone: 'plain',
    },
  };
}

function onAccountDeleted(state: ScreenState, username: string): ScreenState {
  const conversation = state.conversations.get(nameKey(username));
  if (!conversation) return state;
  const now = withConversation(state, { ...conversation, deleted: true });
  return withNotice(now, `The account ${username} was deleted.`, 'plain');
}

function sameTyping(a: OutboxMessage, b: OutboxMessage): boolean {
  return a.typedAt === b.typedAt && a.to === b.to && a.body === b.body;
}

function onOutbox(state: ScreenState, waiting: readonly OutboxMessage[]): ScreenState {
  const isIn = (list: readonly OutboxMessage[], one: OutboxMessage): boolean =>
    list.some((other) => other.request === one.request);
  const added = waiting.filter((one) => !isIn(state.outbox, one));
  const gone = state.outbox.filter((one) => !isIn(waiting, one));
  // One that waited for a log-in gets a new number: it did not leave.
  const acknowledged = gone.filter(
    (one) => !state.arrived.includes(one.request) && !added.some((other) => sameTyping(one, other)),
  );
  const outbox = waiting.map(
    (one) => state.outbox.find((other) => other.request === one.request) ?? { ...one, above: state.highest },
  );
  const now: ScreenState = {
    ...state,
    outbox,
    arrived: state.arrived.filter((request) => waiting.some((one) => one.request === request)),
    // Nothing is acknowledged to one who is logged out: the outbox only shows what belongs to the present user.
    settled:
      state.username === ''
        ? state.settled
        : [...state.settled, ...acknowledged.map((one) => ({ ...one, sinceMs: state.nowMs }))],
  };
  return added.reduce(onEnteredOutbox, now);
}

/** A message is safe in the outbox: only now the text leaves the composer in which it was typed. */
function onEnteredOutbox(before: ScreenState, message: OutboxMessage): ScreenState {
  const state = ensureConversation(before, message.to, message.typedAt);
  const conversation = state.conversations.get(nameKey(message.to))!;
  const now = withConversation(state, {
    ...conversation,
    activeAtMs: Math.max(conversation.activeAtMs, message.typedAt),
    failed: conversation.failed.filter((one) => one.body !== message.body),
  });
  const index = now.handedOver.findIndex((one) => one.body === message.body && nameKey(one.to) === nameKey(message.to));
  return index === -1 ? now : takeFromComposer(now, index, conversation.key);
}

/** Its writer then sees where it went: the conversation it was sent to, at the bottom. */
function takeFromComposer(state: ScreenState, index: number, sentTo: string): ScreenState {
  const handed = state.handedOver[index]!;
  const rest: ScreenState = { ...state, handedOver: state.handedOver.toSpliced(index, 1), completion: null };
  const followed = rest.open === handed.typedIn ? openConversation(rest, sentTo) : rest;
  const now = withConversation(followed, { ...followed.conversations.get(sentTo)!, anchor: null });
  const draft = handed.typedIn === null ? now.strayDraft : now.conversations.get(handed.typedIn)?.draft;
  if (!draft?.text.startsWith(handed.typed)) return now;
  const text = draft.text.slice(handed.typed.length);
  return withDraft(now, handed.typedIn, { text, cursor: Math.max(0, draft.cursor - handed.typed.length) });
}

/** The text that was handed over under this number is no longer on its way; if it is not sent, it stays where it was typed. */
export function withoutHandedOver(state: ScreenState, number: number): ScreenState {
  const handedOver = state.handedOver.filter((one) => one.number !== number);
  return handedOver.length === state.handedOver.length ? state : { ...state, handedOver };
}

function onSendFailed(before: ScreenState, message: OutboxMessage, reason: string): ScreenState {
  const state = ensureConversation(before, message.to, message.typedAt);
  const conversation = state.conversations.get(nameKey(message.to))!;
  const givenBack = conversation.draft.text === '';
  const failed: Conversation = {
    ...conversation,
    failed: [...conversation.failed, { ...message, reason }].slice(-FAILED_KEPT),
    draft: givenBack ? editorWith(message.body) : conversation.draft,
  };
  const others = <T extends OutboxMessage>(list: readonly T[]): T[] =>
    list.filter((one) => one.request !== message.request);
  const where = givenBack ? 'Its text is back in the composer.' : '↑ in the empty composer brings its text back.';
  const now = { ...withConversation(state, failed), settled: others(state.settled), outbox: others(state.outbox) };
  return withNotice(now, `Not sent to ${message.to}: ${reason} ${where}`, 'bad');
}

function onReload(state: ScreenState, reason: string): Step {
  const emptied = [...state.conversations.values()].map((one): [string, Conversation] => [
    one.key,
    { ...one, log: EMPTY_LOG, unread: 0, readPosition: 0, anchor: null, older: 'unknown' },
  ]);
  const now: ScreenState = {
    ...withNotice(state, reason, 'warning'),
    conversations: new Map(emptied),
    era: state.era + 1,
    recentLoaded: false,
    highest: 0,
    outbox: state.outbox.map((one) => ({ ...one, above: 0 })),
    settled: [],
    arrived: [],
    deletedIds: [],
    picked: null,
  };
  return state.username === '' ? step(now) : step(now, recentHistory(now));
}
