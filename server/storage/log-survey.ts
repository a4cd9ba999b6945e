import { hash } from 'node:crypto';
import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { CommitLog } from './commit-log.ts';
import { follows, LOG_HEADER, openRows, readRow } from './csv.ts';
import type { DamagePlace } from './database-error.ts';
import { readAround, readBytes, readLines, withFile } from './files.ts';
import { shortenEntry } from './shorten-row.ts';

/** Rows of one segment, one after the other, that are whole and hang together with all rows before them. */
export interface Stretch {
  path: string;
  /** The bytes from here on … */
  from: number;
  /** … to here. */
  to: number;
  firstOp: number;
  lastOp: number;
}

/** A row by number and chain, which vouches for everything up to it. */
export interface RowName {
  op: number;
  chain: string;
}

/** Rows that are missing or damaged between two stretches. */
export interface Hole {
  after: RowName;
  /** The last row that is needed. What follows it is whole and hangs on this chain, so only the true rows fit. */
  until: RowName;
  /** The line that may be the row `until`: where it stands, directly before the next stretch. */
  anchor: { path: string; from: number; to: number };
}

/** A line that is no row of its place: damaged, twice there, or moved. */
export interface LooseLine {
  /** The number that it gives itself, if it can be read. */
  op: number | undefined;
  /** Its last cell, if that can be a chain. */
  chain: string | undefined;
  /** Digest of everything before the last cell. */
  rest: string;
  path: string;
  from: number;
  to: number;
}

/** What is there of a damaged log, from its first row to its last. */
export interface Survey {
  parts: (Stretch | Hole)[];
  loose: LooseLine[];
  /** The last row of the last stretch. */
  end: RowName;
  /** Nothing whole stands after the last loose line: rows may be missing that nothing vouches for. */
  endsLoose: boolean;
}

/** `,` and 64 hexadecimal digits and a line feed, less the comma. */
export const CHAIN_BYTES = 65;

const ANY_CHAIN = `${GENESIS_CHAIN}\n`;

/**
 * What vouches for a row without its chain: what stands before that cell, which the chain is computed from. The same for all
 * forms of a row: what compaction has removed here may still be there on another server, and the other way round.
 */
export function restDigest(line: Buffer): string {
  const rest = line.subarray(0, -CHAIN_BYTES);
  const entry = readRow(Buffer.concat([rest, Buffer.from(ANY_CHAIN)]));
  return hash('sha256', entry ? shortenEntry(entry, '').row : rest);
}

/** Whether two lines are the same row, in whatever form. */
export function isSameRow(one: Buffer, other: Buffer): boolean {
  if (one.equals(other)) return true;
  const entry = readRow(one);
  return entry !== undefined && entry.chain === readRow(other)?.chain && restDigest(one) === restDigest(other);
}

/**
 * Reads a log from the first damage to the end, and finds out what of it is whole. Two rows next to each other of which the
 * second follows the first one's chain are taken for the beginning of a whole part.
 *
 * @param place what `scanLog` found
 */
export async function surveyLog(log: CommitLog, place: DamagePlace): Promise<Survey> {
  const surveyor = new Surveyor(place);
  for (const [index, { path, firstOp, size }] of log.segments.entries()) {
    if (index < place.segment) {
      const isLastWhole = index === place.segment - 1 && place.offset === LOG_HEADER.length;
      const lastOp = isLastWhole ? place.op : log.segments[index + 1]!.firstOp - 1;
      surveyor.parts.push({ path, from: LOG_HEADER.length, to: size, firstOp, lastOp });
      continue;
    }
    const from = index === place.segment ? place.offset : LOG_HEADER.length;
    if (from > LOG_HEADER.length) {
      surveyor.parts.push({ path, from: LOG_HEADER.length, to: from, firstOp, lastOp: place.op });
    }
    await withFile(path, async (file) => {
      const take = (lines: Buffer, position: number) => {
        surveyor.take(path, lines, position);
        return true;
      };
      const end = await readLines(file, from, size, take, { readAt: readAround });
      if (end === size) return;
      const rest = await readBytes(file, end, size, readAround);
      surveyor.addLoose(path, rest, end, undefined);
    });
  }
  const { parts, loose, end, endsLoose } = surveyor;
  return { parts, loose, end, endsLoose };
}

class Surveyor {
  readonly parts: (Stretch | Hole)[] = [];
  readonly loose: LooseLine[] = [];
  end: RowName;
  endsLoose = false;
  /** The line just before, when it is loose and can be read. */
  #before: LogEntry | undefined;

  constructor({ op, chain }: DamagePlace) {
    this.end = { op, chain };
  }

  take(path: string, lines: Buffer, position: number): void {
    for (let at = 0; at < lines.length; ) {
      if (!this.endsLoose) {
        const { entries } = openRows(lines.subarray(at), this.end.chain, this.end.op);
        const bytes = entries.reduce((sum, { row }) => sum + Buffer.byteLength(row), 0);
        if (entries.length > 0) this.#extend(path, position + at, bytes, entries.at(-1)!);
        at += bytes;
        if (at === lines.length) return;
      }
      const line = lines.subarray(at, lines.indexOf(10, at) + 1);
      this.#takeOne(path, line, position + at);
      at += line.length;
    }
  }

  #takeOne(path: string, line: Buffer, from: number): void {
    const entry = readRow(line);
    const before = this.#before;
    if (entry && entry.op === this.end.op + 1 && follows(this.end.chain, entry)) {
      this.#extend(path, from, line.length, entry);
    } else if (entry && before && before.op > this.end.op && isNext(before, entry)) {
      const { path: anchorPath, from: anchorFrom, to } = this.loose.at(-1)!;
      const until = { op: before.op, chain: before.chain };
      this.parts.push({ after: this.end, until, anchor: { path: anchorPath, from: anchorFrom, to } });
      this.#extend(path, from, line.length, entry);
    } else {
      this.addLoose(path, line, from, entry);
    }
  }

  #extend(path: string, from: number, bytes: number, last: LogEntry): void {
    const stretch = this.parts.at(-1);
    if (stretch && 'path' in stretch && stretch.path === path && stretch.to === from) {
      stretch.to += bytes;
      stretch.lastOp = last.op;
    } else {
      const before = this.parts.at(-1);
      const firstOp = before && 'until' in before ? before.until.op + 1 : this.end.op + 1;
      this.parts.push({ path, from, to: from + bytes, firstOp, lastOp: last.op });
    }
    this.end = { op: last.op, chain: last.chain };
    this.endsLoose = false;
    this.#before = undefined;
  }

  addLoose(path: string, line: Buffer, from: number, entry: LogEntry | undefined): void {
    const lastCell = line.toString('latin1', Math.max(0, line.length - CHAIN_BYTES));
    const chain = /^([0-9a-f]{64})\n$/.exec(lastCell)?.[1];
    this.loose.push({ op: entry?.op, chain, rest: restDigest(line), path, from, to: from + line.length });
    this.endsLoose = true;
    this.#before = entry;
  }
}

function isNext(before: LogEntry, entry: LogEntry): boolean {
  return entry.op === before.op + 1 && follows(before.chain, entry);
}
