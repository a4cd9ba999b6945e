import type { FileHandle } from 'node:fs/promises';
import { LOG_HEADER } from './csv.ts';
import { BadRow, withFile } from './files.ts';
import type { Mark, Segment } from './segments.ts';

/** Two marks of a segment are at least so far apart. */
const MARK_BYTES = 16 * 1024;
/** A row is looked for from a mark that is at most so far before it, unless rows are longer than that. */
const NEAR_BYTES = 4 * MARK_BYTES;
/** Enough to find where a row begins, mostly. */
const PROBE_BYTES = 4096;
/** No op number is longer. */
const OP_DIGITS = 17;

/** Notes where an op begins, unless the last mark is near enough. */
export function addMark(marks: Mark[], before: Mark | undefined, op: number, offset: number): void {
  const last = marks.at(-1) ?? before;
  if (!last || offset - last.offset >= MARK_BYTES) marks.push({ op, offset });
}

/** Notes where an op begins, wherever it lies among those that are marked, unless one of them is near enough. */
export function noteMark(segment: Segment, op: number, offset: number): void {
  const { marks } = segment;
  const last = marks.at(-1);
  if (!last || last.op <= op) {
    addMark(marks, undefined, op, offset);
    return;
  }
  const index = marks.findLastIndex((mark) => mark.op <= op);
  const isNear = (mark: Mark | undefined) => mark !== undefined && Math.abs(mark.offset - offset) < MARK_BYTES;
  if (!isNear(marks[index]) && !isNear(marks[index + 1])) marks.splice(index + 1, 0, { op, offset });
}

/**
 * Finds a row at or a little before an op. What is learned on the way is noted, so that the next search is shorter.
 *
 * @param afterLastOp the op after the segment's last one
 * @throws BadRow when a row does not begin with its op
 */
export async function nearMark(segment: Segment, op: number, afterLastOp: number): Promise<Mark> {
  const { marks } = segment;
  const index = marks.findLastIndex((mark) => mark.op <= op);
  let low = marks[index] ?? { op: segment.firstOp, offset: LOG_HEADER.length };
  let high = marks[index + 1] ?? { op: afterLastOp, offset: segment.size };
  if (high.offset - low.offset <= NEAR_BYTES) return low;
  await withFile(segment.path, async (file) => {
    for (let turn = 0; high.offset - low.offset > NEAR_BYTES; turn++) {
      const guess = guessOf(low, high, op, turn);
      const found = await rowAfter(segment, file, guess, high.offset);
      if (!found) high = { op: high.op, offset: guess };
      else if (found.op <= op) low = found;
      else high = found;
      if (found) noteMark(segment, found.op, found.offset);
    }
  });
  return low;
}

/** Rows are about as long as others, so a row is about where it should be; every other time the middle is taken, which never fails. */
function guessOf(low: Mark, high: Mark, op: number, turn: number): number {
  const room = high.offset - low.offset;
  const share = turn % 2 === 0 ? (op - low.op) / Math.max(1, high.op - low.op) : 0.5;
  const guess = Math.floor(low.offset + share * room - (turn % 2 === 0 ? MARK_BYTES : 0));
  return Math.min(Math.max(guess, low.offset + 1), high.offset - 1);
}

/** The first row that begins after a byte and before another. */
async function rowAfter(segment: Segment, file: FileHandle, from: number, to: number): Promise<Mark | undefined> {
  const bytes = Buffer.alloc(PROBE_BYTES);
  for (let position = from; position < to; ) {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
    if (bytesRead === 0) return undefined;
    const lineFeed = bytes.subarray(0, bytesRead).indexOf(10);
    if (lineFeed === -1) {
      position += bytesRead;
      continue;
    }
    const offset = position + lineFeed + 1;
    if (offset >= to) return undefined;
    await file.read(bytes, 0, OP_DIGITS, offset);
    const op = Number.parseInt(bytes.toString('latin1', 0, OP_DIGITS), 10);
    if (!(op > segment.firstOp)) {
      throw new BadRow(`the row at byte ${offset} of ${segment.name} does not begin with its op`);
    }
    return { op, offset };
  }
  return undefined;
}
