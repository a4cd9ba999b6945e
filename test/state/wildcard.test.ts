import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWildcard } from '../../server/state/wildcard.ts';

/** Obviously right, and exponential. */
function naivelyMatches(pattern: readonly string[], text: readonly string[]): boolean {
  const [wanted, ...restOfPattern] = pattern;
  if (wanted === undefined) return text.length === 0;
  if (wanted === '*')
    return (
      text.some((_, start) => naivelyMatches(restOfPattern, text.slice(start))) || naivelyMatches(restOfPattern, [])
    );
  return text.length > 0 && (wanted === '?' || wanted === text[0]) && naivelyMatches(restOfPattern, text.slice(1));
}

describe('a wildcard', () => {
  it('matches what a naive matcher matches', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '😀', '*', '?'), { maxLength: 8 });
    const text = fc.array(fc.constantFrom('a', 'b', '😀'), { maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (patternCharacters, textCharacters) => {
        const found = readWildcard(patternCharacters.join('')).matches(textCharacters.join(''));
        expect(found).toBe(naivelyMatches(patternCharacters, textCharacters));
      }),
      { seed: 1538, numRuns: 3000 },
    );
  });

  it('knows what every matching text starts with', () => {
    expect(readWildcard('ab*c').prefix).toBe('ab');
    expect(readWildcard('?b').prefix).toBe('');
    expect(readWildcard('ab').prefix).toBe('ab');
  });

  it('takes the characters of regular expressions for themselves', () => {
    expect(readWildcard('a.[c]\\^').matches('a.[c]\\^')).toBe(true);
    expect(readWildcard('a.c').matches('abc')).toBe(false);
  });

  it('needs no exponential time for many stars', () => {
    expect(readWildcard(`${'*a'.repeat(31)}*b`).matches('a'.repeat(500))).toBe(false);
  });
});
