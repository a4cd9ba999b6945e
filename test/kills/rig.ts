import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../shared/random.ts';
import { storeMessages } from '../bench/stored-messages.ts';
import { auditTalkers, Talker } from '../chaos/talker.ts';
import { Cluster, pause, type Server } from '../support/cluster.ts';
import { type Ran, runProgram } from '../support/program.ts';
import { Eraser } from './eraser.ts';

const FREQUENT_SNAPSHOTS = fileURLToPath(new URL('./frequent-snapshots.js', import.meta.url));
const WHOLE_WITHIN_MS = 120_000;
const IN_FLIGHT = 3;
const TALK_PAUSE_MS = 15;

export interface RigOptions {
  servers: number;
  /** Written into the first server's database before anything else, so that a copy of it takes a while. */
  messages: number;
}

/** Servers under load that are killed, and what is known of them. */
export class KillRig {
  readonly cluster: Cluster;
  readonly random: Random;
  readonly eraser: Eraser;
  readonly #talkers: Talker[];
  kills = 0;
  checks = 0;
  audits = 0;

  private constructor(cluster: Cluster, talkers: Talker[], random: Random) {
    this.cluster = cluster;
    this.#talkers = talkers;
    this.eraser = new Eraser(cluster);
    this.random = random;
  }

  /** Resolves when all serve and people talk. */
  static async start({ servers, messages }: RigOptions, random: Random): Promise<KillRig> {
    const cluster = await Cluster.make({
      size: servers,
      args: ['--replication-factor', String(Math.min(servers, 3))],
      nodeArgs: ['--import', FREQUENT_SNAPSHOTS],
      startWithinMs: WHOLE_WITHIN_MS,
    });
    try {
      if (messages > 0) await storeHistory(cluster, messages);
      await cluster.startAll();
      await untilWhole(cluster);
      const names = ['ana', 'bob', 'cleo'];
      const talkers = await Promise.all(names.map((name) => Talker.joined(name, cluster.addresses)));
      const rig = new KillRig(cluster, talkers, random);
      rig.#talk();
      return rig;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get acknowledged(): number {
    return this.#talkers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  #talk(): void {
    for (const [index, talker] of this.#talkers.entries()) {
      talker.talk(this.#talkers[(index + 1) % this.#talkers.length]!.username, IN_FLIGHT, TALK_PAUSE_MS);
    }
  }

  server(index: number): Server {
    return this.cluster.servers[index]!;
  }

  /** The primary, and somebody else if there is anybody. */
  async someServers(): Promise<{ primary: number; other: number }> {
    const primary = await untilWhole(this.cluster);
    const { length } = this.cluster.servers;
    return { primary, other: length === 1 ? primary : (primary + this.random.between(1, length)) % length };
  }

  /** `kill -9`, and `server check` on what is left. @throws Error when that is not whole */
  async kill(index: number): Promise<void> {
    this.kills += 1;
    await this.cluster.kill(index);
    // An empty folder that had been given nothing yet is no database.
    const names = existsSync(this.server(index).folder) ? readdirSync(this.server(index).folder) : [];
    if (names.some((name) => /^(view|commit_log).*csv$/.test(name))) await this.check(this.server(index).folder);
  }

  /** @returns what it printed. @throws Error when something is not whole */
  async check(folder: string): Promise<string> {
    this.checks += 1;
    const { status, stdout, stderr } = await runPatiently(['check', folder]);
    if (status !== 0) throw new Error(`server check ${folder} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Waits for a moment that may not come, and looks often. @returns whether it came */
  async seen(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const giveUpAtMs = performance.now() + withinMs;
    while (!isSo()) {
      if (performance.now() > giveUpAtMs) return false;
      await pause(1);
    }
    return true;
  }

  /** Somewhere in the next milliseconds. */
  async soon(belowMs: number): Promise<void> {
    if (this.random.chance(0.7)) await pause(this.random.between(0, belowMs));
  }

  /** Waits until something more was acknowledged to everybody. */
  async untilHeard(): Promise<void> {
    const goals = this.#talkers.map(({ acknowledged }) => acknowledged.length + 5);
    await this.cluster
      .until('everybody is answered', () =>
        this.#talkers.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
      )
      .catch((error: Error) => {
        const said = this.#talkers.map(
          ({ username, sent, acknowledged, refused }) =>
            `${username}: ${sent} sent, ${acknowledged.length} acknowledged, ${refused.join(' ')}`,
        );
        throw new Error(`${error.message}\n${said.join('\n')}`);
      });
  }

  /** Starts whatever does not run, and waits until all serve. */
  async revive(): Promise<void> {
    for (const { index, process: child } of this.cluster.servers) if (!child) await this.cluster.start(index);
    await untilWhole(this.cluster);
  }

  /** Waits until all servers have removed what was to be removed. */
  untilCompacted(): Promise<void> {
    const isDone = async () => {
      const all = await Promise.all(this.cluster.servers.map(({ index }) => this.cluster.status(index)));
      const decidedOp = Math.max(...all.map((status) => status?.compaction?.decidedOp ?? 0));
      return all.every((status) => status?.compaction?.doneOp === decidedOp);
    };
    return this.cluster.until('all servers have removed what was deleted', isDone, WHOLE_WITHIN_MS);
  }

  /** Compares what people were told with what the servers have. @throws Error when anything is lost, doubled or out of order */
  async audit(): Promise<void> {
    await Promise.all(this.#talkers.map((talker) => talker.quiet()));
    const primary = await untilWhole(this.cluster);
    const verdict = await auditTalkers(this.#talkers, this.server(primary).address);
    const refused = this.#talkers.flatMap((talker) => talker.refused);
    const wrong = [...verdict.lost, ...verdict.doubled, ...verdict.outOfOrder, ...refused];
    if (wrong.length > 0) throw new Error(`The audit found:\n${wrong.slice(0, 10).join('\n')}`);
    await this.cluster.untilLogsEqual();
    this.audits += 1;
    this.#talk();
  }

  async close(): Promise<void> {
    await Promise.all(this.#talkers.map((talker) => talker.close()));
    await this.cluster.close();
  }
}

/** Waits until all servers are one view and serve. @returns the primary's index */
async function untilWhole(cluster: Cluster): Promise<number> {
  let primary = -1;
  const isWhole = async () => {
    const all = await Promise.all(cluster.servers.map(({ index }) => cluster.status(index)));
    primary = all.findIndex((status) => status?.role === 'primary');
    const view = all[primary]?.view;
    return all.every(
      (status) => status?.view === view && status?.members.length === all.length && status.waitingFor === '',
    );
  };
  await cluster.until('all servers are one view and serve', isWhole, WHOLE_WITHIN_MS);
  return primary;
}

async function storeHistory(cluster: Cluster, messages: number): Promise<void> {
  await cluster.start(0);
  await cluster.until('the first server has begun', async () => (await cluster.status(0))?.view === 1);
  await cluster.terminate(0);
  const { folder, address } = cluster.servers[0]!;
  await storeMessages({ folder, address, accounts: 50, messages });
}

/** On a machine that is busy with other things. */
export function runPatiently(args: readonly string[]): Promise<Ran> {
  return runProgram(args, { withinMs: WHOLE_WITHIN_MS });
}

/** A database and its copies in a folder of their own, to be replaced without harm. */
export async function besides(database: string, copies: readonly string[], to: string): Promise<string> {
  await mkdir(to, { recursive: true });
  const name = database.slice(database.lastIndexOf('/') + 1);
  const isLock = (path: string) => /[/\\]lock(\.|$)/.test(path);
  await cp(database, join(to, name), { recursive: true, filter: (path) => !isLock(path) });
  for (const copy of copies) await cp(`${database}-${copy}`, join(to, `${name}-${copy}`), { recursive: true });
  return join(to, name);
}
