import { isRoomName } from './conversations.ts';
import { countBelow, messageAt } from './message-log.ts';
import { itemRows, type Scroll } from './message-rows.ts';
import type { Conversation, ScreenState, ScrollAnchor } from './model.ts';
import { tailOf } from './outbox.ts';
import { senderName } from './sender-names.ts';
import { type Line, span } from './spans.ts';
import { textWidth } from './text-width.ts';

/** Positions above this stand for what is no message yet: the first row behind the messages, the second … */
const TAIL_POSITION = Number.MAX_SAFE_INTEGER - 100_000;

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
  const longest = isRoomName(conversation.name)
    ? 12
    : Math.max(3, textWidth(senderName(conversation, conversation.name)));
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

/** Where the reader has to stand so that so many rows follow the first row of the message at `position`. */
export function anchorBelow(
  state: ScreenState,
  conversation: Conversation,
  position: number,
  rowsAfter: number,
  width: number,
): ScrollAnchor | null {
  const scroll = scrollOf(state, conversation, width);
  const index = countBelow(conversation.log, position);
  if (index >= scroll.count) return null;
  return anchorOf(scroll, moved(scroll, { index, rowsBelow: itemHeight(scroll, index) - 1 }, rowsAfter));
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
