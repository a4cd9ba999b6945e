import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PORTS } from '../../shared/limits.ts';
import { cleanEnvironment, SERVER_PROGRAM } from '../support/cluster.ts';

async function isFree(port: number): Promise<boolean> {
  const listener = createServer();
  return new Promise((resolve) => {
    listener.once('error', () => resolve(false));
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)));
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('server start, without a terminal', () => {
  it('starts three servers, prints who is the primary, and SIGTERM ends all of them with status 0', async (context) => {
    const free = await Promise.all(DEFAULT_PORTS.map(isFree));
    const taken = DEFAULT_PORTS.filter((_, index) => !free[index]);
    if (taken.length > 0) return context.skip(`in use by another program: port ${taken.join(', ')}`);
    const data = mkdtempSync(join(tmpdir(), 'understudy-'));
    const child = spawn(process.execPath, [SERVER_PROGRAM, 'start', '--data', data], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
    });
    const ended = new Promise((resolve) => child.once('exit', (status) => resolve(status)));
    let printed = '';
    let pids: number[] = [];
    try {
      const isComplete = new Promise<void>((resolve, reject) => {
        const read = (chunk: Buffer) => {
          printed += chunk;
          if (/^View \d+: .*; the primary is localhost:\d+/m.test(printed)) resolve();
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.once('exit', () => reject(new Error(`It ended: ${printed}`)));
      });
      await isComplete;
      for (const port of DEFAULT_PORTS) expect(printed).toContain(`localhost:${port}`);
      expect(printed).not.toContain('WARNING');
      pids = lockedBy(data);
      expect(pids.filter(isRunning)).toHaveLength(3);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(pids.filter(isRunning)).toEqual([]);
      // Each gave its database back, as a killed server cannot.
      expect(lockedBy(data)).toEqual([]);
    } finally {
      for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
      child.kill('SIGKILL');
      rmSync(data, { recursive: true, force: true });
    }
  });
});

/** The processes that hold the databases in a data folder. */
function lockedBy(data: string): number[] {
  const databases = readdirSync(data).filter((name) => name.startsWith('database@'));
  return databases.flatMap((name) => {
    const lock = readdirSync(join(data, name)).includes('lock') ? readFileSync(join(data, name, 'lock'), 'utf8') : '';
    return [...lock.matchAll(/^pid (\d+)$/gm)].map((match) => Number(match[1]));
  });
}
