import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanEnvironment, SERVER_PROGRAM } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const PATIENCE_MS = 170_000;

describe('server drill', () => {
  let place: string;
  let child: ChildProcess | undefined;
  let printed = '';

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'understudy-'));
    printed = '';
  });

  afterEach(() => {
    for (const pid of serversIn(place)) process.kill(pid, 'SIGKILL');
    child?.kill('SIGKILL');
    rmSync(place, { recursive: true, force: true });
  });

  /** @returns its exit status */
  function startDrill(args: readonly string[]): Promise<number | null> {
    const drill = spawn(process.execPath, [SERVER_PROGRAM, 'drill', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), TMPDIR: place },
    });
    child = drill;
    for (const stream of [drill.stdout, drill.stderr]) {
      stream.on('data', (chunk) => {
        printed += chunk;
      });
    }
    return new Promise((resolve) => drill.once('close', resolve));
  }

  async function untilPrinted(text: string): Promise<void> {
    while (!printed.includes(text)) {
      if (child?.exitCode !== null) throw new Error(`It ended without "${text}": ${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it(
    'kills, stops and restarts servers while users chat, finds nothing missing, and leaves nothing behind',
    async () => {
      const status = await startDrill(['--seed', '7']);
      expect(printed, printed).toContain('Nothing that was acknowledged is missing, and nothing is there twice.');
      expect(status).toBe(0);
      expect(printed).toContain('seed 7');
      for (const done of ['kill -9 of all three', 'SIGSTOP of', 'SIGTERM of', 'the next one', 'a backup']) {
        expect(printed).toContain(done);
      }
      for (const count of [
        'on one copy alone',
        'lost',
        'doubled',
        'out of order',
        'by two primaries at once',
        'refused',
      ]) {
        expect(printed).toMatch(new RegExp(`^ +${count} +0$`, 'm'));
      }
      expect(Number(/^ +acknowledged +([\d,]+)$/m.exec(printed)?.[1]?.replaceAll(',', ''))).toBeGreaterThan(100);
      expect(printed).toMatch(/^ +logs of the servers +equal$/m);
      // Through a pipe it is plain text.
      expect(printed).not.toMatch(/[\u001b\r]/);
      expect(Math.max(...printed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
      expect(readdirSync(place)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'interrupted, ends its servers; with --keep their data and output stay',
    async () => {
      const ended = startDrill(['--keep']);
      await untilPrinted('ana, bob and cleo chat');
      const pids = serversIn(place);
      expect(pids).toHaveLength(3);
      child!.kill('SIGTERM');
      expect(await ended).toBe(130);
      expect(pids.filter(isRunning)).toEqual([]);
      const [folder] = readdirSync(place);
      expect(printed).toContain(`data and output are in ${join(place, folder!)}`);
      const kept = readdirSync(join(place, folder!));
      expect(kept.filter((name) => name.startsWith('database@localhost:'))).toHaveLength(3);
      expect(kept.filter((name) => /^server-[ABC]\.log$/.test(name))).toHaveLength(3);
    },
    PATIENCE_MS,
  );

  it('says what is wrong with its options, and with a place where no folder can be made', async () => {
    const empty = await runProgram(['drill', '--seed', ' ']);
    expect(empty).toMatchObject({ status: 2, stdout: '' });
    expect(empty.stderr).toContain('--seed');
    const unknown = await runProgram(['drill', '--sead', '1']);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('--seed');
    rmSync(place, { recursive: true });
    expect(await startDrill([])).toBe(1);
    expect(printed).toContain('TMPDIR');
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The running processes that hold a database anywhere in a folder. */
function serversIn(place: string): number[] {
  let locks: string[];
  try {
    locks = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('/lock'));
  } catch {
    return [];
  }
  return locks
    .flatMap((name) => [...readFileSync(join(place, name), 'utf8').matchAll(/^pid (\d+)$/gm)])
    .map((match) => Number(match[1]))
    .filter(isRunning);
}
