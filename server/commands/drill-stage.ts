import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import { formatDuration } from './drill-report.ts';
import { type DrillScreen, lightOf } from './drill-screen.ts';
import { DrilledServers } from './drill-servers.ts';
import { machineMs, Talker } from './drill-talker.ts';
import { waitFor } from './drill-wait.ts';

const LETTERS = ['A', 'B', 'C'] as const;
const USERS = ['ana', 'bob', 'cleo'] as const;
const IN_FLIGHT = 4;
const TALK_PAUSE_MS = 10;
/** Far longer than any of it takes, even on a machine that is busy with other things. */
const PATIENCE_MS = 30_000;

/** The drill cannot go on, because the cluster did not do what it must; the message says what. */
export class DrillFailure extends Error {}

/** Three servers, three users who chat without pause, and what is done to the servers; it says what it does. */
export class DrillStage {
  readonly servers: DrilledServers;
  readonly talkers: Talker[] = [];
  /** Acknowledgements that were given too early, one sentence each. */
  readonly breaches: string[] = [];
  readonly random: Random;
  readonly #screen: DrillScreen;
  #lastPrimary: number | undefined;

  private constructor(servers: DrilledServers, random: Random, screen: DrillScreen) {
    this.servers = servers;
    this.random = random;
    this.#screen = screen;
  }

  /**
   * @param folder an empty folder for the servers' data and output
   * @param command what starts a server, up to the name of its role
   */
  static async prepare(
    folder: string,
    command: readonly string[],
    random: Random,
    screen: DrillScreen,
  ): Promise<DrillStage> {
    const ports = await freePorts(LETTERS.length);
    const places = ports.map((port, index) => ({
      role: index === 0 ? ('primary' as const) : ('secondary' as const),
      address: `localhost:${port}` as Address,
      dataFolder: folder,
      outputFile: join(folder, `server-${LETTERS[index]}.log`),
      command,
      args: [],
    }));
    return new DrillStage(new DrilledServers(places), random, screen);
  }

  /** How many messages were acknowledged. */
  get acknowledged(): number {
    return this.talkers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  name(index: number): string {
    return LETTERS[index]!;
  }

  /** Says what happened, beside the state of the servers. */
  async say(text: string): Promise<void> {
    const statuses = await this.servers.statuses();
    const lights = this.servers.all.map(({ process: child, isPaused }, index) =>
      lightOf(child !== undefined, isPaused, statuses[index]),
    );
    this.#screen.event(lights, text);
  }

  /** Starts the servers, and the users' chat. */
  async begin(): Promise<void> {
    for (const { index } of this.servers.all) this.servers.start(index);
    await this.say('the servers start');
    await this.#untilWhole();
    this.talkers.push(...(await Promise.all(USERS.map((name) => Talker.joined(name, this.servers.addresses)))));
    for (const [index, talker] of this.talkers.entries()) {
      talker.talk(USERS[(index + 1) % USERS.length]!, IN_FLIGHT, TALK_PAUSE_MS);
    }
    await this.untilHeard();
    await this.say(`all three are one view; ${USERS.slice(0, -1).join(', ')} and ${USERS.at(-1)} chat`);
  }

  /** The primary's index. */
  async primary(): Promise<number> {
    let found: number | undefined;
    await this.#until('no server says that it is the primary', async () => {
      found = await this.servers.primary();
      return found !== undefined;
    });
    this.#lastPrimary = found;
    return found!;
  }

  /** Some other server. */
  backupOf(primary: number): number {
    return (primary + this.random.between(1, LETTERS.length)) % LETTERS.length;
  }

  async kill(index: number, what: string): Promise<void> {
    await this.servers.kill(index);
    await this.say(`kill -9 of ${this.name(index)}, ${what}`);
  }

  /**
   * Nothing that was sent since that moment of the machine's clock can be on the disks of all members of the view yet.
   *
   * @returns how much of it is acknowledged all the same; each is a breach
   */
  expectNothingSince(momentMs: number): number {
    const early = this.talkers.flatMap(({ answers }) => answers.filter(({ firstSentMs }) => firstSentMs > momentMs));
    for (const { server, position } of early) {
      this.breaches.push(`${server} acknowledged position ${position} while no other server could have it`);
    }
    return early.length;
  }

  /** Those that are left go on: waits until they do, and says so. */
  async goOn(): Promise<void> {
    await this.untilHeard();
    const silenceMs = Math.max(...this.talkers.map((talker) => talker.currentSilenceMs()));
    const before = this.#lastPrimary;
    const primary = await this.primary();
    const how = primary === before ? 'goes on' : 'takes over';
    await this.say(
      `${this.name(primary)} ${how} as the primary; nobody waited longer than ${formatDuration(silenceMs)}`,
    );
  }

  /** Starts servers again, in this order, and waits until all are one view. */
  async bringBack(indices: readonly number[]): Promise<void> {
    for (const index of indices) {
      this.servers.start(index);
      await this.pause(this.random.between(20, 300));
    }
    await this.say(`${list(indices.map((index) => this.name(index)))} started again`);
    await this.untilWhole();
  }

  /** Waits until all are one view again, and says so. */
  async untilWhole(): Promise<void> {
    await this.#untilWhole();
    await this.untilHeard();
    await this.say('all three are one view');
  }

  /** @returns how long the one who waited longest was answered nothing since the last call; measures anew from now */
  takeSilenceMs(): number {
    return Math.max(...this.talkers.map((talker) => talker.takeSilenceMs()));
  }

  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  /** Waits until each user was answered something sent from now on. */
  untilHeard(): Promise<void> {
    const nowMs = machineMs();
    const areHeard = () => this.talkers.every(({ answers }) => (answers.at(-1)?.firstSentMs ?? 0) > nowMs);
    return this.#until('nothing is acknowledged', areHeard);
  }

  /** Says no more; resolves when all is answered. */
  async quiet(): Promise<void> {
    let isQuiet = false;
    void Promise.all(this.talkers.map((talker) => talker.quiet())).then(() => {
      isQuiet = true;
    });
    await this.#until('not all that was sent is answered', () => isQuiet);
  }

  async close(): Promise<void> {
    await this.servers.close();
    await Promise.all(this.talkers.map((talker) => talker.close()));
  }

  #untilWhole(): Promise<void> {
    return this.#until('the servers are not one view', () => this.servers.isWhole());
  }

  async #until(otherwise: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const isOver = async () => this.servers.problems.length > 0 || (await isSo());
    const became = await waitFor(isOver, PATIENCE_MS);
    if (this.servers.problems.length > 0) throw new DrillFailure(this.servers.problems.join('\n'));
    if (!became)
      throw new DrillFailure(`After ${PATIENCE_MS / 1000} s ${otherwise}.\n${await this.servers.describe()}`);
  }
}

function list(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]} is` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)} are`;
}

/** So many ports of 127.0.0.1 that nobody listens on. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer());
  await Promise.all(
    listeners.map(
      (listener) =>
        new Promise<void>((resolve, reject) => {
          listener.once('error', reject);
          listener.listen(0, '127.0.0.1', resolve);
        }),
    ),
  );
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}
