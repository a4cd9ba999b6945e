import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../shared/assert.ts';
import type { LongTable, Table } from '../../shared/operations.ts';
import { cutRows, readCell, stringifyRows, writeCell } from './cells.ts';
import { errorCode, newName, readLines, readPieces, withFile, writeOnce } from './files.ts';
import type { TableFile } from './snapshot-manifest.ts';

/** Rows turned into CSV at a time: some milliseconds of work between turns of the main loop. */
const ROWS_AT_A_TIME = 1000;
/** Nobody is served yet while tables are read, and on a busy machine each call waits for its turn. */
const READ_BYTES = 256 * 1024;
const TABLE_NAME = /^[a-z][a-z0-9_]{0,60}$/;

/** How far a growing table is written, with the digest of it so far. */
export interface GrowingTable {
  rows: number;
  bytes: number;
  digest: Hash;
}

export function tablePath(folder: string, name: string): string {
  return join(folder, `${name}.csv`);
}

/** Writes a table beside the one that is there, as `NAME.csv.new`. */
export async function writeTable(folder: string, table: Table | LongTable, op: number): Promise<TableFile> {
  assert(TABLE_NAME.test(table.name) && !['snapshot', 'view'].includes(table.name), `no table can be "${table.name}"`);
  const { rows, bytes, digest } = await write(newName(tablePath(folder, table.name)), table, undefined);
  const kind = !('pieces' in table) ? 'table' : table.isForPeople ? 'list' : 'long_table';
  return { kind, name: table.name, rows, sha256: digest.digest('hex'), bytes, op };
}

/**
 * Adds rows at the end of a growing table, in its place; what stands there beyond `before` is left from an attempt that a crash ended.
 * Until a manifest counts them they are not there.
 */
export async function growTable(
  folder: string,
  table: LongTable,
  before: GrowingTable | undefined,
  op: number,
): Promise<{ file: TableFile; grown: GrowingTable }> {
  const { name, rowsBefore } = table;
  const found = before?.rows ?? 0;
  assert(rowsBefore === found, `${name} is to grow after row ${rowsBefore}, but it has ${found} rows`);
  const path = tablePath(folder, name);
  const grown = await write(before ? path : newName(path), table, before);
  const sha256 = grown.digest.copy().digest('hex');
  return { file: { kind: 'growing_table', name, rows: grown.rows, sha256, bytes: grown.bytes, op }, grown };
}

async function write(path: string, table: Table | LongTable, before: GrowingTable | undefined): Promise<GrowingTable> {
  const file = await open(path, before ? 'r+' : 'w');
  try {
    if (before) await file.truncate(before.bytes);
    const written = before
      ? { ...before, digest: before.digest.copy() }
      : { rows: 0, bytes: 0, digest: createHash('sha256') };
    const add = async (rows: Table['rows']) => {
      const bytes = Buffer.from(stringifyRows(rows));
      written.digest.update(bytes);
      await writeOnce(file, bytes, written.bytes);
      written.bytes += bytes.length;
    };
    if (!before) await add([table.columns]);
    for await (const rows of 'pieces' in table ? table.pieces : [table.rows]) {
      for (let start = 0; start < rows.length; start += ROWS_AT_A_TIME) {
        await add(rows.slice(start, start + ROWS_AT_A_TIME).map((row) => row.map(writeCell)));
      }
      written.rows += rows.length;
    }
    await file.sync();
    return written;
  } finally {
    await file.close();
  }
}

/** @returns the table, or a clause that says what is wrong with its file */
export async function readTable(folder: string, expected: TableFile): Promise<Table | string> {
  const rows: string[][] = [];
  let columns: string[] = [];
  await readTableRows(folder, expected, (some, header) => {
    columns = header;
    rows.push(...some);
  });
  if (rows.length !== expected.rows) return `${expected.name}.csv has ${rows.length} rows, not ${expected.rows}`;
  return { name: expected.name, columns, rows };
}

/**
 * Reads the rows of a table whose digest was checked before.
 *
 * @param onRows gets them in order, some hundred at a time, with the names of the columns
 */
export function readTableRows(
  folder: string,
  { name, bytes }: TableFile,
  onRows: (rows: string[][], columns: string[]) => void,
): Promise<void> {
  return readRowsOf(tablePath(folder, name), bytes, onRows);
}

/** As {@link readTableRows}, from the first bytes of a file that may stand elsewhere. */
export async function readRowsOf(
  path: string,
  bytes: number,
  onRows: (rows: string[][], columns: string[]) => void,
): Promise<void> {
  let columns: string[] | undefined;
  const take = (lines: Buffer) => {
    const rows = cutRows(lines).map(({ cells }) => (cells ?? []).map((cell) => readCell(cell) ?? ''));
    columns ??= rows.shift() ?? [];
    onRows(rows, columns);
    return true;
  };
  await withFile(path, (file) => readLines(file, 0, bytes, take, { pieceBytes: READ_BYTES }));
}

/** The digest of the first bytes of a file, of all of it when it is shorter; undefined when there is no such file. */
export async function digestOf(path: string, bytes: number): Promise<Hash | undefined> {
  const digest = createHash('sha256');
  const update = (piece: Buffer) => {
    digest.update(piece);
    return true;
  };
  try {
    await withFile(path, async (file) => readPieces(file, 0, Math.min(bytes, (await file.stat()).size), update));
    return digest;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
