import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { CommitLog } from './commit-log.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { DatabaseError } from './database-error.ts';
import { errorCode, failureOf, readLines, StorageError, withFile } from './files.ts';
import { noteMark } from './log-places.ts';
import { lineFeedBefore, type Segment } from './segments.ts';

/** What to do about a log that is damaged on this server. */
export const WHAT_TO_DO =
  'If other servers of the cluster are running, move this folder away and start this server again: it gets everything from them. Otherwise put back a copy of the file.';

/** A place in the log whose row is known. */
export interface LogPlace {
  op: number;
  chain: string;
}

/** Half a millisecond of work: whoever is served meanwhile does not notice it. */
const SMALL_PIECE_BYTES = 16 * 1024;
/** What belongs to the log before a scan begins: nothing. */
const BEGINNING: LogPlace = { op: 0, chain: GENESIS_CHAIN };

/**
 * Reads the log from a place on to its end, in order, and checks every digest, so that what follows that place is whole and
 * belongs to it. Memory does not grow with the log; the main loop turns every few hundred rows.
 *
 * @param after the row before the first one that is wanted; its own row is compared too. Null for the whole log
 * @param onEntries gets the entries after it in order, a few hundred at a time
 * @param onProgress gets the last op read, and the last of all
 * @returns the time of the last row, milliseconds since 1970; 0 without one
 * @throws DatabaseError `damaged`, naming file, line and op, at the first row that is wrong or missing
 */
export async function scanLog(
  log: CommitLog,
  after: LogPlace | null,
  onEntries: (entries: LogEntry[]) => void,
  onProgress?: (op: number, lastOp: number) => void,
): Promise<number> {
  await checkSeams(log);
  let lastTimeMs = 0;
  if (after && after.op > 0) {
    const entry = await entryAt(log, after.op);
    if (entry?.chain !== after.chain) throw mixedFolder(log, after.op);
    lastTimeMs = entry.time;
  }
  const last = after ?? BEGINNING;
  const end = await checkRows(log, last, log.lastOp, (entries) => {
    onEntries(entries);
    lastTimeMs = entries.at(-1)!.time;
    onProgress?.(entries.at(-1)!.op, log.lastOp);
    return true;
  });
  log.scanned(end.op);
  return lastTimeMs;
}

/**
 * Checks the digests of all rows up to a place, in the background of a server that uses them: every row that it reads is checked
 * then, too.
 *
 * @param pause awaited between pieces that take less than a millisecond; false ends it
 * @throws DatabaseError as `scanLog` does
 */
export async function verifyLog(log: CommitLog, upTo: LogPlace, pause: () => Promise<boolean>): Promise<void> {
  let goesOn = true;
  const onEntries = async () => {
    goesOn = await pause();
    return goesOn;
  };
  const end = await checkRows(log, BEGINNING, upTo.op, onEntries, SMALL_PIECE_BYTES);
  if (goesOn && end.chain !== upTo.chain) throw mixedFolder(log, upTo.op);
}

/** @param onEntries returning false ends it */
async function checkRows(
  log: CommitLog,
  after: LogPlace,
  throughOp: number,
  onEntries: (entries: LogEntry[]) => Promise<boolean> | boolean,
  pieceBytes?: number,
): Promise<LogPlace> {
  let last = after;
  for (const [index, segment] of log.segments.entries()) {
    const endOp = Math.min(log.endOf(index), throughOp);
    if (endOp <= last.op) continue;
    const from = last.op < segment.firstOp ? LOG_HEADER.length : (await log.locate(last.op + 1)).offset;
    let goesOn = true;
    const take = async (lines: Buffer, position: number) => {
      const { entries: found, damage } = openRows(lines, last.chain, last.op);
      // What follows may be cut and written anew meanwhile.
      const entries = found.filter(({ op }) => op <= endOp);
      noteMarks(segment, entries, position);
      const { op, chain } = entries.at(-1) ?? last;
      last = { op, chain };
      if (entries.length > 0) goesOn = await onEntries(entries);
      if (damage && op < endOp) throw damagedRow(segment, op, damage);
      return goesOn && op < endOp;
    };
    const { path, size } = segment;
    await withFile(path, (file) => readLines(file, from, size, take, pieceBytes)).catch((error: unknown) => {
      throw isUnreadable(error) ? new DatabaseError('disk', failureOf(error, `Reading ${path}`).message) : error;
    });
    if (!goesOn) return last;
    if (last.op < endOp) throw damagedRow(segment, last.op, 'the file ends inside the row');
  }
  return last;
}

function noteMarks(segment: Segment, entries: readonly LogEntry[], position: number): void {
  let offset = position;
  for (const entry of entries) {
    noteMark(segment, entry.op, offset);
    offset += Buffer.byteLength(entry.row);
  }
}

function isUnreadable(error: unknown): boolean {
  return errorCode(error) !== undefined && !(error instanceof DatabaseError);
}

