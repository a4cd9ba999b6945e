import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer, Question, Tasks } from './tasks.ts';

/** Processes that were started here and still run. */
const running = new Set<ChildProcess>();
const folders = new Set<string>();
let isKeeping = false;

// However the run ends: nothing that it started goes on, and nothing that it wrote stays.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of [...folders]) removeFolder(folder);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** It is killed when the run ends. */
export function remember(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** A folder of its own that is gone when the run ends, unless {@link keepFolders} was called. */
export function temporaryFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'understudy-bench-'));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  folders.delete(folder);
  if (!isKeeping) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** From now on folders stay, so that they can be looked at. */
export function keepFolders(): void {
  isKeeping = true;
}

/** Starts a program with this Node; what it prints is added to a file. */
export function startProgram(words: readonly string[], logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  const child = remember(spawn(process.execPath, words, { stdio: ['ignore', log, log] }));
  closeSync(log);
  return child;
}

/** Ends a process by its id and waits until it is gone; one that does not heed the signal in time is killed. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals, patienceMs = 8000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(impatience);
}

/** A process of its own that does tasks (`serveTasks` in `tasks.ts`), so that no part of a measurement waits for another. */
export class Worker<T extends Tasks> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(output: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  /** @param name file beside this one, without `.ts` */
  constructor(name: string) {
    const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    this.#child = remember(fork(file, { execArgv: ['--import', 'tsx'] }));
    this.#child.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(new Error(`${name}: ${answer.error}`));
      else waiting?.resolve(answer.output);
    });
    this.#child.once('exit', (code, signal) => {
      const error = new Error(`${name} ended with ${signal ?? code} before it had answered.`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  /** @throws Error with the worker's own words when the task fails, or the worker ends */
  ask<Name extends keyof T & string>(task: Name, input: Parameters<T[Name]>[0]): Promise<Awaited<ReturnType<T[Name]>>> {
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, task, input };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, { resolve: resolve as (output: unknown) => void, reject });
      this.#child.send(question, (error) => {
        if (error) reject(error);
      });
    });
  }

  end(): Promise<void> {
    return endProcess(this.#child, 'SIGTERM');
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
