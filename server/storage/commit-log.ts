import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { assert } from '../../shared/assert.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { LOG_HEADER } from './csv.ts';
import { cutFile } from './cut-file.ts';
import {
  BadRow,
  failureOf,
  isFull,
  newName,
  readPieces,
  StorageError,
  syncData,
  syncFolder,
  withFile,
  writeOnce,
} from './files.ts';
import { addMark, nearMark } from './log-places.ts';
import { setAside } from './quarantine.ts';
import { endsAtCut, isCut } from './segment-cut.ts';
import { makeSegment, type Segment } from './segments.ts';

/** What is read at a time on the way from a mark to a row. */
const LOCATE_BYTES = 64 * 1024;

export interface CommitLogOptions {
  /** See {@link isCut}. */
  segmentOperations: number;
  /** Whether an append waits for the disk. */
  sync: boolean;
}

/**
 * The log on disk: rows in segments, which are cut by op number and event alone, so that every replica has the same
 * files. Does one thing at a time: whoever calls waits
 * for each promise. Reading (`log-reader.ts`) may go on beside appends, not beside a cut.
 */
export class CommitLog {
  readonly folder: string;
  readonly segments: Segment[];
  /** After which ops rows were taken away, one time after the other. */
  readonly cuts: number[] = [];
  #lastOp: number;
  readonly #options: CommitLogOptions;
  /** The last segment, open for appending. */
  #file: FileHandle | undefined;
  /** Whether the next row begins a segment; undefined until the last row was looked at. */
  #isAtCut: boolean | undefined;

  constructor(folder: string, segments: Segment[], lastOp: number, options: CommitLogOptions) {
    this.folder = folder;
    this.segments = segments;
    this.#lastOp = lastOp;
    this.#options = options;
  }

  /** The last op whose row is whole and, with `sync`, durable. */
  get lastOp(): number {
    return this.#lastOp;
  }

  /**
   * Adds entries that follow the last one: one write and one fdatasync, unless they reach into a new segment.
   *
   * @throws StorageError naming the file; nothing may be appended after it
   */
  async append(entries: readonly LogEntry[]): Promise<void> {
    assert(entries[0]!.op === this.#lastOp + 1, `op ${entries[0]!.op} does not follow op ${this.#lastOp}`);
    for (let index = 0; index < entries.length; ) {
      const isNew = await this.#isNextInNewSegment();
      const segment = isNew ? await this.#begin(entries[index]!.op) : await this.#last();
      const start = index;
      this.#isAtCut = false;
      const marks: Segment['marks'] = [];
      let size = Math.max(segment.size, LOG_HEADER.length);
      for (; index < entries.length && !this.#isAtCut; index++) {
        const entry = entries[index]!;
        assert(entry.op === entries[0]!.op + index, `op ${entry.op} does not follow the entry before it`);
        addMark(marks, segment.marks.at(-1), entry.op, size);
        size += Buffer.byteLength(entry.row);
        this.#isAtCut = isCut(entry, this.#options.segmentOperations);
      }
      const rows = entries.slice(start, index).map((entry) => entry.row);
      await this.#write(segment, segment.size === 0 ? [LOG_HEADER, ...rows] : rows, isNew);
      segment.size = size;
      segment.marks.push(...marks);
      this.#lastOp = entries[index - 1]!.op;
    }
  }

  /** After a start, and after a cut, only the file tells. */
  async #isNextInNewSegment(): Promise<boolean> {
    const last = this.segments.at(-1);
    if (!last) return true;
    this.#isAtCut ??= await endsAtCut(last, this.#options.segmentOperations);
    return this.#isAtCut;
  }

