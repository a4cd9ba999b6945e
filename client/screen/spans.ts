import { fitText, graphemes, graphemeWidth, textWidth } from './text-width.ts';

const NAME_LOOKS = ['name1', 'name2', 'name3', 'name4', 'name5', 'name6'] as const;

/** How a piece of text is to look; the terminal decides on colours. */
export type Look =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'good'
  | 'warning'
  | 'bad'
  | 'accent'
  | 'mention'
  | 'selected'
  | 'cursor'
  | (typeof NAME_LOOKS)[number];

/** The same name always looks the same. */
export function nameLook(key: string): Look {
  let sum = 0;
  for (const character of key) sum = (sum * 31 + character.codePointAt(0)!) % 65_521;
  return NAME_LOOKS[sum % NAME_LOOKS.length]!;
}

/** A piece of a line; its text holds nothing that a terminal would obey. */
export interface Span {
  readonly text: string;
  readonly look: Look;
}

/** One row of the screen or of a part of it. */
export type Line = readonly Span[];

export function span(text: string, look: Look = 'plain'): Span {
  return { text, look };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, one) => sum + textWidth(one.text), 0);
}

/** The line in at most `width` cells. */
export function fitLine(line: Line, width: number): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const one of line) {
    if (left <= 0) break;
    const text = fitText(one.text, left);
    fitted.push({ ...one, text });
    left -= textWidth(text);
  }
  return fitted;
}

/** `left` and `right` at the edges of a row of `width` cells; `right` gives way when both do not fit. */
export function spread(left: Line, right: Line, width: number): Line {
  const gap = width - lineWidth(left) - lineWidth(right);
  if (gap < 1) return fitLine(left, width);
  return [...left, span(' '.repeat(gap)), ...right];
}

/** The end of a text that fits into `width` cells, for fields in which the cursor stands at the end. */
export function tailOfText(text: string, width: number): string {
  const kept: string[] = [];
  let used = 0;
  for (const grapheme of graphemes(text).reverse()) {
    used += graphemeWidth(grapheme);
    if (used > width) break;
    kept.unshift(grapheme);
  }
  return kept.join('');
}
