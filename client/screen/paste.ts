import { draftOf, withDraft } from './conversations.ts';
import { insertText } from './editor.ts';
import type { Key, ScreenState } from './model.ts';

/** More lines than this are not put into the composer unasked. */
const UNASKED_LINES = 5;

function linesOf(text: string): number {
  return text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n').length;
}

/** Whether a pasted text has so many lines that its reader is asked. */
export function isLongPaste(text: string): boolean {
  return linesOf(text) > UNASKED_LINES;
}

/** The question about a long paste. */
export function pasteQuestion(pasted: string): string {
  return `${linesOf(pasted)} lines were pasted. Enter takes them as one message, Esc leaves them out.`;
}

/** A key while it is asked whether a long text is to be put into the composer. */
export function onPasteAnswer(state: ScreenState, pasted: string, key: Key): ScreenState {
  if (key.type !== 'named') return state;
  if (key.name === 'escape') return { ...state, pasted: null };
  if (key.name !== 'enter') return state;
  const now = withDraft(state, state.open, insertText(draftOf(state), pasted.replace(/[\r\n]+$/, '')));
  return { ...now, pasted: null, completion: null, recall: null, quitArmedUntilMs: 0 };
}
