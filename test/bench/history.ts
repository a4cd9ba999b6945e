import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterOptions, freePorts, statusOf } from './cluster.ts';
import type { Figure } from './figures.ts';
import type { LoadTasks } from './load-worker.ts';
import { endProcess, pause, removeFolder, startProgram, temporaryFolder, Worker } from './processes.ts';
import { processorMsOf } from './processor-time.ts';
import type { PumpPlan } from './pump.ts';
import { storeMessages } from './stored-messages.ts';

const START_DEADLINE_MS = 120_000;
const POLL_MS = 10;

export interface HistoryPlan {
  messages: number;
  accounts: number;
  rounds: number;
  pump: PumpPlan;
  /** How often one message at a time is sent. */
  singles: number;
}

/** What one server alone needs, with much history or without. */
export interface Needs {
  /** From the start of the process until it serves, milliseconds. */
  startMs: number;
  /** Resident memory as soon as it serves, MiB. */
  startedMiB: number;
  /** And after what is measured here. */
  memoryMiB: number;
  acknowledgedPerSecond: number;
  acknowledgedMs: number;
  /** What the server's process used for one of many messages in flight, microseconds of processor time. */
  processorUs: number;
}

export interface Measured {
  full: Needs[];
  empty: Needs[];
}

/** A server with many messages beside one without, in turns: each is stopped and started again for each round. */
export async function measureHistory(
  plan: HistoryPlan,
  options: ClusterOptions,
  onRound: (needs: Needs, isFull: boolean) => void,
): Promise<Measured> {
  const [full, empty] = (await freePorts(2)).map((port) => new Server(port!, options)) as [Server, Server];
  for (const server of [full, empty]) {
    await server.start();
    await server.stop();
  }
  await storeMessages({ ...plan, folder: full.folder, address: full.address });
  const measured: Measured = { full: [], empty: [] };
  for (let round = 1; round <= plan.rounds; round++) {
    for (const server of round % 2 === 0 ? [full, empty] : [empty, full]) {
      const needs = await measureOne(server, plan, `round${round}`);
      measured[server === full ? 'full' : 'empty'].push(needs);
      onRound(needs, server === full);
    }
  }
  for (const server of [full, empty]) server.remove();
  return measured;
}

async function measureOne(server: Server, plan: HistoryPlan, names: string): Promise<Needs> {
  const startMs = await server.start();
  const startedMiB = server.memoryMiB();
  const load = new Worker<LoadTasks>('load-worker');
  await load.ask('enter', { address: server.address, clients: plan.pump.clients, names });
  const acknowledgedMs = await load.ask('latency', { count: plan.singles });
  const before = await server.used();
  const acknowledgedPerSecond = await load.ask('toConnected', { plan: plan.pump });
  const after = await server.used();
  await load.end();
  const processorUs = (1000 * (after.processorMs - before.processorMs)) / (after.operations - before.operations);
  const memoryMiB = server.memoryMiB();
  await server.stop();
  return { startMs, startedMiB, memoryMiB, acknowledgedPerSecond, acknowledgedMs, processorUs };
}

/** A cluster of one server, or one that follows such a server. */
export class Server {
  readonly address: string;
  readonly port: number;
  readonly #data: string;
  readonly #program: string;
  readonly #follows: string | undefined;
  readonly #profiling: string[];
  #child: ReturnType<typeof startProgram> | undefined;

  /** @param follows the server that it joins */
  constructor(port: number, { program, parentFolder, profileFolder }: ClusterOptions, follows?: string) {
    this.address = `localhost:${port}`;
    this.port = port;
    this.#follows = follows;
    this.#profiling = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileFolder];
    this.#data = temporaryFolder(parentFolder);
    this.#program = program;
  }

  get folder(): string {
    return join(this.#data, `database@${this.address}`);
  }

  /** @returns how long it took until it served, milliseconds */
  async start(): Promise<number> {
    const startedAt = performance.now();
    const child = this.launch();
    while (performance.now() - startedAt < START_DEADLINE_MS) {
      if (child.exitCode !== null) break;
      const status = await statusOf(this.port);
      if (status?.role === 'primary' && status.waitingFor === '') return performance.now() - startedAt;
      await pause(POLL_MS);
    }
    throw new Error(`The server on port ${this.port} did not start; run with --keep and read its server.log.`);
  }

  /** Starts its process, and waits for nothing. */
  launch(): ReturnType<typeof startProgram> {
    const role = this.#follows === undefined ? 'primary' : 'secondary';
    const only = ['--replication-factor', '1', '--join', this.#follows ?? this.address, '--durability', 'fsync'];
    const words = [...this.#profiling, this.#program, role, String(this.port), '--data', this.#data, ...only];
    this.#child = startProgram(words, join(this.#data, 'server.log'));
    return this.#child;
  }

  /** Resident memory, MiB; Linux only. */
  memoryMiB(): number {
    const status = readFileSync(`/proc/${this.#child!.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
  }

  /** So far. */
  async used(): Promise<{ processorMs: number; operations: number }> {
    const processorMs = processorMsOf(this.#child!.pid!);
    return { processorMs, operations: (await statusOf(this.port))?.commit ?? Number.NaN };
  }

  async stop(): Promise<void> {
    await endProcess(this.#child!, 'SIGTERM');
    if (this.#child!.exitCode !== 0) throw new Error(`The server on port ${this.port} did not stop in order.`);
  }

  remove(): void {
    removeFolder(this.#data);
  }
}

/** The figures for the table; targets are those for 100,000 and for 1,000,000 messages. */
export function historyFigures({ full, empty }: Measured, messages: number): Figure[] {
  const of = (needs: readonly Needs[], name: keyof Needs) => needs.map((one) => one[name]);
  const count = messages.toLocaleString('en');
  const isLarge = messages > 100_000;
  const memory = { unit: 'MiB', must: 600, goal: 250, besideName: '', beside: [], better: 'less' } as const;
  return [
    {
      name: `start until it serves, ${count} messages`,
      unit: 'ms',
      ours: of(full, 'startMs'),
      besideName: '',
      beside: [],
      must: isLarge ? 15_000 : 2000,
      goal: isLarge ? 5000 : 700,
      better: 'less',
    },
    { ...memory, name: `memory after the start, ${count} messages`, ours: of(full, 'startedMiB') },
    { ...memory, name: 'memory after some load', ours: of(full, 'memoryMiB') },
    {
      name: 'processor time of a message, many in flight',
      unit: 'µs',
      ours: of(full, 'processorUs'),
      besideName: 'on an empty database',
      beside: of(empty, 'processorUs'),
      must: 1.2,
      goal: 1.05,
      better: 'less',
    },
    {
      name: 'one message at a time, p50',
      unit: 'ms',
      ours: of(full, 'acknowledgedMs'),
      besideName: 'on an empty database',
      beside: of(empty, 'acknowledgedMs'),
      must: 1.2,
      goal: 1.05,
      better: 'less',
    },
    {
      name: 'acknowledged, many in flight',
      unit: '/s',
      ours: of(full, 'acknowledgedPerSecond'),
      besideName: 'on an empty database',
      beside: of(empty, 'acknowledgedPerSecond'),
      must: 1 / 1.2,
      goal: 0.95,
      better: 'more',
    },
  ];
}
