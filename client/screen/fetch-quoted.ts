import { openOf } from './conversations.ts';
import type { AnswerTo, Effect } from './effects.ts';
import { countBelow, findById, messageAt } from './message-log.ts';
import { type ScreenState, type Step, step } from './model.ts';

const QUOTES_KEPT = 1000;

/** Asks for the answered messages in sight that are not here. */
export function fetchQuoted(state: ScreenState): Step {
  const conversation = openOf(state);
  if (!conversation || state.username === '' || state.connection.phase !== 'connected') return step(state);
  const { log, anchor } = conversation;
  const wanted = new Set<string>();
  // No message takes less than a row.
  const last = anchor === null ? log.size - 1 : Math.min(log.size - 1, countBelow(log, anchor.position));
  for (let index = last; index >= 0 && index > last - state.rows; index--) {
    const { replyTo } = messageAt(log, index)!;
    if (replyTo === undefined || state.quoted.has(replyTo) || findById(log, replyTo)) continue;
    wanted.add(replyTo);
  }
  if (wanted.size === 0) return step(state);
  const quoted = new Map([...state.quoted, ...[...wanted].map((id) => [id, null] as const)].slice(-QUOTES_KEPT));
  return step({ ...state, quoted }, ...[...wanted].map((id): Effect => ({ type: 'quoted', era: state.era, id })));
}

/** An answered message came; one that is gone stays unknown. */
export function onQuoted(state: ScreenState, { effect, result }: AnswerTo<'quoted'>): ScreenState {
  if (effect.era !== state.era || !result.ok || !state.quoted.has(effect.id)) return state;
  return { ...state, quoted: new Map(state.quoted).set(effect.id, result.value) };
}
