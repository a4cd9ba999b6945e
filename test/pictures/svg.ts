import type { Look, Piece } from './ansi-screen.ts';

const CELL_WIDTH = 8.4;
const ROW_HEIGHT = 18;
const MARGIN = 14;
const BASELINE = 13.5;
const PAPER = '#1e222a';
const INK = '#d8dee9';

export interface Picture {
  /** Read out to those who do not see it. */
  title: string;
  columns: number;
  rows: readonly (readonly Piece[])[];
}

/** A screen as an SVG. Each piece of text is put where it stands and made as wide as its cells, whatever font is there. */
export function svgOf({ title, columns, rows }: Picture): string {
  const width = round(columns * CELL_WIDTH + 2 * MARGIN);
  const height = round(rows.length * ROW_HEIGHT + 2 * MARGIN);
  const lines = rows.flatMap((pieces, row) => pieces.flatMap((piece) => drawn(piece, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${INK}" xml:space="preserve">`,
    ...lines,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The text in a picture, in order, for comparing what it shows with something else. */
export function textOf(svg: string): string {
  const pieces = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!.trim());
  return pieces.join(' ').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function drawn(piece: Piece, row: number): string[] {
  const { foreground, background } = coloursOf(piece.look);
  const x = round(MARGIN + piece.column * CELL_WIDTH);
  const y = round(MARGIN + row * ROW_HEIGHT);
  const width = round(piece.cells * CELL_WIDTH);
  const box =
    background === null
      ? []
      : [`<rect x="${x}" y="${y}" width="${width}" height="${ROW_HEIGHT}" fill="${background}"/>`];
  if (piece.text.trim() === '') return box;
  const looks = [
    foreground === INK ? '' : ` fill="${foreground}"`,
    piece.look.bold ? ' font-weight="bold"' : '',
    piece.look.dim ? ' opacity="0.6"' : '',
    piece.look.italic ? ' font-style="italic"' : '',
    piece.look.underline ? ' text-decoration="underline"' : '',
  ].join('');
  const place = `x="${x}" y="${round(y + BASELINE)}" textLength="${width}" lengthAdjust="spacingAndGlyphs"`;
  return [...box, `<text ${place}${looks}>${escaped(piece.text)}</text>`];
}

function coloursOf(look: Look): { foreground: string; background: string | null } {
  const foreground = look.foreground ?? INK;
  if (!look.inverse) return { foreground, background: look.background };
  return { foreground: look.background ?? PAPER, background: foreground };
}

function round(length: number): number {
  return Math.round(10 * length) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
