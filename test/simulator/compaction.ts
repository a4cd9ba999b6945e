import type { CompactionPlan, CompactionReport, StorageFailure } from '../../server/storage/replica-storage.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { Violation } from './checkers.ts';
import { shortenSimulated } from './codec.ts';
import type { SimulatedDisk } from './disk.ts';
import type { Life } from './life.ts';

/** Operations that are written anew in one go: a crash leaves all of them as they were, or all shorter. */
const STEP_OPERATIONS = 40;

export interface CompactionSurroundings {
  life: Life;
  disk: SimulatedDisk;
  delayMs(): number;
  /** A step is about to count. */
  atStep(): void;
  /** Nothing is written any more. */
  failure(): StorageFailure | undefined;
  /** After which ops rows were cut off. */
  cuts: readonly number[];
}

/** As the real storage does it: some rows after the other, beside everything else. */
export function compactSimulated(
  around: CompactionSurroundings,
  plan: CompactionPlan,
  done: (report: CompactionReport | undefined, failure?: StorageFailure) => void,
): void {
  const { life, disk } = around;
  const before = disk.compaction?.op ?? 0;
  const cutsBefore = around.cuts.length;
  const isCut = () => around.cuts.slice(cutsBefore).some((op) => op < plan.upTo);
  let rows = 0;
  let bytes = 0;
  const step = (firstOp: number) => {
    const lastOp = endOfStep(disk, firstOp, plan.upTo);
    const isDone = lastOp <= before && !plan.hasRemovals(firstOp, lastOp, before);
    const shorter = isDone ? [] : shorterRows(disk, plan, firstOp, lastOp);
    if (shorter.length === 0 && lastOp < plan.upTo) return step(lastOp + 1);
    life.world.queue.after(around.delayMs(), () => life.act(() => finishStep(lastOp, shorter)));
  };
  const finishStep = (lastOp: number, shorter: LogEntry[]) => {
    life.world.isTouched = true;
    if (around.failure() || plan.isOver() || isCut()) return done(undefined, around.failure());
    around.atStep();
    if (life.isOver) return;
    for (const entry of shorter) {
      const old = disk.entries[entry.op - 1]!;
      if (old.chain !== entry.chain)
        throw new Violation(`compaction puts another entry in the place of op ${entry.op}`);
      disk.entries[entry.op - 1] = entry;
      rows++;
      bytes += Buffer.byteLength(old.row) - Buffer.byteLength(entry.row);
    }
    if (lastOp < plan.upTo) return step(lastOp + 1);
    disk.compaction = { op: plan.upTo, rows, bytes, finishedAt: life.world.queue.nowMs };
    done(disk.compaction);
  };
  if (disk.entries.length < plan.upTo)
    throw new Violation(`op ${plan.upTo}, up to which it is compacted, is not on the disk`);
  step(1);
}

/** A step ends with a compaction at the latest, so that all of it is before that or all behind it. */
function endOfStep(disk: SimulatedDisk, firstOp: number, upTo: number): number {
  const lastOp = Math.min(upTo, firstOp + STEP_OPERATIONS - 1);
  const end = disk.entries.slice(firstOp - 1, lastOp).find(({ event }) => event === 'cluster:compact');
  return end?.op ?? lastOp;
}

function shorterRows(disk: SimulatedDisk, plan: CompactionPlan, firstOp: number, lastOp: number): LogEntry[] {
  return disk.entries.slice(firstOp - 1, lastOp).flatMap((entry) => {
    const remains = entry.body === '' ? 'all' : plan.remainsOf(entry.op, entry.event);
    if (remains === 'all' || (remains === 'part' && entry.removedDigest !== '')) return [];
    return [shortenSimulated(entry, remains === 'part' ? plan.partOf(entry.body) : '')];
  });
}
