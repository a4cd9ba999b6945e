import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cleanEnvironment, DIST, SERVER_PROGRAM } from './cluster.ts';

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  program?: 'server' | 'client';
  /** Besides what every program of ours inherits. */
  environment?: Record<string, string>;
  /** How long it may take; 20 s when absent. */
  withinMs?: number;
}

const WITHIN_MS = 20_000;

/** Runs one of the programs until it ends by itself; one that does not within the time is killed, and has no status. */
export function runProgram(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const path = options.program === 'client' ? join(DIST, 'client/main.js') : SERVER_PROGRAM;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...options.environment },
      timeout: options.withinMs ?? WITHIN_MS,
      killSignal: 'SIGKILL',
    });
    const ran: Ran = { status: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ran.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      ran.stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ ...ran, status }));
  });
}
