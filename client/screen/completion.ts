import { nameKey } from '../../shared/names.ts';
import { draftOf, isRoomName, openOf, orderedConversations, withDraft } from './conversations.ts';
import { editorWith } from './editor.ts';
import type { ScreenState } from './model.ts';
import { UI_COMMANDS } from './ui-commands.ts';

const WITH_NAME = /^\/(?:msg|to|history|list|remove|readmit|block|unblock|mute)\s+$/;
const WITH_ROOM = /^\/(?:join|rooms)\s+$/;

/** Tab: completes the word before the cursor to a command or a name; each further Tab takes the next candidate. */
export function completed(state: ScreenState, direction: 1 | -1): ScreenState {
  const { completion } = state;
  if (completion) {
    const { length } = completion.candidates;
    return show(state, { ...completion, index: (completion.index + direction + length) % length });
  }
  const { text, cursor } = draftOf(state);
  const before = /^(.*?)(\S*)$/su.exec(text.slice(0, cursor));
  const [, head = '', word = ''] = before ?? [];
  const candidates = candidatesFor(state, head, word);
  if (candidates.length === 0) return state;
  return show(state, { before: head, after: text.slice(cursor), candidates, index: 0 });
}

function candidatesFor(state: ScreenState, head: string, word: string): string[] {
  if (head === '' && word.startsWith('/')) return UI_COMMANDS.filter((name) => name.startsWith(word));
  const isRoomWanted = WITH_ROOM.test(head);
  if (word === '' && !WITH_NAME.test(head) && !isRoomWanted) return [];
  // A mention may be written with the sign that others know for it.
  const sign = word.startsWith('@') ? '@' : '';
  const typed = isRoomWanted && !isRoomName(word) ? `#${word}` : word.slice(sign.length);
  const key = nameKey(typed);
  const matching = names(state).filter((name) => nameKey(name).startsWith(key) && name !== typed);
  const wanted = matching.filter((name) => (isRoomWanted || isRoomName(typed) ? isRoomName(name) : true));
  const unique = wanted.filter(
    (name, index) => wanted.findIndex((other) => nameKey(other) === nameKey(name)) === index,
  );
  return unique.map((name) => sign + name);
}

/** Names that may be meant, the likeliest first: who is in the room, then who is talked to, then who was seen. */
function names(state: ScreenState): string[] {
  const opened = openOf(state);
  const members = opened?.members?.list.map((one) => one.username) ?? [];
  return [...members, ...orderedConversations(state).map((one) => one.name), ...state.knownNames];
}

function show(state: ScreenState, completion: NonNullable<ScreenState['completion']>): ScreenState {
  const start = `${completion.before}${completion.candidates[completion.index]} `;
  const editor = { ...editorWith(start), text: start + completion.after.replace(/^ /, '') };
  return { ...withDraft(state, state.open, editor), completion };
}
