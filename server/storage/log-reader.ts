import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { addMark, type CommitLog } from './commit-log.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { DatabaseError, LogDamage } from './database-error.ts';
import { errorCode, failureOf, isUnreadable, readLines, StorageError, withFile } from './files.ts';

/**
 * Reads the whole log once, from the first op on, checks every digest, and notes where rows stand. Memory does not grow
 * with the log; the main loop turns every few hundred rows.
 *
 * @param onEntries gets all entries in order, a few hundred at a time
 * @param onProgress gets the last op read, and the last of all
 * @throws LogDamage, naming file, line and op, at the first row that is wrong or missing
 */
export async function scanLog(
  log: CommitLog,
  onEntries: (entries: LogEntry[]) => void,
  onProgress?: (op: number, lastOp: number) => void,
): Promise<void> {
  let chain = GENESIS_CHAIN;
  let op = 0;
  for (const [index, segment] of log.segments.entries()) {
    let line = 2;
    let whole = LOG_HEADER.length;
    const damaged = (what: string) => new LogDamage(what, { segment: index, offset: whole, op, chain });
    if (segment.firstOp !== op + 1) {
      throw damaged(
        `${segment.path} begins with op ${segment.firstOp}, but the log before it ends with op ${op}: op ${op + 1} is missing.`,
      );
    }
    const damagedRow = (damage: string) =>
      damaged(`${segment.path}, line ${line}: ${damage}. Op ${op + 1} is damaged, the ops before it are whole.`);
    segment.marks = [];
    const scanSegment = withFile(segment.path, (file) =>
      readLines(file, LOG_HEADER.length, segment.size, (lines, position) => {
        const { entries, damage } = openRows(lines, chain, op);
        let offset = position;
        for (const entry of entries) {
          addMark(segment.marks, undefined, entry.op, offset);
          offset += Buffer.byteLength(entry.row);
        }
        line += entries.length;
        whole = offset;
        op = entries.at(-1)?.op ?? op;
        chain = entries.at(-1)?.chain ?? chain;
        if (entries.length > 0) onEntries(entries);
        if (damage) throw damagedRow(damage);
        onProgress?.(op, log.lastOp);
        return true;
      }),
    );
    const end = await scanSegment.catch((error: unknown) => {
      if (isUnreadable(error)) {
        throw damagedRow(`the disk does not give back what is there (${(error as Error).message})`);
      }
      const unreadable = errorCode(error) !== undefined && !(error instanceof DatabaseError);
      throw unreadable ? new DatabaseError('disk', failureOf(error, `Reading ${segment.path}`).message) : error;
    });
    if (end !== segment.size) throw damagedRow('the file ends inside the row');
  }
  log.scanned(op);
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
    throw readingFailed(log.folder, error);
  }
  return collector.entries;
}

/** Of rows that were whole at the start: those that are not any more can be had from the others again (R26). */
function readingFailed(folder: string, error: unknown): StorageError {
  if (!(error instanceof BadRow) && !isUnreadable(error)) {
    return new StorageError(failureOf(error, `Reading the log in ${folder}`));
  }
  const message = `The log in ${folder} is damaged (${(error as Error).message}): nothing is served from it any more.`;
  return new StorageError({ message, full: false, damaged: true });
}

class BadRow extends Error {}

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
    if (damage) throw new BadRow(damage);
    for (const entry of entries) {
      this.entries.push(entry);
      this.#room -= entry.row.length;
    }
    this.#chain = this.entries.at(-1)!.chain;
  }
}
