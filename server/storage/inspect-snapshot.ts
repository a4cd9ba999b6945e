import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { newName } from './files.ts';
import { MANIFEST, type Manifest, readManifest, type TableFile } from './snapshot-manifest.ts';
import { digestOf, readRowsOf, tablePath } from './snapshot-tables.ts';

/** A file of a snapshot. */
export interface SnapshotFile {
  path: string;
  /** Under this name it belongs to the snapshot; it may still stand beside it. */
  name: string;
  /** So many of its bytes belong to the snapshot; undefined: all. */
  bytes: number | undefined;
  /** It is written to in its place, so that a copy cannot share it. */
  isGrowing: boolean;
}

/** A snapshot as it lies on the disk, for a look. */
export interface InspectedSnapshot {
  manifest: Manifest;
  /** Its files, the manifest first. */
  files: SnapshotFile[];
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
): Promise<InspectedSnapshot | { damage: string } | null> {
  const manifest = await readManifest(folder);
  if (!manifest || 'damage' in manifest) return manifest;
  const itself = { path: join(folder, MANIFEST), name: MANIFEST, bytes: undefined, isGrowing: false };
  const found: InspectedSnapshot = { manifest, files: [itself], damages: [] };
  for (const table of manifest.tables) {
    const path = await findTable(folder, table);
    const isGrowing = table.kind === 'growing_table';
    const name = `${table.name}.csv`;
    found.files.push({ path: path ?? tablePath(folder, table.name), name, bytes: table.bytes, isGrowing });
    if (path === undefined) {
      found.damages.push(`${tablePath(folder, table.name)} is missing, or does not match its digest in ${MANIFEST}`);
    } else if (onRow) {
      const rows = await showRows(path, table, onRow);
      if (rows !== table.rows) found.damages.push(`${path} has ${rows} rows, but ${MANIFEST} says ${table.rows}`);
    }
  }
  return found;
}

/** Where the table stands now: under its name, or still beside it when a crash came before the rename; undefined when it is not whole. */
async function findTable(folder: string, table: TableFile): Promise<string | undefined> {
  const path = tablePath(folder, table.name);
  for (const one of [newName(path), path]) if (await isTable(one, table)) return one;
  return undefined;
}

async function isTable(path: string, { kind, sha256, bytes }: TableFile): Promise<boolean> {
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  if (kind !== 'growing_table' && size !== bytes) return false;
  return (await digestOf(path, bytes))?.digest('hex') === sha256;
}

async function showRows(
  path: string,
  { name, bytes }: TableFile,
  onRow: (table: string, cells: string[]) => void,
): Promise<number> {
  let count = 0;
  let hasColumns = false;
  await readRowsOf(path, bytes, (rows, columns) => {
    if (!hasColumns) onRow(name, columns);
    hasColumns = true;
    count += rows.length;
    for (const row of rows) onRow(name, row);
  });
  return count;
}
