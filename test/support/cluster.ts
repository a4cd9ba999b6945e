import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerStatus } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';

/** The built programs; another build of them can be named in the environment. */
export const DIST = resolve(process.env.UNDERSTUDY_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url)));
/** The server program, to be run with node. */
export const SERVER_PROGRAM = join(DIST, 'server/main.js');

const FIRST_PORT = 10_240;
/** Linux gives from here on to connections. */
const FIRST_EPHEMERAL_PORT = 32_768;
const POLL_MS = 25;
const STATUS_TIMEOUT_MS = 1000;
/** No condition of a healthy cluster takes so long, even on a machine that is busy with other things. */
const PATIENCE_MS = 25_000;
/** A port that was free may be the near end of somebody's connection for a moment. */
const PORT_TRIES = 20;

/** How a process ended. */
export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
}

export interface ClusterOptions {
  /** Servers that hold data. */
  size?: number;
  /** How many of them are started as `primary`; 1 when absent. */
  firsts?: number;
  /** Servers beside them that only vote; their indices follow. */
  witnesses?: number;
  /** Command-line arguments that every server gets. */
  args?: readonly string[];
  /** Options of Node itself for every server. */
  nodeArgs?: readonly string[];
  /** Where the data folder is made; the system's temporary folder when absent. */
  parentFolder?: string;
  /** How long a server may take until it answers; longer than usual where much is to be read at the start. */
  startWithinMs?: number;
}

/** One server of the cluster: its place stays, its processes come and go. */
export interface Server {
  readonly index: number;
  /** As what it is started. */
  readonly role: 'primary' | 'secondary' | 'witness';
  readonly port: number;
  readonly address: Address;
  /** Its database. */
  readonly folder: string;
  /** What all its processes printed. */
  readonly outputFile: string;
  process: ChildProcess | undefined;
  ended: Promise<Ended> | undefined;
}

/**
 * `count` ports of 127.0.0.1 that nobody listens on, out of those that the system does not give to connections by itself: others that run
 * tests beside this take theirs at random, too, so that two hardly ever have the same in mind.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(FIRST_PORT, FIRST_EPHEMERAL_PORT);
    if (!ports.includes(port) && (await areFree([port]))) ports.push(port);
  }
  return ports;
}

/** Whether nobody listens on these ports of 127.0.0.1. */
export async function areFree(ports: readonly number[]): Promise<boolean> {
  const free = ports.map(
    (port) =>
      new Promise<boolean>((resolve) => {
        const listener = createServer().once('error', () => resolve(false));
        listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)));
      }),
  );
  return (await Promise.all(free)).every(Boolean);
}

/** What a process of ours inherits: nothing that would change how a server starts. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(UNDERSTUDY_|CLUSTER_SECRET$|NODE_OPTIONS$)/.test(name),
  );
  return Object.fromEntries(kept);
}

/** Real servers as processes of their own, on 127.0.0.1, with a data folder that goes with them. */
export class Cluster {
  readonly folder: string;
  readonly servers: readonly Server[];
  readonly #args: readonly string[];
  readonly #nodeArgs: readonly string[];
  readonly #startWithinMs: number;

  private constructor(folder: string, ports: readonly number[], size: number, options: ClusterOptions) {
    this.folder = folder;
    this.#args = options.args ?? [];
    this.#nodeArgs = options.nodeArgs ?? [];
    this.#startWithinMs = options.startWithinMs ?? PATIENCE_MS;
    this.servers = ports.map((port, index) => ({
      index,
      role: index < (options.firsts ?? 1) ? 'primary' : index < size ? 'secondary' : 'witness',
      port,
      address: `localhost:${port}` as Address,
      folder: join(folder, `database@localhost:${port}`),
      outputFile: join(folder, `server-${index}.log`),
      process: undefined,
      ended: undefined,
    }));
  }

