import { parseUiLine, UI_COMMANDS } from './commands.ts';
import { completed } from './screen/completion.ts';
import { draftOf, openOf, withConversation, withDraft } from './screen/conversations.ts';
import { type Editor, editorWith, editWithKey, insertText } from './screen/editor.ts';
import { onFormKey } from './screen/form-keys.ts';
import { type Key, type ScreenState, type Step, step } from './screen/model.ts';
import { withNotice } from './screen/notices.ts';
import { onPanelKey, onPickKey } from './screen/panel-keys.ts';
import { runCommand } from './screen/run-command.ts';
import { openNeighbour, openNth, scrollPages, scrollToBottom } from './screen/scrolling.ts';

const QUIT_AGAIN_MS = 3000;
const TYPED_KEPT = 200;

/** What a key makes of the screen; which part of it listens depends on what is in front. */
export function onKey(state: ScreenState, key: Key): Step {
  if (key.type === 'named' && key.name === 'ctrl+c') return onQuitKey(state);
  if (state.username === '') return onFormKey(state, key);
  return onChatKey(state.chosen ? state : { ...state, chosen: true }, key);
}

function onChatKey(state: ScreenState, key: Key): Step {
  if (state.panel) return onPanelKey(state, state.panel, key);
  if (state.picked !== null) return onPickKey(state, state.picked, key);
  if (key.type === 'text') return step(withEdit(state, insertText(draftOf(state), key.text)));
  return onComposerKey(state, key.name);
}

/** What is typed and not sent is lost with the program: then it takes two presses. */
function onQuitKey(state: ScreenState): Step {
  const drafts = [...state.conversations.values()].map((one) => one.draft.text);
  const unsent = state.username !== '' && [state.strayDraft.text, ...drafts].some((text) => text.trim() !== '');
  if (!unsent || state.nowMs < state.quitArmedUntilMs) return step(state, { type: 'quit' });
  const now = { ...state, quitArmedUntilMs: state.nowMs + QUIT_AGAIN_MS };
  return step(withNotice(now, 'What you typed is not sent. Press Ctrl+C again to quit all the same.', 'warning'));
}

function onComposerKey(state: ScreenState, name: string): Step {
  switch (name) {
    case 'enter':
      return onEnter(state);
    case 'alt+enter':
    case 'ctrl+j':
      return step(withEdit(state, insertText(draftOf(state), '\n')));
    case 'tab':
      return step(completed(state, UI_COMMANDS, 1));
    case 'shift+tab':
      return step(completed(state, UI_COMMANDS, -1));
    case 'up':
    case 'down':
      return step(onVertical(state, name === 'up' ? -1 : 1));
    case 'page-up':
      return scrollPages(state, -1);
    case 'page-down':
      return scrollPages(state, 1);
    case 'ctrl+end':
      return step(scrollToBottom(state));
    case 'alt+down':
    case 'ctrl+n':
      return step(openNeighbour(state, 1));
    case 'alt+up':
    case 'ctrl+p':
      return step(openNeighbour(state, -1));
    case 'escape':
      return step(onEscape(state));
    default:
      return step(onOther(state, name));
  }
}

function onOther(state: ScreenState, name: string): ScreenState {
  const place = /^alt\+([1-9])$/.exec(name);
  if (place) return openNth(state, Number(place[1]));
  const edited = editWithKey(draftOf(state), name);
  return edited ? withEdit(state, edited) : state;
}

function withEdit(state: ScreenState, draft: Editor): ScreenState {
  return { ...withDraft(state, state.open, draft), completion: null, recall: null, quitArmedUntilMs: 0 };
}

/** Within a text of several lines the cursor moves; at its edges, earlier texts are leafed through. */
function onVertical(state: ScreenState, direction: 1 | -1): ScreenState {
  const draft = draftOf(state);
  const moved = state.recall === null ? toNeighbourLine(draft, direction) : undefined;
  return moved ? withEdit(state, moved) : recalled(state, direction);
}

function toNeighbourLine({ text, cursor }: Editor, direction: 1 | -1): Editor | undefined {
  const lines = text.split('\n');
  const row = text.slice(0, cursor).split('\n').length - 1;
  const target = lines[row + direction];
  if (target === undefined) return undefined;
  const column = cursor - (text.lastIndexOf('\n', cursor - 1) + 1);
  const start = lines.slice(0, row + direction).reduce((sum, line) => sum + line.length + 1, 0);
  const landed = start + Math.min(column, target.length);
  // Never between the halves of a character.
  return { text, cursor: /[\udc00-\udfff]/.test(text[landed] ?? '') ? landed + 1 : landed };
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

/** Puts away what is in front: the notice, then rows of failed messages, then the scrolling. */
function onEscape(state: ScreenState): ScreenState {
  if (state.notice) return { ...state, notice: null };
  const conversation = openOf(state);
  if (conversation && conversation.failed.length > 0) return withConversation(state, { ...conversation, failed: [] });
  return scrollToBottom(state);
}

function onEnter(state: ScreenState): Step {
  const { text } = draftOf(state);
  // What was handed over still stands in the composer: it is on its way already.
  if (text.trim() === '' || state.handedOver.some((one) => one.typedIn === state.open)) return step(state);
  const parsed = parseUiLine(text);
  if (!parsed.ok) return step(withNotice(state, parsed.error.message, 'bad'));
  const typed = [...state.typed.filter((one) => one !== text), text].slice(-TYPED_KEPT);
  const now: ScreenState = { ...state, typed, recall: null, completion: null };
  return runCommand(now, parsed.value);
}
