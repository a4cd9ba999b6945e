import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endProcess, remember } from './processes.ts';

export interface PseudoTerminalOptions {
  columns: number;
  rows: number;
  /** Words without spaces or quotes, for a shell. */
  command: readonly string[];
}

interface Waiting {
  text: string;
  resolve(atMs: number): void;
}

/** A program in a terminal, made by `script` of util-linux; what it writes is looked at byte by byte as it comes. */
export class PseudoTerminal {
  readonly #child: ChildProcess;
  #waiting: Waiting | undefined;
  /** What was written last: what is waited for may come in two pieces. */
  #tail = '';

  constructor({ columns, rows, command }: PseudoTerminalOptions) {
    const line = `stty cols ${columns} rows ${rows}; exec ${command.join(' ')}`;
    const { CI: _, ...environment } = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8' } as NodeJS.ProcessEnv;
    this.#child = remember(
      spawn('script', ['--quiet', '--flush', '--return', '--command', line, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: environment,
      }),
    );
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#onWritten(text));
  }

  write(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** @returns when the program wrote this, from now on, by `performance.now()` */
  written(text: string, withinMs = 30_000): Promise<number> {
    this.#tail = '';
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`The terminal never wrote ${JSON.stringify(text)}.`)), withinMs);
      const settle = (atMs: number): void => {
        clearTimeout(late);
        resolve(atMs);
      };
      this.#waiting = { text, resolve: settle };
    });
  }

  /** Presses Ctrl+C and waits until the program has ended. */
  async quit(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.write('\x03');
    const impatience = setTimeout(() => void endProcess(this.#child, 'SIGTERM'), 5000);
    await ended;
    clearTimeout(impatience);
  }

  #onWritten(text: string): void {
    const atMs = performance.now();
    const waiting = this.#waiting;
    if (!waiting) return;
    const written = this.#tail + text;
    this.#tail = written.slice(-200);
    if (!written.includes(waiting.text)) return;
    this.#waiting = undefined;
    waiting.resolve(atMs);
  }
}
