import { nameKey } from '../../shared/names.ts';
import { onListed, onMembersListed } from './choice-panel.ts';
import { onSent } from './composing.ts';
import { openMostRecent, withConversation } from './conversations.ts';
import type { Answer, AnswerTo } from './effects.ts';
import { onQuoted } from './fetch-quoted.ts';
import { addHistory } from './messages.ts';
import { type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { onRequested } from './requests.ts';
import { onMembers } from './rooms.ts';
import { seekOn } from './scrolling.ts';
import { onFound } from './search-panel.ts';
import { onSecretAnswered } from './secret-panel.ts';
import { onLoggedIn, onLoggedOut } from './sessions.ts';

/** What the result of an effect makes of the screen. */
export function onAnswer(state: ScreenState, answer: Answer): Step {
  switch (answer.effect.type) {
    case 'create-account':
    case 'log-in':
      return onEntered(state, answer as AnswerTo<'create-account' | 'log-in'>);
    case 'log-out':
    case 'delete-account':
      return step(onLeft(state, answer as AnswerTo<'log-out' | 'delete-account'>));
    case 'request':
      return step(onRequested(state, answer as AnswerTo<'request'>));
    case 'accounts':
    case 'rooms':
      return step(onListed(state, answer as AnswerTo<'accounts'> | AnswerTo<'rooms'>));
    case 'members':
      return onMembers(onMembersListed(state, answer as AnswerTo<'members'>), answer as AnswerTo<'members'>);
    case 'settings':
      return step(onSettings(state, answer as AnswerTo<'settings'>));
    case 'quoted':
      return step(onQuoted(state, answer as AnswerTo<'quoted'>));
    case 'search':
      return onFound(state, answer as AnswerTo<'search'>);
    case 'send':
      return step(onSent(state, answer as AnswerTo<'send'>));
    case 'history':
      return seekOn(onHistory(state, answer as AnswerTo<'history'>));
    case 'control':
      return step(answer.result.ok ? state : withNotice(state, answer.result.error.message, 'bad'));
  }
}

function onEntered(state: ScreenState, { result }: AnswerTo<'create-account' | 'log-in'>): Step {
  if (result.ok) return onLoggedIn(state, result.value.username);
  return step({ ...state, form: { ...state.form, busy: false, message: result.error.message, tone: 'bad' } });
}

function onLeft(state: ScreenState, { effect, result }: AnswerTo<'log-out' | 'delete-account'>): ScreenState {
  const what = effect.type === 'log-out' ? 'You are logged out.' : `The account ${state.owner} is deleted.`;
  if (result.ok) return onLoggedOut(state, what, true);
  if (effect.type === 'delete-account') return onSecretAnswered(state, 'delete-account', result.error.message);
  return withNotice(state, result.error.message, 'bad');
}

function onSettings(state: ScreenState, { effect, result }: AnswerTo<'settings'>): ScreenState {
  if (effect.era !== state.era || !result.ok) return state;
  return { ...state, blocked: new Set(result.value.blocked.map(nameKey)) };
}

function onHistory(before: ScreenState, { effect, result }: AnswerTo<'history'>): ScreenState {
  if (effect.era !== before.era) return before;
  const state = effect.conversation === undefined ? { ...before, recentLoaded: true } : before;
  if (!result.ok) return onHistoryRefused(state, effect.conversation, result.error);
  const { messages, more, position } = result.value;
  const now = addHistory(state, messages, position);
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
  const nobody = ['no-such-account', 'no-such-room', 'not-a-member'].includes(error.code);
  const now = withConversation(state, { ...conversation, older: nobody ? 'none' : 'failed' });
  return nobody && conversation.log.size > 0 ? now : withNotice(now, error.message, 'warning');
}

/** The rooms' histories reach further back than what was replayed to their members. */
function withNoneOlder(state: ScreenState): ScreenState {
  const entries = [...state.conversations].map(
    ([key, one]) => [key, one.name.startsWith('#') ? one : { ...one, older: 'none' as const }] as const,
  );
  return { ...state, conversations: new Map(entries) };
}
