import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, syncFolder } from './files.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const NAME_MAX_CHARACTERS = 64;

/** Why a copy can't have this name, as a sentence; empty when it can. */
export function whyNoCopyName(name: string): string {
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
  if (!NAME.test(name)) {
    return `${shown} can't be the name of a copy: use letters, digits, dots, underscores and hyphens, and begin with a letter or digit.`;
  }
  if (name.length > NAME_MAX_CHARACTERS) {
    return `${shown} has ${name.length} characters: the name of a copy has at most ${NAME_MAX_CHARACTERS}.`;
  }
  if (name.endsWith('.new')) return `${shown} can't be the name of a copy: what ends in ".new" is not finished.`;
  return '';
}

/** Where the copy of that name stands: beside the database. */
export function copyFolder(database: string, name: string): string {
  return `${database}-${name}`;
}

/** Names of the folders beside a database that may be copies of it, sorted: whole ones, and such as were put there by hand. */
export async function copyNames(database: string): Promise<string[]> {
  return (await foldersBeside(database)).filter((name) => whyNoCopyName(name) === '').sort();
}

/**
 * Removes what is left of copies that were being made when a process died. To be called by who holds the database's lock.
 *
 * @returns their names
 */
export async function removeUnfinishedCopies(database: string): Promise<string[]> {
  const unfinished = (await foldersBeside(database)).filter((name) => name.endsWith('.new'));
  for (const name of unfinished) await rm(copyFolder(database, name), { recursive: true, force: true });
  if (unfinished.length > 0) await syncFolder(dirname(database));
  return unfinished.map((name) => name.replace(/\.new$/, ''));
}

async function foldersBeside(database: string): Promise<string[]> {
  const prefix = `${basename(database)}-`;
  try {
    const entries = await readdir(dirname(database), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix));
    return folders.map(({ name }) => name.slice(prefix.length));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Where a copy stands until it is whole. */
export function unfinishedCopyFolder(database: string, name: string): string {
  return join(dirname(database), `${basename(database)}-${name}.new`);
}
