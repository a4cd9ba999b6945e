import { createHash } from 'node:crypto';
import { access, type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../shared/assert.ts';
import type { Snapshot, Table } from '../../shared/operations.ts';
import { cutRows, readCell, stringifyRows, writeCell } from './cells.ts';
import { errorCode, newName, readLines, readPieces, syncFolder, withFile, writeOnce, writeSynced } from './files.ts';
import { readKeyedFile, writeKeyedFile } from './keyed-file.ts';
import { moveAside } from './quarantine.ts';

const MANIFEST = 'snapshot.csv';
const FORMAT = '1';
/** Rows turned into CSV at a time: some milliseconds of work between turns of the main loop. */
const ROWS_AT_A_TIME = 1000;
const TABLE_NAME = /^[a-z][a-z0-9_]{0,60}$/;

/** What the manifest says of a table; its columns are in the file. */
export interface TableFile {
  name: string;
  rows: number;
  sha256: string;
}

export interface Manifest extends Omit<Snapshot, 'tables'> {
  tables: TableFile[];
}

/**
 * Replaces the snapshot as a whole. The tables are written beside the old ones as `NAME.csv.new`; then the new manifest
 * takes the place of the old one, and *that rename is the moment the new snapshot exists*: it names the digest of each
 * table, so that a start after a crash knows which files belong to it and finishes the renames that follow.
 *
 * @param beforeItCounts awaited before the rename: the log must reach the snapshot's op on disk first
 */
export async function writeSnapshot(
  folder: string,
  snapshot: Snapshot,
  beforeItCounts: () => Promise<void>,
): Promise<void> {
  const before = await readManifest(folder);
  const tables: TableFile[] = [];
  for (const table of snapshot.tables) tables.push(await writeTable(newName(tablePath(folder, table.name)), table));
  await writeSynced(newName(join(folder, MANIFEST)), formatManifest({ ...snapshot, tables }));
  await beforeItCounts();
  await syncFolder(folder);
  await rename(newName(join(folder, MANIFEST)), join(folder, MANIFEST));
  await syncFolder(folder);
  for (const { name } of tables) await rename(newName(tablePath(folder, name)), tablePath(folder, name));
  const old = before && !('damage' in before) ? before.tables : [];
  const names = new Set(tables.map((table) => table.name));
  for (const { name } of old) if (!names.has(name)) await rm(tablePath(folder, name), { force: true });
  await syncFolder(folder);
}

/**
 * Finishes or rolls back what a crash interrupted, then reads the snapshot.
 *
 * @param repairs gets a sentence when the snapshot is not whole; it is then set aside, since the log has everything
 */
export async function readSnapshot(folder: string, repairs: string[]): Promise<Snapshot | null> {
  const manifest = await readManifest(folder);
  let damage = manifest && 'damage' in manifest ? manifest.damage : undefined;
  const tables: Table[] = [];
  if (manifest && !('damage' in manifest)) {
    for (const file of manifest.tables) {
      const table = await readTable(folder, file);
      if (typeof table === 'string') damage = table;
      else tables.push(table);
    }
  }
  if (damage !== undefined) {
    repairs.push(await setSnapshotAside(folder, damage));
    return null;
  }
  await removeLeftovers(folder);
  return manifest && !('damage' in manifest) ? { ...manifest, tables } : null;
}

/** Takes the snapshot out of use; the state is then made from the log alone. @returns the sentence for the operator */
export async function setSnapshotAside(folder: string, reason: string): Promise<string> {
  const aside = await moveAside(join(folder, MANIFEST), reason);
  await removeLeftovers(folder);
  return `The snapshot was not used because ${reason}; its manifest is kept in ${aside}, and the log is read from the beginning instead.`;
}

/** Whether the folder holds a snapshot, whole or not. */
export async function hasSnapshot(folder: string): Promise<boolean> {
  return access(join(folder, MANIFEST)).then(
    () => true,
    () => false,
  );
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith('.csv.new')) await rm(join(folder, name));
}

function tablePath(folder: string, name: string): string {
  return join(folder, `${name}.csv`);
}

async function writeTable(path: string, table: Table): Promise<TableFile> {
  assert(TABLE_NAME.test(table.name) && !['snapshot', 'view'].includes(table.name), `no table can be "${table.name}"`);
  const file = await open(path, 'w');
  try {
    const digest = createHash('sha256');
    let position = 0;
    const add = async (rows: readonly (readonly string[])[]) => {
      const bytes = Buffer.from(stringifyRows(rows));
      digest.update(bytes);
      await writeOnce(file, bytes, position);
      position += bytes.length;
    };
    await add([table.columns]);
    for (let start = 0; start < table.rows.length; start += ROWS_AT_A_TIME) {
      await add(table.rows.slice(start, start + ROWS_AT_A_TIME).map((row) => row.map(writeCell)));
    }
    await file.sync();
    return { name: table.name, rows: table.rows.length, sha256: digest.digest('hex') };
  } finally {
    await file.close();
  }
}

