import { type Account, audit, refusedButThere, type Verdict } from '../../server/commands/drill-audit.ts';
import { contradictions } from '../../server/commands/drill-primaries.ts';
import { machineMs, readHistory } from '../../server/commands/drill-talker.ts';
import { waitFor } from '../../server/commands/drill-wait.ts';
import type { Random } from '../../shared/random.ts';
import { drawFault, type Fault, pause, type Scene, shuffled } from './faults.ts';
import type { World } from './world.ts';

const IN_FLIGHT = 3;
const TALK_PAUSE_MS = 60;
/** These users give a message up when it was not answered for so long. */
const IMPATIENT: Readonly<Record<string, number>> = { cleo: 1500, finn: 4000 };
/** How long a cluster that can serve may take to, on a machine that is busy with other things. */
const GOES_ON_WITHIN_MS = 20_000;
const MAY_WAIT_MS = 6000;
const WHOLE_WITHIN_MS = 60_000;
const LOGS_EQUAL_WITHIN_MS = 30_000;
/** How long a connected client may take to be shown what is there. */
const SHOWN_WITHIN_MS = 20_000;
/** After so many, more of them would tell nothing new. */
const PROBLEMS_ENOUGH = 20;

/** What is drawn from, and what of it can be done here. */
export interface FaultKinds {
  all: readonly Fault[];
  isPossible: (fault: Fault) => boolean;
}

/** What happened with one kind of fault. */
export interface FaultRecord {
  count: number;
  /** How often those that were left waited for one that was gone. */
  waits: number;
  /** For each time, how long the client that waited longest heard nothing. */
  silencesMs: number[];
}

/**
 * What the end of a run found, each with a sentence for everything that is wrong. What could not be looked at, because
 * the cluster did not come back, is absent.
 */
export interface Findings extends Partial<Verdict> {
  refusedButThere?: string[];
  twoPrimaries: string[];
  logs: string[];
}

/** A cluster under load, one fault after the other, and what came of it. */
export class Ordeal {
  readonly faults = new Map<string, FaultRecord>();
  readonly #problems: string[] = [];
  readonly #world: World;
  readonly #kinds: FaultKinds;
  readonly #random: Random;
  #isWhole = true;
  #partitions = 0;

  constructor(world: World, kinds: FaultKinds, random: Random) {
    this.#world = world;
    this.#kinds = kinds;
    this.#random = random;
  }

  /** Starts the servers and has the users talk without pause. @throws Error when the cluster does not come up */
  async begin(): Promise<void> {
    const { keeper, crowds, replicationFactor } = this.#world;
    for (const { index } of keeper.all) keeper.start(index);
    if (!(await waitFor(() => keeper.isWhole(replicationFactor), WHOLE_WITHIN_MS))) {
      throw new Error(`The servers did not become one view.\n${await keeper.describe()}`);
    }
    await Promise.all(crowds.map((crowd) => crowd.join(keeper.addresses, (name) => IMPATIENT[name] ?? 0)));
    const names = crowds.flatMap(({ users }) => users.map(({ username }) => username));
    const next = (name: string) => names[(names.indexOf(name) + 1) % names.length]!;
    for (const crowd of crowds) {
      crowd.talk(
        crowd.users.map(({ username }) => next(username)),
        IN_FLIGHT,
        TALK_PAUSE_MS,
      );
    }
  }

  get acknowledged(): number {
    return this.#users.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  /** Messages that their senders gave up: surely not sent, and those of which nobody knows. */
  get givenUp(): { definite: number; indefinite: number } {
    const all = this.#users.flatMap(({ givenUp }) => givenUp);
    const definite = all.filter(({ isDefinite }) => isDefinite).length;
    return { definite, indefinite: all.length - definite };
  }

  get partitions(): number {
    return this.#partitions;
  }

  get problems(): string[] {
    const { keeper, crowds } = this.#world;
    const refused = this.#users.flatMap((user) => user.refused.map((text) => `Refused: ${text}`));
    return [...this.#problems, ...keeper.problems, ...crowds.flatMap(({ problems }) => problems), ...refused];
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, { count }) => sum + count, 0);
  }

