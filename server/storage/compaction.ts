import { CannotWrite } from './beside-writer.ts';
import { CompactionOver, type CompactionPlace, compactLog } from './compact-log.ts';
import { compactQuarantine } from './compact-quarantine.ts';
import { writeCompaction } from './compaction-file.ts';
import { errorCode, failureOf, StorageError } from './files.ts';
import type { CompactionPlan, CompactionReport, StorageFailure } from './replica-storage.ts';
import type { WorkQueue } from './work-queue.ts';

/** How a compaction ended: neither when it was over before its end. */
export interface CompactionOutcome {
  report?: CompactionReport;
  failure?: StorageFailure;
}

/** Compacts the log, then the quarantine, then writes down that it is done. Never rejects. */
export async function compact(place: CompactionPlace, plan: CompactionPlan): Promise<CompactionOutcome> {
  const { folder, log } = place;
  try {
    const shortened = await compactLog(place, plan);
    const rows = shortened.rows + (await compactQuarantine(place, plan));
    if (!shortened.isFinished) return {};
    const report = { op: plan.upTo, rows, bytes: shortened.bytes, finishedAt: Date.now() };
    await place.inTurn(async () => {
      if (plan.upTo > log.lastOp) throw new CompactionOver();
      await writeCompaction(folder, report);
    });
    return { report };
  } catch (error) {
    if (error instanceof StorageError) return error.failure.damaged ? { failure: error.failure } : {};
    // Nothing was lost, and nobody waits for it: the next compaction begins again.
    if (isOnlyOver(error) || errorCode(error) !== undefined) return {};
    return { failure: failureOf(error, `Compacting ${folder}`) };
  }
}

function isOnlyOver(error: unknown): boolean {
  return error instanceof CompactionOver || error instanceof CannotWrite;
}

/** What is under way beside the queue of a storage. */
export interface Beside {
  queue: WorkQueue;
  /** Readings that hold places of the log. */
  reads: ReadonlySet<Promise<void>>;
  /** Named copies being made: they hold names and lengths of segments. */
  copies: ReadonlySet<Promise<unknown>>;
}

/** How a compaction waits for what is under way. */
export function turnsOf(beside: Beside): Pick<CompactionPlace, 'inTurn' | 'alone'> {
  return { inTurn: (work) => inTurn(beside, work), alone: (work) => alone(beside, work) };
}

/** Does something when its turn has come. What leaves the files as they were does not end the queue. @throws StorageError */
async function inTurn<T>({ queue }: Beside, work: () => Promise<T>): Promise<T> {
  let outcome: { value: T } | { error: unknown } | undefined;
  const perform = async () => {
    try {
      outcome = { value: await work() };
    } catch (error) {
      if (!isOnlyOver(error)) throw error;
      outcome = { error };
    }
  };
  const failure = await new Promise<StorageFailure | undefined>((resolve) =>
    queue.run('Compacting the log', perform, resolve),
  );
  if (failure) throw new StorageError(failure);
  if ('error' in outcome!) throw outcome.error;
  return outcome!.value;
}

/** As {@link inTurn}, while no place of the log is held by anybody. */
async function alone<T>(beside: Beside, work: () => Promise<T>): Promise<T> {
  const { reads, copies } = beside;
  for (;;) {
    await Promise.allSettled(copies);
    const done = await inTurn(beside, async () => {
      // Readings begin in their turns, so there will be no more of them; copies begin at any time.
      await Promise.all(reads);
      return copies.size > 0 ? undefined : { value: await work() };
    });
    if (done) return done.value;
  }
}
