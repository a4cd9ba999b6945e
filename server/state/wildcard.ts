/** A pattern that was read once and is compared many times. */
export interface Wildcard {
  /** What every matching text starts with; a sorted list needs to be searched only there. */
  readonly prefix: string;
  /** Takes at most as many steps as the pattern's length times the text's, whatever the pattern. */
  matches(text: string): boolean;
}

/**
 * Reads a pattern in which `*` stands for any characters or none and `?` for exactly one (a code point); everything
 * else stands for itself. Compares exactly: whoever wants case ignored folds pattern and text alike.
 */
export function readWildcard(pattern: string): Wildcard {
  const characters = [...pattern];
  const firstWild = characters.findIndex((character) => character === '*' || character === '?');
  const prefix = firstWild < 0 ? pattern : characters.slice(0, firstWild).join('');
  const codePoints = characters.map((character) => character.codePointAt(0)!);
  return { prefix, matches: (text) => text.startsWith(prefix) && matchesAll(codePoints, text) };
}

const STAR = 0x2a;
const QUESTION_MARK = 0x3f;

/**
 * Only the last `*` that was met is ever tried again: what earlier ones swallowed may stay as it is, since the last
 * one can swallow whatever follows. That is what keeps patterns like `*a*a*a*b` from taking exponential time.
 */
function matchesAll(pattern: readonly number[], text: string): boolean {
  let inPattern = 0;
  let inText = 0;
  let afterStar = -1;
  let swallowedTo = 0;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    const found = text.codePointAt(inText)!;
    if (wanted === STAR) {
      inPattern++;
      afterStar = inPattern;
      swallowedTo = inText;
    } else if (wanted === QUESTION_MARK || wanted === found) {
      inPattern++;
      inText += lengthOf(found);
    } else if (afterStar >= 0) {
      swallowedTo += lengthOf(text.codePointAt(swallowedTo)!);
      inText = swallowedTo;
      inPattern = afterStar;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === STAR) inPattern++;
  return inPattern === pattern.length;
}

/** In UTF-16 code units. */
function lengthOf(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}