  get #users() {
    return this.#world.crowds.flatMap(({ users }) => users);
  }

  /** One fault, and the way out of it. @returns false when the cluster does not recover, so that more makes no sense */
  async round(): Promise<boolean> {
    const { keeper, crowds, links, disk } = this.#world;
    // What one round draws does not shift what the next one draws.
    const random = this.#random.fork();
    const { all, isPossible } = this.#kinds;
    // A fork: how often it had to be drawn shifts nothing either.
    const fault = drawFault(all, isPossible, random.fork());
    const [isWatched, isWholeAwaited, restMs] = [random.chance(0.7), random.chance(0.8), random.between(0, 1000)];
    await pause(random.between(50, 400));
    this.#takeSilence();
    keeper.note(`fault ${this.faultCount + 1}: ${fault.name}${this.#isWhole ? '' : ', before all are back'}`);
    const scene: Scene = { keeper, crowds, links, disk, isWhole: this.#isWhole };
    const record = this.#recordOf(fault);
    await fault.befall(scene, random.fork());
    record.count += 1;
    if (fault.isPartition) this.#partitions += 1;
    if (this.#isWhole && fault.left !== 'none' && isWatched) await this.#expectGoingOn(fault, record);
    await pause(restMs);
    // Silence that is nobody's fault, because no server runs or none can be reached, tells nothing.
    if (keeper.up.length === 0 || fault.left === 'none') this.#takeSilence();
    await this.#repair(random);
    if (!(await this.#untilHeard(WHOLE_WITHIN_MS))) {
      await this.#report(`Nothing was acknowledged for ${WHOLE_WITHIN_MS / 1000} s with all servers up: ${fault.name}`);
      return false;
    }
    const silenceMs = this.#takeSilence();
    record.silencesMs.push(silenceMs);
    keeper.note(`everybody is answered; the longest silence was ${Math.round(silenceMs)} ms`);
    this.#isWhole = isWholeAwaited && (await this.#untilWhole(fault));
    return this.problems.length < PROBLEMS_ENOUGH;
  }

  async #expectGoingOn(fault: Fault, record: FaultRecord): Promise<void> {
    if (await this.#untilHeard(fault.left === 'go on' ? GOES_ON_WITHIN_MS : MAY_WAIT_MS)) return;
    if (fault.left === 'may wait') {
      record.waits += 1;
      this.#world.keeper.note('those that are left wait');
      this.#takeSilence();
    } else await this.#report(`Nothing was acknowledged for ${GOES_ON_WITHIN_MS / 1000} s after: ${fault.name}`);
  }

  /** Heals everything, waits until all that was said is answered, reads all of it back and compares. */
  async end(): Promise<Findings> {
    const { keeper, crowds, replicationFactor } = this.#world;
    await this.#repair(this.#random);
    let isQuiet = false;
    void Promise.all(crowds.map((crowd) => crowd.quiet())).then(
      () => {
        isQuiet = true;
      },
      () => {},
    );
    const late = `${WHOLE_WITHIN_MS / 1000} s after everything was healed`;
    if (!(await waitFor(() => isQuiet, WHOLE_WITHIN_MS)))
      await this.#report(`Not all that was sent is answered ${late}.`);
    const isWhole = await waitFor(() => keeper.isWhole(replicationFactor), WHOLE_WITHIN_MS);
    if (!isWhole) await this.#report(`The servers are not one view ${late}.`);
    const accounts = await this.#accounts();
    const isRead = accounts.length === this.#users.length;
    return {
      ...(isRead ? audit(accounts) : {}),
      ...(isRead ? { refusedButThere: refusedButThere(accounts) } : {}),
      twoPrimaries: contradictions(this.#users.flatMap(({ answers }) => answers)),
      logs: await keeper.differingLogs(LOGS_EQUAL_WITHIN_MS),
    };
  }

  /** What there is for each user; when it cannot be read, that is a problem, and some are missing. */
  async #accounts() {
    const { keeper } = this.#world;
    const accounts = [];
    for (const user of this.#users) {
      try {
        const history = await readHistory(keeper.addresses, user.username);
        await waitFor(() => user.shown.length >= history.length, SHOWN_WITHIN_MS);
        accounts.push({ ...user, history } satisfies Account);
      } catch (error) {
        await this.#report((error as Error).message);
      }
    }
    return accounts;
  }

  #recordOf({ name }: Fault): FaultRecord {
    const record = this.faults.get(name) ?? { count: 0, waits: 0, silencesMs: [] };
    this.faults.set(name, record);
    return record;
  }

  #takeSilence(): number {
    return Math.max(...this.#world.crowds.map((crowd) => crowd.takeSilenceMs()));
  }

  /** Mends the links, frees the disk, wakes and starts whatever does not run: in any order. */
  async #repair(random: Random): Promise<void> {
    const { keeper, links, disk } = this.#world;
    disk?.disk.free();
    const servers = shuffled(keeper.all, random);
    const healedAfter = random.chance(0.5) ? 0 : random.between(0, servers.length);
    for (const [place, { index }] of servers.entries()) {
      if (place === healedAfter) {
        links?.network.healAll(random);
        keeper.note('all links are mended');
      }
      keeper.resume(index);
      keeper.start(index);
      await pause(random.between(0, 300));
    }
  }

  /** Waits until each user was answered something that was sent from now on. */
  #untilHeard(withinMs: number): Promise<boolean> {
    const nowMs = machineMs();
    return waitFor(() => this.#world.crowds.every((crowd) => crowd.haveHeardSince(nowMs)), withinMs);
  }

  async #untilWhole(fault: Fault): Promise<boolean> {
    const { keeper, replicationFactor } = this.#world;
    if (await waitFor(() => keeper.isWhole(replicationFactor), WHOLE_WITHIN_MS)) return true;
    await this.#report(`The servers were not one view ${WHOLE_WITHIN_MS / 1000} s after: ${fault.name}`);
    return false;
  }

  async #report(problem: string): Promise<void> {
    this.#world.keeper.note(problem);
    this.#problems.push(`${problem}\n${await this.#world.keeper.describe()}`);
  }
}
