import { hash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { explainHeader, readCell, stringifyRows, writeCell } from './cells.ts';

const HEADER = 'key,value\n';

/** A small file of keys and values that vouches for itself: the last row is the SHA-256 of all lines above it. */
export type KeyedRows = readonly (readonly [key: string, value: string])[];

export function writeKeyedFile(rows: KeyedRows): string {
  const content = HEADER + stringifyRows(rows.map(([key, value]) => [key, writeCell(value)]));
  return `${content}sha256,${hash('sha256', content)}\n`;
}

/** @returns the rows, or a clause that says why this is not a whole file of that kind */
export function readKeyedFile(name: string, content: string): { rows: [string, string][] } | { damage: string } {
  if (content === '') return { damage: `${name} is empty` };
  if (!content.startsWith(HEADER)) return { damage: explainHeader(name, content, HEADER).replace(/\.$/, '') };
  const digestStart = content.lastIndexOf('\n', content.length - 2) + 1;
  const covered = content.slice(0, digestStart);
  if (content.slice(digestStart) !== `sha256,${hash('sha256', covered)}\n`) {
    return { damage: `${name} does not match the digest in its last row` };
  }
  const rows: [string, string][] = [];
  for (const [key, value] of recordsIn(covered.slice(HEADER.length)) ?? []) {
    const text = value === undefined ? undefined : readCell(value);
    if (key === undefined || text === undefined) return { damage: `${name} has a row that is not a key and a value` };
    rows.push([key, text]);
  }
  return rows.length > 0 ? { rows } : { damage: `${name} has a row that is not a key and a value` };
}

/** Undefined when a row is none: somebody else than this program wrote a digest that fits it. */
function recordsIn(content: string): string[][] | undefined {
  try {
    return parse(content, { record_delimiter: '\n', max_record_size: 0 });
  } catch {
    return undefined;
  }
}
