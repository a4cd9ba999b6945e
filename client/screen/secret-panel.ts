import { PASSWORD_MIN_CHARACTERS } from '../../shared/limits.ts';
import { EMPTY_EDITOR, editWithKey, insertLine } from './editor.ts';
import type { Key, ScreenState, Step } from './model.ts';
import { step } from './model.ts';
import { withNotice } from './notices.ts';
import type { SecretPanel } from './panels.ts';

/** The fields of such a panel, in order. */
export const SECRET_FIELDS: Readonly<Record<SecretPanel['purpose'], readonly string[]>> = {
  'delete-account': ['Password'],
  'change-password': ['Password now', 'New password', 'Once more'],
};

/** Asks for passwords. */
export function secretPanel(purpose: SecretPanel['purpose']): SecretPanel {
  const fields = SECRET_FIELDS[purpose].map(() => EMPTY_EDITOR);
  return { kind: 'secret', purpose, fields, focus: 0, busy: false, message: '' };
}

/** A key while passwords are asked for. */
export function onSecretKey(state: ScreenState, panel: SecretPanel, key: Key): Step {
  const shown = (changes: Partial<SecretPanel>): Step => step({ ...state, panel: { ...panel, ...changes } });
  if (panel.busy) return step(state);
  const field = panel.fields[panel.focus]!;
  if (key.type !== 'named')
    return shown({ fields: panel.fields.with(panel.focus, insertLine(field, key.text)), message: '' });
  const { length } = panel.fields;
  switch (key.name) {
    case 'tab':
    case 'down':
      return shown({ focus: (panel.focus + 1) % length });
    case 'shift+tab':
    case 'up':
      return shown({ focus: (panel.focus + length - 1) % length });
    case 'enter':
      return onEnter(state, panel);
    default: {
      const edited = editWithKey(field, key.name);
      return edited ? shown({ fields: panel.fields.with(panel.focus, edited) }) : step(state);
    }
  }
}

function onEnter(state: ScreenState, panel: SecretPanel): Step {
  const [password = '', newPassword = '', again = ''] = panel.fields.map((one) => one.text);
  const wrong = (message: string, focus: number): Step => step({ ...state, panel: { ...panel, message, focus } });
  const busy: ScreenState = { ...state, panel: { ...panel, busy: true, message: '' } };
  if (panel.purpose === 'delete-account') {
    if (password === '') return wrong('The password is empty; the account was not deleted.', 0);
    return step(busy, { type: 'delete-account', password });
  }
  if (panel.focus < panel.fields.length - 1 && again === '') return wrong('', panel.focus + 1);
  if (password === '') return wrong('The password you have now is empty; type it.', 0);
  const { length } = [...newPassword];
  if (length < PASSWORD_MIN_CHARACTERS) {
    return wrong(`The new password has ${length} characters; take at least ${PASSWORD_MIN_CHARACTERS}.`, 1);
  }
  if (newPassword !== again) return wrong('The new password was typed in two ways; type it once more.', 2);
  return step(busy, { type: 'request', request: { call: 'change-password', password, newPassword } });
}

/** The answer to what was asked with a password; `refused` is empty when it was done. */
export function onSecretAnswered(state: ScreenState, purpose: SecretPanel['purpose'], refused: string): ScreenState {
  const { panel } = state;
  const isOpen = panel?.kind === 'secret' && panel.purpose === purpose;
  if (refused === '') {
    const closed = isOpen ? { ...state, panel: null } : state;
    return withNotice(closed, 'The password is changed; all other log-ins of this account have ended.', 'good');
  }
  if (!isOpen) return withNotice(state, refused, 'bad');
  return {
    ...state,
    panel: { ...panel, busy: false, fields: panel.fields.map(() => EMPTY_EDITOR), focus: 0, message: refused },
  };
}
