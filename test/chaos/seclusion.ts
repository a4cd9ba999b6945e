import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const INSIDE = 'UNDERSTUDY_CHAOS_INSIDE';

/** Whether this process already has network, mounts and process numbers to itself. */
export function isSecluded(): boolean {
  return process.env[INSIDE] === '1';
}

/** @returns the command that gives a program network, mounts and process numbers of its own, or why it cannot */
export function seclusion(): { command: string[] } | { reason: string } {
  for (const tool of ['ip', 'unshare', 'mount']) {
    if (spawnSync(tool, ['--version']).error && spawnSync(tool, ['-V']).error) {
      return { reason: `the program "${tool}" is missing (packages iproute2, util-linux)` };
    }
  }
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  // With the last process of theirs the kernel removes networks and mounts, and with process 1 all others.
  const command = ['unshare', ...asRoot, '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const probe = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns add probe && ip netns exec probe ip link';
  const tried = spawnSync(command[0]!, [...command.slice(1), 'sh', '-c', probe], { encoding: 'utf8' });
  if (tried.status === 0) return { command };
  const rights = asRoot.length > 0 ? 'this is not root, and ' : '';
  return { reason: `${rights}namespaces cannot be made here: ${tried.stderr.trim().split('\n').at(-1)}` };
}

/**
 * Runs this program again, secluded, until it ends; passes on what it is asked to stop with. If this process is killed,
 * the other one notices and ends as well.
 *
 * @param extraArgs what is added to this program's own arguments
 * @returns its exit status
 */
export function runSecluded(command: readonly string[], extraArgs: readonly string[]): Promise<number> {
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1), ...extraArgs];
  const child = spawn(command[0]!, [...command.slice(1), ...program], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [INSIDE]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (child.connected) child.send({ stop: signal });
    });
  }
  return new Promise((resolve) => {
    child.once('exit', (status) => resolve(status ?? 1));
    child.once('error', () => resolve(1));
  });
}

/** Inside: names of network namespaces are this program's own, and end with it. */
export function settleIn(): void {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'], { encoding: 'utf8' });
  if (mounted.status !== 0) throw new Error(`/run cannot be mounted: ${mounted.stderr.trim()}`);
  mkdirSync('/run/netns');
}

/** Calls back once when the program is to stop: a signal, or the program outside has gone. */
export function onStop(stop: (why: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  if (!isSecluded()) return;
  process.on('message', (message: { stop?: string }) => {
    if (message.stop) stop(message.stop);
  });
  process.on('disconnect', () => stop('the program outside has ended'));
  // It must not keep the program from ending.
  process.channel?.unref();
}
