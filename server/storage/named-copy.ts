import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { NamedCopyStatus } from '../../shared/api.ts';
import type { CommitLog } from './commit-log.ts';
import { type CopyWatch, copyBytes, linkOrCopy } from './copy-files.ts';
import { type CopyManifest, readCopyManifest, writeCopyManifest } from './copy-manifest.ts';
import { copyFolder, copyNames, unfinishedCopyFolder, whyNoCopyName } from './copy-name.ts';
import { LOG_HEADER } from './csv.ts';
import { DatabaseError } from './database-error.ts';
import { syncFolder } from './files.ts';
import { inspectSnapshot, type SnapshotFile } from './inspect-snapshot.ts';

/** A copy must not fill the disk: a server that cannot write any more ends. */
const ROOM_LEFT_BYTES = 128 * 1024 * 1024;

/** A stretch of the log from its beginning, ending with a whole row. */
export interface LogStretch {
  /** The last op in it, 0 for none. */
  lastOp: number;
  /** Its files; of each as many bytes as count. One that is `closed` gets no more rows and can be shared. */
  files: { path: string; bytes: number; closed: boolean }[];
}

/** The files that hold a log up to an op, or up to its end if that is nearer, with as many bytes of each as count. */
export async function stretchOf(log: CommitLog, op: number): Promise<LogStretch> {
  const { segments } = log;
  const lastOp = Math.min(op, log.lastOp);
  const last = segments.length - 1;
  const end = lastOp < log.lastOp ? await log.locate(lastOp + 1) : { index: last, offset: segments[last]?.size ?? 0 };
  const files = segments.slice(0, end.index + 1).map((segment, index) => {
    const bytes = index === end.index ? end.offset : segment.size;
    // Only the last one is written to; a full one is followed by another with the next row.
    return { path: segment.path, bytes, closed: index < last && bytes === segment.size };
  });
  return { lastOp, files: files.filter(({ bytes }) => bytes > LOG_HEADER.length) };
}

export interface CopyAsk {
  name: string;
  /** Whose database it is, and of which cluster. */
  address: string;
  clusterId: string;
  watch: CopyWatch;
  /** Gets how many bytes there are in all, before the first is copied. */
  onSize(bytes: number): void;
}

/**
 * Makes a named copy beside a database that is in use: the part of the log that is given, and the snapshot. It stands under
 * a name that ends in `.new` until it is whole and on the disk. Full files of the log are shared by hard links.
 *
 * @param whileStill calls back while the snapshot is not being replaced
 * @throws DatabaseError `copy` when the name cannot be used, or there is no room; nothing is left behind then
 */
export async function makeNamedCopy(
  database: string,
  ask: CopyAsk,
  log: LogStretch,
  whileStill: (work: () => Promise<void>) => Promise<void>,
): Promise<CopyManifest> {
  const unfinished = unfinishedCopyFolder(database, ask.name);
  await refuseName(database, ask.name);
  const bytes = log.files.reduce((sum, file) => sum + file.bytes, 0);
  ask.onSize(bytes);
  await refuseWithoutRoom(database, log);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  try {
    for (const file of log.files) {
      const to = join(unfinished, basename(file.path));
      await (file.closed ? linkOrCopy : copyBytes)(file.path, to, file.bytes, ask.watch);
    }
    let snapshotBytes = 0;
    await whileStill(async () => {
      snapshotBytes = await copySnapshot(database, unfinished, log.lastOp, ask.watch);
    });
    const manifest: CopyManifest = {
      name: ask.name,
      madeAt: new Date().toISOString(),
      address: ask.address,
      clusterId: ask.clusterId,
      operations: log.lastOp,
      chain: await lastChain(unfinished, log),
      bytes: bytes + snapshotBytes,
    };
    await writeCopyManifest(unfinished, manifest);
    await syncFolder(unfinished);
    ask.watch.goOn();
    await rename(unfinished, copyFolder(database, ask.name));
    await syncFolder(dirname(database));
    return manifest;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

async function refuseName(database: string, name: string): Promise<void> {
  const why = whyNoCopyName(name);
  if (why !== '') throw new DatabaseError('copy', why);
  const folder = copyFolder(database, name);
  if (await stat(folder).catch(() => undefined)) {
    throw new DatabaseError('copy', `There is a ${folder} already: choose another name, or move that one away.`);
  }
}

async function refuseWithoutRoom(database: string, log: LogStretch): Promise<void> {
  const needed = log.files.filter(({ closed }) => !closed).reduce((sum, { bytes }) => sum + bytes, 0) + ROOM_LEFT_BYTES;
  const { bavail, bsize } = await statfs(dirname(database));
  const free = bavail * bsize;
  if (free >= needed) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
  throw new DatabaseError(
    'copy',
    `There is not enough room for a copy: ${megabytes(free)} are free where ${database} is, and ${megabytes(needed)} are needed with what the server itself must be left. Make room on the disk.`,
  );
}

/** One that is not whole, or too new, is left out. */
async function copySnapshot(database: string, to: string, lastOp: number, watch: CopyWatch): Promise<number> {
  const found = await inspectSnapshot(database);
  if (!found || 'damage' in found || found.damages.length > 0 || found.manifest.op > lastOp) return 0;
  return copySnapshotFiles(found.files, to, { ...watch, onBytes: () => {} });
}

/** Files that are replaced as a whole and never changed are shared. @returns how many bytes they have */
export async function copySnapshotFiles(files: readonly SnapshotFile[], to: string, watch: CopyWatch): Promise<number> {
  let total = 0;
  for (const { path, name, bytes, isGrowing } of files) {
    const size = bytes ?? (await stat(path)).size;
    total += size;
    if (isGrowing) await copyBytes(path, join(to, name), size, watch);
    else await linkOrCopy(path, join(to, name), size, watch);
  }
  return total;
}

/** Read back from the copy: the row ends with its chain and a line feed. */
async function lastChain(folder: string, { files, lastOp }: LogStretch): Promise<string> {
  const last = files.at(-1);
  if (!last || lastOp === 0) return '0'.repeat(64);
  const file = await open(join(folder, basename(last.path)), 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(64), 0, 64, last.bytes - 65);
    return buffer.toString('latin1');
  } finally {
    await file.close();
  }
}

/** The named copies that stand beside a database, the newest first. */
export async function listCopies(database: string): Promise<NamedCopyStatus[]> {
  const found: NamedCopyStatus[] = [];
  for (const name of await copyNames(database)) {
    const manifest = await readCopyManifest(copyFolder(database, name));
    if (!manifest || 'damage' in manifest) continue;
    const { madeAt, operations, bytes } = manifest;
    found.push({ name, madeAt, operations, bytes });
  }
  return found.sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1));
}
