import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerStatus } from '../../shared/api.ts';
import { type Address, splitAddress } from '../../shared/ids.ts';
import { databaseFolder } from '../storage/folder.ts';
import { plainEnvironment, waitFor } from './drill-wait.ts';
import { askStatus } from './status.ts';

const PORT_BUSY = 'is in use by another program';
const PORT_AGAIN_MS = 100;

/** How a process ended. */
export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
}

/** Where a server stands, and how it is started. */
export interface ServerPlace {
  role: 'primary' | 'secondary' | 'witness';
  address: Address;
  /** Its `--data`. */
  dataFolder: string;
  outputFile: string;
  /** The whole command, up to the name of the role. */
  command: readonly string[];
  /** What follows the port, `--data` and `--join` excepted. */
  args: readonly string[];
}

/** One server: its place stays, its processes come and go. */
export interface DrilledServer extends ServerPlace {
  readonly index: number;
  process: ChildProcess | undefined;
  ended: Promise<Ended> | undefined;
  /** An end that was asked for. */
  isAsked: boolean;
  isPaused: boolean;
}

/** Servers as processes of their own, which are killed, stopped and started again. */
export class DrilledServers {
  readonly all: readonly DrilledServer[];
  /** What servers did that they must not do, one sentence each. */
  readonly problems: string[] = [];
  #isClosed = false;

  constructor(places: readonly ServerPlace[]) {
    this.all = places.map((place, index) => ({
      ...place,
      index,
      process: undefined,
      ended: undefined,
      isAsked: false,
      isPaused: false,
    }));
  }

  get addresses(): Address[] {
    return this.all.map(({ address }) => address);
  }

  /** The servers that hold data. */
  get replicas(): DrilledServer[] {
    return this.all.filter(({ role }) => role !== 'witness');
  }

  /** The servers that have a process, running or stopped by a signal. */
  get up(): DrilledServer[] {
    return this.all.filter(({ process: child }) => child !== undefined);
  }

