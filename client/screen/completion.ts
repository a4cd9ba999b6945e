import { nameKey } from '../../shared/names.ts';
import { draftOf, orderedConversations, withDraft } from './conversations.ts';
import { editorWith } from './editor.ts';
import type { ScreenState } from './model.ts';

const WITH_NAME = /^\/(?:msg|to|history|list)\s+$/;

/** Tab: completes the word before the cursor to a command or a name; each further Tab takes the next candidate. */
export function completed(state: ScreenState, commandNames: readonly string[], direction: 1 | -1): ScreenState {
  const { completion } = state;
  if (completion) {
    const { length } = completion.candidates;
    return show(state, { ...completion, index: (completion.index + direction + length) % length });
  }
  const { text, cursor } = draftOf(state);
  const before = /^(.*?)(\S*)$/su.exec(text.slice(0, cursor));
  const [, head = '', word = ''] = before ?? [];
  const candidates = candidatesFor(state, head, word, commandNames);
  if (candidates.length === 0) return state;
  return show(state, { before: head, after: text.slice(cursor), candidates, index: 0 });
}

function candidatesFor(state: ScreenState, head: string, word: string, commandNames: readonly string[]): string[] {
  if (head === '' && word.startsWith('/')) return commandNames.filter((name) => name.startsWith(word));
  if (word === '' && !WITH_NAME.test(head)) return [];
  const key = nameKey(word);
  const names = [...orderedConversations(state).map((one) => one.name), ...state.knownNames];
  const matching = names.filter((name) => nameKey(name).startsWith(key) && name !== word);
  return matching.filter((name, index) => matching.findIndex((other) => nameKey(other) === nameKey(name)) === index);
}

function show(state: ScreenState, completion: NonNullable<ScreenState['completion']>): ScreenState {
  const start = `${completion.before}${completion.candidates[completion.index]} `;
  const editor = { ...editorWith(start), text: start + completion.after.replace(/^ /, '') };
  return { ...withDraft(state, state.open, editor), completion };
}
