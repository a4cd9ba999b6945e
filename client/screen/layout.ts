import { draftOf, isRoomName, openOf } from './conversations.ts';
import type { Editor } from './editor.ts';
import type { ScreenState } from './model.ts';
import { pasteQuestion } from './paste.ts';
import { safeLine, safeLines } from './safe-lines.ts';
import { type Line, type Look, span } from './spans.ts';
import { graphemes, wrapRows, wrapText } from './text-width.ts';
import { connectionTrouble } from './words.ts';

/** Where everything is on the screen, in cells. The last row of the terminal stays empty: writing there may scroll. */
export interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** 0: there is no room for the list. */
  readonly listWidth: number;
  readonly paneWidth: number;
  /** Of the list of members; 0: there is none. */
  readonly memberWidth: number;
  /** Rows of the messages, the list or a panel. */
  readonly bodyRows: number;
  readonly hasHeaderRule: boolean;
  readonly composer: readonly Line[];
  /** Notice and trouble, wrapped. */
  readonly messages: readonly Line[];
}

export const SMALLEST_COLUMNS = 20;
export const SMALLEST_ROWS = 7;
const PROMPT = '› ';
/** No row is longer. */
const QUOTED_CHARACTERS = 400;

/** How the screen is divided for this state. */
export function layoutOf(state: ScreenState): Layout {
  const columns = Math.max(SMALLEST_COLUMNS, state.columns);
  const rows = Math.max(SMALLEST_ROWS, state.rows) - 1;
  const hasHeaderRule = rows >= 18;
  const listWidth = columns < 60 ? 0 : columns < 100 ? 20 : 28;
  const memberWidth = columns >= 110 && isRoomName(openOf(state)?.name ?? '') ? 24 : 0;
  const paneWidth = columns - (listWidth === 0 ? 1 : listWidth + 3) - (memberWidth === 0 ? 0 : memberWidth + 2);
  const composerMost = Math.max(1, Math.min(6, Math.floor(rows / 4)));
  const composer = [...contextLines(state), ...composerLines(draftOf(state), columns, composerMost)];
  const messages = bannerLines(state, columns, rows);
  const bodyRows = Math.max(1, rows - 3 - (hasHeaderRule ? 1 : 0) - composer.length - messages.length);
  return { columns, rows, listWidth, paneWidth, memberWidth, bodyRows, hasHeaderRule, composer, messages };
}

/** What the text in the composer will be, if not a new message. */
function contextLines(state: ScreenState): Line[] {
  const context = openOf(state)?.context;
  if (!context) return [];
  if (context.kind === 'reply') {
    const quote = safeLine(context.quote.slice(0, QUOTED_CHARACTERS));
    return [[span(' ↩ ', 'accent'), span(`answering ${safeLine(context.from)}: ${quote}`, 'dim')]];
  }
  const time = state.calendar.time(context.at);
  const words = context.busy ? 'saving …' : `editing your message of ${time} · Enter saves · Esc keeps it as it was`;
  return [[span(' ✎ ', 'accent'), span(words, 'dim')]];
}

function bannerLines(state: ScreenState, columns: number, rows: number): Line[] {
  const most = rows < 14 ? 1 : 2;
  if (state.pasted !== null) return wrapped(pasteQuestion(state.pasted), 'warning', columns, 3);
  const trouble = connectionTrouble(state.connection);
  const notice = state.notice ? wrapped(state.notice.text, state.notice.tone, columns, most) : [];
  if (!trouble || (rows < 14 && notice.length > 0)) return notice;
  const kept = state.connection.phase === 'connected' ? '' : ' What you send now is kept, and sent then.';
  return [...notice, ...wrapped(trouble.words + kept, trouble.tone, columns, most)];
}

function wrapped(text: string, look: Look, columns: number, most: number): Line[] {
  const rows = wrapText(safeLine(text), columns - 5);
  const shown = rows.slice(0, most).map((row, index) => (index === most - 1 && rows.length > most ? `${row}…` : row));
  const sign = look === 'good' ? '✓' : look === 'bad' ? '✗' : look === 'warning' ? '!' : '·';
  return shown.map((row, index) => [span(index === 0 ? ` ${sign} ` : '   ', look), span(row, look)]);
}

/** The composer: the rows around the cursor, which is a cell of its own. */
function composerLines(editor: Editor, columns: number, most: number): Line[] {
  const { rows, cursorRow } = editorRows(editor, columns - PROMPT.length - 2);
  const first = Math.max(0, Math.min(cursorRow - most + 1, rows.length - most));
  return rows
    .slice(first, first + most)
    .map((row, index) => [span(first + index === 0 ? ` ${PROMPT}` : '   ', 'strong'), ...row]);
}

/** A text being typed as rows with the cursor in them; `mask` replaces every character. */
export function editorRows(editor: Editor, width: number, mask = ''): { rows: Line[]; cursorRow: number } {
  const shown = (text: string): string =>
    mask === '' ? safeLines(text).join('\n') : mask.repeat(graphemes(text).length);
  const before = shown(editor.text.slice(0, editor.cursor));
  const text = before + shown(editor.text.slice(editor.cursor));
  const ranges = wrapRows(text, width - 1);
  const cursor = before.length;
  const cursorRow = Math.max(
    0,
    ranges.findLastIndex((range) => range.start <= cursor),
  );
  const rows = ranges.map((range, index): Line => {
    if (index !== cursorRow) return [span(text.slice(range.start, range.end))];
    const at = Math.min(cursor, range.end);
    const under = graphemes(text.slice(at, range.end))[0] ?? '';
    return [
      span(text.slice(range.start, at)),
      span(under === '' ? ' ' : under, 'cursor'),
      span(text.slice(at + under.length, range.end)),
    ];
  });
  return { rows, cursorRow };
}
