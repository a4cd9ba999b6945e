import { spawn } from 'node:child_process';
import { cleanEnvironment, SERVER_PROGRAM } from './cluster.ts';

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the server program until it ends by itself; one that does not within the time is killed, and has no status. */
export function runProgram(args: readonly string[], withinMs = 20_000): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SERVER_PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
      timeout: withinMs,
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
