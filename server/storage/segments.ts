import { type FileHandle, open, readdir, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { explainHeader } from './cells.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { DatabaseError } from './database-error.ts';
import { readPieces, syncFile, syncFolder, withFile, writeOnce } from './files.ts';
import { setAside } from './quarantine.ts';

const LINE_FEED = 10;

/** Where a row begins. */
export interface Mark {
  op: number;
  offset: number;
}

/** One file of the log. */
export interface Segment {
  firstOp: number;
  name: string;
  path: string;
  /** Bytes that are known to be whole rows (and, with `fsync`, to be on the disk). */
  size: number;
  /** Where some of the rows begin, ascending: as many as were met so far. */
  marks: Mark[];
}

export function makeSegment(folder: string, firstOp: number): Segment {
  const name = `commit_log-${String(firstOp).padStart(20, '0')}.csv`;
  return { firstOp, name, path: join(folder, name), size: 0, marks: [] };
}

/** The files of the log in their order, with all bytes that they have; nothing in them has been looked at. */
export async function findSegments(folder: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const digits = /^commit_log-(\d{20})\.csv$/.exec(name)?.[1];
    if (digits === undefined) continue;
    const segment = makeSegment(folder, Number(digits));
    segment.size = (await stat(segment.path)).size;
    segments.push(segment);
  }
  return segments;
}

/**
 * Finds the files of the log, checks how each begins, and cuts off what a crash left half-written at the end.
 *
 * @param repairs gets a sentence for what was cut off
 * @returns the segments and the op of the last row (0 for an empty log), whose digests nobody has checked yet
 * @throws DatabaseError `foreign-file` or `damaged`
 */
export async function openSegments(
  folder: string,
  repairs: string[],
): Promise<{ segments: Segment[]; lastOp: number }> {
  const segments = await findSegments(folder);
  for (const segment of [...segments]) {
    if (await hasHeader(segment)) continue;
    if (segment !== segments.at(-1)) {
      throw new DatabaseError(
        'damaged',
        `${segment.path} ends inside its first line although a later segment follows: put back a copy of it.`,
      );
    }
    await unlink(segment.path);
    await syncFolder(folder);
    segments.pop();
    repairs.push(`${segment.name} held nothing but the beginning of its first line and was removed.`);
  }
  const last = segments.at(-1);
  if (!last) return { segments, lastOp: 0 };
  return { segments, lastOp: await repairTail(folder, last, repairs) };
}

/**
 * False when a crash cut off the file inside its header, so that no row can ever have been in it.
 *
 * @throws DatabaseError `foreign-file`
 */
export async function hasHeader(segment: Segment): Promise<boolean> {
  return withFile(segment.path, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOG_HEADER.length + 4096), 0, null, 0);
    const start = buffer.toString('utf8', 0, bytesRead);
    if (start.startsWith(LOG_HEADER)) return true;
    const beginning = start.replace(/\0+$/, '');
    if (LOG_HEADER.startsWith(beginning) && (await isAllNul(file, beginning.length, segment.size))) return false;
    throw new DatabaseError('foreign-file', explainHeader(segment.path, start, LOG_HEADER));
  });
}

async function isAllNul(file: FileHandle, from: number, to: number): Promise<boolean> {
  let allNul = true;
  await readPieces(file, from, to, (bytes) => {
    allNul &&= bytes.every((byte) => byte === 0);
    return allNul;
  });
  return allNul;
}

/** Cuts the file after its last whole row (R19). @returns the op of that row */
async function repairTail(folder: string, segment: Segment, repairs: string[]): Promise<number> {
  return withFile(segment.path, async (file) => {
    const end = (await lineFeedBefore(file, segment.size)) + 1;
    const start = (await lineFeedBefore(file, end - 1)) + 1;
    const row = Buffer.alloc(end - start);
    await file.read(row, 0, row.length, start);
    const op = start === 0 ? segment.firstOp - 1 : Number.parseInt(row.toString('latin1', 0, 20), 10);
    const lastOp = Number.isNaN(op) ? segment.firstOp - 1 : op;
    if (end === segment.size) return lastOp;
    if (start > 0 && (await restoreLineFeed(segment, file, end, row.toString('latin1', row.length - 65).trimEnd()))) {
      repairs.push(`${segment.name} had another byte than the line feed after op ${lastOp + 1}; it was put right.`);
      return lastOp + 1;
    }
    repairs.push(await cutTail(folder, segment, file, end, lastOp));
    return lastOp;
  });
}

/** A last row that is whole but for the byte of its line feed was not cut short: a bit of it changed. */
async function restoreLineFeed(segment: Segment, file: FileHandle, start: number, chain: string): Promise<boolean> {
  const row = Buffer.alloc(segment.size - start);
  await file.read(row, 0, row.length, start);
  row[row.length - 1] = LINE_FEED;
  const { entries, damage } = openRows(row, chain);
  if (entries.length !== 1 || damage) return false;
  const writable = await open(segment.path, 'r+');
  try {
    await writeOnce(writable, Buffer.of(LINE_FEED), segment.size - 1);
    await writable.sync();
  } finally {
    await writable.close();
  }
  return true;
}

async function cutTail(folder: string, segment: Segment, file: FileHandle, end: number, op: number): Promise<string> {
  const tail = Buffer.alloc(segment.size - end);
  await file.read(tail, 0, tail.length, end);
  let length = tail.length;
  while (length > 0 && tail[length - 1] === 0) length--;
  let where = 'they held nothing';
  if (length > 0) {
    const name = segment.name.replace('.csv', `-torn-after-${op}.csv`);
    where = await setAside(folder, name, `the file ended inside the row after op ${op}`, async (aside) => {
      await writeOnce(aside, Buffer.concat([Buffer.from(LOG_HEADER), tail.subarray(0, length)]), 0);
    });
    where = `they are kept in ${where}`;
  }
  await truncate(segment.path, end);
  await syncFile(segment.path);
  segment.size = end;
  return `${segment.name} ended in a half-written row after op ${op}, which was never acknowledged: ${tail.length} bytes were cut off; ${where}.`;
}

/** Where the last line feed before `end` stands; -1 when there is none. */
export async function lineFeedBefore(file: FileHandle, end: number): Promise<number> {
  const buffer = Buffer.alloc(64 * 1024);
  for (let until = end; until > 0; ) {
    const from = Math.max(0, until - buffer.length);
    const { bytesRead } = await file.read(buffer, 0, until - from, from);
    const found = buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (found !== -1) return from + found;
    until = from;
  }
  return -1;
}