/** @returns the table, or a clause that says what is wrong with its file */
async function readTable(folder: string, expected: TableFile): Promise<Table | string> {
  const path = tablePath(folder, expected.name);
  if ((await digestOf(newName(path))) === expected.sha256) {
    await rename(newName(path), path);
    await syncFolder(folder);
  }
  const found = await digestOf(path);
  if (found === undefined) return `${expected.name}.csv is missing`;
  if (found !== expected.sha256) return `${expected.name}.csv does not match its digest in ${MANIFEST}`;
  return withFile(path, (file) => readRows(file, expected));
}

async function readRows(file: FileHandle, expected: TableFile): Promise<Table | string> {
  const rows: string[][] = [];
  await eachRow(file, (cells) => rows.push(cells));
  const columns = rows.shift() ?? [];
  if (rows.length !== expected.rows) return `${expected.name}.csv has ${rows.length} rows, not ${expected.rows}`;
  return { name: expected.name, columns, rows };
}

/** Gives the cells of each row of a table, the columns' names first. */
async function eachRow(file: FileHandle, onRow: (cells: string[]) => void): Promise<void> {
  const { size } = await file.stat();
  await readLines(file, 0, size, (lines) => {
    for (const { cells } of cutRows(lines)) onRow((cells ?? []).map((cell) => readCell(cell) ?? ''));
    return true;
  });
}

/** A table's file where it stands now: under its name, or still beside it when a crash came before the rename. */
async function findTable(folder: string, { name, sha256 }: TableFile): Promise<{ path: string; isWhole: boolean }> {
  const path = tablePath(folder, name);
  for (const one of [newName(path), path]) if ((await digestOf(one)) === sha256) return { path: one, isWhole: true };
  return { path, isWhole: false };
}

/** A snapshot as it lies on the disk, for a look. */
export interface FoundSnapshot {
  manifest: Manifest;
  /** Its files, the manifest first. */
  files: string[];
  /** One clause for each table that is not whole. */
  damages: string[];
}

/**
 * Looks at the snapshot and changes nothing.
 *
 * @param onRow gets each row of each whole table, its column names first; without it only digests are looked at
 * @returns null when there is none, or a clause that says what is wrong with its manifest
 */
export async function inspectSnapshot(
  folder: string,
  onRow?: (table: string, cells: string[]) => void,
): Promise<FoundSnapshot | { damage: string } | null> {
  const manifest = await readManifest(folder);
  if (!manifest || 'damage' in manifest) return manifest;
  const found: FoundSnapshot = { manifest, files: [join(folder, MANIFEST)], damages: [] };
  for (const table of manifest.tables) {
    const { path, isWhole } = await findTable(folder, table);
    found.files.push(path);
    if (!isWhole) {
      found.damages.push(`${path} is missing, or does not match its digest in ${MANIFEST}`);
      continue;
    }
    if (!onRow) continue;
    let rows = -1;
    await withFile(path, (file) =>
      eachRow(file, (cells) => {
        rows += 1;
        onRow(table.name, cells);
      }),
    );
    if (rows !== table.rows) found.damages.push(`${path} has ${rows} rows, but ${MANIFEST} says ${table.rows}`);
  }
  return found;
}

async function digestOf(path: string): Promise<string | undefined> {
  try {
    const digest = createHash('sha256');
    await withFile(path, async (file) =>
      readPieces(file, 0, (await file.stat()).size, (bytes) => {
        digest.update(bytes);
        return true;
      }),
    );
    return digest.digest('hex');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function formatManifest(manifest: Manifest): string {
  return writeKeyedFile([
    ['format', FORMAT],
    ['op', String(manifest.op)],
    ['chain', manifest.chain],
    ['view', manifest.view],
    ['complete', String(manifest.complete)],
    ...manifest.tables.map(({ name, rows, sha256 }) => ['table', `${name} ${rows} ${sha256}`] as const),
  ]);
}

async function readManifest(folder: string): Promise<Manifest | { damage: string } | null> {
  let content: string;
  try {
    content = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  const read = readKeyedFile(MANIFEST, content);
  if ('damage' in read) return read;
  const value = (key: string) => read.rows.find((row) => row[0] === key)?.[1] ?? '';
  if (value('format') !== FORMAT) return { damage: `${MANIFEST} has format "${value('format')}", not ${FORMAT}` };
  const tables = read.rows
    .filter(([key]) => key === 'table')
    .map(([, text]) => {
      const [name = '', rows, sha256 = ''] = text.split(' ');
      return { name, rows: Number(rows), sha256 };
    });
  const op = Number(value('op'));
  return { op, chain: value('chain'), view: value('view'), complete: value('complete') === 'true', tables };
}
