import { PASSWORD_MIN_CHARACTERS } from '../../shared/limits.ts';
import { normalizeUsername } from '../../shared/names.ts';
import { editWithKey, insertLine } from './editor.ts';
import { type Key, type LoginForm, type ScreenState, type Step, step } from './model.ts';

const FIELDS = ['mode', 'username', 'password'] as const;

/** A key on the first screen. While a request is on its way only Ctrl+C does something (handled before). */
export function onFormKey(state: ScreenState, key: Key): Step {
  const { form } = state;
  if (form.busy) return step(state);
  if (key.type !== 'named') return step(withForm(state, typedInto(form, key.text)));
  switch (key.name) {
    case 'tab':
    case 'down':
      return step(withForm(state, focusMoved(form, 1)));
    case 'shift+tab':
    case 'up':
      return step(withForm(state, focusMoved(form, -1)));
    case 'enter':
    // Enter comes like this when it was pressed before the program took the terminal over.
    case 'ctrl+j':
      return onEnter(state);
    case 'escape':
      return step(withForm(state, { ...form, message: '' }));
    default:
      return step(withForm(state, edited(form, key.name)));
  }
}

function withForm(state: ScreenState, form: LoginForm): ScreenState {
  return form === state.form ? state : { ...state, form };
}

function focusMoved(form: LoginForm, by: 1 | -1): LoginForm {
  const index = FIELDS.indexOf(form.focus);
  return { ...form, focus: FIELDS[(index + by + FIELDS.length) % FIELDS.length]! };
}

function typedInto(form: LoginForm, text: string): LoginForm {
  if (form.focus === 'mode') return text === ' ' ? otherMode(form) : form;
  return { ...form, [form.focus]: insertLine(form[form.focus], text) };
}

function otherMode(form: LoginForm): LoginForm {
  return { ...form, mode: form.mode === 'log-in' ? 'create-account' : 'log-in', message: '' };
}

function edited(form: LoginForm, keyName: string): LoginForm {
  if (form.focus === 'mode') return keyName === 'left' || keyName === 'right' ? otherMode(form) : form;
  const editor = editWithKey(form[form.focus], keyName);
  return editor ? { ...form, [form.focus]: editor } : form;
}

function onEnter(state: ScreenState): Step {
  const { form } = state;
  if (form.focus === 'mode') return step(withForm(state, { ...form, focus: 'username' }));
  const wrong = (message: string, focus: LoginForm['focus']): Step =>
    step(withForm(state, { ...form, message, focus, tone: 'bad' }));
  const username = normalizeUsername(form.username.text.trim());
  if (form.focus === 'username' && form.password.text === '' && username.ok) {
    return step(withForm(state, { ...form, focus: 'password', message: '' }));
  }
  if (!username.ok) return wrong(username.error.message, 'username');
  const password = form.password.text;
  if (password === '') return wrong('The password is empty; type it and press Enter.', 'password');
  const { length } = [...password];
  if (form.mode === 'create-account' && length < PASSWORD_MIN_CHARACTERS) {
    return wrong(
      `The password has ${length} characters; take at least ${PASSWORD_MIN_CHARACTERS}, so that it is hard to guess.`,
      'password',
    );
  }
  const online = state.connection.phase === 'connected';
  const doing = form.mode === 'log-in' ? 'Logging in' : 'Creating the account';
  const message = online ? `${doing} …` : `${doing} as soon as a server answers …`;
  return step(withForm(state, { ...form, busy: true, message, tone: 'plain' }), {
    type: form.mode,
    username: username.value,
    password,
  });
}
