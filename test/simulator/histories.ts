import type { LogEntry } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';
import { HistoryChecker, Violation } from './checkers.ts';
import type { SimulatedDisk } from './disk.ts';
import type { SimulatedServer } from './simulated-server.ts';

/**
 * What was committed, by epochs. An operator who forces a view begins another epoch with the log of that one server (R20): what others
 * committed without it is lost, and until they hear of it they may go on in theirs. Within each epoch everything is as promised.
 */
export class Histories {
  readonly #byEpoch = new Map([[0, new HistoryChecker()]]);
  readonly #disks: () => readonly SimulatedDisk[];

  /** @param disks all that are not lost */
  constructor(disks: () => readonly SimulatedDisk[]) {
    this.#disks = disks;
  }

  /** The history that a server with this view file is part of. */
  of({ base }: Pick<ViewFile, 'base'>): HistoryChecker {
    return this.#byEpoch.get(base?.number.epoch ?? 0)!;
  }

  /** What remains: the history of the last epoch that some disk knows of. */
  get last(): HistoryChecker {
    const epochs = this.#disks().map(({ file }) => file.base?.number.epoch ?? 0);
    return this.#byEpoch.get(Math.max(...epochs))!;
  }

  get all(): HistoryChecker[] {
    return [...this.#byEpoch.values()];
  }

  get isForced(): boolean {
    return this.#byEpoch.size > 1;
  }

  /** Something was committed that is not part of what remains. */
  get isSomethingLost(): boolean {
    return this.all.some(({ committed }) => committed.length > 0 && !this.isKept(committed.at(-1)!));
  }

  /** R20: a server has begun an epoch of its own, with what is on its disk. */
  onForced({ file, entries }: SimulatedDisk): void {
    const { epoch } = file.base!.number;
    if (this.#byEpoch.has(epoch)) throw new Violation(`R20: ${file.id} begins epoch ${epoch}, which there was before`);
    const history = new HistoryChecker();
    for (const entry of entries) history.onCommit(file.id, this.#asCommitted(entry) ?? entry);
    history.commits = 0;
    this.#byEpoch.set(epoch, history);
  }

  /** As it was before compaction, if it was committed in an epoch before. */
  #asCommitted({ op, chain }: LogEntry): LogEntry | undefined {
    return this.all.map(({ committed }) => committed[op - 1]).find((entry) => entry?.chain === chain);
  }

  /** Whether this entry is one of those that remain. */
  isKept({ op, chain }: Pick<LogEntry, 'op' | 'chain'>): boolean {
    return this.last.chainAt(op) === chain;
  }

  /** R20: whether a server has applied what an operator has given up, so that it has to start over as another disk. */
  hasAppliedWhatIsLost({ state }: SimulatedServer): boolean {
    const { commit: op, log } = state!;
    const chain = op === 0 ? undefined : log.chainAt(op);
    return chain !== undefined && !this.isKept({ op, chain });
  }
}

/** Whether this write of a view file is that of a view that an operator has forced. */
export function isForcedView({ base: before }: ViewFile, { base, disk, incarnation }: ViewFile): boolean {
  if (!before || !base || base.number.epoch <= before.number.epoch) return false;
  const [first, ...others] = base.members;
  return others.length === 0 && first!.disk === disk && first!.incarnation === incarnation;
}
