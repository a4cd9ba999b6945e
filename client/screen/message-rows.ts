import { nameKey } from '../../shared/names.ts';
import { type KeptMessage, messageAt } from './message-log.ts';
import type { Conversation, ScreenState } from './model.ts';
import type { TailItem } from './outbox.ts';
import { quoteOf } from './quotes.ts';
import { safeLine, safeLines } from './safe-lines.ts';
import { OWN_NAME, senderName } from './sender-names.ts';
import { fitLine, type Line, type Look, nameLook, type Span, span } from './spans.ts';
import { fitText, padText, textWidth, wrapText } from './text-width.ts';
import { isOwn, mentionsUser } from './unread.ts';

/** The messages of a conversation followed by its tail, as something to scroll through. */
export interface Scroll {
  readonly state: ScreenState;
  readonly conversation: Conversation;
  readonly width: number;
  readonly tail: readonly TailItem[];
  readonly count: number;
  readonly nameWidth: number;
}

const TIME_WIDTH = 5;
const GAP = '  ';
const REACTION_WIDTH = 16;

/** The rows of the message, or of the row of the tail, at this index. */
export function itemRows(scroll: Scroll, index: number): readonly Line[] {
  const { state, conversation, width } = scroll;
  const day = state.calendar.day(timeOf(scroll, index));
  const isNewDay = index === 0 || state.calendar.day(timeOf(scroll, index - 1)) !== day;
  const message = messageAt(conversation.log, index);
  const rows = message ? messageRows(scroll, message) : tailRows(scroll, scroll.tail[index - conversation.log.size]!);
  const above: Line[] = isNewDay ? [ruled(day, width, 'dim')] : [];
  return message && isFirstNew(scroll, index, message)
    ? [...above, ruled('new', width, 'warning'), ...rows]
    : [...above, ...rows];
}

function timeOf(scroll: Scroll, index: number): number {
  const { log } = scroll.conversation;
  return messageAt(log, index)?.at ?? scroll.tail[index - log.size]!.message.typedAt;
}

function isFirstNew({ conversation }: Scroll, index: number, message: KeptMessage): boolean {
  const { newSince, log } = conversation;
  if (newSince === null || message.position <= newSince) return false;
  return (messageAt(log, index - 1)?.position ?? 0) <= newSince;
}

function ruled(words: string, width: number, look: Look): Line {
  const text = fitText(` ${words} `, width - 2);
  const side = Math.max(1, Math.floor((Math.min(width, 60) - textWidth(text)) / 2));
  return [span('─'.repeat(side), look), span(text, look), span('─'.repeat(side), look)];
}

const wrappedBodies = new WeakMap<KeptMessage, { width: number; rows: readonly string[] }>();

/** Long bodies are wrapped once for a width; a message never changes. */
function bodyRows(message: KeptMessage, width: number): readonly string[] {
  const known = wrappedBodies.get(message);
  if (known?.width === width) return known.rows;
  const rows = wrapText(safeLines(message.body).join('\n'), width);
  wrappedBodies.set(message, { width, rows });
  return rows;
}

function indentWidth(scroll: Scroll): number {
  return TIME_WIDTH + GAP.length + scroll.nameWidth + GAP.length;
}

function bodyWidth(scroll: Scroll): number {
  // Longer rows are hard to read.
  return Math.min(100, Math.max(8, scroll.width - indentWidth(scroll) - 2));
}

function messageRows(scroll: Scroll, message: KeptMessage): Line[] {
  const { state } = scroll;
  const own = isOwn(state, message);
  const isSelected = state.selection?.position === message.position;
  const name = own
    ? OWN_NAME
    : message.fromDeleted
      ? safeLine(message.from)
      : senderName(scroll.conversation, message.from);
  const nameAs: Look = message.fromDeleted || own ? 'dim' : nameLook(nameKey(message.from));
  const head = { atMs: message.at, sender: span(name, nameAs) };
  const isHidden = !own && state.blocked.has(nameKey(message.from)) && !isSelected;
  const instead = message.deleted ? 'deleted' : isHidden ? 'hidden: you block this account' : '';
  if (instead !== '') return bubble(scroll, { ...head, rows: [instead], look: 'dim', marks: [] });
  const look: Look = isSelected ? 'selected' : mentionsUser(state, message) ? 'mention' : 'plain';
  const marks = [
    ...(message.editedAt === undefined ? [] : [span('(edited)', 'dim')]),
    ...(own ? [span('✓', 'good')] : []),
  ];
  const above = message.replyTo === undefined ? [] : [quoteRow(scroll, message.replyTo)];
  return [
    ...bubble(scroll, { ...head, rows: bodyRows(message, bodyWidth(scroll)), look, marks, above }),
    ...reactionRows(scroll, message),
  ];
}

