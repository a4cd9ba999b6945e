import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_HEADER } from './csv.ts';
import { newName, readLines, syncFolder, withFile, writeOnce } from './files.ts';
import { keepAside } from './quarantine.ts';
import { beginningOf } from './row-beginning.ts';
import { endsAtCut, isCut } from './segment-cut.ts';
import { makeSegment, type Segment } from './segments.ts';

/** Whole rows that stand in a file one after the other. */
export interface LogSource {
  path: string;
  from: number;
  to: number;
  /** The operation of the first of them. */
  firstOp: number;
}

/** Segments by name: those written anew, and those in whose place nothing comes. */
export interface Rewritten {
  made: string[];
  left: string[];
}

/**
 * Writes a log anew from its rows, beside the files that are there: cut where it always is, so that every server has the same
 * files, and where whole segments begin that are cut elsewhere. A segment that is right as it stands is not written again.
 *
 * @param segmentOperations as in `isCut`
 */
export async function writeSegments(
  folder: string,
  segments: readonly Segment[],
  sources: readonly LogSource[],
  segmentOperations: number,
): Promise<Rewritten> {
  const beginnings = new Set<number>();
  const writer = new SegmentWriter(folder, segmentOperations, beginnings);
  const segmentAt = ({ path, from, firstOp }: LogSource) =>
    segments.find((one) => one.path === path && one.firstOp === firstOp && from === LOG_HEADER.length);
  for (const source of sources) if (segmentAt(source)) beginnings.add(source.firstOp);
  const kept = new Set<string>();
  for (const [index, source] of sources.entries()) {
    const segment = segmentAt(source);
    const next = sources[index + 1];
    const isComplete =
      segment?.size === source.to &&
      (!next || beginnings.has(next.firstOp) || (await endsAtCut(segment, segmentOperations)));
    if (isComplete) {
      await writer.close();
      kept.add(segment.name);
      continue;
    }
    let op = source.firstOp;
    await withFile(source.path, async (file) => {
      // Collected first, written after: reading hands out bytes that it uses again.
      for (let from = source.from; from < source.to; ) {
        const piece: Buffer[] = [];
        from = await readLines(file, from, source.to, (lines) => {
          piece.push(Buffer.from(lines));
          return piece.length < PIECES;
        });
        for (const lines of piece) op = await writer.add(lines, op);
      }
    });
  }
  await writer.close();
  const left = segments.filter(({ name }) => !kept.has(name) && !writer.made.includes(name)).map(({ name }) => name);
  return { made: writer.made, left };
}

const PIECES = 64;

class SegmentWriter {
  readonly made: string[] = [];
  readonly #folder: string;
  readonly #segmentOperations: number;
  readonly #beginnings: ReadonlySet<number>;
  #file: FileHandle | undefined;
  #size = 0;

  /** @param beginnings ops that begin a segment wherever the one before it ends */
  constructor(folder: string, segmentOperations: number, beginnings: ReadonlySet<number>) {
    this.#folder = folder;
    this.#segmentOperations = segmentOperations;
    this.#beginnings = beginnings;
  }

  /** @returns the operation after the last of these rows */
  async add(lines: Buffer, firstOp: number): Promise<number> {
    let op = firstOp;
    for (let at = 0; at < lines.length; ) {
      if (this.#beginnings.has(op)) await this.close();
      if (!this.#file) await this.#begin(op);
      const start = at;
      let isEnd = false;
      while (at < lines.length && !isEnd) {
        const end = lines.indexOf(10, at) + 1;
        const event = beginningOf(lines.subarray(at, end))?.event ?? 'cluster:view';
        isEnd = isCut({ op, event }, this.#segmentOperations) || this.#beginnings.has(op + 1);
        at = end;
        op++;
      }
      await writeOnce(this.#file!, lines.subarray(start, at), this.#size);
      this.#size += at - start;
      if (isEnd) await this.close();
    }
    return op;
  }

  async #begin(op: number): Promise<void> {
    const { name, path } = makeSegment(this.#folder, op);
    this.#file = await open(newName(path), 'w');
    this.made.push(name);
    await writeOnce(this.#file, Buffer.from(LOG_HEADER), 0);
    this.#size = LOG_HEADER.length;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    await file.sync();
    await file.close();
  }
}

/**
 * Puts the new segments in the place of the old ones, from the last one on: until the first damaged one is replaced, the log
 * is found damaged as it was. What was there is in the quarantine before.
 *
 * @param op the first one that was damaged or missing
 * @returns the files in quarantine
 */
export async function putInPlace(
  folder: string,
  segments: readonly Segment[],
  { made, left }: Rewritten,
  op: number,
  reason: string,
): Promise<string[]> {
  const there = new Set(segments.map(({ name }) => name));
  const aside: string[] = [];
  for (const name of [...left, ...made].filter((one) => there.has(one))) {
    const asideName = name.replace('.csv', `-damaged-at-${op}.csv`);
    aside.push(await keepAside(join(folder, name), asideName, reason));
  }
  for (const name of [...made].reverse()) {
    await rename(newName(join(folder, name)), join(folder, name));
    await syncFolder(folder);
  }
  for (const name of left) await unlink(join(folder, name));
  await syncFolder(folder);
  return aside;
}
