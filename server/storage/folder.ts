import { hash } from 'node:crypto';
import { access, chmod, constants, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Address } from '../../shared/ids.ts';
import { DatabaseError } from './database-error.ts';
import { errorCode, replaceFile, syncFolder } from './files.ts';
import { quarantineFolder } from './quarantine.ts';

/** The folder of one server's database: `<data>/database@HOST:PORT`. */
export function databaseFolder(dataFolder: string, address: Address): string {
  return join(dataFolder, `database@${address}`);
}

/**
 * Makes the folder (and the data folder that it stands in) where it is missing, and checks that this process may work
 * in it. A database can be entered by its owner alone: it holds messages and password hashes.
 *
 * @throws DatabaseError `missing-parent`, `not-a-folder`, `not-writable` or `wrong-owner`
 */
export async function prepareFolder(folder: string): Promise<void> {
  await makeFolder(dirname(folder));
  await makeFolder(folder, 0o700);
  await checkAccess(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  await makeFolder(quarantineFolder(folder));
  for (const name of await readdir(folder)) await checkAccess(join(folder, name), constants.R_OK | constants.W_OK);
}

async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
    await syncFolder(dirname(path));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      if ((await stat(path)).isDirectory()) return;
      throw new DatabaseError(
        'not-a-folder',
        `${path} is a file, but a folder is needed there: move it away, or give another --data folder.`,
      );
    }
    if (errorCode(error) === 'ENOENT') {
      throw new DatabaseError(
        'missing-parent',
        `${path} can't be made because ${dirname(path)} does not exist: make that folder, or give another with --data.`,
      );
    }
    if (errorCode(error) === 'ENOTDIR') {
      throw new DatabaseError(
        'not-a-folder',
        `${path} can't be made because ${dirname(path)} is a file: give another folder with --data.`,
      );
    }
    if (isDenied(error)) throw await deniedError(path, dirname(path), error);
    throw error;
  }
}

async function checkAccess(path: string, mode: number): Promise<void> {
  try {
    await access(path, mode);
  } catch (error) {
    if (isDenied(error)) throw await deniedError(path, path, error);
    // A file that another process removes at this moment, such as its lock.
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '');
}

/** @param owned what has to belong to this user for `path` to be usable */
async function deniedError(path: string, owned: string, error: unknown): Promise<DatabaseError> {
  if (errorCode(error) === 'EROFS') {
    return new DatabaseError(
      'not-writable',
      `${path} is on a file system that is mounted read-only: mount it for writing, or give another folder with --data.`,
    );
  }
  if (errorCode(error) === 'EPERM') {
    return new DatabaseError(
      'not-writable',
      `${owned} may not be changed by anybody (${(error as Error).message}): if it was made immutable, take that back with "chattr -R -i ${owned}", or give another folder with --data.`,
    );
  }
  const owner = (await stat(owned).catch(() => undefined))?.uid;
  const self = process.geteuid?.();
  if (owner !== undefined && self !== undefined && owner !== self) {
    return new DatabaseError(
      'wrong-owner',
      `${owned} belongs to user ${owner}, and this server runs as user ${self}, who may not write there: run it as user ${owner}, or hand the folder over with "chown -R ${self} ${owned}".`,
    );
  }
  return new DatabaseError(
    'not-writable',
    `${owned} may not be read and written by this server: allow it with "chmod -R u+rwX ${owned}", or give another folder with --data.`,
  );
}

const SESSION_KEY = 'session_key';

/** Replaces the session key; nobody but the owner may read it (R25). */
export async function writeSessionKey(folder: string, key: string): Promise<void> {
  await replaceFile(join(folder, SESSION_KEY), formatSessionKey(key), 0o600);
}

function formatSessionKey(key: string): string {
  return `${key}\nsha256 ${hash('sha256', key)}\n`;
}

/** The key in a file of which no bit changed, also one that was written before it had a digest; undefined in any other. */
function sessionKeyIn(content: string): string | undefined {
  const key = content.split('\n', 1)[0]!;
  return content === formatSessionKey(key) || /^[0-9a-f]{64}\n$/.test(content) ? key : undefined;
}

/** Looks at the session key of a folder, and changes nothing. @returns what is wrong with it, as a sentence; empty when it is whole or missing */
export async function inspectSessionKey(folder: string): Promise<string> {
  const path = join(folder, SESSION_KEY);
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  return content === undefined || sessionKeyIn(content) !== undefined ? '' : notItsDigest(path);
}

function notItsDigest(path: string): string {
  return `${path} is damaged: it does not match its digest.`;
}

/** What to do about a session key that is damaged. */
export const COPY_SESSION_KEY = `Copy ${SESSION_KEY} from the folder of another server of the cluster, where it is the same, then start again.`;

/**
 * @returns the session key, empty when there is none yet
 * @throws DatabaseError `damaged` when it is another one than was written: with it, a request sent again would pass for a new one
 */
export async function readSessionKey(folder: string, repairs: string[]): Promise<string> {
  const path = join(folder, SESSION_KEY);
  try {
    if (((await stat(path)).mode & 0o077) !== 0) {
      await chmod(path, 0o600);
      repairs.push(`${SESSION_KEY} could be read by other users of this machine; now only by its owner.`);
    }
    const content = await readFile(path, 'utf8');
    const key = sessionKeyIn(content);
    if (key !== undefined) {
      if (content !== formatSessionKey(key)) await writeSessionKey(folder, key);
      return key;
    }
    throw new DatabaseError('damaged', `${notItsDigest(path)} ${COPY_SESSION_KEY}`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
