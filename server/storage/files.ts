import { fdatasync, write } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StorageFailure } from './replica-storage.ts';

/** Carries a {@link StorageFailure} to whoever waits for the work. */
export class StorageError extends Error {
  readonly failure: StorageFailure;

  constructor(failure: StorageFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * The failure to report for an error.
 *
 * @param doing what was being done, with the file, as the subject of a sentence: `Writing view.csv`
 */
export function failureOf(error: unknown, doing: string): StorageFailure {
  if (error instanceof StorageError) return error.failure;
  const full = isFull(error);
  const advice = full
    ? 'There is no room on the disk.'
    : 'Nothing more is written there: check the disk, then start this server again.';
  return { message: `${doing} failed: ${error instanceof Error ? error.message : String(error)}. ${advice}`, full };
}

/** Whether an error says that there is no room on the disk (or none left for this user). */
export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A row that is read again is not what was written: as a clause without a full stop. */
export class BadRow extends Error {}

/**
 * The failure to report when rows of the log could not be read. Of rows that were whole once, those that are not any more can be
 * had from the others again (R26).
 *
 * @param op the first row that was not read
 */
export function readingFailed(folder: string, error: unknown, op: number): StorageFailure {
  if (!(error instanceof BadRow) && !isUnreadable(error)) return failureOf(error, `Reading the log in ${folder}`);
  const message = `A row of the log in ${folder} is damaged (${(error as Error).message}): nothing is served from it any more.`;
  return { message, full: false, damaged: { op } };
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Writes all bytes. What a short write left over is written by another call, since only that one says why it was short. */
export function writeOnce(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (start: number) =>
      write(file.fd, bytes, start, bytes.length - start, position + start, (error, written) => {
        if (error) reject(error);
        else if (start + written === bytes.length) resolve();
        else if (written > 0) writeFrom(start + written);
        else
          reject(Object.assign(new Error(`ENOSPC: only ${start} of ${bytes.length} bytes fitted`), { code: 'ENOSPC' }));
      });
    writeFrom(0);
  });
}

/** Waits until what was written to the file is on the disk. */
export function syncData(file: FileHandle): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(file.fd, (error) => (error ? reject(error) : resolve())));
}

/** Makes a change of a file's length durable. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names that were added to, changed in or removed from a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where the new content of a file stands until it is whole. */
export function newName(path: string): string {
  return `${path}.new`;
}

/** Opens a file for reading, and closes it whatever happens. */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Writes a file anew and waits until it is on the disk. */
export async function writeSynced(path: string, content: string, mode = 0o666): Promise<void> {
  const file = await open(path, 'w', mode);
  try {
    await writeOnce(file, Buffer.from(content), 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Replaces a file as a whole: whatever happens, it holds the old content or the new. */
export async function replaceFile(path: string, content: string, mode = 0o666): Promise<void> {
  await writeSynced(newName(path), content, mode);
  await rename(newName(path), path);
  await syncFolder(dirname(path));
}

/**
 * Reads a stretch of a file piece by piece.
 *
 * @param onPiece gets bytes that it may use only until it returns; returning false ends the reading
 */
export async function readPieces(
  file: FileHandle,
  from: number,
  to: number,
  onPiece: (bytes: Buffer) => boolean | Promise<boolean>,
  pieceBytes = PIECE_BYTES,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(to - from, 0)));
  for (let position = from; position < to; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, to - position), position);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position}, not at ${to}`);
    if ((await onPiece(buffer.subarray(0, bytesRead))) === false) return;
    position += bytesRead;
  }
}

/** Copying: large enough that calls cost nothing. */
const PIECE_BYTES = 1024 * 1024;
/** Parsing: what is made of one piece dies young, which halves the time, and the main loop turns in between. */
const LINES_BYTES = 64 * 1024;

type ReadAt = (
  file: FileHandle,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;

const readPlainly: ReadAt = (file, ...place) => file.read(...place);

const PAGE_BYTES = 4096;

/** Reads like `FileHandle.read`, with zeros in the place of pages that the disk does not give back. */
export const readAround: ReadAt = async (file, buffer, offset, length, position) => {
  try {
    return await file.read(buffer, offset, length, position);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const toPageEnd = PAGE_BYTES - (position % PAGE_BYTES);
    return readPage(file, buffer, offset, Math.min(length, toPageEnd), position);
  }
};

/** What the disk has of one page, or of the end of one. */
const readPage: ReadAt = async (file, buffer, offset, length, position) => {
  try {
    return await file.read(buffer, offset, length, position);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    buffer.fill(0, offset, offset + length);
    return { bytesRead: length };
  }
};

/** All bytes of a stretch of a file, which has to be that long. */
export async function readBytes(file: FileHandle, from: number, to: number, readAt = readPlainly): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await readAt(file, bytes, at, bytes.length - at, from + at);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${from + at}, not at ${to}`);
    at += bytesRead;
  }
  return bytes;
}

/** Whether an error says that the disk does not give back what was written there. */
export function isUnreadable(error: unknown): boolean {
  return errorCode(error) === 'EIO';
}

/**
 * Reads whole lines of a file, many at a time.
 *
 * @param onLines gets lines with their line feeds, and where in the file they begin; it may keep the bytes only until it
 *   returns; returning false ends the reading
 * @param options.pieceBytes read at a time; more only for a line that is longer
 * @returns where the last whole line ended
 */
export async function readLines(
  file: FileHandle,
  from: number,
  to: number,
  onLines: (lines: Buffer, position: number) => boolean | Promise<boolean>,
  { pieceBytes = LINES_BYTES, readAt = readPlainly }: { pieceBytes?: number | undefined; readAt?: ReadAt } = {},
): Promise<number> {
  let buffer = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(to - from, 1)));
  let held = 0;
  let position = from;
  for (let next = from; next < to; ) {
    if (held === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
    const { bytesRead } = await readAt(file, buffer, held, Math.min(buffer.length - held, to - next), next);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${next}, not at ${to}`);
    next += bytesRead;
    held += bytesRead;
    const end = buffer.subarray(0, held).lastIndexOf(10) + 1;
    if (end === 0) continue;
    const goOn = await onLines(buffer.subarray(0, end), position);
    position += end;
    if (goOn === false) return position;
    buffer.copyWithin(0, end, held);
    held -= end;
  }
  return position;
}
