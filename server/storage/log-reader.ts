import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { CommitLog, Place } from './commit-log.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { DatabaseError, LogDamage } from './database-error.ts';
import {
  BadRow,
  errorCode,
  failureOf,
  isUnreadable,
  readingFailed,
  readLines,
  StorageError,
  withFile,
} from './files.ts';
import { noteMark } from './log-places.ts';
import { lineFeedBefore, type Segment } from './segments.ts';

/** A place in the log whose row is known. */
export interface LogPlace {
  op: number;
  chain: string;
}

/** Half a millisecond of work: whoever is served meanwhile does not notice it. */
const SMALL_PIECE_BYTES = 16 * 1024;
/** Compaction has put a shorter file in the place of the one that was to be read. */
const REPLACED = -1;
/** What belongs to the log before a scan begins: nothing. */
const BEGINNING: LogPlace = { op: 0, chain: GENESIS_CHAIN };

/** Told of the whole rows of a scan. */
export interface ScanListener {
  /** Gets the entries in order, a few hundred at a time. */
  onEntries(entries: LogEntry[]): void;
  /** Gets the last op read, and the last of all. */
  onProgress?: ((op: number, lastOp: number) => void) | undefined;
}

/**
 * Reads the log from a place on to its end, in order, and checks every digest, so that what follows that place is whole and
 * belongs to it. Memory does not grow with the log; the main loop turns every few hundred rows.
 *
 * @param after the row before the first one that is wanted; its own row is compared too. Null for the whole log
 * @param isDamageKnown the rows before that place are known not to be whole: nothing is inferred from them
 * @returns the time of the last row, milliseconds since 1970; 0 without one
 * @throws LogDamage, naming file, line and op, at the first row that is wrong or missing; DatabaseError `damaged` when the row of
 *   that place is another one
 */
export async function scanLog(
  log: CommitLog,
  after: LogPlace | null,
  { onEntries, onProgress }: ScanListener,
  isDamageKnown = false,
): Promise<number> {
  let lastTimeMs = 0;
  if (after && after.op > 0) lastTimeMs = await timeOfSeam(log, after, isDamageKnown);
  const end = await checkRows(log, after ?? BEGINNING, Number.POSITIVE_INFINITY, (entries) => {
    onEntries(entries);
    lastTimeMs = entries.at(-1)!.time;
    onProgress?.(entries.at(-1)!.op, log.lastOp);
    return true;
  });
  log.scanned(end.op);
  return lastTimeMs;
}

/**
 * Checks the digests of all rows up to a place: at a start that has a reason to, or in the background of a server that uses them,
 * which checks each row that it reads by itself, too.
 *
 * @param pause awaited between pieces, which take less than a millisecond then; false ends it. Without one, nobody is served meanwhile
 * @throws as `scanLog` does
 */
export async function verifyLog(log: CommitLog, upTo: LogPlace, pause?: () => Promise<boolean>): Promise<void> {
  let goesOn = true;
  const onEntries = async () => {
    goesOn = pause === undefined || (await pause());
    return goesOn;
  };
  const end = await checkRows(log, BEGINNING, upTo.op, onEntries, pause && SMALL_PIECE_BYTES);
  if (goesOn && end.chain !== upTo.chain) throw mixedFolder(log, upTo.op);
}

/** The time of the row at which the scan begins. If that, or a seam between two files, is in doubt, all before it is read to find the place. */
async function timeOfSeam(log: CommitLog, after: LogPlace, isDamageKnown: boolean): Promise<number> {
  try {
    if (isDamageKnown || (await hasWholeSeams(log))) {
      const [entry] = await readLog(log, after.op, 0);
      if (entry?.chain === after.chain) return entry.time;
    }
  } catch (error) {
    const isDamaged = error instanceof StorageError && error.failure.damaged !== undefined;
    if (!isDamaged && !isUnreadable(error)) throw error;
  }
  let timeMs = 0;
  const end = await checkRows(log, BEGINNING, after.op, (entries) => {
    timeMs = entries.at(-1)!.time;
    return true;
  });
  if (end.chain !== after.chain) throw mixedFolder(log, after.op);
  return timeMs;
}