  /** Makes the folder and finds the ports; starts nothing. */
  static async make(options: ClusterOptions = {}): Promise<Cluster> {
    const { size = 3, witnesses = 0, parentFolder = tmpdir() } = options;
    // Ascending, so that what lists addresses in their order lists them in that of the indices.
    const ports = (await freePorts(size + witnesses)).sort((a, b) => a - b);
    return new Cluster(mkdtempSync(join(parentFolder, 'understudy-')), ports, size, options);
  }

  /** Makes a cluster, starts all its servers and waits until it is complete. */
  static async started(options?: ClusterOptions): Promise<Cluster> {
    const cluster = await Cluster.make(options);
    try {
      await cluster.startAll();
      await cluster.untilComplete();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get addresses(): Address[] {
    return this.servers.map(({ address }) => address);
  }

  /** The servers that have a process, running or stopped by a signal. */
  get up(): Server[] {
    return this.servers.filter(({ process }) => process !== undefined);
  }

  /** Starts a server in its role. Resolves when it answers. */
  async start(index: number, extraArgs: readonly string[] = []): Promise<void> {
    for (let tries = 1; ; tries++) {
      const printedBefore = this.output(index).length;
      this.launch(index, extraArgs);
      const server = this.servers[index]!;
      const answers = await this.until(
        `${server.address} answers or ends`,
        async () => server.process === undefined || (await this.status(index)) !== undefined,
        this.#startWithinMs,
      ).then(() => server.process !== undefined);
      if (answers) return;
      const printed = this.output(index).slice(printedBefore);
      if (tries === PORT_TRIES || !printed.includes('is in use by another program')) {
        throw new Error(`${server.address} ended instead of starting: ${printed}`);
      }
      await pause(100);
    }
  }

  /** Starts a server's process and waits for nothing. */
  launch(index: number, extraArgs: readonly string[] = []): void {
    const server = this.servers[index]!;
    if (server.process) throw new Error(`${server.address} runs already`);
    const args = [server.role, String(server.port), '--data', this.folder, '--join', this.addresses.join(',')];
    const output = openSync(server.outputFile, 'a');
    const child = spawn(process.execPath, [...this.#nodeArgs, SERVER_PROGRAM, ...args, ...this.#args, ...extraArgs], {
      stdio: ['ignore', output, output],
      env: cleanEnvironment(),
    });
    closeSync(output);
    server.process = child;
    server.ended = new Promise((ended) => {
      child.once('exit', (status, signal) => {
        if (server.process === child) server.process = undefined;
        ended({ status, signal });
      });
    });
  }

  /** Starts the servers one after the other, without waiting for one before the next. */
  async startAll(order: readonly number[] = this.servers.map(({ index }) => index)): Promise<void> {
    const starts: Promise<void>[] = [];
    for (const index of order) {
      starts.push(this.start(index));
      await pause(30);
    }
    await Promise.all(starts);
  }

  /** `kill -9`; resolves when the process is gone. */
  kill(index: number): Promise<Ended> {
    return this.#end(index, 'SIGKILL');
  }

  /** Asks a server to leave; resolves when the process is gone. */
  terminate(index: number): Promise<Ended> {
    return this.#end(index, 'SIGTERM');
  }

  #end(index: number, signal: NodeJS.Signals): Promise<Ended> {
    const { process: child, ended, address } = this.servers[index]!;
    if (!child || !ended) throw new Error(`${address} does not run`);
    child.kill(signal);
    return ended;
  }

  pause(index: number): void {
    this.servers[index]!.process!.kill('SIGSTOP');
  }

  resume(index: number): void {
    this.servers[index]!.process?.kill('SIGCONT');
  }

  /** What a server says of itself; undefined when it does not answer within a second. */
  async status(index: number): Promise<ServerStatus | undefined> {
    try {
      const signal = AbortSignal.timeout(STATUS_TIMEOUT_MS);
      const response = await fetch(`http://127.0.0.1:${this.servers[index]!.port}/status`, { signal });
      return (await response.json()) as ServerStatus;
    } catch {
      return undefined;
    }
  }

  /** Waits for a condition. @throws Error with what the servers say when it does not come within the time */
  async until(what: string, isSo: () => Promise<boolean> | boolean, patienceMs = PATIENCE_MS): Promise<void> {
    const giveUpAtMs = performance.now() + patienceMs;
    while (!(await isSo())) {
      if (performance.now() > giveUpAtMs)
        throw new Error(`${patienceMs} ms passed without: ${what}\n${await this.describe()}`);
      await pause(POLL_MS);
    }
  }

  /** Waits until these servers form one view, and nothing is missing to any of them. @returns the primary's index */
  async untilServing(indices: readonly number[] = this.servers.map(({ index }) => index)): Promise<number> {
    let primary = -1;
    await this.until(`servers ${indices.join(', ')} are one view and serve`, async () => {
      const all = await Promise.all(indices.map((index) => this.status(index)));
      primary = indices[all.findIndex((status) => status?.role === 'primary')] ?? -1;
      const leader = all.find((status) => status?.role === 'primary');
      const votes = (status: ServerStatus) =>
        status.role === 'witness' && status.cluster.witnesses.includes(status.address);
      const holdsAll = (status: ServerStatus) =>
        (status.role === 'primary' || status.role === 'backup') && status.commit === leader?.commit;
      return all.every(
        (status) =>
          status !== undefined &&
          status.view === leader?.view &&
          status.members.length === this.#holdingData(indices).length &&
          status.waitingFor === '' &&
          (votes(status) || holdsAll(status)),
      );
    });
    return primary;
  }

  /** Waits until every server of the cluster is in its view. @returns the primary's index */
  untilComplete(): Promise<number> {
    return this.untilServing();
  }

  output(index: number): string {
    try {
      return readFileSync(this.servers[index]!.outputFile, 'utf8');
    } catch {
      return '';
    }
  }

  /** SHA-256 of a server's commit log, all segments in order. */
  logDigest(index: number): string {
    const { folder } = this.servers[index]!;
    const hash = createHash('sha256');
    for (const name of logSegments(folder)) hash.update(readFileSync(join(folder, name)));
    return hash.digest('hex');
  }

  /** Names and SHA-256 digests of all files of a server's database. */
  contents(index: number): string[] {
    const { folder } = this.servers[index]!;
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    return files.map(({ parentPath, name }) => `${name} ${digest(join(parentPath, name))}`).sort();
  }

  /** Waits until all servers have the same log, byte for byte. */
  untilLogsEqual(indices: readonly number[] = this.servers.map(({ index }) => index)): Promise<void> {
    const holders = this.#holdingData(indices);
    return this.until(
      `the logs of servers ${holders.join(', ')} are equal`,
      () => new Set(holders.map((index) => this.logDigest(index))).size === 1,
    );
  }

  #holdingData(indices: readonly number[]): number[] {
    return indices.filter((index) => this.servers[index]!.role !== 'witness');
  }

