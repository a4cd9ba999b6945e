/**
 * Lines of a table for a terminal: columns as wide as their widest cell, two spaces between them.
 *
 * @param rows the first one is the header
 * @param rightAligned numbers of the columns that hold numbers, from 0
 */
export function tableLines(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const pad = (cell: string, column: number) =>
    rightAligned.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  return rows.map((cells) => cells.map(pad).join('  ').trimEnd());
}

/** Breaks a sentence at spaces, so that no line is longer than `width` unless a word is. */
export function wrapped(text: string, width = 80): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
