import { openOf, orderedConversations } from './conversations.ts';
import { type Layout, layoutOf } from './layout.ts';
import { messageWindow } from './message-window.ts';
import type { Conversation, ScreenState } from './model.ts';
import { safeLine } from './safe-lines.ts';
import { fitLine, type Line, span, spread } from './spans.ts';
import { fitText, padText, textWidth } from './text-width.ts';
import { panelLines } from './view-panels.ts';
import { connectionWords, count } from './words.ts';

/** The main screen, region by region; every line fits its region. */
export interface ChatView {
  readonly layout: Layout;
  readonly header: Line;
  /** Of the width of the list; empty when there is no room for it. */
  readonly list: readonly Line[];
  /** Exactly as many as the body has rows. */
  readonly body: readonly Line[];
  readonly rule: Line;
  readonly composer: readonly Line[];
  readonly banner: readonly Line[];
  readonly status: Line;
}

/** What the main screen shows in this state. */
export function chatView(state: ScreenState): ChatView {
  const layout = layoutOf(state);
  const conversation = openOf(state);
  const panel = panelLines(state, layout.paneWidth - 1, layout.bodyRows);
  const seen = conversation && messageWindow(state, conversation, layout.paneWidth - 1, layout.bodyRows);
  const lines = panel ?? seen?.lines ?? welcomeLines(state);
  return {
    layout,
    header: headerLine(state, layout, conversation),
    list: layout.listWidth === 0 ? [] : listLines(state, layout),
    // Messages stand at the bottom, next to where the next one is typed; panels start at the top.
    body: filled(lines, layout.bodyRows, panel === undefined && conversation !== undefined).map((line) =>
      fitLine(line, layout.paneWidth - 1),
    ),
    rule: ruleLine(layout, state.picked === null && panel === undefined ? (seen?.below ?? 0) : 0),
    composer: layout.composer.map((line) => fitLine(line, layout.columns - 1)),
    banner: layout.messages.map((line) => fitLine(line, layout.columns - 1)),
    status: statusLine(state, layout),
  };
}

function filled(lines: readonly Line[], rows: number, atBottom: boolean): Line[] {
  const shown = lines.slice(0, rows);
  const empty = Array.from({ length: rows - shown.length }, (): Line => []);
  return atBottom ? [...empty, ...shown] : [...shown, ...empty];
}

function welcomeLines(state: ScreenState): Line[] {
  return [
    [],
    [span(`Welcome, ${safeLine(state.username)}.`, 'strong')],
    [],
    [span('/to NAME', 'strong'), span('  opens a conversation')],
    [span('/list', 'strong'), span('     shows who is there')],
    [span('/help', 'strong'), span('     shows everything else')],
  ];
}

function headerLine(state: ScreenState, layout: Layout, conversation: Conversation | undefined): Line {
  const title = state.panel ? panelTitle(state.panel.kind) : conversation ? safeLine(conversation.name) : 'understudy';
  const gone = conversation?.deleted && !state.panel ? [span(' · account deleted', 'dim')] : [];
  const right = [span(safeLine(state.username), 'dim'), span(' ')];
  if (layout.listWidth > 0) {
    const left = [
      span(padText(' understudy', layout.listWidth), 'dim'),
      span(' │ ', 'dim'),
      span(fitText(title, layout.paneWidth - 20), 'strong'),
      ...gone,
    ];
    return spread(left, right, layout.columns - 1);
  }
  const ordered = orderedConversations(state);
  const place = ordered.findIndex((one) => one.key === state.open) + 1;
  const elsewhere = ordered.reduce((sum, one) => sum + (one.key === state.open ? 0 : one.unread), 0);
  const which = ordered.length > 1 ? [span(` ${place}/${ordered.length}`, 'dim')] : [];
  const unread = elsewhere > 0 ? [span(` ${elsewhere} unread`, 'warning')] : [];
  return spread([span(' '), span(title, 'strong'), ...gone, ...which, ...unread], right, layout.columns - 1);
}

function panelTitle(kind: NonNullable<ScreenState['panel']>['kind']): string {
  return { help: 'Help', accounts: 'Accounts', 'delete-account': 'Delete the account' }[kind];
}

/** The window of the list that holds the open conversation. */
function listLines(state: ScreenState, layout: Layout): Line[] {
  const ordered = orderedConversations(state);
  const openIndex = ordered.findIndex((one) => one.key === state.open);
  const overflow = Math.max(0, ordered.length - layout.bodyRows);
  const first = Math.min(overflow, Math.max(0, openIndex - layout.bodyRows + 2));
  const shown = ordered.slice(first, first + layout.bodyRows);
  const lines = shown.map((one) => listLine(state, one, layout.listWidth));
  const hidden = ordered.length - first - shown.length;
  if (hidden > 0) lines[lines.length - 1] = [span(padText(` ${hidden + 1} more …`, layout.listWidth), 'dim')];
  return filled(lines, layout.bodyRows, false).map((line) =>
    line.length > 0 ? line : [span(' '.repeat(layout.listWidth))],
  );
}

function listLine(state: ScreenState, conversation: Conversation, width: number): Line {
  const open = conversation.key === state.open;
  const right = conversation.deleted ? 'deleted' : conversation.unread > 0 ? String(conversation.unread) : '';
  const draft = !open && conversation.draft.text !== '' ? ' ✎' : '';
  const name = padText(` ${safeLine(conversation.name)}${draft}`, width - textWidth(right) - 2);
  if (open) return [span(`${name} ${right} `, 'selected')];
  const look = conversation.deleted ? 'dim' : conversation.unread > 0 ? 'strong' : 'plain';
  return [span(name, look), span(` ${right} `, conversation.deleted ? 'dim' : 'good')];
}

function ruleLine(layout: Layout, below: number): Line {
  const more = below > 0 ? ` ${count(below, 'message')} below · PgDn ` : '';
  const width = layout.columns - 1;
  const corner = layout.listWidth > 0 ? layout.listWidth + 1 : -1;
  const rule = [...'─'.repeat(Math.max(0, width - textWidth(more) - 2))];
  if (corner >= 0 && corner < rule.length) rule[corner] = '┴';
  return fitLine([span(rule.join(''), 'dim'), span(more, 'warning'), span('──', 'dim')], width);
}

function statusLine(state: ScreenState, layout: Layout): Line {
  const { tone, words } = connectionWords(state.connection, state.nowMs, state.calendar, layout.columns < 60);
  const waiting = state.outbox.length - state.arrived.length;
  const hint = state.picked !== null ? ' ↑↓ pick · Enter deletes · Esc keeps' : state.panel ? 'Esc closes' : '/help';
  const right = [
    ...(waiting > 0 ? [span(`${waiting} waiting`, 'warning'), span(' · ', 'dim')] : []),
    span(`${hint} `, 'dim'),
  ];
  const left = [span(' ● ', tone), span(safeLine(words), tone === 'good' ? 'plain' : tone)];
  if (state.picked !== null) return spread(right, [], layout.columns - 1);
  return spread(left, right, layout.columns - 1);
}
