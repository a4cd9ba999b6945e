import { safeText } from '../terminal-safe.ts';

const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/** The lines of a text from anywhere, each without anything that a terminal would obey. */
export function safeLines(text: string): string[] {
  return text.split(LINE_BREAK).map((line) => safeText(line.replaceAll('\t', '  ')));
}

/** A name or another text that belongs on one row. */
export function safeLine(text: string): string {
  return safeLines(text).join(' ');
}
