import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, replaceFile, syncFolder } from './files.ts';
import { readKeyedFile, writeKeyedFile } from './keyed-file.ts';
import { lockFolder } from './lock.ts';
import { noteReason, quarantineFolder } from './quarantine.ts';

/** Stands in the folder from the moment at which all that is in it counts as set aside until it has been moved. */
const MARKER = 'setting_aside.csv';

/**
 * R1: moves everything that a closed database holds into one folder in its quarantine, so that the next start finds it
 * empty. A crash in between leaves a folder that the next start finishes emptying.
 *
 * @returns where it is now, as `quarantine/NAME`
 * @throws DatabaseError `in-use` when another process has opened it meanwhile
 */
export async function setDatabaseAside(folder: string, reason: string): Promise<string> {
  const release = lockFolder(folder);
  try {
    const name = `database-${new Date().toISOString().replaceAll(':', '.')}`;
    const content = writeKeyedFile([
      ['name', name],
      ['reason', reason],
    ]);
    await replaceFile(join(folder, MARKER), content);
    await finishSettingAside(folder, []);
    return `quarantine/${name}`;
  } finally {
    release();
  }
}

/**
 * Finishes what {@link setDatabaseAside} had begun when the process died. To be called by who holds the lock.
 *
 * @param repairs gets a sentence when there was something to finish
 */
export async function finishSettingAside(folder: string, repairs: string[]): Promise<void> {
  const marker = await readMarker(folder);
  if (!marker) return;
  const target = join(quarantineFolder(folder), marker.name);
  await mkdir(target, { recursive: true, mode: 0o700 });
  await syncFolder(quarantineFolder(folder));
  for (const name of await readdir(folder)) {
    if (!isKept(name)) await rename(join(folder, name), join(target, name));
  }
  await syncFolder(target);
  await noteReason(quarantineFolder(folder), marker.name, marker.reason);
  await rm(join(folder, MARKER));
  await syncFolder(folder);
  repairs.push(`What this folder held was set aside in quarantine/${marker.name}: ${marker.reason}`);
}

/** What belongs to the process or to the folder as such, and not to the disk that it was. */
function isKept(name: string): boolean {
  return name === MARKER || name === 'quarantine' || name === 'reserve' || /^lock(\.|$)/.test(name);
}

async function readMarker(folder: string): Promise<{ name: string; reason: string } | undefined> {
  let content: string;
  try {
    content = await readFile(join(folder, MARKER), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const read = readKeyedFile(MARKER, content);
  if ('damage' in read) throw new Error(`${read.damage}; move what the folder holds away`);
  const value = (key: string) => read.rows.find((row) => row[0] === key)?.[1] ?? '';
  return { name: value('name'), reason: value('reason') };
}
