import { editorRows } from './layout.ts';
import type { LoginForm, ScreenState } from './model.ts';
import { safeLine } from './safe-lines.ts';
import { fitLine, type Line, span } from './spans.ts';
import { wrapText } from './text-width.ts';
import { connectionTrouble, connectionWords } from './words.ts';

/** The first screen: log in or create an account. Exactly as many lines as the terminal has rows, less one. */
export function formView(state: ScreenState): Line[] {
  const columns = Math.max(20, state.columns);
  const rows = Math.max(7, state.rows) - 1;
  const roomy = rows >= 16;
  const width = Math.min(64, columns - (columns < 50 ? 2 : 8));
  const margin = span(' '.repeat(Math.max(1, Math.floor((columns - width) / 2))));
  const blank: Line[] = roomy ? [[]] : [];
  const lines: Line[] = [
    ...(roomy ? [[span('understudy', 'strong')], [span('Chat that keeps its word.', 'dim')], []] : []),
    modeLine(state.form),
    ...blank,
    fieldLine('Username', state.form, 'username', width),
    fieldLine('Password', state.form, 'password', width),
    ...blank,
    ...messageLines(state.form, width, roomy ? 3 : 2),
    ...blank,
    ...connectionLines(state, width, roomy),
    ...blank,
    ...hintLines(columns),
  ];
  const top = Math.max(0, Math.floor((rows - lines.length) / 3));
  const placed = [
    ...Array.from({ length: top }, (): Line => []),
    ...lines.map((line) => fitLine([margin, ...line], columns - 1)),
  ].slice(0, rows);
  return [...placed, ...Array.from({ length: rows - placed.length }, (): Line => [])];
}

function modeLine(form: LoginForm): Line {
  const option = (mode: LoginForm['mode'], words: string): Line => {
    const chosen = form.mode === mode;
    const look = chosen ? (form.focus === 'mode' ? 'selected' : 'strong') : 'dim';
    return [span(chosen ? '(•) ' : '( ) ', chosen ? 'strong' : 'dim'), span(words, look)];
  };
  return [...option('log-in', 'Log in'), span('    '), ...option('create-account', 'Create an account')];
}

function fieldLine(label: string, form: LoginForm, field: 'username' | 'password', width: number): Line {
  const focused = form.focus === field && !form.busy;
  const mask = field === 'password' ? '•' : '';
  const room = Math.max(8, width - label.length - 4);
  const { rows, cursorRow } = editorRows(form[field], room, mask);
  const shown = rows[cursorRow] ?? [];
  const content = focused ? shown : shown.map((one) => (one.look === 'cursor' ? span(one.text) : one));
  return [span(focused ? '› ' : '  ', 'strong'), span(label, focused ? 'strong' : 'plain'), span('  '), ...content];
}

function messageLines(form: LoginForm, width: number, most: number): Line[] {
  if (form.message === '') return [[]];
  return wrapText(safeLine(form.message), width - 2)
    .slice(0, most)
    .map((row): Line => [span('  '), span(row, form.tone)]);
}

function connectionLines(state: ScreenState, width: number, roomy: boolean): Line[] {
  const { tone, words } = connectionWords(state.connection, state.nowMs, state.calendar);
  const trouble = roomy ? connectionTrouble(state.connection) : undefined;
  const reason = trouble ? wrapText(safeLine(trouble.words), width - 2).slice(0, 3) : [];
  const [first = '', ...more] = wrapText(safeLine(words), width - 2);
  return [
    [span('● ', tone), span(first, tone === 'good' ? 'plain' : tone)],
    ...more.slice(0, 1).map((row): Line => [span('  '), span(row, tone)]),
    ...reason.map((row): Line => [span('  '), span(row, 'dim')]),
  ];
}

function hintLines(columns: number): Line[] {
  if (columns < 60) return [[span('Enter goes on · Tab, ↑↓ move', 'dim')], [span('←→ choose · Ctrl+C quits', 'dim')]];
  return [[span('Enter goes on · Tab or ↑↓ moves · ←→ chooses above · Ctrl+C quits', 'dim')]];
}
