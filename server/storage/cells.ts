import { isUtf8 } from 'node:buffer';
import { stringify } from 'csv-stringify/sync';
import { assert } from '../../shared/assert.ts';

const LINE_FEED = 10;
/** How a spreadsheet recognises a formula; `'` itself is here so that taking one off is never ambiguous. */
const STARTS_LIKE_A_FORMULA = /^[=+\-@'\t\r]/;

/**
 * Makes any text without NUL fit for a cell: line ends and backslashes become `\n`, `\r` and `\\`, so that a row is a
 * line; a text that a spreadsheet would run as a formula gets one `'` before it.
 */
export function writeCell(text: string): string {
  const line = /[\\\n\r]/.test(text) ? text.replace(/[\\\n\r]/g, escapeOf) : text;
  return STARTS_LIKE_A_FORMULA.test(text) ? `'${line}` : line;
}

function escapeOf(character: string): string {
  return character === '\n' ? '\\n' : character === '\r' ? '\\r' : '\\\\';
}

/** The inverse of {@link writeCell}; undefined for a cell that it would never have written. */
export function readCell(cell: string): string | undefined {
  const marked = cell.startsWith("'");
  const line = marked ? cell.slice(1) : cell;
  const text = line.includes('\\') ? withoutEscapes(line) : line;
  if (text === undefined || STARTS_LIKE_A_FORMULA.test(text) !== marked) return undefined;
  return text;
}

function withoutEscapes(line: string): string | undefined {
  let known = true;
  const text = line.replace(/\\(.?)/gsu, (_, letter: string) => {
    if (letter === 'n') return '\n';
    if (letter === 'r') return '\r';
    if (letter !== '\\') known = false;
    return '\\';
  });
  return known ? text : undefined;
}

/** Rows of finished cells as CSV (RFC 4180, each row ended by a line feed). One call for many rows is the fast way. */
export function stringifyRows(rows: readonly (readonly string[])[]): string {
  let text = '';
  for (const row of rows) {
    const line = row.join(',');
    // Most rows need no quotes, and then a row is its cells with commas between (see cutRows).
    const isPlain = row.length > 1 && !NEEDS_QUOTES.test(line) && commasIn(line) === row.length - 1;
    text += isPlain ? `${line}\n` : stringify([row as string[]], { record_delimiter: '\n' });
  }
  return text;
}

const NEEDS_QUOTES = /["\n\r]/;

function commasIn(line: string): number {
  let count = 0;
  for (let at = line.indexOf(','); at !== -1; at = line.indexOf(',', at + 1)) count++;
  return count;
}

/** One line of a CSV file, cut into its cells as they stand there (see {@link readCell}). */
export interface CutRow {
  /** The line with its line feed. Holds no memory but its own, and neither do the cells. */
  row: string;
  /** Undefined when the line is not UTF-8, or not a CSV record by itself as {@link stringifyRows} writes it. */
  cells: string[] | undefined;
}

/**
 * Cuts whole lines into cells, as {@link stringifyRows} writes them and in no other way: then a row that is read is, byte for byte,
 * the row that was written. Knows no more of CSV than that, which takes a sixth of the time of a parser for all of it.
 *
 * @param bytes UTF-8, ending with a line feed (or empty)
 */
export function cutRows(bytes: Buffer): CutRow[] {
  assert(endOfLines(bytes) === bytes.length, 'rows are cut from whole lines');
  // One character for each byte: places in this string are places in `bytes`.
  const places = bytes.toString('latin1');
  const rows: CutRow[] = [];
  let nextQuote = places.indexOf('"');
  // Other bytes than UTF-8 would be read as the sign for those, which may have been written there.
  const isText = isUtf8(bytes);
  for (let start = 0; start < places.length; ) {
    const end = places.indexOf('\n', start);
    if (nextQuote !== -1 && nextQuote < start) nextQuote = places.indexOf('"', start);
    const row: CutRow = { row: bytes.toString('utf8', start, end + 1), cells: undefined };
    const line = { bytes, places, start, end, isAscii: row.row.length === end + 1 - start };
    const hasQuotes = nextQuote !== -1 && nextQuote < end;
    if (isText || isUtf8(bytes.subarray(start, end))) row.cells = hasQuotes ? cutQuoted(line) : cutPlain(line);
    rows.push(row);
    start = end + 1;
  }
  return rows;
}

interface Line {
  bytes: Buffer;
  places: string;
  start: number;
  /** Where its line feed stands. */
  end: number;
  isAscii: boolean;
}

function cutPlain(line: Line): string[] {
  const cells: string[] = [];
  for (let from = line.start; ; ) {
    const to = endOfCell(line, from);
    cells.push(textOf(line, from, to));
    if (to === line.end) return cells;
    from = to + 1;
  }
}

/** Undefined when a quote is missing, or is where none is needed. */
function cutQuoted(line: Line): string[] | undefined {
  const { places, end } = line;
  const cells: string[] = [];
  for (let from = line.start; ; ) {
    const isQuoted = places[from] === '"';
    const to = isQuoted ? afterQuote(places, from + 1) : endOfCell(line, from);
    if (to > end || (to < end && places[to] !== ',')) return undefined;
    const text = isQuoted ? textOf(line, from + 1, to - 1).replaceAll('""', '"') : textOf(line, from, to);
    const needsQuotes = text.includes('"') || text.includes(',');
    if (needsQuotes !== isQuoted) return undefined;
    cells.push(text);
    if (to === end) return cells;
    from = to + 1;
  }
}

/** Behind the quote that closes a cell; beyond everything when there is none. */
function afterQuote(places: string, from: number): number {
  let quote = places.indexOf('"', from);
  while (quote !== -1 && places[quote + 1] === '"') quote = places.indexOf('"', quote + 2);
  return quote === -1 ? Number.POSITIVE_INFINITY : quote + 1;
}

function endOfCell({ places, end }: Line, from: number): number {
  const comma = places.indexOf(',', from);
  return comma === -1 || comma > end ? end : comma;
}

/** Short slices are copies; longer ones would keep all of `places` in memory for as long as the cell lives. */
function textOf({ bytes, places, isAscii }: Line, from: number, to: number): string {
  return isAscii && to - from < 13 ? places.slice(from, to) : bytes.toString('utf8', from, to);
}

/** Where the last whole line of `bytes` ends; 0 when there is none. */
export function endOfLines(bytes: Buffer): number {
  return bytes.lastIndexOf(LINE_FEED) + 1;
}

/**
 * Says what is wrong with the first line of a file that should be `expected`, with the usual cause where it shows.
 *
 * @param start the first bytes of the file, as text
 */
export function explainHeader(fileName: string, start: string, expected: string): string {
  const found = start.split('\n', 1)[0] ?? '';
  const signs = [
    ...(found.startsWith('\uFEFF') ? ['a byte order mark'] : []),
    ...(found.includes(';') ? ['semicolons'] : []),
    ...(found.includes('\t') ? ['tabs'] : []),
    ...(found.endsWith('\r') ? ['Windows line ends'] : []),
  ];
  const cause =
    signs.length > 0
      ? `it has ${signs.join(' and ')}, as if a spreadsheet had saved it; put the original back, and only ever open copies`
      : 'it was written by another program or another version; put the original back';
  const shown = found.length > 120 ? `${found.slice(0, 120)}…` : found;
  return `${fileName} begins with ${JSON.stringify(shown)} instead of "${expected.trimEnd()}": ${cause}.`;
}
