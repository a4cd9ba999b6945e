import { rename, rm, stat, truncate } from 'node:fs/promises';
import { copyBytes } from './copy-files.ts';
import { newName, syncFile } from './files.ts';

/** Shortens a file for good. One that a named copy shares is replaced, so that the copy keeps all of it. */
export async function cutFile(path: string, bytes: number): Promise<void> {
  if ((await stat(path)).nlink > 1) {
    await rm(newName(path), { force: true });
    await copyBytes(path, newName(path), bytes, { onBytes: () => {}, goOn: () => {} });
    await rename(newName(path), path);
    return;
  }
  await truncate(path, bytes);
  await syncFile(path);
}
