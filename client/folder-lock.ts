import { readFileSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * A folder is locked by the name of the one lock file in it, which says who holds it. Taking it is renaming that very
 * name, which succeeds for one process only, also when several find the same dead owner at the same moment.
 */
const PREFIX = 'lock@';
const FREE = `${PREFIX}free`;
const HOST = hostname().replace(/[^A-Za-z0-9.-]/g, '_');

let taken = 0;

/** A name for a lock file that only this process, in this life, gives. */
export function newLockName(): string {
  taken += 1;
  return `${PREFIX}${HOST}@${process.pid}@${birthOf(process.pid)}@${taken}`;
}

/**
 * Takes a folder that nobody uses, or whose user has died.
 *
 * @returns the name of the lock now held, or undefined when another process holds it
 */
export async function takeFolder(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const current = names.find((name) => name.startsWith(PREFIX));
  if (current === undefined || isHeld(current)) return undefined;
  const mine = newLockName();
  try {
    await rename(join(folder, current), join(folder, mine));
    return mine;
  } catch {
    return undefined;
  }
}

/** Lets others take the folder. */
export async function releaseFolder(folder: string, lock: string): Promise<void> {
  await rename(join(folder, lock), join(folder, FREE));
}

function isHeld(name: string): boolean {
  if (name === FREE) return false;
  const [host, pid, birth] = name.slice(PREFIX.length).split('@');
  // Whether a process on another machine lives cannot be told from here.
  if (host !== HOST) return true;
  if (!isAlive(Number(pid))) return false;
  const present = birthOf(Number(pid));
  return present === '' || birth === '' || present === birth;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Tells two processes of the same number apart, where the system says when they started; else empty. */
function birthOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in the second field may hold anything; the fields after its closing bracket do not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot}.${fields[19]}`;
  } catch {
    return '';
  }
}
