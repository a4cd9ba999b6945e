/**
 * What a terminal might obey rather than show: C0 and C1 control characters (line feed and tab too), DEL, line and
 * paragraph separators, marks and overrides of the writing direction, other invisible format characters of no use in a
 * chat, and lone surrogates. Joiners, variation selectors and the mere marks of direction (U+200E, U+200F) stay: scripts and
 * emoji are made of them.
 */
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0001}]|\p{Surrogate}/gu;
/** Marks that are piled on one character climb over the lines around it. */
const PILED_MARKS = /(\p{M}{8})\p{M}+/gu;

/**
 * Makes any text safe to be written to a terminal, on one line: what a terminal might obey is shown instead: `␛`, `␍`,
 * or `<U+202E>`. Harmless text is returned as it is; safe text stays as it is when made safe again.
 */
export function safeText(text: string): string {
  return text.replace(HARMFUL, visible).replace(PILED_MARKS, '$1');
}

function visible(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

/** A JSON value as text of one line that is safe for a terminal and still says the same: what might harm is written as escapes. */
export function safeJson(value: unknown): string {
  const text = JSON.stringify(value).replace(PILED_MARKS, (marks) => escaped(marks));
  return text.replace(HARMFUL, escaped);
}

function escaped(text: string): string {
  return text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