/** Whether each file of the log begins where the one before it ends. */
async function checkSeams(log: CommitLog): Promise<void> {
  let lastOp = 0;
  for (const [index, segment] of log.segments.entries()) {
    if (segment.firstOp !== lastOp + 1) throw missingSegment(segment, lastOp);
    if (index < log.segments.length - 1) lastOp = await lastOpOf(segment);
  }
}

async function lastOpOf(segment: Segment): Promise<number> {
  return withFile(segment.path, async (file) => {
    const end = await lineFeedBefore(file, segment.size);
    const start = (await lineFeedBefore(file, end)) + 1;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, start);
    const op = Number.parseInt(buffer.toString('latin1', 0, bytesRead), 10);
    return start === 0 || Number.isNaN(op) ? segment.firstOp - 1 : op;
  });
}

/** The entry of an op, its row checked against the one before it. */
async function entryAt(log: CommitLog, op: number): Promise<LogEntry | undefined> {
  try {
    return (await readLog(log, op, 0))[0];
  } catch (error) {
    const segment = log.segments.findLast(({ firstOp }) => firstOp <= op)!;
    throw damagedRow(segment, op - 1, error instanceof Error ? error.message : String(error));
  }
}

function mixedFolder(log: CommitLog, op: number): DatabaseError {
  return new DatabaseError(
    'damaged',
    `${log.folder} mixes the files of two databases: snapshot.csv was made from another op ${op} than the one in the log. Put back the files that belong together; if other servers of the cluster are running, move this folder away instead and start again.`,
  );
}

/** The first line of a file is its header, so its first op stands in line 2. */
function damagedRow(segment: Segment, lastWhole: number, damage: string): DatabaseError {
  const line = Math.max(2, lastWhole - segment.firstOp + 3);
  return new DatabaseError(
    'damaged',
    `${segment.path}, line ${line}: ${damage}. Op ${lastWhole + 1} is damaged, the ops before it are whole. ${WHAT_TO_DO}`,
  );
}

function missingSegment(segment: Segment, lastOp: number): DatabaseError {
  return new DatabaseError(
    'damaged',
    `${segment.path} begins with op ${segment.firstOp}, but the log before it ends with op ${lastOp}: op ${lastOp + 1} is missing. ${WHAT_TO_DO}`,
  );
}

/**
 * Entries from `fromOp` on, their digests checked: as many as fit into `maxLength` UTF-16 code units of CSV but at least
 * one; none past the end.
 *
 * @throws StorageError when the file can't be read or is damaged
 */
export async function readLog(log: CommitLog, fromOp: number, maxLength: number): Promise<LogEntry[]> {
  const lastOp = log.lastOp;
  if (fromOp > lastOp) return [];
  // The row before the first one is read for its chain.
  const place = await log.locate(Math.max(1, fromOp - 1));
  const collector = new Collector(fromOp, maxLength);
  for (const segment of log.segments.slice(place.index)) {
    const from = segment === log.segments[place.index] ? place.offset : LOG_HEADER.length;
    try {
      await withFile(segment.path, (file) => readLines(file, from, segment.size, (lines) => collector.take(lines)));
    } catch (error) {
      throw new StorageError(failureOf(error, `Reading ${segment.path}`));
    }
    if (collector.full) break;
  }
  return collector.entries;
}

class Collector {
  readonly entries: LogEntry[] = [];
  full = false;
  #chain: string | undefined;
  #room: number;
  readonly #fromOp: number;

  constructor(fromOp: number, maxLength: number) {
    this.#fromOp = fromOp;
    this.#room = maxLength;
    this.#chain = fromOp === 1 ? GENESIS_CHAIN : undefined;
  }

  /** Takes what fits of some whole lines. @returns whether more may be taken */
  take(lines: Buffer): boolean {
    let at = 0;
    if (this.#chain === undefined) {
      at = lines.indexOf(10) + 1;
      this.#chain = lines.toString('latin1', at - 65, at - 1);
    }
    while (at < lines.length && !this.full) {
      const end = this.#endOfWhatFits(lines, at);
      if (end > at) this.#open(lines.subarray(at, end));
      else this.full = true;
      at = end;
    }
    return !this.full;
  }

  /** A row has at least as many bytes as code units, so what fits by bytes fits; the next row is then measured. */
  #endOfWhatFits(lines: Buffer, at: number): number {
    const byBytes = at + lines.subarray(at, at + Math.max(this.#room, 0)).lastIndexOf(10) + 1;
    if (byBytes > at) return byBytes;
    const lineEnd = lines.indexOf(10, at) + 1;
    const fits = this.entries.length === 0 || lines.toString('utf8', at, lineEnd).length <= this.#room;
    return fits ? lineEnd : at;
  }

  #open(rows: Buffer): void {
    const op = this.entries.at(-1)?.op ?? this.#fromOp - 1;
    const { entries, damage } = openRows(rows, this.#chain!, op);
    if (damage) throw new Error(damage);
    for (const entry of entries) {
      this.entries.push(entry);
      this.#room -= entry.row.length;
    }
    this.#chain = this.entries.at(-1)!.chain;
  }
}
