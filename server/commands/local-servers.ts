import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { SHUTDOWN_MS } from '../../shared/limits.ts';
import type { LocalServer, ServerAction } from '../../shared/local-servers.ts';

interface Started {
  readonly role: string;
  readonly port: number;
  readonly address: string;
  process: ChildProcess;
  isPaused: boolean;
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
      const address = `localhost:${port}`;
      const started = { role, port, address, isPaused: false, lastLine: '' };
      return Object.assign(started, { process: this.#spawn(started) });
    });
  }

  get list(): LocalServer[] {
    return this.#servers.map((server) => ({ address: server.address, state: stateOf(server) }));
  }

  /** One that ended, and the last line that it printed; undefined while all run. */
  get ended(): { port: number; lastLine: string } | undefined {
    return this.#servers.find((server) => stateOf(server) === 'ended');
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
    if (action === 'start') {
      if (state === 'ended') server.process = this.#spawn(server);
    } else if (state !== 'ended') {
      server.process.kill(({ kill: 'SIGKILL', pause: 'SIGSTOP', resume: 'SIGCONT' } as const)[action]);
      server.isPaused = action === 'pause';
    }
    this.#changed();
  }

  /** Asks all to end, and ends those that do not. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = this.#servers.filter((server) => stateOf(server) !== 'ended').map((server) => server.process);
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
    const output = createWriteStream(join(dataFolder, `server-${server.port}.log`), { flags: 'a' });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.pipe(output, { end: false });
      stream.on('data', (chunk: Buffer) => {
        server.lastLine = chunk.toString().trimEnd().split('\n').at(-1) ?? '';
      });
    }
    child.once('close', () => output.end());
    child.once('exit', () => this.#changed());
    return child;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function stateOf({ process: child, isPaused }: Started): LocalServer['state'] {
  if (child.exitCode !== null || child.signalCode !== null) return 'ended';
  return isPaused ? 'paused' : 'running';
}
