import { conversationNamed, openOf, withConversation } from './conversations.ts';
import { editorWith } from './editor.ts';
import type { AnswerTo, EffectOf } from './effects.ts';
import type { KeptMessage } from './message-log.ts';
import { addMessages, located } from './messages.ts';
import { type Conversation, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { withoutHandedOver } from './outbox.ts';

/** What is typed next answers this message. */
export function replyTo(state: ScreenState, message: KeptMessage): ScreenState {
  const conversation = openOf(state);
  if (!conversation || conversation.context?.kind === 'edit') return state;
  const context = { kind: 'reply', id: message.id, from: message.from, quote: message.body } as const;
  return withConversation(state, { ...conversation, context, anchor: null });
}

/** The text of an own message comes into the composer to be changed; what stood there comes back afterwards. */
export function editMessage(state: ScreenState, message: KeptMessage): ScreenState {
  const conversation = openOf(state);
  if (!conversation || conversation.context?.kind === 'edit') return state;
  // What was handed over stands in the composer until it is in the outbox.
  if (state.handedOver.some((one) => one.typedIn === conversation.key)) return state;
  const context = { kind: 'edit', id: message.id, at: message.at, kept: conversation.draft, busy: false } as const;
  return withConversation(state, { ...conversation, context, draft: editorWith(message.body), anchor: null });
}

/** The composer is for a new message again. */
export function withoutContext(state: ScreenState, conversation: Conversation): ScreenState {
  const { context } = conversation;
  if (context === null) return state;
  const draft = context.kind === 'edit' ? context.kept : conversation.draft;
  return withConversation(state, { ...conversation, draft, context: null });
}

/** Asks for the message that is edited to have the text that stands in the composer. */
export function saveEdit(state: ScreenState, conversation: Conversation): Step {
  const { context, draft } = conversation;
  if (context?.kind !== 'edit' || context.busy) return step(state);
  if (located(state, context.id)?.message.body === draft.text) return step(withoutContext(state, conversation));
  const now = withConversation(state, { ...conversation, context: { ...context, busy: true } });
  const request = { call: 'edit-message', id: context.id, body: draft.text, conversation: conversation.key } as const;
  return step(now, { type: 'request', request });
}

/** The answer to an edit: the text leaves the composer only when it is safe. */
export function onEdited(state: ScreenState, conversationKey: string, body: string, refused: string): ScreenState {
  const conversation = state.conversations.get(conversationKey);
  const context = conversation?.context;
  if (!conversation || context?.kind !== 'edit') return refused === '' ? state : withNotice(state, refused, 'bad');
  const idle = { ...conversation, context: { ...context, busy: false } };
  if (refused !== '') return withNotice(withConversation(state, idle), `Not changed: ${refused}`, 'bad');
  if (conversation.draft.text !== body) return withConversation(state, idle);
  return withoutContext(state, conversation);
}

/**
 * Hands a text over for sending, in answer to the message that the composer's context names.
 *
 * @param typed all of what was typed, which leaves the composer when the message is in the outbox
 */
export function send(state: ScreenState, to: string | undefined, body: string, typed: string): Step {
  if (to === undefined) {
    return step(withNotice(state, 'Nobody is chosen: /to NAME opens a conversation, /list shows who is there.', 'bad'));
  }
  const context = conversationNamed(state, to)?.context;
  return handOver(state, { to, body, typed, ...(context?.kind === 'reply' ? { replyTo: context.id } : {}) });
}

function handOver(state: ScreenState, what: { to: string; body: string; typed: string; replyTo?: string }): Step {
  const { to, body, typed, replyTo: answered } = what;
  const number = state.handedCount + 1;
  const handed = { number, typedIn: state.open, typed, to, body };
  const effect: EffectOf<'send'> = {
    type: 'send',
    era: state.era,
    handed: number,
    to,
    body,
    ...(answered === undefined ? {} : { replyTo: answered }),
  };
  return step({ ...state, handedOver: [...state.handedOver, handed], handedCount: number }, effect);
}

/** Sends the oldest failed message of the open conversation once more. */
export function sendAgain(state: ScreenState): Step {
  const conversation = openOf(state);
  const failed = conversation?.failed[0];
  if (!conversation || !failed || state.handedOver.some((one) => one.typedIn === conversation.key)) return step(state);
  // Where its text came back into the composer it leaves that, as if it had been sent from there.
  const typed = conversation.draft.text === failed.body && conversation.context === null ? failed.body : '';
  const { body, replyTo: answered } = failed;
  return handOver(state, {
    to: conversation.name,
    body,
    typed,
    ...(answered === undefined ? {} : { replyTo: answered }),
  });
}

/** The answer to a send: one that was refused before it was kept stays where it was typed. */
export function onSent(before: ScreenState, { effect, result }: AnswerTo<'send'>): ScreenState {
  const state = withoutHandedOver(before, effect.handed);
  // What was refused after it had entered the outbox is told by an event of its own.
  const neverKept = state !== before;
  if (!result.ok) return neverKept ? withNotice(state, `Not sent: ${result.error.message}`, 'bad') : state;
  if (effect.era !== state.era || state.username === '') return state;
  const answered = effect.replyTo === undefined ? {} : { replyTo: effect.replyTo };
  const message = { ...result.value, from: state.owner, to: effect.to, body: effect.body, ...answered };
  return addMessages(state, [message], true);
}
