import type { Message } from '../../shared/api.ts';
import { SEARCH_MAX_CHARACTERS } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import { ensureConversation, openOf } from './conversations.ts';
import { editorWith, editWithKey, insertLine } from './editor.ts';
import type { AnswerTo, Effect } from './effects.ts';
import { conversationOf } from './messages.ts';
import { type Key, type ScreenState, type Step, step } from './model.ts';
import { movedByKey } from './panel-movement.ts';
import type { SearchPanel } from './panels.ts';
import { goTo } from './scrolling.ts';

/** A search goes on by itself until so many were found, or so many pages were looked at. */
const ENOUGH_RESULTS = 30;

/** Opens the search; with a text it begins at once. */
export function openSearch(state: ScreenState, text: string, within: string | null): Step {
  const panel: SearchPanel = {
    kind: 'search',
    text: editorWith(text),
    within,
    number: 0,
    asked: '',
    results: [],
    before: null,
    loading: false,
    message: '',
    selected: 0,
  };
  return text === '' ? step({ ...state, panel }) : begin(state, panel);
}

function begin(state: ScreenState, panel: SearchPanel): Step {
  const asked = panel.text.text.trim();
  const refused = (message: string): Step => step({ ...state, panel: { ...panel, message } });
  if (asked === '') return refused('Type what to look for, and press Enter.');
  if (asked.length > SEARCH_MAX_CHARACTERS)
    return refused(`At most ${SEARCH_MAX_CHARACTERS} characters can be looked for.`);
  const number = state.handedCount + 1;
  const begun: SearchPanel = {
    ...panel,
    number,
    asked,
    results: [],
    before: null,
    loading: true,
    message: '',
    selected: 0,
  };
  return step({ ...state, panel: begun, handedCount: number }, asking(begun));
}

function asking({ number, asked, within, before }: SearchPanel): Effect {
  const where = within === null ? {} : { with: within };
  return { type: 'search', number, text: asked, ...where, ...(before === null ? {} : { before }) };
}

/** A key while searching: Enter looks for what is typed, or goes to the chosen message; Tab changes where. */
export function onSearchKey(state: ScreenState, panel: SearchPanel, key: Key, height: number): Step {
  const shown = (changes: Partial<SearchPanel>): Step => step({ ...state, panel: { ...panel, ...changes } });
  if (key.type !== 'named') return shown({ text: insertLine(panel.text, key.text), message: '' });
  const most = Math.max(0, panel.results.length - 1);
  const selected = movedByKey(panel.selected, key, height, most);
  if (selected !== undefined) {
    const wantsMore = selected === most && panel.before !== null && !panel.loading && key.name.endsWith('down');
    return wantsMore ? more(state, { ...panel, selected }) : shown({ selected });
  }
  if (key.name === 'tab') {
    const within = panel.within === null ? (openOf(state)?.name ?? null) : null;
    return panel.asked === '' ? shown({ within }) : begin(state, { ...panel, within });
  }
  if (key.name === 'enter') {
    const result = panel.text.text.trim() === panel.asked ? panel.results[panel.selected] : undefined;
    return result ? toResult(state, result) : begin(state, panel);
  }
  const edited = editWithKey(panel.text, key.name);
  return edited ? shown({ text: edited }) : step(state);
}

function more(state: ScreenState, panel: SearchPanel): Step {
  const now = { ...panel, loading: true };
  return step({ ...state, panel: now }, asking(now));
}

function toResult(state: ScreenState, message: Message): Step {
  const name = conversationOf(state, message);
  return goTo(ensureConversation(state, name, message.at), nameKey(name), message.position);
}

/** A page of results; while there are few, the next one is asked for. */
export function onFound(state: ScreenState, { effect, result }: AnswerTo<'search'>): Step {
  const { panel } = state;
  if (panel?.kind !== 'search' || panel.number !== effect.number) return step(state);
  if (!result.ok) return step({ ...state, panel: { ...panel, loading: false, message: result.error.message } });
  const { messages, position, more: hasMore } = result.value;
  const newestFirst = [...messages].sort((a, b) => b.position - a.position);
  const results = [...panel.results, ...newestFirst];
  // A page that leads nowhere ends the search, whatever it says.
  const before = hasMore && position < (effect.before ?? Number.POSITIVE_INFINITY) ? position : null;
  const found: SearchPanel = { ...panel, results, before, loading: false };
  const isEnough = results.length - panel.selected >= ENOUGH_RESULTS;
  return before === null || isEnough ? step({ ...state, panel: found }) : more(state, found);
}
