import { link, open } from 'node:fs/promises';
import { errorCode, readPieces, withFile, writeOnce } from './files.ts';

/** Written at a time before the disk is waited for, so that a server's own writes never stand behind more than that. */
const SYNC_EVERY_BYTES = 8 * 1024 * 1024;

/** What a file system answers that knows no hard links, or allows no more of them. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EINVAL']);

export interface CopyWatch {
  onBytes(bytes: number): void;
  /** Throws when the copying is to end. */
  goOn(): void;
}

/**
 * Gives a file that never changes any more a second name, or, where there are no hard links, copies it. The name is durable
 * when its folder is synced.
 */
export async function linkOrCopy(from: string, to: string, bytes: number, watch: CopyWatch): Promise<void> {
  try {
    await link(from, to);
    watch.onBytes(bytes);
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
    await copyBytes(from, to, bytes, watch);
  }
}

/** Copies the beginning of a file; synced when it resolves. */
export async function copyBytes(from: string, to: string, bytes: number, watch: CopyWatch): Promise<void> {
  const target = await open(to, 'wx');
  try {
    let position = 0;
    let synced = 0;
    await withFile(from, (file) =>
      readPieces(file, 0, bytes, async (piece) => {
        watch.goOn();
        await writeOnce(target, piece, position);
        position += piece.length;
        watch.onBytes(piece.length);
        if (position - synced < SYNC_EVERY_BYTES) return true;
        synced = position;
        await target.datasync();
        return true;
      }),
    );
    await target.sync();
  } finally {
    await target.close();
  }
}
