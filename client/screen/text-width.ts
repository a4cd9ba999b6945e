/** Widths are counted in terminal cells, as `string-width` and most terminals count them. */

const graphemeSegmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PLAIN = /^[\x20-\x7e]*$/;
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Cs}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f|^[\d#*]\u20e3$/u;
const SPACING = /[\p{Mc}\uff00-\uffef]/u;
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4dc0, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

/** The user-perceived characters of a text, in order. */
export function graphemes(text: string): string[] {
  if (PLAIN.test(text)) return [...text];
  return Array.from(graphemeSegmenter.segment(text), (piece) => piece.segment);
}

function isWide(codePoint: number): boolean {
  return WIDE_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}

/** Cells that one user-perceived character takes; clusters that count differently in places are counted wide. */
export function graphemeWidth(grapheme: string): number {
  if (PLAIN.test(grapheme)) return grapheme.length;
  if (INVISIBLE.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) {
    if (INVISIBLE.test(character)) continue;
    const cells = isWide(character.codePointAt(0)!) ? 2 : 1;
    if (width === 0 || cells === 2 || SPACING.test(character)) width += cells;
  }
  return width;
}

/** Cells that a text without line breaks takes. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** The text in at most `width` cells; what is cut off is replaced by `…`. */
export function fitText(text: string, width: number): string {
  if (width <= 0) return '';
  if (textWidth(text) <= width) return text;
  let fitted = '';
  let used = 0;
  for (const grapheme of graphemes(text)) {
    used += graphemeWidth(grapheme);
    if (used > width - 1) break;
    fitted += grapheme;
  }
  return `${fitted}…`;
}

/** {@link fitText}, filled up with spaces to exactly `width` cells. */
export function padText(text: string, width: number): string {
  const fitted = fitText(text, width);
  return fitted + ' '.repeat(Math.max(0, width - textWidth(fitted)));
}

/** A row of a wrapped text: the half-open range of UTF-16 units that it shows. */
export interface WrappedRow {
  start: number;
  end: number;
}

/**
 * Breaks a text into rows of at most `width` cells (at least 1): at line feeds, else behind the last space that fits,
 * else inside the word. One space at a break belongs to no row. There is always at least one row.
 */
export function wrapRows(text: string, width: number): WrappedRow[] {
  const rows: WrappedRow[] = [];
  let offset = 0;
  for (const line of text.split('\n')) {
    wrapLine(line, offset, Math.max(1, width), rows);
    offset += line.length + 1;
  }
  return rows;
}

function wrapLine(line: string, offset: number, width: number, rows: WrappedRow[]): void {
  let start = 0;
  let used = 0;
  let breakAt = -1;
  let usedAtBreak = 0;
  let index = 0;
  for (const grapheme of graphemes(line)) {
    const cells = graphemeWidth(grapheme);
    if (used + cells > width && index > start) {
      if (grapheme === ' ') {
        rows.push({ start: offset + start, end: offset + index });
        start = index + 1;
        used = 0;
      } else if (breakAt - 1 > start && used - usedAtBreak + cells <= width) {
        rows.push({ start: offset + start, end: offset + breakAt - 1 });
        start = breakAt;
        used = used - usedAtBreak + cells;
      } else {
        rows.push({ start: offset + start, end: offset + index });
        start = index;
        used = cells;
      }
      breakAt = -1;
    } else {
      used += cells;
      if (grapheme === ' ') {
        breakAt = index + 1;
        usedAtBreak = used;
      }
    }
    index += grapheme.length;
  }
  rows.push({ start: offset + start, end: offset + line.length });
}

/** The rows of {@link wrapRows} as texts. */
export function wrapText(text: string, width: number): string[] {
  return wrapRows(text, width).map((row) => text.slice(row.start, row.end));
}
