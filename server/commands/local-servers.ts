import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '../../shared/ids.ts';
import { SHUTDOWN_MS } from '../../shared/limits.ts';
import type { LocalServer, ServerAction } from '../../shared/local-servers.ts';
import { askStatus } from './status.ts';

interface Started {
  readonly role: string;
  readonly port: number;
  readonly address: Address;
  process: ChildProcess;
  isPaused: boolean;
  /** Its present process has not answered yet. */
  isStarting: boolean;
  commit: number | undefined;
  lastLine: string;
}

export interface LocalServersOptions {
  /** The first one is `server primary`. */
  ports: readonly number[];
  dataFolder: string;
  /** What `server` is run with: Node, its options, the program. */
  command: readonly [string, ...string[]];
}

/** Servers as processes of their own on this machine. What they print goes to `server-PORT.log` in the data folder. */
export class LocalServers {
  readonly #options: LocalServersOptions;
  readonly #servers: Started[];
  readonly #listeners = new Set<() => void>();
  #isStopping = false;

  /** Starts them. The data folder must exist. */
  constructor(options: LocalServersOptions) {
    this.#options = options;
    this.#servers = options.ports.map((port, index) => {
      const role = index === 0 ? 'primary' : 'secondary';
      const address = `localhost:${port}` as Address;
      const before = { isPaused: false, isStarting: true, commit: undefined, lastLine: '' };
      const started = { role, port, address, ...before };
      return Object.assign(started, { process: this.#spawn(started) });
    });
  }

  get list(): LocalServer[] {
    return this.#servers.map((server) => {
      const { address, commit } = server;
      return { address, state: stateOf(server), ...(commit === undefined ? {} : { commit }) };
    });
  }

  /** One that ended, and the last line that it printed; undefined while all run. */
  get ended(): { port: number; lastLine: string } | undefined {
    return this.#servers.find((server) => stateOf(server) === 'stopped');
  }

  /** Asks those that run how far they are, and tells the listeners. */
  async look(): Promise<void> {
    const asked = this.#servers.filter((server) => !server.isPaused && stateOf(server) !== 'stopped');
    await Promise.all(
      asked.map(async (server) => {
        const child = server.process;
        const status = await askStatus(server.address);
        if (server.process !== child || stateOf(server) === 'stopped') return;
        server.commit = status?.commit;
        if (status) server.isStarting = false;
      }),
    );
    this.#changed();
  }

  /** @returns ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Does it, if it can be done to that server as it is now; only processes that were started here are touched. */
  act(address: string, action: ServerAction): void {
    const server = this.#servers.find((one) => one.address === address);
    if (!server || this.#isStopping) return;
    const state = stateOf(server);
    if (action === 'restart') {
      if (state === 'stopped') server.process = this.#spawn(server);
    } else if (state !== 'stopped') {
      server.process.kill(({ kill: 'SIGKILL', pause: 'SIGSTOP', resume: 'SIGCONT' } as const)[action]);
      server.isPaused = action === 'pause';
    }
    this.#changed();
  }

  /** Asks all to end, and ends those that do not. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = this.#servers.filter((server) => stateOf(server) !== 'stopped').map((server) => server.process);
    for (const child of running) {
      child.kill('SIGTERM');
      // One that is paused hears the signal when it goes on.
      child.kill('SIGCONT');
    }
    const ended = Promise.all(running.map((child) => new Promise((resolve) => child.on('exit', resolve))));
    const late = setTimeout(() => {
      for (const child of running) child.kill('SIGKILL');
    }, SHUTDOWN_MS + 1000);
    await ended;
    clearTimeout(late);
  }

  #spawn(server: Omit<Started, 'process'>): ChildProcess {
    const { dataFolder, ports, command } = this.#options;
    const [node, ...program] = command;
    const others = ports.map((port) => `localhost:${port}`).join(',');
    const words = [server.role, String(server.port), '--data', dataFolder, '--join', others];
    const child = spawn(node, [...program, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: Ctrl+C in the chat must not reach it before the chat has ended.
      detached: true,
    });
    server.isPaused = false;
    server.isStarting = true;
    const output = createWriteStream(join(dataFolder, `server-${server.port}.log`), { flags: 'a' });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.pipe(output, { end: false });
      stream.on('data', (chunk: Buffer) => {
        server.lastLine = chunk.toString().trimEnd().split('\n').at(-1) ?? '';
      });
    }
    child.once('close', () => output.end());
    child.once('exit', () => {
      server.commit = undefined;
      this.#changed();
    });
    return child;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function stateOf({ process: child, isPaused, isStarting }: Started): LocalServer['state'] {
  if (child.exitCode !== null || child.signalCode !== null) return 'stopped';
  if (isPaused) return 'paused';
  return isStarting ? 'starting' : 'running';
}
