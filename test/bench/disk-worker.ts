import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { serveTasks } from './tasks.ts';

/** About one row of the log. */
const RECORD = Buffer.from(`${'x'.repeat(299)}\n`);
const WARM_UP = 20;

const tasks = {
  /** Appends and waits for the disk, `count` times. @returns the time of each, in milliseconds */
  async appendAndSync({ path, count }: { path: string; count: number }): Promise<number[]> {
    const file = openSync(path, 'w');
    const elapsedMs: number[] = [];
    for (let index = 0; index < WARM_UP + count; index++) {
      const startedAtMs = performance.now();
      writeSync(file, RECORD);
      fdatasyncSync(file);
      if (index >= WARM_UP) elapsedMs.push(performance.now() - startedAtMs);
    }
    closeSync(file);
    unlinkSync(path);
    return elapsedMs;
  },
};

export type DiskTasks = typeof tasks;
serveTasks(tasks);
