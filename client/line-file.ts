import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The records of a file with one JSON value a line. A crash leaves at most the end torn: everything from the first line
 * on that is not whole is left out.
 *
 * @param isRecord tells a record from other JSON
 */
export function readLines<T>(path: string, isRecord: (value: unknown) => value is T): T[] {
  const records: T[] = [];
  const lines = readOrEmpty(path).split('\n');
  // What follows the last line feed is empty, or the torn end.
  for (const line of lines.slice(0, -1)) {
    const value = parseOrUndefined(line);
    if (!isRecord(value)) break;
    records.push(value);
  }
  return records;
}

export function asLines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** Puts a new content in the place of a file's, whole or not at all, surviving a power cut. Readable by its owner only. */
export function replaceFile(path: string, content: string): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** Makes sure that names in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw failure;
  }
}

function parseOrUndefined(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
