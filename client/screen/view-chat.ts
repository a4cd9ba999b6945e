import { openOf } from './conversations.ts';
import { type Layout, layoutOf } from './layout.ts';
import { messageAtPosition, newestPosition } from './message-log.ts';
import { type MessageWindow, messageWindow } from './message-window.ts';
import type { Conversation, ScreenState } from './model.ts';
import { tailOf } from './outbox.ts';
import { safeLine } from './safe-lines.ts';
import { QUICK_REACTIONS } from './selection.ts';
import { fitLine, type Line, lineWidth, span, spread } from './spans.ts';
import { fitText, textWidth } from './text-width.ts';
import { typingWords } from './typing.ts';
import { isOwn } from './unread.ts';
import { headerLine } from './view-header.ts';
import { listLines } from './view-list.ts';
import { memberLines } from './view-members.ts';
import { panelLines } from './view-panels.ts';
import { connectionWords, count, serversUp } from './words.ts';

/** The main screen, region by region; every line fits its region. */
export interface ChatView {
  readonly layout: Layout;
  readonly header: Line;
  /** Of the width of the list; empty when there is no room for it. */
  readonly list: readonly Line[];
  /** Exactly as many as the body has rows. */
  readonly body: readonly Line[];
  /** As `list`, at the other side. */
  readonly members: readonly Line[];
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
    members: layout.memberWidth === 0 || !conversation ? [] : memberLines(layout, conversation),
    rule: ruleLine(state, layout, panel === undefined ? seen : undefined),
    composer: layout.composer.map((line) => fitLine(line, layout.columns - 1)),
    banner: layout.messages.map((line) => fitLine(line, layout.columns - 1)),
    status: statusLine(state, layout, conversation),
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
    [span('/to NAME', 'strong'), span('     opens a conversation')],
    [span('/list', 'strong'), span('        shows who is there')],
    [span('/rooms', 'strong'), span('       shows the rooms')],
    [span('/help', 'strong'), span('        shows everything else')],
  ];
}

/** Who is typing at the left; at the right how much lies below, or how the newest own message fares. */
function ruleLine(state: ScreenState, layout: Layout, seen: MessageWindow | undefined): Line {
  const conversation = openOf(state);
  const width = layout.columns - 1;
  const typing = conversation ? safeLine(typingWords(state, conversation)) : '';
  const right = seen && conversation ? ruleWords(state, conversation, seen) : [];
  const room = Math.max(0, width - lineWidth(right) - 8);
  const left = typing === '' || room < 10 ? '' : ` ${fitText(typing, room - 2)} `;
  const rule = [...'─'.repeat(Math.max(0, width - lineWidth(right) - 2))];
  if (layout.listWidth > 0 && layout.listWidth + 1 < rule.length) rule[layout.listWidth + 1] = '┴';
  const memberAt = layout.listWidth + 3 + layout.paneWidth;
  if (layout.memberWidth > 0 && memberAt < rule.length) rule[memberAt] = '┴';
  const line: Line =
    left === ''
      ? [span(rule.join(''), 'dim')]
      : [span('──', 'dim'), span(left, 'accent'), span(rule.slice(2 + textWidth(left)).join(''), 'dim')];
  return fitLine([...line, ...right, span('──', 'dim')], width);
}

function ruleWords(state: ScreenState, conversation: Conversation, seen: MessageWindow): Line {
  if (state.seeking) return [span(' looking for the message … Esc stops ', 'warning')];
  if (seen.below > 0) return [span(` ${count(seen.below, 'message')} below · PgDn `, 'warning')];
  const tail = tailOf(state, conversation);
  const onTheWay = tail.filter((one) => one.kind === 'waiting').length;
  if (onTheWay > 0) return [span(` ◌ ${onTheWay} on the way `, 'warning')];
  const newest = messageAtPosition(conversation.log, newestPosition(conversation.log));
  const isLast = tail.length === 0 && newest && !newest.deleted && isOwn(state, newest);
  return isLast ? [span(' ✓', 'good'), span(` ${safeWords(state)} `, 'dim')] : [];
}

/** On how many servers everything acknowledged is, as far as is known. */
function safeWords({ connection }: ScreenState): string {
  return connection.phase === 'connected' ? `safe on ${count(serversUp(connection.cluster), 'server')}` : 'sent';
}

function statusLine(state: ScreenState, layout: Layout, conversation: Conversation | undefined): Line {
  const width = layout.columns - 1;
  if (state.selection && conversation) return selectionLine(state, conversation, width);
  const { tone, words } = connectionWords(state.connection, state.nowMs, state.calendar, layout.columns < 60);
  const waiting = state.outbox.length - state.arrived.length;
  const right = [
    ...(waiting > 0 ? [span(`${waiting} waiting`, 'warning'), span(' · ', 'dim')] : []),
    span(state.panel ? 'Esc closes ' : '/help ', 'dim'),
  ];
  const left = [span(' ● ', tone), span(safeLine(words), tone === 'good' ? 'plain' : tone)];
  // What waits is shown in any case; how long the list of servers is that were tried, nobody needs to know.
  const room = waiting > 0 ? Math.max(12, width - lineWidth(right) - 1) : width;
  return spread(fitLine(left, room), right, width);
}

function selectionLine(state: ScreenState, conversation: Conversation, width: number): Line {
  const { position, asking, reaction } = state.selection!;
  if (asking === 'delete')
    return fitLine([span(' Enter deletes', 'bad'), span(' · ↑↓ another · Esc keeps', 'dim')], width);
  if (asking === 'reaction') {
    const quick = QUICK_REACTIONS.map((one, index) => `${index + 1} ${one}`).join('  ');
    const typed = safeLine(reaction.text);
    return fitLine(
      [span(' React: ', 'strong'), span(typed, 'plain'), span(' ', 'cursor'), span(` ${quick} or type one`, 'dim')],
      width,
    );
  }
  const message = messageAtPosition(conversation.log, position);
  const own = message !== undefined && isOwn(state, message);
  const keys = own ? 'r reply · e edit · + react · d delete · Esc' : 'r reply · + react · Esc';
  const when = message ? `${own ? `✓ ${safeWords(state)} · ` : ''}${state.calendar.exactTime(message.at)}` : '';
  return spread([span(` ${keys}`, 'accent')], [span(`${when} `, 'dim')], width);
}
