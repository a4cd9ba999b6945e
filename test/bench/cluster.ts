import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import type { ServerStatus } from '../../shared/api.ts';
import { endProcess, pause, removeFolder, startProgram, temporaryFolder } from './processes.ts';
import { processorMsOf } from './processor-time.ts';

const SERVERS = 3;
const COMPLETE_DEADLINE_MS = 30_000;
const POLL_MS = 25;

export interface ClusterOptions {
  /** The built program, `…/server/main.js`. */
  program: string;
  /** Where the data folder is made; undefined: where temporary files go. */
  parentFolder: string | undefined;
  /** Where each server writes a CPU profile when it ends; undefined: none is made. */
  profileFolder: string | undefined;
}

interface Member {
  port: number;
  child: ChildProcess;
}

/** Three real servers on free ports of this machine, with `--durability fsync`. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #folder: string;
  readonly #ports: readonly number[];
  readonly #members = new Map<number, Member>();

  private constructor(options: ClusterOptions, folder: string, ports: readonly number[]) {
    this.#options = options;
    this.#folder = folder;
    this.#ports = ports;
  }

  /** Resolves when all three are in the view. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options, temporaryFolder(options.parentFolder), await freePorts(SERVERS));
    const [first, ...others] = cluster.#ports;
    cluster.#start('primary', first!);
    for (const port of others) cluster.#start('secondary', port);
    await cluster.complete();
    return cluster;
  }

  get addresses(): string[] {
    return this.#ports.map((port) => `localhost:${port}`);
  }

  #start(role: 'primary' | 'secondary', port: number): void {
    const { program, profileFolder } = this.#options;
    const profiling = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileFolder];
    const join = this.addresses.join(',');
    const words = [role, String(port), '--join', join, '--data', this.#folder, '--durability', 'fsync'];
    const child = startProgram([...profiling, program, ...words], path.join(this.#folder, `server-${port}.log`));
    this.#members.set(port, { port, child });
  }

  /**
   * Waits until every server is in the view and serves.
   *
   * @returns the primary's address
   */
  async complete(): Promise<string> {
    const deadline = performance.now() + COMPLETE_DEADLINE_MS;
    let seen = '';
    while (performance.now() < deadline) {
      for (const { child, port } of this.#members.values()) {
        if (child.exitCode !== null)
          throw new Error(`The server on port ${port} ended with ${child.exitCode}; run with --keep and read its log.`);
      }
      const statuses = await Promise.all(this.#ports.map(statusOf));
      const primary = commonPrimary(statuses);
      if (primary !== undefined) return primary;
      seen = statuses.map((status) => `${status?.role ?? 'unreached'} ${status?.waitingFor ?? ''}`.trim()).join('; ');
      await pause(POLL_MS);
    }
    throw new Error(`The cluster is not complete after ${COMPLETE_DEADLINE_MS} ms: ${seen}.`);
  }

  /** Ends a server. Resolves when the process is gone. */
  end(address: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    return endProcess(this.#memberAt(address).child, signal);
  }

  /** Starts an ended server again on its folder, to join the others. */
  restart(address: string): void {
    this.#start('secondary', this.#memberAt(address).port);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ child }) => endProcess(child, 'SIGTERM')));
    removeFolder(this.#folder);
  }

  /** What each server has used of the processor so far, milliseconds, in the order of {@link addresses}. */
  processorMs(): number[] {
    return this.#ports.map((port) => processorMsOf(this.#members.get(port)!.child.pid!));
  }

  #memberAt(address: string): Member {
    const member = this.#members.get(Number(address.split(':').at(-1)));
    if (!member) throw new Error(`There is no server ${address} in this cluster.`);
    return member;
  }
}

/** What the server on that port of this machine says of itself; undefined when it does not answer. */
export async function statusOf(port: number): Promise<ServerStatus | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(2000) });
    return (await response.json()) as ServerStatus;
  } catch {
    return undefined;
  }
}

function commonPrimary(statuses: readonly (ServerStatus | undefined)[]): string | undefined {
  const primary = statuses[0]?.primary;
  const isServing = statuses.every(
    (status) =>
      status?.primary === primary &&
      status?.members.length === statuses.length &&
      (status.role === 'primary' || status.role === 'backup') &&
      status.waitingFor === '',
  );
  return isServing && primary ? primary : undefined;
}

/** Ports that nothing listened on a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
