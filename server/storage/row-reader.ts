import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { CommitLog } from './commit-log.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { BadRow, readingFailed, StorageError, withFile } from './files.ts';
import { nearMark } from './log-places.ts';
import type { Segment } from './segments.ts';

/** Rows that are so near each other are read in one piece, with what lies between them. */
const NEAR_OPS = 64;
const PIECE_BYTES = 64 * 1024;
/** A row ends with its chain and a line feed. */
const CHAIN_LENGTH = 64;

/**
 * Single rows from anywhere in the log, their digests checked with the rows before them. Neighbours are read together: a hundred
 * rows that lie scattered cost a hundred reads of some kilobytes.
 *
 * @param ops ascending, each of them in the log
 * @throws StorageError when the file can't be read; with `damaged` when a row in it is wrong
 */
export async function readRows(log: CommitLog, ops: readonly number[]): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (const group of groupsOf(log, ops)) {
    try {
      entries.push(...(await readGroup(log, group)));
    } catch (error) {
      throw new StorageError(readingFailed(log.folder, error, group.ops[0]!));
    }
  }
  return entries;
}

interface Group {
  segment: number;
  ops: number[];
}

function groupsOf(log: CommitLog, ops: readonly number[]): Group[] {
  const groups: Group[] = [];
  for (const op of ops) {
    const last = groups.at(-1);
    const segment = log.segments.findLastIndex(({ firstOp }) => firstOp <= op);
    if (last && last.segment === segment && op - last.ops.at(-1)! <= NEAR_OPS) last.ops.push(op);
    else groups.push({ segment, ops: [op] });
  }
  return groups;
}

async function readGroup(log: CommitLog, { segment: index, ops }: Group): Promise<LogEntry[]> {
  const segment = log.segments[index]!;
  const first = Math.max(segment.firstOp, ops[0]! - 1);
  const lines = await readLinesOf(log, index, first, ops.at(-1)!);
  const entries: LogEntry[] = [];
  for (let at = 0; at < ops.length; ) {
    let end = at + 1;
    while (end < ops.length && ops[end] === ops[end - 1]! + 1) end++;
    const [from, through] = [ops[at]!, ops[end - 1]!];
    const chain = from > first ? chainOf(lines[from - 1 - first]!) : await chainBefore(log, index);
    const opened = openRows(Buffer.concat(lines.slice(from - first, through + 1 - first)), chain, from - 1);
    if (opened.damage) throw new BadRow(opened.damage);
    entries.push(...opened.entries);
    at = end;
  }
  return entries;
}

/** The chain before the first row of a segment. */
async function chainBefore(log: CommitLog, index: number): Promise<string> {
  if (index === 0) return GENESIS_CHAIN;
  const op = log.segments[index]!.firstOp - 1;
  const [line] = await readLinesOf(log, index - 1, op, op);
  return chainOf(line!);
}

function chainOf(line: Buffer): string {
  return line.toString('latin1', line.length - 1 - CHAIN_LENGTH, line.length - 1);
}

/** The lines of some neighbouring rows of a segment. */
async function readLinesOf(log: CommitLog, index: number, firstOp: number, lastOp: number): Promise<Buffer[]> {
  const segment = log.segments[index]!;
  const mark = await nearMark(segment, firstOp, log.endOf(index) + 1);
  const lines: Buffer[] = [];
  await withFile(segment.path, async (file) => {
    let bytes = Buffer.alloc(0);
    let position = mark.offset;
    for (let op = mark.op; op <= lastOp; ) {
      const room = Math.min(pieceFor(segment, mark.op, lastOp), segment.size - position);
      if (room <= 0) throw new BadRow(`${segment.name} ends before op ${op}`);
      const piece = Buffer.allocUnsafe(room);
      const { bytesRead } = await file.read(piece, 0, room, position);
      if (bytesRead === 0) throw new BadRow(`${segment.name} ends before op ${op}`);
      position += bytesRead;
      bytes = bytes.length === 0 ? piece.subarray(0, bytesRead) : Buffer.concat([bytes, piece.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end !== -1 && op <= lastOp; end = bytes.indexOf(10, start)) {
        if (op >= firstOp) lines.push(bytes.subarray(start, end + 1));
        start = end + 1;
        op++;
      }
      bytes = bytes.subarray(start);
    }
  });
  return lines;
}

/** Up to the next mark after the last row, if there is one near. */
function pieceFor(segment: Segment, fromOp: number, lastOp: number): number {
  const { marks } = segment;
  const next = marks[marks.findLastIndex((mark) => mark.op <= lastOp) + 1];
  const from = marks.findLast((mark) => mark.op <= fromOp)?.offset ?? LOG_HEADER.length;
  return next ? Math.min(PIECE_BYTES, Math.max(1, next.offset - from)) : PIECE_BYTES;
}
