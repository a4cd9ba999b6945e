import { rm, statfs } from 'node:fs/promises';
import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { CannotWrite } from './beside-writer.ts';
import type { CommitLog } from './commit-log.ts';
import { type ShorterSegment, writeShorter } from './compact-segment.ts';
import { BadRow, isUnreadable, newName, readBytes, readingFailed, StorageError, withFile } from './files.ts';
import type { OldDamage } from './old-damage.ts';
import type { CompactionPlan } from './replica-storage.ts';
import { ROOM_NEEDED_BYTES } from './room.ts';
import type { Segment } from './segments.ts';

/** What a compaction works on, and beside what. */
export interface CompactionPlace {
  folder: string;
  log: CommitLog;
  /** Rows that could not be repaired (R26): their segments stay as they are. */
  oldDamage: OldDamage | undefined;
  /** Op of the last compaction that was finished here, 0 without one. */
  lastOp: number;
  /** False when the storage closes. */
  isOpen(): boolean;
  /** Does something in its turn, when nothing is appended, cut, or copied. @throws StorageError when nothing is written any more */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** As `inTurn`, when nothing is read either. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Single rows, as `ReplicaStorage.readRows` reads them. @throws StorageError */
  readRows(ops: readonly number[]): Promise<LogEntry[]>;
}

/** How much shorter the log has become. */
export interface Shortened {
  rows: number;
  bytes: number;
  /** False when something was left that the next compaction has to look at. */
  isFinished: boolean;
}

/** Ends a compaction before its end: what it did so far stays. */
export class CompactionOver extends Error {}

/**
 * Removes from the rows of the log what a plan wants removed, one segment after the other: each is written anew beside the one
 * that is there, and then renamed over it, so that a crash leaves either of them. Named copies that share it keep theirs.
 *
 * @throws CompactionOver, CannotWrite, StorageError, or what the system says when a file can't be read
 */
export async function compactLog(place: CompactionPlace, plan: CompactionPlan): Promise<Shortened> {
  const { log } = place;
  let cutsBefore = 0;
  // Rows after the mark come and go.
  const isCut = () => log.cuts.slice(cutsBefore).some((op) => op < plan.upTo);
  const goesOn = () => place.isOpen() && !plan.isOver() && !isCut();
  const refuseToGoOn = () => {
    if (!goesOn()) throw new CompactionOver();
  };
  const result: Shortened = { rows: 0, bytes: 0, isFinished: true };
  const ends = await place.inTurn(async () => {
    // What was to be cut off before this was asked for is gone now.
    cutsBefore = log.cuts.length;
    return endsOfSegments(log, plan.upTo);
  });
  for (const [index, endOp] of ends.entries()) {
    refuseToGoOn();
    const segment = log.segments[index]!;
    const isDone = place.lastOp >= endOp && !plan.hasRemovals(segment.firstOp, endOp, place.lastOp);
    if (isDone) continue;
    if (hasHole(place.oldDamage, segment.firstOp, endOp)) {
      result.isFinished = false;
      continue;
    }
    await refuseWithoutRoom(place.folder, segment);
    const writing = chainBefore(place, index).then((chain) => writeShorter(segment, chain, plan, goesOn));
    const shorter = await writing.catch((error: unknown) => {
      // While rows are cut off, a file may end where it did not.
      refuseToGoOn();
      const isDamage = error instanceof BadRow || isUnreadable(error);
      throw isDamage ? new StorageError(readingFailed(place.folder, error, segment.firstOp)) : error;
    });
    if (!shorter) continue;
    await putInPlace(place, segment, shorter, goesOn);
    result.rows += shorter.rows;
    result.bytes += segment.size - shorter.size;
  }
  refuseToGoOn();
  return result;
}

/** The last ops of the segments up to an op that get no more rows. */
function endsOfSegments(log: CommitLog, upTo: number): number[] {
  const ends = log.segments.map((_, index) => log.endOf(index));
  const last = log.segments.length - 1;
  // The last one ends with the row `upTo` or is still written to.
  return ends.filter((end, index) => end <= upTo && (index < last || end === upTo));
}

function hasHole(oldDamage: OldDamage | undefined, firstOp: number, lastOp: number): boolean {
  return oldDamage?.holes.some(({ after, until }) => after.op < lastOp && until.op >= firstOp) ?? false;
}

/** The room that this needs must not be what the server lacks for its next row. */
async function refuseWithoutRoom(folder: string, { size }: Segment): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < size + ROOM_NEEDED_BYTES) throw new CannotWrite('there is too little room on the disk');
}

/** The chain that the first row of a segment follows. */
async function chainBefore({ log, oldDamage }: CompactionPlace, index: number): Promise<string> {
  const before = log.segments[index - 1];
  if (!before) return GENESIS_CHAIN;
  const hole = oldDamage?.holes.find(({ until }) => until.op === log.segments[index]!.firstOp - 1);
  if (hole) return hole.until.chain;
  const { path, size } = before;
  return withFile(path, async (file) => (await readBytes(file, size - 65, size - 1)).toString('latin1'));
}

async function putInPlace(
  place: CompactionPlace,
  segment: Segment,
  shorter: ShorterSegment,
  goesOn: () => boolean,
): Promise<void> {
  const isThere = await place.alone(async () => goesOn() && (await place.log.replace(segment, shorter)));
  if (isThere) return;
  await rm(newName(segment.path), { force: true }).catch(() => undefined);
  throw new CompactionOver();
}
