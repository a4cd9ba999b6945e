import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What has to be free on a full disk before a server goes on there: enough not to be full again in a moment. */
export const ROOM_NEEDED_BYTES = 16 * 1024 * 1024;

const PROBE = 'room.csv.new';

/** The disk that a folder is on, and what is free there, in words. */
export async function describeDisk(folder: string): Promise<string> {
  const { bavail, bsize } = await statfs(folder);
  const freeMiB = ((bavail * bsize) / 1024 / 1024).toFixed(1);
  return `The disk mounted at ${await mountPointOf(folder)}, which holds ${folder}, has ${freeMiB} MiB left`;
}

/** The topmost folder above this one that is on the same file system. */
async function mountPointOf(folder: string): Promise<string> {
  let path = resolve(folder);
  const { dev } = await stat(path);
  while (dirname(path) !== path && (await stat(dirname(path))).dev === dev) path = dirname(path);
  return path;
}

/** Whether so many bytes can be written in a folder: what a quota leaves is known only when it has been tried. */
export async function hasRoom(folder: string, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes) return false;
  const path = join(folder, PROBE);
  try {
    // Not zeros, which some file systems store in no room.
    await writeFile(path, Buffer.alloc(bytes, 'understudy'));
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true });
  }
}
