import { nameKey } from '../../shared/names.ts';
import type { OutboxMessage } from '../chat-types.ts';
import { ensureConversation, openConversation, withConversation, withDraft } from './conversations.ts';
import { editorWith } from './editor.ts';
import type { Conversation, ScreenState } from './model.ts';
import { withNotice } from './notices.ts';

const FAILED_KEPT = 20;

function sameTyping(a: OutboxMessage, b: OutboxMessage): boolean {
  return a.typedAt === b.typedAt && a.to === b.to && a.body === b.body;
}

/** What waits to be sent is now this. */
export function onOutbox(state: ScreenState, waiting: readonly OutboxMessage[]): ScreenState {
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
    newSince: null,
  });
  const index = now.handedOver.findIndex((one) => one.body === message.body && nameKey(one.to) === nameKey(message.to));
  return index === -1 ? now : takeFromComposer(now, index, conversation.key, message);
}

/** Its writer then sees where it went: the conversation it was sent to, at the bottom. */
function takeFromComposer(state: ScreenState, index: number, sentTo: string, message: OutboxMessage): ScreenState {
  const handed = state.handedOver[index]!;
  const rest: ScreenState = { ...state, handedOver: state.handedOver.toSpliced(index, 1), completion: null };
  const followed = rest.open === handed.typedIn ? openConversation(rest, sentTo) : rest;
  const target = followed.conversations.get(sentTo)!;
  const isReply = target.context?.kind === 'reply' && target.context.id === message.replyTo;
  const now = withConversation(followed, { ...target, anchor: null, context: isReply ? null : target.context });
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

/** A message of the outbox was refused for good: its text comes back if nothing else is being typed. */
export function onSendFailed(before: ScreenState, message: OutboxMessage, reason: string): ScreenState {
  const state = ensureConversation(before, message.to, message.typedAt);
  const conversation = state.conversations.get(nameKey(message.to))!;
  const givenBack = conversation.draft.text === '' && conversation.context?.kind !== 'edit';
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
