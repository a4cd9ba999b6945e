import { nameKey } from '../../shared/names.ts';
import { onLoggedIn, onLoggedOut, withoutHandedOver } from './chat-events.ts';
import { addMessages, openMostRecent, removeMessage, withConversation } from './conversations.ts';
import { EMPTY_EDITOR } from './editor.ts';
import { type Answer, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';

type AnswerTo<T extends Answer['effect']['type']> = Extract<Answer, { effect: { type: T } }>;

/** What the result of an effect makes of the screen. */
export function onAnswer(state: ScreenState, answer: Answer): Step {
  switch (answer.effect.type) {
    case 'create-account':
    case 'log-in':
      return onEntered(state, answer as AnswerTo<'create-account' | 'log-in'>);
    case 'log-out':
    case 'delete-account':
      return step(onLeft(state, answer as AnswerTo<'log-out' | 'delete-account'>));
    case 'list':
      return step(onListed(state, answer as AnswerTo<'list'>));
    case 'send':
      return step(onSent(state, answer as AnswerTo<'send'>));
    case 'delete-message':
      return step(onDeleted(state, answer as AnswerTo<'delete-message'>));
    case 'history':
      return step(onHistory(state, answer as AnswerTo<'history'>));
  }
}

function onEntered(state: ScreenState, { result }: AnswerTo<'create-account' | 'log-in'>): Step {
  if (result.ok) return onLoggedIn(state, result.value.username);
  return step({ ...state, form: { ...state.form, busy: false, message: result.error.message, tone: 'bad' } });
}

function onLeft(state: ScreenState, { effect, result }: AnswerTo<'log-out' | 'delete-account'>): ScreenState {
  const what = effect.type === 'log-out' ? 'You are logged out.' : `The account ${state.owner} is deleted.`;
  if (result.ok) return onLoggedOut(state, what, true);
  const { message } = result.error;
  if (state.panel?.kind !== 'delete-account') return withNotice(state, message, 'bad');
  return { ...state, panel: { ...state.panel, busy: false, password: EMPTY_EDITOR, message } };
}

function onListed(state: ScreenState, { effect, result }: AnswerTo<'list'>): ScreenState {
  const { panel } = state;
  if (!result.ok) {
    const closed = panel?.kind === 'accounts' ? { ...state, panel: null } : state;
    return withNotice(closed, result.error.message, 'bad');
  }
  const { accounts, more } = result.value;
  const known = new Set([...state.knownNames, ...accounts.map((one) => one.username)]);
  const now = { ...state, knownNames: [...known] };
  if (panel?.kind !== 'accounts' || panel.pattern !== effect.pattern) return now;
  return { ...now, panel: { ...panel, accounts, more, loading: false, selected: 0 } };
}

function onSent(before: ScreenState, { effect, result }: AnswerTo<'send'>): ScreenState {
  const state = withoutHandedOver(before, effect.handed);
  // What was refused after it had entered the outbox is told by an event of its own.
  const neverKept = state !== before;
  if (!result.ok) return neverKept ? withNotice(state, `Not sent: ${result.error.message}`, 'bad') : state;
  if (effect.era !== state.era || state.username === '') return state;
  return addMessages(state, [{ ...result.value, from: state.owner, to: effect.to, body: effect.body }], true);
}

function onDeleted(state: ScreenState, { effect, result }: AnswerTo<'delete-message'>): ScreenState {
  if (!result.ok) return withNotice(state, `Not deleted: ${result.error.message}`, 'bad');
  return withNotice(removeMessage(state, effect.id), 'The message is deleted.', 'good');
}

function onHistory(before: ScreenState, { effect, result }: AnswerTo<'history'>): ScreenState {
  if (effect.era !== before.era) return before;
  const state = effect.conversation === undefined ? { ...before, recentLoaded: true } : before;
  if (!result.ok) return onHistoryRefused(state, effect.conversation, result.error);
  const { messages, more } = result.value;
  const now = addMessages(state, messages, false);
  if (effect.conversation === undefined) return openMostRecent(more ? now : withNoneOlder(now));
  const conversation = now.conversations.get(effect.conversation);
  // A page that brings nothing new ends the asking, whatever it says.
  const older = more && messages.length > 0 ? 'unknown' : 'none';
  return conversation ? withConversation(now, { ...conversation, older }) : now;
}

function onHistoryRefused(
  state: ScreenState,
  key: string | undefined,
  error: { code: string; message: string },
): ScreenState {
  const conversation = key === undefined ? undefined : state.conversations.get(nameKey(key));
  if (!conversation) return withNotice(state, `Earlier messages could not be fetched: ${error.message}`, 'warning');
  const nobody = error.code === 'no-such-account';
  const now = withConversation(state, { ...conversation, older: nobody ? 'none' : 'failed' });
  return nobody && conversation.log.size > 0 ? now : withNotice(now, error.message, 'warning');
}

function withNoneOlder(state: ScreenState): ScreenState {
  const entries = [...state.conversations].map(([key, one]) => [key, { ...one, older: 'none' as const }] as const);
  return { ...state, conversations: new Map(entries) };
}
