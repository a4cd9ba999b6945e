import { type ChildProcess, spawn } from 'node:child_process';
import { cleanEnvironment, type Ended, pause } from './cluster.ts';

export interface RunningOptions {
  cwd?: string;
  /** Besides what every program of ours inherits. */
  environment?: Record<string, string>;
}

const POLL_MS = 20;
const PATIENCE_MS = 20_000;

/** A program that a test starts, listens to, and ends. */
export class RunningProgram {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly ended: Promise<Ended>;
  /** What it printed, errors included. */
  output = '';

  constructor(command: string, args: readonly string[], options: RunningOptions = {}) {
    this.#name = [command, ...args].join(' ');
    this.#child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...options.environment },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#child.stdin!.on('error', () => {});
    this.ended = new Promise((ended, failed) => {
      this.#child.once('error', failed);
      this.#child.once('close', (status, signal) => ended({ status, signal }));
    });
  }

  /** Writes a line to it. */
  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** It gets nothing more to read. */
  closeInput(): void {
    this.#child.stdin!.end();
  }

  /** Waits until it has printed this. @throws Error with all that it printed when it does not within 20 s */
  async until(text: string | RegExp): Promise<void> {
    const isThere = (): boolean => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    while (!isThere()) {
      if (performance.now() > giveUpAtMs) throw new Error(`${this.#name} does not print ${text}: ${this.output}`);
      await pause(POLL_MS);
    }
  }

  /** Sends a signal unless it has ended; resolves when it has. */
  end(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}