  async #last(): Promise<Segment> {
    const segment = this.segments.at(-1)!;
    this.#file ??= await open(segment.path, 'r+');
    return segment;
  }

  async #begin(op: number): Promise<Segment> {
    await this.sync();
    await this.#closeFile();
    const segment = makeSegment(this.folder, op);
    try {
      this.#file = await open(segment.path, 'wx+');
    } catch (error) {
      throw new StorageError(failureOf(error, `Making ${segment.path}`));
    }
    this.segments.push(segment);
    return segment;
  }

  /** @param isNew the segment's name has to become durable, too: both are waited for at once */
  async #write(segment: Segment, rows: readonly string[], isNew: boolean): Promise<void> {
    try {
      await writeOnce(this.#file!, Buffer.from(rows.join('')), segment.size);
    } catch (error) {
      // What did not fit is taken off again, so that the next start needs no room for setting it aside.
      if (isFull(error)) await this.#file!.truncate(segment.size).catch(() => undefined);
      throw new StorageError(failureOf(error, `Writing to ${segment.path}`));
    }
    const [rowsSynced, nameSynced] = await Promise.allSettled([
      this.#options.sync ? syncData(this.#file!) : undefined,
      isNew ? syncFolder(this.folder) : undefined,
    ]);
    for (const synced of [rowsSynced, nameSynced]) {
      if (synced.status === 'fulfilled') continue;
      // Even for want of room: the rows are in the file as this machine reads it, and perhaps not on the disk.
      const failure = failureOf(synced.reason, `Waiting until ${segment.path} is on the disk`);
      throw new StorageError({ ...failure, full: false });
    }
  }

  /** Makes durable what `append` has only written: nothing to do when it syncs by itself. */
  async sync(): Promise<void> {
    if (!this.#options.sync && this.#file) await syncData(this.#file);
  }

  /** Moves all rows after `op` to one file in `quarantine/`, and only when they are durable there takes them away. */
  async cutAfter(op: number, reason: string): Promise<void> {
    if (op >= this.#lastOp) return;
    const place = await this.locate(op + 1);
    const name = `commit_log-cut-after-${String(op).padStart(20, '0')}.csv`;
    await setAside(this.folder, name, reason, async (aside) => {
      await writeOnce(aside, Buffer.from(LOG_HEADER), 0);
      let position = LOG_HEADER.length;
      for (const segment of this.segments.slice(place.index)) {
        const start = segment === this.segments[place.index] ? place.offset : LOG_HEADER.length;
        await withFile(segment.path, (file) =>
          readPieces(file, start, segment.size, async (bytes) => {
            await writeOnce(aside, bytes, position);
            position += bytes.length;
            return true;
          }),
        );
      }
    });
    await this.#takeAway(place, op);
  }

  async #takeAway(place: Place, op: number): Promise<void> {
    await this.#closeFile();
    this.cuts.push(op);
    this.#isAtCut = undefined;
    // From the end on, so that a crash in between leaves a log without a gap.
    while (this.segments.length > place.index + 1) await unlink(this.segments.pop()!.path);
    const segment = this.segments[place.index]!;
    if (op < segment.firstOp) {
      await unlink(segment.path);
      this.segments.pop();
    } else {
      await cutFile(segment.path, place.offset);
      segment.size = place.offset;
      segment.marks = segment.marks.filter((mark) => mark.op <= op);
    }
    await syncFolder(this.folder);
    this.#lastOp = op;
  }

  /**
   * Puts the file that was written beside a segment in its place: the same rows, some of them shorter. Nothing may be read from
   * the log meanwhile.
   *
   * @returns false when it cannot be put there; the segment stays then
   * @throws StorageError when the folder can't be synced
   */
  async replace(segment: Segment, shorter: Pick<Segment, 'size' | 'marks'>): Promise<boolean> {
    const index = this.segments.indexOf(segment);
    if (index === this.segments.length - 1) await this.#closeFile();
    try {
      await rename(newName(segment.path), segment.path);
    } catch {
      return false;
    }
    // Another object: who goes on reading the file that was there notes no places of it here.
    this.segments[index] = { ...segment, size: shorter.size, marks: shorter.marks };
    await syncFolder(this.folder);
    return true;
  }

  /** Finds where the row of an op begins. The op must be in the log. @throws BadRow when rows on the way to it are damaged */
  async locate(op: number): Promise<Place> {
    assert(op >= 1 && op <= this.#lastOp, `op ${op} is not in the log, which ends at op ${this.#lastOp}`);
    const index = this.segments.findLastIndex((segment) => segment.firstOp <= op);
    const segment = this.segments[index]!;
    const mark = await nearMark(segment, op, this.endOf(index) + 1);
    let offset = mark.offset;
    let rowsToPass = op - mark.op;
    if (rowsToPass === 0) return { index, offset };
    await withFile(segment.path, (file) =>
      readPieces(
        file,
        mark.offset,
        segment.size,
        (bytes) => {
          let end = 0;
          while (rowsToPass > 0) {
            const lineFeed = bytes.indexOf(10, end);
            if (lineFeed === -1) break;
            end = lineFeed + 1;
            rowsToPass--;
          }
          offset += rowsToPass > 0 ? bytes.length : end;
          return rowsToPass > 0;
        },
        LOCATE_BYTES,
      ),
    );
    if (rowsToPass > 0) throw new BadRow(`${segment.name} has fewer rows than were written to it`);
    return { index, offset };
  }

  /** The last op of a segment. */
  endOf(index: number): number {
    const next = this.segments[index + 1];
    return next ? next.firstOp - 1 : this.#lastOp;
  }

  /** What the log turned out to hold when it was scanned. */
  scanned(lastOp: number): void {
    this.#lastOp = lastOp;
    this.#isAtCut = undefined;
  }

  async close(): Promise<void> {
    await this.#closeFile();
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** The place of a row: which segment, and the byte at which it begins. */
export interface Place {
  index: number;
  offset: number;
}
