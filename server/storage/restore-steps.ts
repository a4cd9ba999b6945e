import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyFolder } from './copy-name.ts';
import { DatabaseError } from './database-error.ts';
import { syncFolder } from './files.ts';
import { lockFolder, lockHolder } from './lock.ts';

/** Where a database is laid out that is to be put in place: not whole, and then whole. */
const restoring = (database: string) => `${database}.restoring.new`;
const restored = (database: string) => `${database}.restored.new`;

/**
 * Puts a new folder in the place of a database that no server has open; the old one is kept beside it. Whatever happens, there
 * is the old one, the new one, or nothing under its name and the new one beside it, which {@link finishRestore} then puts there.
 *
 * @param layOut fills the folder that it is given, and syncs what it wrote
 * @returns the name that the old one has now, as that of a copy; undefined when there was none
 * @throws DatabaseError `in-use`
 */
export async function putInPlace(
  database: string,
  layOut: (folder: string) => Promise<void>,
): Promise<string | undefined> {
  await finishRestore(database);
  const isThere = await exists(database);
  if (isThere) lockFolder(database);
  try {
    await layOutBeside(database, layOut);
    await rename(restoring(database), restored(database));
    await syncFolder(dirname(database));
    const aside = isThere ? await moveAside(database) : undefined;
    await rename(restored(database), database);
    await syncFolder(dirname(database));
    return aside;
  } finally {
    // Locks move with their folders.
    for (const folder of [database, restoring(database), restored(database)]) {
      if (lockHolder(folder) === process.pid) await rm(join(folder, 'lock'), { force: true });
    }
  }
}

async function layOutBeside(database: string, layOut: (folder: string) => Promise<void>): Promise<void> {
  await removeUnfinishedRestore(database);
  await mkdir(restoring(database), { mode: 0o700 });
  // A server that starts while nothing stands under the database's name finds this lock.
  lockFolder(restoring(database));
  try {
    await layOut(restoring(database));
    await syncFolder(restoring(database));
  } catch (error) {
    await removeUnfinishedRestore(database);
    throw error;
  }
}

async function moveAside(database: string): Promise<string> {
  const stem = `replaced-${new Date().toISOString().slice(0, 19).replaceAll(':', '.')}Z`;
  let name = stem;
  for (let attempt = 2; await exists(copyFolder(database, name)); attempt++) name = `${stem}-${attempt}`;
  await rename(database, copyFolder(database, name));
  await rm(join(copyFolder(database, name), 'lock'), { force: true });
  return name;
}

/**
 * Puts a folder in place that a crash left beside its place. To be called before the database is opened.
 *
 * @throws DatabaseError `in-use` while another process restores it
 */
export async function finishRestore(database: string): Promise<void> {
  if (await exists(database)) return;
  for (const folder of [restoring(database), restored(database)]) {
    const pid = lockHolder(folder);
    if (pid === undefined) continue;
    throw new DatabaseError('in-use', `${database} is being restored by process ${pid}: wait until that has ended.`);
  }
  if (!(await exists(restored(database)))) return;
  await rename(restored(database), database);
  await syncFolder(dirname(database));
}

/** Removes what is left of a restore that never came into force. To be called by who holds the database's lock, or where there is none. */
export async function removeUnfinishedRestore(database: string): Promise<void> {
  for (const folder of [restoring(database), restored(database)]) await rm(folder, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
