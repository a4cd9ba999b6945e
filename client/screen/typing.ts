import { TYPING_SHOWN_MS } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import { draftOf, openOf } from './conversations.ts';
import type { Effect } from './effects.ts';
import type { Conversation, ScreenInput, ScreenState } from './model.ts';

/** Somebody begins or ends to type. */
export function onTyping(state: ScreenState, conversation: string, username: string, typing: boolean): ScreenState {
  const key = nameKey(conversation);
  const others = state.typing.filter((one) => one.key !== key || nameKey(one.username) !== nameKey(username));
  const untilMs = state.nowMs + TYPING_SHOWN_MS;
  return { ...state, typing: typing ? [...others, { key, username, untilMs }] : others };
}

/** Whoever sent a message has finished typing it. */
export function withoutTyping(state: ScreenState, username: string): ScreenState {
  const typing = state.typing.filter((one) => nameKey(one.username) !== nameKey(username));
  return typing.length === state.typing.length ? state : { ...state, typing };
}

/** Who is typing in a conversation, in words; empty when nobody is. */
export function typingWords(state: ScreenState, conversation: Conversation): string {
  const names = state.typing.filter((one) => one.key === conversation.key).map((one) => one.username);
  if (names.length === 0) return '';
  if (names.length > 3) return `${names.length} people are typing …`;
  const last = names.at(-1)!;
  return names.length === 1 ? `${last} is typing …` : `${names.slice(0, -1).join(', ')} and ${last} are typing …`;
}

/** The conversation in which the user is typing a message; undefined when it is none. */
function typedIn(state: ScreenState): string | undefined {
  const conversation = openOf(state);
  const { text } = draftOf(state);
  const isMessage = text.trim() !== '' && (!text.startsWith('/') || text.startsWith('//'));
  if (!conversation || state.username === '' || conversation.ended !== null || !isMessage) return undefined;
  return conversation.context?.kind === 'edit' ? undefined : conversation.name;
}

/** What an input says to others about the user's typing. */
export function typingEffects(before: ScreenState, input: ScreenInput, after: ScreenState): Effect[] {
  const was = typedIn(before);
  const is = typedIn(after);
  if (was !== undefined && was !== is) return [{ type: 'typing', conversation: was, typing: false }];
  const isTyped = input.type === 'key' && draftOf(before).text !== draftOf(after).text;
  return is !== undefined && isTyped ? [{ type: 'typing', conversation: is, typing: true }] : [];
}