  /** What the servers say of themselves and last printed, for the message of a failure. */
  async describe(): Promise<string> {
    const lines = await Promise.all(
      this.servers.map(async ({ index, address }) => {
        const { cluster, ...status } = (await this.status(index)) ?? { cluster: undefined };
        const printed = this.output(index).trimEnd().split('\n').slice(-15).join('\n    ');
        return `  ${address} ${JSON.stringify(status)}\n    ${printed}`;
      }),
    );
    return lines.join('\n');
  }

  /** Ends every process that is left and removes the folder, unless it is to be looked at. */
  async close(keepFolder = false): Promise<void> {
    await Promise.all(this.up.map(({ index }) => this.kill(index)));
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Names of the files of a commit log, in order. */
export function logSegments(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^commit_log-\d+\.csv$/.test(name))
    .sort();
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The processes that hold the databases in a data folder. */
export function lockedBy(data: string): number[] {
  if (!existsSync(data)) return [];
  const databases = readdirSync(data).filter((name) => name.startsWith('database@'));
  return databases.flatMap((name) => {
    const lock = readdirSync(join(data, name)).includes('lock') ? readFileSync(join(data, name, 'lock'), 'utf8') : '';
    return [...lock.matchAll(/^pid (\d+)$/gm)].map((match) => Number(match[1]));
  });
}
