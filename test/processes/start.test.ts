import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment, freePorts, lockedBy, SERVER_PROGRAM } from '../support/cluster.ts';

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('server start, without a terminal', () => {
  it('starts three servers, prints who is the primary, and SIGTERM ends all of them with status 0', async () => {
    const ports = await freePorts(3);
    const data = mkdtempSync(join(tmpdir(), 'understudy-'));
    const child = spawn(process.execPath, [SERVER_PROGRAM, 'start', '--data', data, '--ports', ports.join(',')], {
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
      for (const port of ports) expect(printed).toContain(`localhost:${port}`);
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