function quoteRow(scroll: Scroll, id: string): Line {
  return fitLine([span(`┌ ${quoteOf(scroll.state, scroll.conversation, id)}`, 'dim')], bodyWidth(scroll));
}

function reactionRows(scroll: Scroll, message: KeptMessage): Line[] {
  const { reactions = [] } = message;
  if (reactions.length === 0) return [];
  const owner = nameKey(scroll.state.owner);
  const rows: Span[][] = [[]];
  let used = 0;
  for (const { reaction, by } of reactions) {
    const text = `${fitText(safeLine(reaction), REACTION_WIDTH)} ${by.length}`;
    const cells = textWidth(text) + GAP.length;
    if (used > 0 && used + cells > bodyWidth(scroll)) {
      rows.push([]);
      used = 0;
    }
    used += cells;
    rows.at(-1)!.push(span(text, by.some((name) => nameKey(name) === owner) ? 'accent' : 'dim'), span(GAP));
  }
  const indent = span(' '.repeat(indentWidth(scroll)));
  return rows.map((row) => fitLine([indent, ...row], scroll.width));
}

function tailRows(scroll: Scroll, item: TailItem): Line[] {
  const rows = wrapText(safeLines(item.message.body).join('\n'), bodyWidth(scroll));
  const signs: Record<TailItem['kind'], { look: Look; mark: Span }> = {
    waiting: { look: 'dim', mark: span('◌', 'warning') },
    sent: { look: 'plain', mark: span('✓', 'good') },
    failed: { look: 'dim', mark: span('✗', 'bad') },
  };
  const { look, mark } = signs[item.kind];
  const above = item.message.replyTo === undefined ? [] : [quoteRow(scroll, item.message.replyTo)];
  const head = { atMs: item.message.typedAt, sender: span(OWN_NAME, 'dim') };
  const lines = bubble(scroll, { ...head, rows, look, marks: [mark], above });
  if (item.kind !== 'failed') return lines;
  const indent = ' '.repeat(indentWidth(scroll));
  const why = wrapText(`not sent: ${safeLine(item.reason)} (Alt+R sends it again, Esc hides it)`, bodyWidth(scroll));
  return [...lines, ...why.map((row): Line => [span(indent), span(row, 'bad')])];
}

interface Bubble {
  readonly atMs: number;
  readonly sender: Span;
  readonly rows: readonly string[];
  readonly look: Look;
  /** Stand at the right of the last row, or below it where there is no room. */
  readonly marks: readonly Span[];
  readonly above?: readonly Line[];
}

/** Time, sender and text in columns. */
function bubble(scroll: Scroll, { atMs, sender, rows, look, marks, above = [] }: Bubble): Line[] {
  const indent = span(' '.repeat(indentWidth(scroll)));
  const head: Line = [
    span(scroll.state.calendar.time(atMs), 'dim'),
    span(GAP),
    span(padText(sender.text, scroll.nameWidth), sender.look),
    span(GAP),
  ];
  const body = rows.map((row): Line => [span(row, look)]);
  const last = body.at(-1) ?? [];
  const marked = withMarks(last, textWidth(rows.at(-1) ?? ''), bodyWidth(scroll), marks);
  return [...above, ...body.slice(0, -1), ...marked].map((line, index) => [
    ...(index === 0 ? head : [indent]),
    ...line,
  ]);
}

/** A ✓ has a column of its own behind the texts; other marks follow the text. */
function withMarks(line: Line, used: number, width: number, marks: readonly Span[]): Line[] {
  const words = marks.filter((mark) => mark.text.length > 1);
  const sign = marks.find((mark) => mark.text.length === 1);
  const wordsWidth = words.reduce((sum, mark) => sum + mark.text.length + 1, 0);
  const beside = used + wordsWidth <= width;
  const withWords: Line = words.flatMap((mark) => [span(' '), mark]);
  const right = (cells: number): Line => (sign ? [span(' '.repeat(Math.max(1, width - cells + 1))), sign] : []);
  if (beside) return [[...line, ...withWords, ...right(used + wordsWidth)]];
  return [line, [...withWords.slice(1), ...right(wordsWidth - 1)]];
}
