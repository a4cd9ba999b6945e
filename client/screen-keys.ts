import { completed } from './screen/completion.ts';
import { saveEdit, sendAgain, withoutContext } from './screen/composing.ts';
import { draftOf, openOf, withConversation, withDraft } from './screen/conversations.ts';
import { type Editor, EMPTY_EDITOR, editorWith, editWithKey, insertText, toNeighbourLine } from './screen/editor.ts';
import { onFormKey } from './screen/form-keys.ts';
import { type Key, type ScreenState, type Step, step } from './screen/model.ts';
import { withNotice } from './screen/notices.ts';
import { onPanelKey } from './screen/panel-keys.ts';
import { isLongPaste, onPasteAnswer } from './screen/paste.ts';
import { runCommand } from './screen/run-command.ts';
import type { Action } from './screen/screen-settings.ts';
import {
  openNeighbour,
  openNextUnread,
  openNth,
  scrollPages,
  scrollRows,
  scrollToBottom,
  toFirstUnread,
} from './screen/scrolling.ts';
import { openSearch } from './screen/search-panel.ts';
import { onSelectionKey, selectNewest, unselected } from './screen/selection.ts';
import { parseUiLine } from './screen/ui-commands.ts';

const QUIT_AGAIN_MS = 3000;
const TYPED_KEPT = 200;
const WHEEL_ROWS = 3;

/** What a key makes of the screen; which part of it listens depends on what is in front. */
export function onKey(state: ScreenState, key: Key): Step {
  const name = key.type === 'named' ? key.name : '';
  if (name === 'focus' || name === 'blur') return step({ ...state, focused: name === 'focus', usedAtMs: state.nowMs });
  const used: ScreenState = { ...state, usedAtMs: state.nowMs, focused: true };
  if (name === 'ctrl+c') return onQuitKey(used);
  if (state.username === '') return onFormKey(used, key);
  return onChatKey(used.chosen ? used : { ...used, chosen: true }, key);
}

function onChatKey(state: ScreenState, key: Key): Step {
  if (state.panel) return onPanelKey(state, state.panel, key);
  if (state.pasted !== null) return step(onPasteAnswer(state, state.pasted, key));
  if (key.type === 'named' && key.name.startsWith('wheel-')) {
    return scrollRows(state, key.name === 'wheel-up' ? -WHEEL_ROWS : WHEEL_ROWS);
  }
  const selecting = state.selection && onSelectionKey(state, state.selection, key);
  if (selecting) return selecting;
  const now = unselected(state);
  if (key.type === 'named') return onNamedKey(now, key.name);
  if (key.type === 'paste' && isLongPaste(key.text)) return step({ ...now, pasted: key.text });
  return step(withEdit(now, insertText(draftOf(now), key.text)));
}

/** What is typed and not sent is lost with the program: then it takes two presses. */
function onQuitKey(state: ScreenState): Step {
  const drafts = [...state.conversations.values()].map((one) => one.draft.text);
  const unsent = state.username !== '' && [state.strayDraft.text, ...drafts].some((text) => text.trim() !== '');
  if (!unsent || state.nowMs < state.quitArmedUntilMs) return step(state, { type: 'quit' });
  const now = { ...state, quitArmedUntilMs: state.nowMs + QUIT_AGAIN_MS };
  return step(withNotice(now, 'What you typed is not sent. Press Ctrl+C again to quit all the same.', 'warning'));
}

const ACTIONS: Readonly<Record<Action, (state: ScreenState) => Step>> = {
  send: onEnter,
  'new-line': (state) => step(withEdit(state, insertText(draftOf(state), '\n'))),
  complete: (state) => step(completed(state, 1)),
  'complete-back': (state) => step(completed(state, -1)),
  up: (state) => step(onVertical(state, -1)),
  down: (state) => step(onVertical(state, 1)),
  'page-up': (state) => scrollPages(state, -1),
  'page-down': (state) => scrollPages(state, 1),
  bottom: (state) => step(scrollToBottom(state)),
  'next-conversation': (state) => step(openNeighbour(state, 1)),
  'previous-conversation': (state) => step(openNeighbour(state, -1)),
  'next-unread': (state) => step(openNextUnread(state)),
  'first-unread': toFirstUnread,
  jump: (state) => step({ ...state, panel: { kind: 'jump', text: EMPTY_EDITOR, selected: 0 } }),
  find: (state) => openSearch(state, '', openOf(state)?.name ?? null),
  select: (state) => step(selectNewest(state)),
  'send-again': sendAgain,
  help: (state) => step({ ...state, panel: { kind: 'help', firstRow: 0 } }),
  cluster: (state) => step({ ...state, panel: { kind: 'cluster', selected: 0, killArmed: false } }),
  escape: (state) => step(onEscape(state)),
};

function onNamedKey(state: ScreenState, name: string): Step {
  const { bindings } = state.settings;
  const action = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
  if (action !== undefined) return action === 'none' ? step(state) : ACTIONS[action](state);
  const place = /^alt\+([1-9])$/.exec(name);
  if (place) return step(openNth(state, Number(place[1])));
  const edited = editWithKey(draftOf(state), name);
  return step(edited ? withEdit(state, edited) : state);
}

function withEdit(state: ScreenState, draft: Editor): ScreenState {
  return { ...withDraft(state, state.open, draft), completion: null, recall: null, quitArmedUntilMs: 0 };
}

/** Within a text of several lines the cursor moves; at its edges, earlier texts are leafed through. */
function onVertical(state: ScreenState, direction: 1 | -1): ScreenState {
  const moved = state.recall === null ? toNeighbourLine(draftOf(state), direction) : undefined;
  return moved ? withEdit(state, moved) : recalled(state, direction);
}

function recalled(state: ScreenState, direction: 1 | -1): ScreenState {
  const { recall, typed } = state;
  const index = (recall?.index ?? -1) - direction;
  if (index >= typed.length || (recall === null && direction === 1)) return state;
  const kept = recall?.kept ?? draftOf(state).text;
  const text = index < 0 ? kept : typed[typed.length - 1 - index]!;
  const now = withDraft(state, state.open, editorWith(text));
  return { ...now, completion: null, recall: index < 0 ? null : { index, kept } };
}

/** Puts away what is in front: the notice, the edit or answer, rows of failed messages, what is new, the scrolling. */
function onEscape(state: ScreenState): ScreenState {
  if (state.notice) return { ...state, notice: null };
  if (state.seeking) return { ...state, seeking: null };
  const conversation = openOf(state);
  if (conversation?.context) return { ...withoutContext(state, conversation), recall: null, completion: null };
  if (conversation && conversation.failed.length > 0) return withConversation(state, { ...conversation, failed: [] });
  const isRead = conversation && conversation.newSince !== null && conversation.unread === 0;
  return scrollToBottom(isRead ? withConversation(state, { ...conversation, newSince: null }) : state);
}

function onEnter(state: ScreenState): Step {
  const { text } = draftOf(state);
  const conversation = openOf(state);
  // What was handed over still stands in the composer: it is on its way already.
  if (text.trim() === '' || state.handedOver.some((one) => one.typed !== '' && one.typedIn === state.open))
    return step(state);
  if (conversation?.context?.kind === 'edit') return saveEdit(state, conversation);
  const parsed = parseUiLine(text);
  if (!parsed.ok) return step(withNotice(state, parsed.error.message, 'bad'));
  const typed = [...state.typed.filter((one) => one !== text), text].slice(-TYPED_KEPT);
  const now: ScreenState = { ...state, typed, recall: null, completion: null };
  return runCommand(now, parsed.value, text);
}
