import { access, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewSnapshot, Snapshot, Table } from '../../shared/operations.ts';
import { newName, syncFolder, writeSynced } from './files.ts';
import { moveAside } from './quarantine.ts';
import { formatManifest, MANIFEST, readManifest, type SnapshotPlace, type TableFile } from './snapshot-manifest.ts';
import { digestOf, type GrowingTable, growTable, readTable, tablePath, writeTable } from './snapshot-tables.ts';

/** How far the growing tables of a folder are written, by their names. */
export type GrowingTables = Map<string, GrowingTable>;

/**
 * Replaces the snapshot as a whole. The tables are written beside the old ones as `NAME.csv.new`; then the new manifest
 * takes the place of the old one, and *that rename is the moment the new snapshot exists*: it names the digest of each
 * table, so that a start after a crash knows which files belong to it and finishes the renames that follow. Rows of a growing table
 * are added in place: what the manifest does not count is not there. A list for people that is left out stays as it is.
 *
 * @param growing how far growing tables are written; brought up to date when the snapshot counts
 * @param beforeItCounts awaited before the rename: the log must reach the snapshot's op on disk first
 */
export async function writeSnapshot(
  folder: string,
  snapshot: NewSnapshot,
  growing: GrowingTables,
  beforeItCounts: () => Promise<void>,
): Promise<void> {
  const before = await readManifest(folder);
  const old = before && !('damage' in before) ? before.tables : [];
  const tables: TableFile[] = [];
  const grownTables: GrowingTables = new Map();
  for (const table of snapshot.tables) tables.push(await writeTable(folder, table, snapshot.op));
  for (const table of snapshot.longTables ?? []) {
    if (table.rowsBefore === null) {
      tables.push(await writeTable(folder, table, snapshot.op));
      continue;
    }
    const { file, grown } = await growTable(folder, table, growing.get(table.name), snapshot.op);
    tables.push(file);
    grownTables.set(table.name, grown);
  }
  const written = new Set(tables.map(({ name }) => name));
  const kept = old.filter(({ kind, name }) => kind === 'list' && !written.has(name));
  const content = formatManifest({ ...snapshot, tables: [...tables, ...kept] });
  await writeSynced(newName(join(folder, MANIFEST)), content);
  await beforeItCounts();
  await syncFolder(folder);
  await rename(newName(join(folder, MANIFEST)), join(folder, MANIFEST));
  await syncFolder(folder);
  for (const { name } of tables) {
    const isBeside = !growing.has(name);
    if (isBeside) await rename(newName(tablePath(folder, name)), tablePath(folder, name));
  }
  for (const [name, grown] of grownTables) growing.set(name, grown);
  const names = new Set([...written, ...kept.map(({ name }) => name)]);
  for (const { name } of old) if (!names.has(name)) await rm(tablePath(folder, name), { force: true });
  await syncFolder(folder);
}

/** What there is of a snapshot. */
export interface FoundSnapshot {
  /** Null when there is none, or when it can't be used. */
  snapshot: Snapshot | null;
  /** Where the log was when the snapshot was made, also when its tables can't be used. */
  place: SnapshotPlace | null;
  growing: GrowingTables;
  files: TableFile[];
}

/**
 * Finishes or rolls back what a crash interrupted, then reads the tables of the snapshot, but for those that are read in pieces.
 *
 * @param repairs gets a sentence when the snapshot is not whole; it is then set aside, since the log has everything
 */
export async function readSnapshot(folder: string, repairs: string[]): Promise<FoundSnapshot> {
  const manifest = await readManifest(folder);
  const nothing: FoundSnapshot = { snapshot: null, place: null, growing: new Map(), files: [] };
  if (!manifest) {
    await removeLeftovers(folder);
    return nothing;
  }
  if ('damage' in manifest) {
    repairs.push(await setSnapshotAside(folder, manifest.damage));
    return { ...nothing, place: manifest.place };
  }
  const { tables: files, ...place } = manifest;
  const tables: Table[] = [];
  const growing: GrowingTables = new Map();
  for (const file of files) {
    const table = await checkTable(folder, file, growing);
    if (typeof table === 'string') {
      repairs.push(await setSnapshotAside(folder, table));
      return { ...nothing, place };
    }
    if (table) tables.push(table);
  }
  await removeLeftovers(folder);
  return { snapshot: { ...place, tables }, place, growing, files };
}

/** @returns the table if it is one that is read as a whole, or a clause that says what is wrong with its file */
async function checkTable(
  folder: string,
  file: TableFile,
  growing: GrowingTables,
): Promise<Table | string | undefined> {
  const { kind, name, bytes, sha256, rows } = file;
  const path = tablePath(folder, name);
  const beside = await digestOf(newName(path), bytes);
  if (beside?.digest('hex') === sha256) {
    await rename(newName(path), path);
    await syncFolder(folder);
  }
  // Nothing depends on what only people read.
  if (kind === 'list') return undefined;
  const digest = await digestOf(path, bytes);
  if (!digest) return `${name}.csv is missing`;
  const found = digest.copy().digest('hex');
  if (found !== sha256) return `${name}.csv does not match its digest in ${MANIFEST}`;
  if (kind === 'table') return readTable(folder, file);
  if (kind === 'growing_table') growing.set(name, { rows, bytes, digest });
  return undefined;
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
