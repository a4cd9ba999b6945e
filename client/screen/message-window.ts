import { nameKey } from '../../shared/names.ts';
import { type TailItem, tailOf } from './conversations.ts';
import { countBelow, type KeptMessage, messageAt } from './message-log.ts';
import type { Conversation, ScreenState, ScrollAnchor } from './model.ts';
import { safeLine, safeLines } from './safe-lines.ts';
import { type Line, type Look, span } from './spans.ts';
import { fitText, padText, textWidth, wrapText } from './text-width.ts';

/** Positions above this stand for what is no message yet: the first row behind the messages, the second … */
const TAIL_POSITION = Number.MAX_SAFE_INTEGER - 100_000;

/** The messages of a conversation followed by its tail, as something to scroll through. */
interface Scroll {
  readonly state: ScreenState;
  readonly conversation: Conversation;
  readonly width: number;
  readonly tail: readonly TailItem[];
  readonly count: number;
  readonly nameWidth: number;
}

interface Place {
  readonly index: number;
  readonly rowsBelow: number;
}

/** What the messages' part of the screen shows. */
export interface MessageWindow {
  readonly lines: readonly Line[];
  /** Messages below the bottom edge. */
  readonly below: number;
  /** The oldest message that is loaded is in sight. */
  readonly atTop: boolean;
}

function scrollOf(state: ScreenState, conversation: Conversation, width: number): Scroll {
  const tail = tailOf(state, conversation);
  const longest = Math.max(3, textWidth(safeLine(conversation.name)));
  const nameWidth = Math.min(longest, width < 50 ? 8 : 14);
  return { state, conversation, width, tail, count: conversation.log.size + tail.length, nameWidth };
}

/**
 * The rows that are in sight, at most `height`. Only those are made, however many messages there are.
 * `width` is the room for a row, in cells.
 */
export function messageWindow(
  state: ScreenState,
  conversation: Conversation,
  width: number,
  height: number,
): MessageWindow {
  const scroll = scrollOf(state, conversation, width);
  const place = placeOf(scroll, conversation.anchor);
  const lines: Line[] = [];
  let index = place.index;
  for (; index >= 0 && lines.length < height + (index === place.index ? place.rowsBelow : 0); index--) {
    const rows = itemRows(scroll, index);
    lines.unshift(...(index === place.index ? rows.slice(0, rows.length - place.rowsBelow) : rows));
    if (lines.length >= height) break;
  }
  const atTop = index < 0 || (index === 0 && lines.length <= height);
  const shown = lines.slice(-height);
  // What is to be said about the top takes the place of the uppermost row where there is no room above it.
  if (atTop) shown.splice(0, shown.length < height ? 0 : topRows(scroll).length, ...topRows(scroll));
  const below = scroll.count - 1 - place.index + (place.rowsBelow > 0 ? 1 : 0);
  return { lines: shown, below: Math.max(0, below), atTop };
}

/** Where the reader stands after scrolling by `rows` (negative: towards older messages); null at the bottom. */
export function scrolledBy(
  state: ScreenState,
  conversation: Conversation,
  rows: number,
  width: number,
  height: number,
): ScrollAnchor | null {
  const scroll = scrollOf(state, conversation, width);
  if (scroll.count === 0) return null;
  const wanted = moved(scroll, placeOf(scroll, conversation.anchor), rows);
  const missing = height - rowsUpTo(scroll, wanted, height);
  return anchorOf(scroll, missing > 0 ? moved(scroll, wanted, missing) : wanted);
}

/** Where the reader has to stand so that the message at `position` is in sight; as before if it already is. */
export function scrolledTo(
  state: ScreenState,
  conversation: Conversation,
  position: number,
  width: number,
  height: number,
): ScrollAnchor | null {
  const scroll = scrollOf(state, conversation, width);
  const target = countBelow(conversation.log, position);
  const place = placeOf(scroll, conversation.anchor);
  let room = height + place.rowsBelow;
  for (let index = place.index; index >= 0 && room > 0; index--) {
    room -= itemHeight(scroll, index);
    if (index === target && room >= 0) return conversation.anchor;
  }
  return anchorOf(scroll, { index: target, rowsBelow: 0 });
}

function placeOf(scroll: Scroll, anchor: ScrollAnchor | null): Place {
  const last = scroll.count - 1;
  if (anchor === null || last < 0) return { index: last, rowsBelow: 0 };
  const { log } = scroll.conversation;
  const index =
    anchor.position >= TAIL_POSITION ? log.size + (anchor.position - TAIL_POSITION) : countBelow(log, anchor.position);
  if (index > last) return { index: last, rowsBelow: 0 };
  return { index, rowsBelow: Math.min(anchor.rowsBelow, itemHeight(scroll, index) - 1) };
}

function anchorOf(scroll: Scroll, place: Place): ScrollAnchor | null {
  if (place.index >= scroll.count - 1 && place.rowsBelow <= 0) return null;
  const message = messageAt(scroll.conversation.log, place.index);
  const position = message?.position ?? TAIL_POSITION + place.index - scroll.conversation.log.size;
  return { position, rowsBelow: place.rowsBelow };
}

