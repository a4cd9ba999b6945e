import { nameKey } from '../../shared/names.ts';
import { ensureConversation, openConversation, openOf, ownNeighbour } from './conversations.ts';
import { editWithKey, insertLine } from './editor.ts';
import { layoutOf } from './layout.ts';
import { messageAtPosition } from './message-log.ts';
import { type Key, type Panel, type ScreenState, type Step, step } from './model.ts';
import { scrollTo, scrollToBottom } from './scrolling.ts';
import { helpRows } from './view-panels.ts';

/** A key while a panel lies over the messages. */
export function onPanelKey(state: ScreenState, panel: Panel, key: Key): Step {
  if (key.type === 'named' && key.name === 'escape') return step({ ...state, panel: null });
  switch (panel.kind) {
    case 'help':
      return step(onHelpKey(state, panel, key));
    case 'accounts':
      return step(onAccountsKey(state, panel, key));
    case 'delete-account':
      return onDeleteAccountKey(state, panel, key);
  }
}

const ROWS_BY_KEY: Readonly<Record<string, (height: number) => number>> = {
  up: () => -1,
  down: () => 1,
  'page-up': (height) => 1 - height,
  'page-down': (height) => height - 1,
  home: () => Number.NEGATIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
};

/** `value` moved by a key, within 0 to `most`; undefined when the key moves nothing. */
function movedByKey(value: number, key: Key, height: number, most: number): number | undefined {
  const by = key.type === 'named' ? ROWS_BY_KEY[key.name] : undefined;
  return by && Math.max(0, Math.min(value + by(Math.max(2, height)), most));
}

function onHelpKey(state: ScreenState, panel: Extract<Panel, { kind: 'help' }>, key: Key): ScreenState {
  const { bodyRows, paneWidth } = layoutOf(state);
  const most = Math.max(0, helpRows(paneWidth - 1).length - bodyRows);
  const firstRow = movedByKey(panel.firstRow, key, bodyRows, most);
  if (firstRow !== undefined) return { ...state, panel: { ...panel, firstRow } };
  return key.type === 'named' && key.name === 'enter' ? { ...state, panel: null } : state;
}

function onAccountsKey(state: ScreenState, panel: Extract<Panel, { kind: 'accounts' }>, key: Key): ScreenState {
  const most = Math.max(0, panel.accounts.length - 1);
  const selected = movedByKey(panel.selected, key, layoutOf(state).bodyRows - 3, most);
  if (selected !== undefined) return { ...state, panel: { ...panel, selected } };
  const chosen = panel.accounts[panel.selected];
  if (key.type !== 'named' || key.name !== 'enter') return state;
  const closed: ScreenState = { ...state, panel: null };
  if (!chosen) return closed;
  return openConversation(ensureConversation(closed, chosen.username, state.nowMs), nameKey(chosen.username));
}

function onDeleteAccountKey(state: ScreenState, panel: Extract<Panel, { kind: 'delete-account' }>, key: Key): Step {
  if (panel.busy) return step(state);
  if (key.type === 'text') {
    return step({ ...state, panel: { ...panel, password: insertLine(panel.password, key.text), message: '' } });
  }
  if (key.name === 'enter') {
    if (panel.password.text === '') {
      return step({ ...state, panel: { ...panel, message: 'The password is empty; the account was not deleted.' } });
    }
    const password = panel.password.text;
    return step({ ...state, panel: { ...panel, busy: true } }, { type: 'delete-account', password });
  }
  const edited = editWithKey(panel.password, key.name);
  return step(edited ? { ...state, panel: { ...panel, password: edited } } : state);
}

/** A key while an own message is picked for deletion. */
export function onPickKey(state: ScreenState, picked: number, key: Key): Step {
  const conversation = openOf(state);
  const name = key.type === 'named' ? key.name : '';
  if (!conversation || name === 'escape') return step(scrollToBottom({ ...state, picked: null }));
  if (name === 'up' || name === 'down') {
    const next = ownNeighbour(state, conversation, picked, name === 'up' ? -1 : 1) ?? picked;
    return step(scrollTo({ ...state, picked: next }, next));
  }
  if (name !== 'enter') return step(state);
  const message = messageAtPosition(conversation.log, picked);
  const now = scrollToBottom({ ...state, picked: null });
  return message ? step(now, { type: 'delete-message', id: message.id }) : step(now);
}