/** @param onEntries returning false ends it */
async function checkRows(
  log: CommitLog,
  after: LogPlace,
  throughOp: number,
  onEntries: (entries: LogEntry[]) => Promise<boolean> | boolean,
  pieceBytes?: number,
): Promise<LogPlace> {
  const start: Place = after.op > 0 ? await log.locate(after.op) : { index: 0, offset: LOG_HEADER.length };
  let last: LogPlace = { op: after.op, chain: after.chain };
  for (let index = start.index; index < log.segments.length && last.op < throughOp; index++) {
    const segment = log.segments[index]!;
    const atBeginning = last;
    let isPassing = after.op > 0 && index === start.index;
    let whole = isPassing ? start.offset : LOG_HEADER.length;
    let goesOn = true;
    const damaged = (what: string) => new LogDamage(what, { segment: index, offset: whole, ...last });
    const damagedRow = (clause: string) => damaged(sentenceOf(segment, last.op, clause));
    if (!isPassing && segment.firstOp !== last.op + 1) throw damaged(missingSentence(segment, last.op));
    const take = async (lines: Buffer, position: number) => {
      const passed = isPassing ? lines.indexOf(10) + 1 : 0;
      isPassing = false;
      const { entries: found, damage } = openRows(lines.subarray(passed), last.chain, last.op);
      // What follows may be cut and written anew meanwhile.
      const entries = found.filter(({ op }) => op <= throughOp);
      whole = noteMarks(segment, entries, position + passed);
      const { op, chain } = entries.at(-1) ?? last;
      last = { op, chain };
      if (entries.length > 0) goesOn = await onEntries(entries);
      if (damage && op < throughOp) throw damagedRow(damage);
      return goesOn && op < throughOp;
    };
    const { path, size } = segment;
    const end = await withFile(path, (file) => readLines(file, whole, size, take, { pieceBytes })).catch(
      (error: unknown) => {
        if (log.segments[index] !== segment) return REPLACED;
        if (isUnreadable(error)) {
          throw damagedRow(`the disk does not give back what is there (${(error as Error).message})`);
        }
        const isOfSystem = errorCode(error) !== undefined && !(error instanceof DatabaseError);
        throw isOfSystem ? new DatabaseError('disk', failureOf(error, `Reading ${path}`).message) : error;
      },
    );
    if (end === REPLACED) {
      last = atBeginning;
      index--;
      continue;
    }
    if (!goesOn) return last;
    if (last.op < throughOp && end !== size) throw damagedRow('the file ends inside the row');
  }
  return last;
}

/** @returns where the last of these rows ends */
function noteMarks(segment: Segment, entries: readonly LogEntry[], position: number): number {
  let offset = position;
  for (const entry of entries) {
    noteMark(segment, entry.op, offset);
    offset += Buffer.byteLength(entry.row);
  }
  return offset;
}

/** Whether each file of the log begins where the one before it ends. */
async function hasWholeSeams(log: CommitLog): Promise<boolean> {
  let lastOp = 0;
  for (const [index, segment] of log.segments.entries()) {
    if (segment.firstOp !== lastOp + 1) return false;
    if (index < log.segments.length - 1) lastOp = await lastOpOf(segment);
  }
  return true;
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

function mixedFolder(log: CommitLog, op: number): DatabaseError {
  return new DatabaseError(
    'damaged',
    `${log.folder} mixes the files of two databases: snapshot.csv was made from another op ${op} than the one in the log. Put back the files that belong together; if other servers of the cluster are running, move this folder away instead and start again.`,
  );
}

/** The first line of a file is its header, so its first op stands in line 2. */
function sentenceOf(segment: Segment, lastWhole: number, damage: string): string {
  const line = Math.max(2, lastWhole - segment.firstOp + 3);
  return `${segment.path}, line ${line}: ${damage}. Op ${lastWhole + 1} is damaged, the ops before it are whole.`;
}

function missingSentence(segment: Segment, lastOp: number): string {
  return `${segment.path} begins with op ${segment.firstOp}, but the log before it ends with op ${lastOp}: op ${lastOp + 1} is missing.`;
}

/**
 * Entries from `fromOp` on, their digests checked: as many as fit into `maxLength` UTF-16 code units of CSV but at least
 * one; none past the end.
 *
 * @throws StorageError when the file can't be read; with `damaged` when a row in it is wrong
 */
export async function readLog(log: CommitLog, fromOp: number, maxLength: number): Promise<LogEntry[]> {
  const lastOp = log.lastOp;
  if (fromOp > lastOp) return [];
  const collector = new Collector(fromOp, maxLength);
  try {
    // The row before the first one is read for its chain.
    const place = await log.locate(Math.max(1, fromOp - 1));
    for (const segment of log.segments.slice(place.index)) {
      const from = segment === log.segments[place.index] ? place.offset : LOG_HEADER.length;
      await withFile(segment.path, (file) => readLines(file, from, segment.size, (lines) => collector.take(lines)));
      if (collector.full) break;
    }
  } catch (error) {
    throw new StorageError(readingFailed(log.folder, error, (collector.entries.at(-1)?.op ?? fromOp - 1) + 1));
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
    for (const entry of entries) {
      this.entries.push(entry);
      this.#room -= entry.row.length;
    }
    if (damage) throw new BadRow(damage);
    this.#chain = this.entries.at(-1)!.chain;
  }
}