function moved(scroll: Scroll, place: Place, rows: number): Place {
  let { index, rowsBelow } = place;
  rowsBelow -= rows;
  while (index > 0 && rowsBelow >= itemHeight(scroll, index)) rowsBelow -= itemHeight(scroll, index--);
  while (rowsBelow < 0 && index < scroll.count - 1) rowsBelow += itemHeight(scroll, ++index);
  return { index, rowsBelow: Math.max(0, Math.min(rowsBelow, itemHeight(scroll, index) - 1)) };
}

/** How many rows there are from the top down to a place, counted no further than `enough`. */
function rowsUpTo(scroll: Scroll, place: Place, enough: number): number {
  let rows = -place.rowsBelow;
  for (let index = place.index; index >= 0 && rows < enough; index--) rows += itemHeight(scroll, index);
  return rows;
}

function itemHeight(scroll: Scroll, index: number): number {
  return itemRows(scroll, index).length;
}

function timeOf(scroll: Scroll, index: number): number {
  const { log } = scroll.conversation;
  return messageAt(log, index)?.at ?? scroll.tail[index - log.size]!.message.typedAt;
}

function itemRows(scroll: Scroll, index: number): readonly Line[] {
  const { calendar } = scroll.state;
  const day = calendar.day(timeOf(scroll, index));
  const isNewDay = index === 0 || calendar.day(timeOf(scroll, index - 1)) !== day;
  const message = messageAt(scroll.conversation.log, index);
  const rows = message
    ? messageRows(scroll, message)
    : tailRows(scroll, scroll.tail[index - scroll.conversation.log.size]!);
  return isNewDay ? [dayRow(day, scroll.width), ...rows] : rows;
}

function dayRow(day: string, width: number): Line {
  const text = ` ${day} `;
  const side = Math.max(1, Math.floor((Math.min(width, 60) - textWidth(text)) / 2));
  return [span('─'.repeat(side), 'dim'), span(fitText(text, width), 'dim'), span('─'.repeat(side), 'dim')];
}

function topRows(scroll: Scroll): Line[] {
  switch (scroll.conversation.older) {
    case 'loading':
      return [[span('fetching older messages …', 'dim')]];
    case 'failed':
      return [[span('Older messages could not be fetched; PgUp tries again.', 'warning')]];
    case 'none':
      return scroll.count === 0 ? [[span('No messages yet. Type one and press Enter.', 'dim')]] : [];
    case 'unknown':
      return [];
  }
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

function bodyWidth(scroll: Scroll): number {
  // Longer rows are hard to read.
  return Math.min(100, Math.max(8, scroll.width - 5 - 2 - scroll.nameWidth - 2 - 2));
}

function messageRows(scroll: Scroll, message: KeptMessage): Line[] {
  const own = message.fromDeleted !== true && nameKey(message.from) === nameKey(scroll.state.owner);
  const picked = scroll.state.picked === message.position;
  const rows = bodyRows(message, bodyWidth(scroll));
  const name = own ? 'you' : safeLine(message.from);
  const look: Look = message.fromDeleted || own ? 'dim' : 'strong';
  const mark = own ? span('✓', 'good') : undefined;
  return bubble(scroll, message.at, span(name, look), rows, picked ? 'selected' : 'plain', mark);
}

function tailRows(scroll: Scroll, item: TailItem): Line[] {
  const rows = wrapText(safeLines(item.message.body).join('\n'), bodyWidth(scroll));
  const marks: Record<TailItem['kind'], { look: Look; mark: Line[number] }> = {
    waiting: { look: 'dim', mark: span('…', 'warning') },
    sent: { look: 'plain', mark: span('✓', 'good') },
    failed: { look: 'dim', mark: span('✗', 'bad') },
  };
  const { look, mark } = marks[item.kind];
  const lines = bubble(scroll, item.message.typedAt, span('you', 'dim'), rows, look, mark);
  if (item.kind !== 'failed') return lines;
  const indent = ' '.repeat(5 + 2 + scroll.nameWidth + 2);
  const why = wrapText(`not sent: ${safeLine(item.reason)} (Esc hides this)`, bodyWidth(scroll));
  return [...lines, ...why.map((row): Line => [span(indent), span(row, 'bad')])];
}

/** Time, sender and text in columns; the mark of an own message stands at the right of its last row. */
function bubble(
  scroll: Scroll,
  atMs: number,
  sender: Line[number],
  rows: readonly string[],
  look: Look,
  mark: Line[number] | undefined,
): Line[] {
  const width = bodyWidth(scroll);
  const gap = span('  ');
  const indent = span(' '.repeat(5 + 2 + scroll.nameWidth + 2));
  return rows.map((row, index): Line => {
    const head: Line =
      index === 0
        ? [
            span(scroll.state.calendar.time(atMs), 'dim'),
            gap,
            span(padText(sender.text, scroll.nameWidth), sender.look),
            gap,
          ]
        : [indent];
    if (!mark || index < rows.length - 1) return [...head, span(row, look)];
    return [...head, span(row, look), span(' '.repeat(Math.max(1, width - textWidth(row) + 1))), mark];
  });
}
