import { type FileHandle, open, readdir, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { explainHeader } from './cells.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { DatabaseError } from './database-error.ts';
import { readAround, readBytes, readPieces, syncFile, syncFolder, withFile, writeOnce } from './files.ts';
import { moveAside, setAside } from './quarantine.ts';

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
    if (await mendHeader(segment, repairs)) continue;
    // Of a segment that others follow, all rows are missing now; the scan will say so.
    if (segment === segments.at(-1)) await unlink(segment.path);
    else await moveAside(segment.path, 'it ended inside its first line although a later segment followed');
    await syncFolder(folder);
    segments.splice(segments.indexOf(segment), 1);
    repairs.push(`${segment.name} held nothing but the beginning of its first line and was removed.`);
  }
  const last = segments.at(-1);
  if (!last) return { segments, lastOp: 0 };
  return { segments, lastOp: await repairTail(folder, last, segments.at(-2), repairs) };
}

/** Puts a first line right of which a bit changed. @returns false when a crash cut off the file inside that line */
async function mendHeader(segment: Segment, repairs: string[]): Promise<boolean> {
  const header = await headerOf(segment);
  if (header !== 'one other byte') return header === 'whole';
  await overwrite(segment.path, Buffer.from(LOG_HEADER), 0);
  repairs.push(`${segment.name} had another byte in its first line; it was put right.`);
  return true;
}

/**
 * What stands at the beginning of a segment. `cut off`: a crash ended its writing inside the first line, so that no row can ever
 * have been in it.
 *
 * @throws DatabaseError `foreign-file`
 */
export async function headerOf(segment: Segment): Promise<'whole' | 'one other byte' | 'cut off'> {
  return withFile(segment.path, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOG_HEADER.length + 4096), 0, null, 0);
    if (hasOneOtherByte(buffer.subarray(0, Math.min(bytesRead, LOG_HEADER.length)))) return 'one other byte';
    const start = buffer.toString('utf8', 0, bytesRead);
    if (start.startsWith(LOG_HEADER)) return 'whole';
    const beginning = start.replace(/\0+$/, '');
    if (LOG_HEADER.startsWith(beginning) && (await isAllNul(file, beginning.length, segment.size))) return 'cut off';
    throw new DatabaseError('foreign-file', explainHeader(segment.path, start, LOG_HEADER));
  });
}

/** A bit of the first line changed: what belongs there is known. */
function hasOneOtherByte(start: Buffer): boolean {
  if (start.length < LOG_HEADER.length) return false;
  return start.reduce((count, byte, index) => count + (byte === LOG_HEADER.charCodeAt(index) ? 0 : 1), 0) === 1;
}

async function overwrite(path: string, bytes: Buffer, position: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await writeOnce(file, bytes, position);
    await file.sync();
  } finally {
    await file.close();
  }
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
async function repairTail(
  folder: string,
  segment: Segment,
  before: Segment | undefined,
  repairs: string[],
): Promise<number> {
  return withFile(segment.path, async (file) => {
    const end = (await lineFeedBefore(file, segment.size)) + 1;
    const start = (await lineFeedBefore(file, end - 1)) + 1;
    const row = await readBytes(file, start, end);
    const op = start === 0 ? segment.firstOp - 1 : Number.parseInt(row.toString('latin1', 0, 20), 10);
    const lastOp = Number.isNaN(op) ? segment.firstOp - 1 : op;
    if (end === segment.size) return lastOp;
    const chain = start > 0 ? lastChainIn(row) : await lastChainOf(before);
    if (await restoreLineFeed(segment, file, end, chain)) {
      repairs.push(`${segment.name} had another byte than the line feed after op ${lastOp + 1}; it was put right.`);
      return lastOp + 1;
    }
    // Anything else than the beginning of the next row may stand where acknowledged rows stood: the scan will say so.
    if (!beginsLikeRow(await readBytes(file, end, segment.size), lastOp + 1)) return lastOp;
    repairs.push(await cutTail(folder, segment, file, end, lastOp));
    return lastOp;
  });
}

/** Whether a crash can have left this of that row: its first bytes, or NULs, or both. */
export function beginsLikeRow(tail: Buffer, op: number): boolean {
  const beginning = `${op},`;
  const start = tail.toString('latin1', 0, beginning.length).replace(/\0+$/, '');
  return beginning.startsWith(start);
}

/** A last row that is whole but for the byte of its line feed was not cut short: a bit of it changed. */
async function restoreLineFeed(segment: Segment, file: FileHandle, start: number, chain: string): Promise<boolean> {
  if (!lacksOnlyLineFeed(await readBytes(file, start, segment.size), chain)) return false;
  await overwrite(segment.path, Buffer.of(LINE_FEED), segment.size - 1);
  return true;
}

/** Whether some bytes are the row that follows a chain, but for the last one, which should be a line feed. */
export function lacksOnlyLineFeed(tail: Buffer, previousChain: string): boolean {
  const row = Buffer.from(tail);
  row[row.length - 1] = LINE_FEED;
  const { entries, damage } = openRows(row, previousChain);
  return entries.length === 1 && !damage;
}

/** The chain at the end of a row, with or without its line feed. */
function lastChainIn(row: Buffer): string {
  return row.toString('latin1', row.length - 65).trimEnd();
}

/** The chain that the first row of the segment after this one follows. */
async function lastChainOf(segment: Segment | undefined): Promise<string> {
  if (!segment) return GENESIS_CHAIN;
  return withFile(segment.path, async (file) =>
    lastChainIn(await readBytes(file, Math.max(0, segment.size - 65), segment.size)),
  );
}

async function cutTail(folder: string, segment: Segment, file: FileHandle, end: number, op: number): Promise<string> {
  const tail = await readBytes(file, end, segment.size);
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
  for (let until = end; until > 0; ) {
    const from = Math.max(0, until - 64 * 1024);
    // Damage before the last row is for the scan to find.
    const found = (await readBytes(file, from, until, readAround)).lastIndexOf(LINE_FEED);
    if (found !== -1) return from + found;
    until = from;
  }
  return -1;
}
