import type { Editor } from './editor.ts';
import { jumpTargets } from './jump.ts';
import { editorRows } from './layout.ts';
import type { Calendar, ScreenState } from './model.ts';
import type { ChoicePanel, PanelOf, SearchPanel, SecretPanel } from './panels.ts';
import { safeLine } from './safe-lines.ts';
import { SECRET_FIELDS } from './secret-panel.ts';
import { fitLine, type Line, span } from './spans.ts';
import { fitText, padText, wrapText } from './text-width.ts';
import { clusterPanelLines } from './view-cluster.ts';
import { helpRows } from './view-help.ts';
import { count } from './words.ts';

/** What lies over the messages; undefined when nothing does. */
export function panelLines(state: ScreenState, width: number, height: number): Line[] | undefined {
  const { panel } = state;
  switch (panel?.kind) {
    case 'help':
      return helpPanel(state, panel.firstRow, width, height);
    case 'choices':
      return choicePanel(panel, width, height);
    case 'search':
      return searchPanel(state.calendar, panel, width, height);
    case 'jump':
      return jumpPanel(state, panel, width, height);
    case 'cluster':
      return clusterPanelLines(state, panel, width, height);
    case 'confirm':
      return [...paragraph(panel.question, width), [], [span('Enter does it · Esc leaves everything as it is', 'dim')]];
    case 'secret':
      return secretPanel(state, panel, width);
    case undefined:
      return undefined;
  }
}

function paragraph(text: string, width: number): Line[] {
  return wrapText(safeLine(text), width).map((row): Line => [span(row)]);
}

function helpPanel(state: ScreenState, firstRow: number, width: number, height: number): Line[] {
  const rows = helpRows(state.settings.bindings, width);
  const first = Math.min(firstRow, Math.max(0, rows.length - height));
  const shown = rows.slice(first, first + height);
  const hidden = rows.length - first - shown.length;
  if (hidden > 0 && height > 2) shown[height - 1] = [span(`↓ ${count(hidden + 1, 'more row')} · PgDn`, 'warning')];
  return shown;
}

/** The rows around the selected one. */
function windowOf<T>(all: readonly T[], selected: number, room: number): { first: number; shown: readonly T[] } {
  const first = Math.max(0, Math.min(selected - room + 1, all.length - room));
  return { first, shown: all.slice(first, first + room) };
}

function framed(title: Line, rows: readonly Line[], hint: string, width: number, height: number): Line[] {
  if (height < 6) return [title, ...rows].slice(0, height).map((line) => fitLine(line, width));
  return [title, ...rows, [], [span(hint, 'dim')]].map((line) => fitLine(line, width));
}

function choicePanel(panel: ChoicePanel, width: number, height: number): Line[] {
  const { choices, loading, selected } = panel;
  const { first, shown } = windowOf(choices, selected, Math.max(1, height - 3));
  const rows = shown.map((choice, index): Line => {
    const dot = choice.online === undefined ? span(' ') : choice.online ? span(' ● ', 'good') : span(' ○ ', 'dim');
    const name = fitText(safeLine(choice.name), Math.max(8, Math.min(34, width - 6)));
    const detail = span(` ${safeLine(choice.detail)}`, 'dim');
    return [dot, span(` ${name} `, first + index === selected ? 'selected' : 'plain'), detail];
  });
  const does = panel.what === 'rooms' ? 'opens or joins' : 'opens';
  const hint = choices.length > 0 ? `↑↓ choose · Enter ${does} · Esc closes` : 'Esc closes';
  const title = choices.length === 0 && loading ? 'Asking the servers …' : choiceTitle(panel);
  return framed([span(title, 'strong')], rows, loading ? 'fetching …' : hint, width, height);
}

function choiceTitle({ choices, what, of, more }: ChoicePanel): string {
  const noun = { accounts: 'account', rooms: 'room', members: 'member' }[what];
  const which = of === '' ? '' : what === 'members' ? ` of ${safeLine(of)}` : ` matching ${safeLine(of)}`;
  const online = what === 'rooms' ? '' : `, ${choices.filter((one) => one.online).length} online`;
  return `${more ? 'The first ' : ''}${count(choices.length, noun)}${which}${online}`;
}

function inputLine(label: string, text: Editor, width: number, mask = '', focused = true): Line {
  const { rows, cursorRow } = editorRows(text, Math.max(8, width - label.length - 2), mask);
  const row = rows[cursorRow] ?? [];
  return [span(label, 'strong'), ...(focused ? row : row.map((one) => (one.look === 'cursor' ? span(one.text) : one)))];
}

function jumpPanel(state: ScreenState, panel: PanelOf<'jump'>, width: number, height: number): Line[] {
  const targets = jumpTargets(state, panel.text.text);
  const { first, shown } = windowOf(targets, panel.selected, Math.max(1, height - 3));
  const rows = shown.map(
    (name, index): Line => [
      span(` ${fitText(safeLine(name), width - 2)} `, first + index === panel.selected ? 'selected' : 'plain'),
    ],
  );
  const nothing: Line[] = targets.length === 0 ? [[span(' Nothing fits.', 'dim')]] : [];
  const hint = '↑↓ choose · Enter opens · Esc closes';
  return framed(inputLine('Go to ', panel.text, width), [...rows, ...nothing], hint, width, height);
}

function searchPanel(calendar: Calendar, panel: SearchPanel, width: number, height: number): Line[] {
  const { results, selected, loading, asked, message, before } = panel;
  const where = panel.within === null ? 'everywhere' : `in ${safeLine(panel.within)}`;
  const { first, shown } = windowOf(results, selected, Math.max(1, height - 4));
  const rows = shown.map((result, index): Line => {
    const at = `${calendar.shortDay(result.at)} ${calendar.time(result.at)}`;
    const who = ` ${safeLine(result.from)} → ${safeLine(result.to)}: `;
    const text = safeLine(result.body.slice(0, 400));
    const look = first + index === selected ? 'selected' : 'plain';
    return [span(at, 'dim'), span(who, 'strong'), span(text, look)];
  });
  const found = `${count(results.length, 'message')}${before === null ? '' : ' so far'}`;
  const state = loading ? `${found}, looking …` : message !== '' ? message : asked === '' ? '' : found;
  const title = inputLine(`Find ${where} `, panel.text, width);
  const hint = 'Enter finds, then goes there · Tab: everywhere or here';
  return framed(title, [[span(safeLine(state), message === '' ? 'dim' : 'bad')], ...rows], hint, width, height);
}

function secretPanel(state: ScreenState, panel: SecretPanel, width: number): Line[] {
  const name = safeLine(state.username);
  const question =
    panel.purpose === 'delete-account'
      ? `The account ${name} is deleted for good, and the name is free for others. Type its password and press Enter to do that; Esc keeps the account.`
      : `Change the password of ${name}. All other log-ins of the account end. Tab goes on, Enter changes it, Esc leaves it as it is.`;
  const labels = SECRET_FIELDS[panel.purpose];
  const longest = Math.max(...labels.map((label) => label.length));
  const fields = panel.fields.map((field, index) =>
    inputLine(padText(labels[index] ?? '', longest + 2), field, width, '•', index === panel.focus && !panel.busy),
  );
  const below = panel.busy ? 'One moment …' : panel.message;
  const answer = wrapText(safeLine(below), width).map((row): Line => [span(row, panel.busy ? 'dim' : 'bad')]);
  return [...paragraph(question, width), ...fields, ...answer];
}
