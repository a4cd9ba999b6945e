import type { Random } from '../../shared/random.ts';
import { type Cluster, pause } from '../support/cluster.ts';
import type { Verdict } from './audit.ts';
import { drawFault, type Fault, shuffled } from './faults.ts';
import { Keeper } from './keeper.ts';
import type { FaultRecord } from './report.ts';
import { auditTalkers, Talker } from './talker.ts';

const TALKERS = ['ana', 'bob', 'cleo', 'dan'];
const IN_FLIGHT = 4;
const TALK_PAUSE_MS = 20;
/** How long a cluster that can serve may take to, on a machine that is busy with other things. */
const GOES_ON_WITHIN_MS = 20_000;
const MAY_WAIT_MS = 5000;
const WHOLE_WITHIN_MS = 60_000;
const POLL_MS = 10;
/** After so many, more of them would tell nothing new. */
const PROBLEMS_ENOUGH = 20;

/** A cluster under load, one fault after the other, and what came of it. */
export class Ordeal {
  readonly keeper: Keeper;
  readonly faults = new Map<string, FaultRecord>();
  readonly talkers: readonly Talker[];
  readonly #random: Random;
  #isWhole = true;

  private constructor(cluster: Cluster, talkers: readonly Talker[], random: Random) {
    this.keeper = new Keeper(cluster);
    this.talkers = talkers;
    this.#random = random;
  }

  /** Starts the servers of a cluster and several users who talk without pause. */
  static async begin(cluster: Cluster, random: Random): Promise<Ordeal> {
    const talkers: Talker[] = [];
    const ordeal = new Ordeal(cluster, talkers, random);
    for (const { index } of cluster.servers) ordeal.keeper.start(index);
    await cluster.untilComplete();
    for (const name of TALKERS) talkers.push(await Talker.joined(name, cluster.addresses));
    for (const [index, talker] of talkers.entries()) {
      talker.talk(TALKERS[(index + 1) % TALKERS.length]!, IN_FLIGHT, TALK_PAUSE_MS);
    }
    return ordeal;
  }

  get acknowledged(): number {
    return this.talkers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  get problems(): string[] {
    return this.keeper.problems;
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** One fault, and the way out of it. @returns false when the cluster does not recover, so that more makes no sense */
  async round(): Promise<boolean> {
    // What one round draws does not shift what the next one draws.
    const random = this.#random.fork();
    const fault = drawFault(random);
    const record = this.#recordOf(fault);
    await pause(random.between(50, 400));
    this.#takeSilence();
    await fault.befall(this.keeper, random);
    record.count += 1;
    if (this.#isWhole && fault.left !== 'none' && random.chance(0.7)) await this.#expectGoingOn(fault, record);
    await pause(random.between(0, 1000));
    // Silence that is nobody's fault, because no server runs, tells nothing.
    if (this.keeper.cluster.up.length === 0) this.#takeSilence();
    await this.#repair(random);
    if (!(await this.#untilHeard(WHOLE_WITHIN_MS))) {
      this.problems.push(`Nothing was acknowledged for ${WHOLE_WITHIN_MS / 1000} s with all servers up: ${fault.name}`);
      return false;
    }
    record.silencesMs.push(this.#takeSilence());
    this.#isWhole = random.chance(0.8) && (await this.#untilWhole(fault));
    return this.problems.length < PROBLEMS_ENOUGH;
  }

  async #expectGoingOn(fault: Fault, record: FaultRecord): Promise<void> {
    if (await this.#untilHeard(fault.left === 'go on' ? GOES_ON_WITHIN_MS : MAY_WAIT_MS)) return;
    if (fault.left === 'may wait') {
      record.waits += 1;
      this.#takeSilence();
    } else this.problems.push(`Nothing was acknowledged for ${GOES_ON_WITHIN_MS / 1000} s after: ${fault.name}`);
  }

  /** Starts everything, waits until all that was said is answered, and reads all of it back. */
  async end(): Promise<Verdict> {
    const { cluster } = this.keeper;
    await this.#repair(this.#random);
    await cluster.until('everything sent is acknowledged', () => this.#allQuiet(), WHOLE_WITHIN_MS);
    const primary = await cluster.untilComplete();
    const verdict = await auditTalkers(this.talkers, cluster.addresses[primary]!);
    for (const text of this.talkers.flatMap(({ refused }) => refused)) this.problems.push(`Refused: ${text}`);
    return verdict;
  }

  async close(): Promise<void> {
    this.keeper.close();
    await Promise.all(this.talkers.map((talker) => talker.close()));
  }

  #recordOf({ name }: Fault): FaultRecord {
    const record = this.faults.get(name) ?? { count: 0, waits: 0, silencesMs: [] };
    this.faults.set(name, record);
    return record;
  }

  #takeSilence(): number {
    return Math.max(...this.talkers.map((talker) => talker.takeSilenceMs()));
  }

  /** Wakes and starts whatever does not run, in any order. */
  async #repair(random: Random): Promise<void> {
    for (const index of shuffled([0, 1, 2], random)) {
      this.keeper.resume(index);
      this.keeper.start(index);
      await pause(random.between(0, 300));
    }
  }

  /** Waits until each talker has been answered once more. */
  #untilHeard(withinMs: number): Promise<boolean> {
    const before = this.talkers.map(({ acknowledged }) => acknowledged.length);
    const areHeard = () => this.talkers.every(({ acknowledged }, index) => acknowledged.length > before[index]!);
    return waitFor(areHeard, withinMs);
  }

  async #untilWhole(fault: Fault): Promise<boolean> {
    if (await waitFor(() => this.keeper.isWhole(), WHOLE_WITHIN_MS)) return true;
    const said = await this.keeper.cluster.describe();
    this.problems.push(`The servers were not one view ${WHOLE_WITHIN_MS / 1000} s after: ${fault.name}\n${said}`);
    return false;
  }

  #quiet: Promise<unknown> | undefined;
  #isQuiet = false;

  #allQuiet(): boolean {
    this.#quiet ??= Promise.all(this.talkers.map((talker) => talker.quiet())).then(() => {
      this.#isQuiet = true;
    });
    return this.#isQuiet;
  }
}

async function waitFor(isSo: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) return false;
    await pause(POLL_MS);
  }
  return true;
}