  /** Starts a server that is down; waits for nothing. An end that nobody asked for becomes a problem. */
  start(index: number): void {
    const server = this.all[index]!;
    if (server.process || this.#isClosed) return;
    const printedBefore = this.output(index).length;
    const { command, role, address, dataFolder, args, outputFile } = server;
    const others = this.addresses.filter((other) => other !== address).join(',');
    const all = [...command, role, String(splitAddress(address).port), '--data', dataFolder, '--join', others, ...args];
    const output = openSync(outputFile, 'a');
    // A process group of its own: Ctrl+C must not reach it before its end is asked for.
    const child = spawn(all[0]!, all.slice(1), {
      stdio: ['ignore', output, output],
      env: plainEnvironment(),
      detached: true,
    });
    closeSync(output);
    Object.assign(server, { process: child, isAsked: false, isPaused: false });
    server.ended = new Promise((resolve) => {
      const end = (ended: Ended) => {
        if (server.process === child) server.process = undefined;
        resolve(ended);
      };
      child.once('exit', (status, signal) => end({ status, signal }));
      child.once('error', () => end({ status: 127, signal: null }));
    });
    void server.ended.then((ended) => this.#onEnd(server, ended, printedBefore));
  }

  #onEnd(server: DrilledServer, { status, signal }: Ended, printedBefore: number): void {
    if (server.isAsked) return;
    const printed = this.output(server.index).slice(printedBefore);
    // A port that was free may be the near end of somebody's connection for a moment.
    if (printed.includes(PORT_BUSY)) {
      setTimeout(() => this.start(server.index), PORT_AGAIN_MS);
      return;
    }
    const last = printed.trimEnd().split('\n').slice(-3).join(' | ');
    this.problems.push(`${server.address} ended by itself (${signal ?? status}): ${last}`);
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(index: number): Promise<void> {
    const server = this.all[index]!;
    if (!server.process) return;
    server.isAsked = true;
    server.isPaused = false;
    server.process.kill('SIGKILL');
    await server.ended;
  }

  /** SIGTERM, which a server that runs answers with status 0; resolves when the process is gone. */
  async terminate(index: number): Promise<void> {
    const server = this.all[index]!;
    if (!server.process || !server.ended || server.isAsked) return;
    server.isAsked = true;
    server.process.kill('SIGTERM');
    this.judgeEnd(server, await server.ended);
  }

  /** What a server that was asked to stop ended with; while it stops, it may be killed as well. */
  protected judgeEnd({ address }: DrilledServer, { status, signal }: Ended, hasBegun = true): void {
    const isExpected = status === 0 || signal === 'SIGKILL' || (!hasBegun && signal === 'SIGTERM');
    if (!isExpected) this.problems.push(`${address} ended with ${signal ?? status} when it was asked to stop`);
  }

  /** SIGSTOP. */
  pause(index: number): void {
    const server = this.all[index]!;
    if (!server.process || server.isAsked) return;
    server.isPaused = true;
    server.process.kill('SIGSTOP');
  }

  /** SIGCONT, for one that is paused. */
  resume(index: number): boolean {
    const server = this.all[index]!;
    if (!server.isPaused) return false;
    server.isPaused = false;
    server.process?.kill('SIGCONT');
    return true;
  }

  /** What a server says of itself; undefined when it does not answer in time. */
  async status(index: number, withinMs = 500): Promise<ServerStatus | undefined> {
    const server = this.all[index]!;
    if (!server.process || server.isPaused) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), withinMs);
    });
    const status = await Promise.race([askStatus(server.address), late]);
    clearTimeout(timer);
    return status;
  }

  statuses(): Promise<(ServerStatus | undefined)[]> {
    return Promise.all(this.all.map(({ index }) => this.status(index)));
  }

  /** The server that says it is the primary, in the highest view; undefined when none does. */
  async primary(): Promise<number | undefined> {
    const leaders = (await this.statuses())
      .map((status, index) => ({ status, index }))
      .filter(({ status }) => status?.role === 'primary')
      .sort((a, b) => b.status!.epoch - a.status!.epoch || b.status!.view - a.status!.view);
    return leaders[0]?.index;
  }

  /** Whether all servers run and are one view that lacks nobody, but for spares that follow it. */
  async isWhole(replicationFactor = 3): Promise<boolean> {
    const all = await this.statuses();
    const replicas = all.filter((_, index) => this.all[index]!.role !== 'witness');
    const members = Math.min(replicationFactor, replicas.length);
    const view = replicas.find((status) => status?.role === 'primary')?.view;
    if (view === undefined || all.some((status) => status === undefined)) return false;
    const inView = replicas.filter((status) => status!.role === 'primary' || status!.role === 'backup');
    const isOneView = inView.every((status) => status!.view === view && status!.members.length === members);
    const follow = replicas.filter((status) => status!.role === 'spare');
    return (
      isOneView &&
      inView.length === members &&
      inView.length + follow.length === replicas.length &&
      replicas.every((status) => status!.waitingFor === '')
    );
  }

  output(index: number): string {
    try {
      return readFileSync(this.all[index]!.outputFile, 'utf8');
    } catch {
      return '';
    }
  }

  /** SHA-256 of a server's commit log, all segments in order. */
  logDigest(index: number): string {
    const { dataFolder, address } = this.all[index]!;
    const folder = databaseFolder(dataFolder, address);
    const segments = readdirSync(folder).filter((name) => /^commit_log-\d+\.csv$/.test(name));
    const hash = createHash('sha256');
    for (const name of segments.sort()) hash.update(readFileSync(join(folder, name)));
    return hash.digest('hex');
  }

  /** @returns empty when all replicas have the same log, byte for byte, within the time; else who has which */
  async differingLogs(withinMs: number): Promise<string[]> {
    const digests = () => this.replicas.map(({ index }) => this.logDigest(index));
    await waitFor(() => new Set(digests()).size === 1, withinMs, 250);
    const found = digests();
    if (new Set(found).size === 1) return [];
    return this.replicas.map(({ address }, place) => `${address} has a log with the SHA-256 ${found[place]}`);
  }

  /** What the servers say of themselves and last printed. */
  async describe(): Promise<string> {
    const said = await this.statuses();
    return this.all
      .map(({ index, address }) => {
        const { cluster: _, ...status } = said[index] ?? { cluster: undefined };
        return `  ${address} ${JSON.stringify(status)}\n    ${this.output(index).trimEnd().split('\n').slice(-12).join('\n    ')}`;
      })
      .join('\n');
  }

  /** Kills what runs; nothing is started from now on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.up.map(({ index }) => this.kill(index)));
  }
}
