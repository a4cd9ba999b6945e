import { nameKey } from '../../shared/names.ts';
import { onChoiceKey } from './choice-panel.ts';
import { onClusterKey } from './cluster-panel.ts';
import { ensureConversation, openConversation } from './conversations.ts';
import { editWithKey, insertLine } from './editor.ts';
import { jumpTargets } from './jump.ts';
import { layoutOf } from './layout.ts';
import { type Key, type ScreenState, type Step, step } from './model.ts';
import { movedByKey } from './panel-movement.ts';
import type { Panel, PanelOf } from './panels.ts';
import { onSearchKey } from './search-panel.ts';
import { onSecretKey } from './secret-panel.ts';
import { helpRows } from './view-help.ts';

/** A key while a panel lies over the messages. */
export function onPanelKey(state: ScreenState, panel: Panel, key: Key): Step {
  if (key.type === 'named' && key.name === 'escape') return step({ ...state, panel: null });
  const height = layoutOf(state).bodyRows;
  switch (panel.kind) {
    case 'help':
      return step(onHelpKey(state, panel, key));
    case 'choices':
      return onChoiceKey(state, panel, key, height - 3);
    case 'search':
      return onSearchKey(state, panel, key, height - 4);
    case 'jump':
      return step(onJumpKey(state, panel, key, height - 3));
    case 'cluster':
      return onClusterKey(state, panel, key);
    case 'confirm':
      if (key.type !== 'named' || key.name !== 'enter') return step(state);
      return step({ ...state, panel: null }, { type: 'request', request: panel.request });
    case 'secret':
      return onSecretKey(state, panel, key);
  }
}

function onHelpKey(state: ScreenState, panel: PanelOf<'help'>, key: Key): ScreenState {
  const { bodyRows, paneWidth } = layoutOf(state);
  const most = Math.max(0, helpRows(state.settings.bindings, paneWidth - 1).length - bodyRows);
  const firstRow = movedByKey(panel.firstRow, key, bodyRows, most);
  if (firstRow !== undefined) return { ...state, panel: { ...panel, firstRow } };
  return key.type === 'named' && (key.name === 'enter' || key.name === 'f1') ? { ...state, panel: null } : state;
}

function onJumpKey(state: ScreenState, panel: PanelOf<'jump'>, key: Key, height: number): ScreenState {
  const shown = (changes: Partial<PanelOf<'jump'>>): ScreenState => ({ ...state, panel: { ...panel, ...changes } });
  if (key.type !== 'named') return shown({ text: insertLine(panel.text, key.text), selected: 0 });
  const targets = jumpTargets(state, panel.text.text);
  const selected = movedByKey(panel.selected, key, height, Math.max(0, targets.length - 1));
  if (selected !== undefined) return shown({ selected });
  if (key.name === 'enter') {
    const chosen = targets[panel.selected];
    const closed: ScreenState = { ...state, panel: null };
    if (chosen === undefined) return closed;
    return openConversation(ensureConversation(closed, chosen, state.nowMs), nameKey(chosen));
  }
  const edited = editWithKey(panel.text, key.name);
  return edited ? shown({ text: edited, selected: 0 }) : state;
}
