import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Layout } from './rates.ts';
import type { Task } from './run-worker.ts';
import type { RunResult } from './simulation.ts';

/** So many runs are given to a worker at a time. */
const BLOCK = 10;
/** What they are started with besides the options of this process. */
const PLAIN = ['--import', new URL('./register-plain.js', import.meta.url).href];

/**
 * Runs the seeds on several processes. Results come in the order of the seeds, whichever process has them first, so that
 * they do not depend on the number of workers.
 *
 * @param onFinished returns false when no more are wanted
 * @throws Error when a worker ends before its time
 */
export function runAll(
  seeds: readonly string[],
  options: { workers: number; layout: Partial<Layout> },
  onFinished: (result: RunResult) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finished = new Map<string, RunResult>();
    const workers: ChildProcess[] = [];
    let given = 0;
    let next = 0;
    const end = (error?: Error) => {
      for (const worker of workers) worker.removeAllListeners('exit').kill();
      if (error) reject(error);
      else resolve();
    };
    const takeInOrder = () => {
      for (let one = finished.get(seeds[next]!); one; one = finished.get(seeds[next]!)) {
        finished.delete(seeds[next]!);
        next += 1;
        if (!onFinished(one) || next === seeds.length) return end();
      }
    };
    const giveTo = (worker: ChildProcess): number => {
      const block = seeds.slice(given, given + BLOCK);
      given += block.length;
      if (block.length > 0) worker.send({ seeds: block, layout: options.layout } satisfies Task);
      return block.length;
    };
    for (let count = 0; count < options.workers; count++) {
      const execArgv = [...process.execArgv, ...PLAIN];
      const worker = fork(fileURLToPath(new URL('./run-worker.ts', import.meta.url)), { execArgv });
      workers.push(worker);
      let left = giveTo(worker);
      worker.on('message', (result: RunResult) => {
        finished.set(result.seed, result);
        left -= 1;
        if (left === 0) left = giveTo(worker);
        takeInOrder();
      });
      worker.on('exit', (code) => end(new Error(`A worker ended with status ${code}.`)));
    }
  });
}
