import { graphemes, graphemeWidth } from '../../client/screen/text-width.ts';

/** How a cell looks. Colours are `#rrggbb`, or null for the terminal's own. */
export interface Look {
  readonly foreground: string | null;
  readonly background: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

/** Neighbouring cells of one look. `column` is from 0; `cells` is how many the text takes. */
export interface Piece {
  readonly text: string;
  readonly column: number;
  readonly cells: number;
  readonly look: Look;
}

const PLAIN: Look = {
  foreground: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
};

/** The sixteen colours, as many terminals show them. */
const SIXTEEN = [
  ...['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9'],
  ...['#5c6370', '#ef7a85', '#a9d48b', '#f0d08c', '#77bdfb', '#d58fe8', '#6cc7d3', '#ffffff'],
];
const ESCAPE = String.fromCharCode(27);
/** Sets looks; anything else that begins with an escape is left out. */
const SEQUENCE = new RegExp(`${ESCAPE}(?:\\[([\\d;:]*)m|\\[[\\d;:?]*[A-Za-z]|[()][0-9A-Z]|.)`, 'g');

/** The lines of a screen as `tmux capture-pane -e` writes them, taken apart by look. A look lasts over the end of a line. */
export function readScreen(captured: string): Piece[][] {
  let look = PLAIN;
  return captured
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const pieces: Piece[] = [];
      let column = 0;
      let from = 0;
      const take = (text: string): void => {
        if (text === '') return;
        const cells = graphemes(text).reduce((sum, one) => sum + graphemeWidth(one), 0);
        pieces.push({ text, column, cells, look });
        column += cells;
      };
      for (const match of line.matchAll(SEQUENCE)) {
        take(line.slice(from, match.index));
        if (match[1] !== undefined) look = changed(look, match[1]);
        from = match.index + match[0].length;
      }
      take(line.slice(from));
      return pieces;
    });
}

function changed(before: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  let look = before;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index]!;
    if (code === 38 || code === 48) {
      const { colour, used } = extended(codes.slice(index + 1));
      look = code === 38 ? { ...look, foreground: colour } : { ...look, background: colour };
      index += used;
    } else {
      look = { ...look, ...simple(code) };
    }
  }
  return look;
}

function simple(code: number): Partial<Look> {
  if (code === 0) return PLAIN;
  if (code === 1) return { bold: true };
  if (code === 2) return { dim: true };
  if (code === 3) return { italic: true };
  if (code === 4) return { underline: true };
  if (code === 7) return { inverse: true };
  if (code === 22) return { bold: false, dim: false };
  if (code === 23) return { italic: false };
  if (code === 24) return { underline: false };
  if (code === 27) return { inverse: false };
  if (code === 39) return { foreground: null };
  if (code === 49) return { background: null };
  if (code >= 30 && code <= 37) return { foreground: SIXTEEN[code - 30]! };
  if (code >= 90 && code <= 97) return { foreground: SIXTEEN[code - 82]! };
  if (code >= 40 && code <= 47) return { background: SIXTEEN[code - 40]! };
  if (code >= 100 && code <= 107) return { background: SIXTEEN[code - 92]! };
  return {};
}

/** What follows 38 or 48: `5;n` or `2;r;g;b`. */
function extended(codes: readonly number[]): { colour: string | null; used: number } {
  if (codes[0] === 5) return { colour: indexed(codes[1] ?? 0), used: 2 };
  if (codes[0] === 2) return { colour: hex(codes.slice(1, 4)), used: 4 };
  return { colour: null, used: 0 };
}

function indexed(index: number): string {
  if (index < 16) return SIXTEEN[index]!;
  if (index >= 232) return hex(Array.from({ length: 3 }, () => 8 + 10 * (index - 232)));
  const cube = index - 16;
  return hex(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((part) => (part === 0 ? 0 : 55 + 40 * part)),
  );
}

function hex(parts: readonly number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
