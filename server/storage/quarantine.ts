import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { QuarantineStatus } from '../../shared/api.ts';
import { stringifyRows, writeCell } from './cells.ts';
import { errorCode, syncFolder, writeOnce } from './files.ts';

/** Where a database keeps what was ever cut off or set aside. Nothing is removed from it by the program. */
export function quarantineFolder(databaseFolder: string): string {
  return join(databaseFolder, 'quarantine');
}

const REASONS = 'quarantine.csv';
const REASONS_HEADER = 'time,file,reason\n';
const NEWEST_SHOWN = 3;

/** What lies in a database's quarantine, the newest first by the time in its name. */
export async function listQuarantine(databaseFolder: string): Promise<QuarantineStatus> {
  const path = quarantineFolder(databaseFolder);
  const names = (await readdir(path).catch(() => [])).filter((name) => name !== REASONS && !name.endsWith('.new'));
  const time = (name: string) => /\d{4}-\d\d-\d\dT[\d.]+Z/.exec(name)?.[0] ?? '';
  const newest = names.sort((a, b) => (time(a) < time(b) ? 1 : -1)).slice(0, NEWEST_SHOWN);
  return { path, count: names.length, newest };
}

/**
 * Writes a new file into the quarantine and notes why. When it resolves, both are on the disk.
 *
 * @param name a name to start from; the time and, if needed, a number are put into it
 * @param fill writes the content; what it wrote is synced afterwards
 * @returns the file, as `quarantine/NAME`
 */
export async function setAside(
  databaseFolder: string,
  name: string,
  reason: string,
  fill: (file: FileHandle) => Promise<void>,
): Promise<string> {
  const folder = quarantineFolder(databaseFolder);
  const { file, path } = await createNew(folder, name);
  try {
    await fill(file);
    await file.sync();
  } finally {
    await file.close();
  }
  await noteReason(folder, basename(path), reason);
  return `quarantine/${basename(path)}`;
}

/** Moves a whole file into the quarantine and notes why. @returns the file, as `quarantine/NAME` */
export async function moveAside(path: string, reason: string): Promise<string> {
  const folder = quarantineFolder(dirname(path));
  const { file, path: target } = await createNew(folder, basename(path));
  await file.close();
  await rename(path, target);
  await noteReason(folder, basename(target), reason);
  await syncFolder(dirname(path));
  return `quarantine/${basename(target)}`;
}

/**
 * Gives a file a second name in the quarantine and notes why: it stays where it is until something takes its place.
 *
 * @param name as in {@link setAside}
 * @returns the file, as `quarantine/NAME`
 */
export async function keepAside(path: string, name: string, reason: string): Promise<string> {
  const folder = quarantineFolder(dirname(path));
  const { file, path: target } = await createNew(folder, name);
  await file.close();
  await rm(target);
  await link(path, target);
  await noteReason(folder, basename(target), reason);
  return `quarantine/${basename(target)}`;
}

async function createNew(folder: string, name: string): Promise<{ file: FileHandle; path: string }> {
  const stem = `${name.replace(/\.csv$/, '')}-${new Date().toISOString().replaceAll(':', '.')}`;
  for (let attempt = 1; ; attempt++) {
    const path = join(folder, attempt === 1 ? `${stem}.csv` : `${stem}-${attempt}.csv`);
    try {
      return { file: await open(path, 'wx'), path };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** Writes down, durably, why something is there. @param folder the quarantine itself */
export async function noteReason(folder: string, name: string, reason: string): Promise<void> {
  const file = await open(join(folder, REASONS), 'a');
  try {
    const { size } = await file.stat();
    const row = stringifyRows([[new Date().toISOString(), writeCell(name), writeCell(reason)]]);
    await writeOnce(file, Buffer.from(size === 0 ? REASONS_HEADER + row : row), size);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
}
