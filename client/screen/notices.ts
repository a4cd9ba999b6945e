import type { ScreenState, Tone } from './model.ts';

const NOTICE_MS = 10_000;

/** The state with a sentence above the composer, for about ten seconds. */
export function withNotice(state: ScreenState, text: string, tone: Tone): ScreenState {
  return { ...state, notice: { text, tone, untilMs: state.nowMs + NOTICE_MS } };
}
