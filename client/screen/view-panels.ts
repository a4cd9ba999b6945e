import { helpLines } from '../commands.ts';
import { editorRows } from './layout.ts';
import type { Panel, ScreenState } from './model.ts';
import { safeLine } from './safe-lines.ts';
import { type Line, span } from './spans.ts';
import { fitText, padText, textWidth, wrapText } from './text-width.ts';
import { count } from './words.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['Enter', 'send; Alt+Enter or Ctrl+J begins a new line'],
  ['Tab', 'complete a name or a command; again: the next one'],
  ['↑ ↓', 'what was typed before'],
  ['PgUp PgDn', 'scroll; at the top older messages are fetched'],
  ['Ctrl+N Ctrl+P', 'next, previous conversation (also Alt+↓ Alt+↑)'],
  ['Alt+1 … Alt+9', 'the first to the ninth conversation of the list'],
  ['Ctrl+W Ctrl+U', 'delete the last word, the line'],
  ['Esc', 'close this, put away notices'],
  ['Ctrl+C', 'quit'],
];

/** What lies over the messages; undefined when nothing does. */
export function panelLines(state: ScreenState, width: number, height: number): Line[] | undefined {
  const { panel } = state;
  switch (panel?.kind) {
    case 'help':
      return helpPanel(panel.firstRow, width, height);
    case 'accounts':
      return accountsPanel(panel, width, height);
    case 'delete-account':
      return deleteAccountPanel(state, panel, width);
    case undefined:
      return undefined;
  }
}

/** All rows of the help, of which a window is shown. */
export function helpRows(width: number): Line[] {
  const commands = helpLines().map(commandColumns);
  const column = Math.min(26, Math.max(...[...commands, ...KEYS].map(([left]) => textWidth(left))) + 2);
  const rows = (pairs: readonly (readonly [string, string])[]): Line[] =>
    pairs.flatMap(([left, right]) => twoColumns(left, right, column, width));
  return [[span('Commands', 'strong')], ...rows(commands), [], [span('Keys', 'strong')], ...rows(KEYS)];
}

function commandColumns(line: string): readonly [string, string] {
  const [left = '', right = ''] = line.trim().split(/\s{2,}/, 2);
  return [left, right];
}

function twoColumns(left: string, right: string, column: number, width: number): Line[] {
  // On a narrow screen the explanation stands below.
  if (width < column + 24) {
    const below = wrapText(right, width - 2).map((row): Line => [span('  '), span(row, 'dim')]);
    return [[span(left)], ...below];
  }
  const [first = '', ...more] = wrapText(right, width - column);
  const head = textWidth(left) < column ? padText(left, column) : `${left}  `;
  const rest = more.map((row): Line => [span(' '.repeat(column)), span(row, 'dim')]);
  return [[span(head), span(first, 'dim')], ...rest];
}

function helpPanel(firstRow: number, width: number, height: number): Line[] {
  const rows = helpRows(width);
  const first = Math.min(firstRow, Math.max(0, rows.length - height));
  const shown = rows.slice(first, first + height);
  const hidden = rows.length - first - shown.length;
  if (hidden > 0 && height > 2) shown[height - 1] = [span(`↓ ${count(hidden + 1, 'more row')} · PgDn`, 'warning')];
  return shown;
}

function accountsPanel(panel: Extract<Panel, { kind: 'accounts' }>, width: number, height: number): Line[] {
  const { accounts, pattern, loading, more, selected } = panel;
  const which = pattern === '' ? '' : ` matching ${safeLine(pattern)}`;
  const online = accounts.filter((one) => one.online).length;
  const title = loading
    ? `Looking for accounts${which} …`
    : `${more ? 'The first ' : ''}${count(accounts.length, 'account')}${which}, ${online} online`;
  const room = Math.max(1, height - 3);
  const first = Math.max(0, Math.min(selected - room + 1, accounts.length - room));
  const rows = accounts.slice(first, first + room).map((account, index): Line => {
    const name = fitText(safeLine(account.username), width - 6);
    const dot = account.online ? span(' ● ', 'good') : span(' ○ ', 'dim');
    return [dot, span(` ${name} `, first + index === selected ? 'selected' : 'plain')];
  });
  const hint = accounts.length > 0 ? '↑↓ choose · Enter opens · Esc closes' : 'Esc closes';
  const foot: Line[] = loading ? [] : [[span(hint, 'dim')]];
  return height < 6 ? rows.slice(-height) : [[span(fitText(title, width), 'strong')], ...rows, [], ...foot];
}

function deleteAccountPanel(
  state: ScreenState,
  panel: Extract<Panel, { kind: 'delete-account' }>,
  width: number,
): Line[] {
  const name = safeLine(state.username);
  const question = `The account ${name} is deleted for good, and the name is free for others. Type its password and press Enter to do that; Esc keeps the account.`;
  const { rows, cursorRow } = editorRows(panel.password, Math.max(8, width - 12), '•');
  const answer: Line = [span('Password  ', 'strong'), ...(rows[cursorRow] ?? [])];
  const below = panel.busy ? 'Deleting …' : panel.message;
  return [
    ...wrapText(question, width).map((row): Line => [span(row)]),
    answer,
    ...wrapText(safeLine(below), width).map((row): Line => [span(row, panel.busy ? 'dim' : 'bad')]),
  ];
}
