import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeText } from '../../client/terminal-safe.ts';

const anything = fc.string({ unit: 'binary', maxLength: 200 });

describe('text for a terminal', () => {
  it('never holds anything that a terminal obeys, or half a character', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const safe = safeText(text);
        expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/);
        expect(safe.isWellFormed()).toBe(true);
      }),
    );
  });

  it('is not changed when it is made safe again', () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(safeText(safeText(text))).toBe(safeText(text));
      }),
    );
  });

  it('shows what it does not let through', () => {
    expect(safeText('\u001b[31mred\u001b]0;title\u0007')).toBe('␛[31mred␛]0;title␇');
    expect(safeText('\u009b2J\r\n\tend\u007f')).toBe('<U+009B>2J␍␊␉end␡');
    expect(safeText('abc\u202egpj.exe')).toBe('abc<U+202E>gpj.exe');
    expect(safeText('half \ud83d')).toBe('half <U+D83D>');
  });

  it('leaves words of any script and joined emoji alone', () => {
    for (const text of ['naïve', 'Привет', 'שלום', 'مرحبا', '日本語', '👩‍👩‍👧‍👦', '❤️', 'e\u0301', 'క్ష', 'می‌خواهم']) {
      expect(safeText(text)).toBe(text);
    }
  });

  it('does not let marks climb over other lines', () => {
    expect(safeText(`a${'\u0301'.repeat(200)}b`)).toBe(`a${'\u0301'.repeat(8)}b`);
  });
});
