import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseError } from './database-error.ts';
import { errorCode } from './files.ts';

/** Who holds a folder. A process id alone would mistake a later process of the same number for the holder. */
interface Holder {
  pid: number;
  /** Clock ticks from boot to the start of the process; empty where the system does not tell. */
  started: string;
  /** Differs for each boot of the machine; empty where the system does not tell. */
  boot: string;
}

/**
 * Takes a folder for this process.
 *
 * @returns gives it back
 * @throws DatabaseError `in-use`, naming the process that has it
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock');
  const content = formatHolder(holderOf(process.pid));
  for (let attempt = 0; attempt < 10; attempt++) {
    if (createWhole(path, content)) return () => release(path, content);
    const found = readOrEmpty(path);
    const holder = parseHolder(found);
    if (holder && isRunning(holder)) throw inUse(folder, holder.pid);
    takeAwayStale(path, found);
  }
  throw new DatabaseError(
    'in-use',
    `${path} keeps appearing and disappearing: other processes are starting in this folder.`,
  );
}

/** The pid of the running process that has a folder; undefined when none has. Changes nothing. */
export function lockHolder(folder: string): number | undefined {
  const holder = parseHolder(readOrEmpty(join(folder, 'lock')));
  return holder && isRunning(holder) ? holder.pid : undefined;
}

/** Makes the file with all its content or not at all, so that nobody reads a lock without a process in it. */
function createWhole(path: string, content: string): boolean {
  const beside = `${path}.${randomUUID()}`;
  writeFileSync(beside, content, { flag: 'wx' });
  try {
    linkSync(beside, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(beside);
  }
}

/** Only one of those who found the same stale lock gets it; a lock that another took meanwhile is put back. */
function takeAwayStale(path: string, found: string): void {
  const beside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, beside);
    if (readFileSync(beside, 'utf8') !== found) linkSync(beside, path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

function release(path: string, content: string): void {
  if (readOrEmpty(path) === content) rmSync(path, { force: true });
}

function inUse(folder: string, pid: number): DatabaseError {
  const who = pid === process.pid ? 'this very process' : `process ${pid}`;
  return new DatabaseError(
    'in-use',
    `${folder} is in use by ${who} (pid ${pid}): stop that server first, or start this one with another --data folder or port.`,
  );
}

function isRunning(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    if (errorCode(error) !== 'EPERM') return false;
  }
  const now = holderOf(holder.pid);
  const differs = (a: string, b: string) => a !== '' && b !== '' && a !== b;
  return !differs(holder.boot, now.boot) && !differs(holder.started, now.started);
}

function holderOf(pid: number): Holder {
  // The name of the program, in parentheses, may hold spaces; field 22 of the line is the 20th after it.
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, started, boot: readOrEmpty('/proc/sys/kernel/random/boot_id').trim() };
}

function formatHolder(holder: Holder): string {
  return `pid ${holder.pid}\nstarted ${holder.started}\nboot ${holder.boot}\n`;
}

function parseHolder(content: string): Holder | undefined {
  const match = /^pid (\d+)\nstarted (.*)\nboot (.*)\n$/.exec(content);
  return match ? { pid: Number(match[1]), started: match[2]!, boot: match[3]! } : undefined;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ESRCH'].includes(errorCode(error) ?? '')) return '';
    throw error;
  }
}
