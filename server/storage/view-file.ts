import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskId, formatView, parseAddress, parseView } from '../../shared/ids.ts';
import type { ViewFile, ViewRecord } from '../../shared/views.ts';
import { DatabaseError } from './database-error.ts';
import { errorCode, isFull, replaceFile, writeOnce } from './files.ts';
import { readKeyedFile, writeKeyedFile } from './keyed-file.ts';

/** The two copies, in the order in which they are written. */
export const VIEW_FILE_NAMES = ['view.csv', 'view-2.csv'] as const;
const FORMAT = '1';

/** Whose folder it is: a replica's, with data in it, or that of a witness, which holds this file alone (R16). */
export type FolderRole = 'replica' | 'witness';

/** A view file with the number of the write that made it: tells the newer copy from the older. */
export interface StoredViewFile {
  generation: number;
  role: FolderRole;
  file: ViewFile;
}

/**
 * Writes one of the two copies of a view file anew, in place, which costs one sync instead of the two of a rename: five of
 * these writes lie between the death of a primary and the first answer of the next one. A crash can leave a copy
 * half-written, so whoever calls sees to it that the other one is whole and durable meanwhile.
 */
export class ViewFileCopy {
  readonly #folder: string;
  readonly #path: string;
  #file: FileHandle | undefined;
  #length = 0;

  /** @param copy the place in {@link VIEW_FILE_NAMES} */
  constructor(folder: string, copy: 0 | 1) {
    this.#folder = folder;
    this.#path = join(folder, VIEW_FILE_NAMES[copy]);
  }

  /** Durable when it resolves. On a full disk it takes the room of the reserve, so that a server can still begin its next incarnation (R19). */
  async write(stored: StoredViewFile): Promise<void> {
    const content = formatViewFile(stored);
    try {
      await this.#replace(content);
    } catch (error) {
      if (!isFull(error)) throw error;
      await releaseReserve(this.#folder);
      await this.#replace(content);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #replace(content: string): Promise<void> {
    this.#file ??= await this.#opened();
    if (!this.#file) {
      await replaceFile(this.#path, content);
      return;
    }
    const bytes = Buffer.from(content);
    await writeOnce(this.#file, bytes, 0);
    if (bytes.length < this.#length) await this.#file.truncate(bytes.length);
    await this.#file.datasync();
    this.#length = bytes.length;
  }

  /** Undefined when there is no such file yet: the first one is made as a whole, so that its name is durable too. */
  async #opened(): Promise<FileHandle | undefined> {
    try {
      const file = await open(this.#path, 'r+');
      this.#length = (await file.stat()).size;
      return file;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

const RESERVE = 'reserve';

/** Keeps room on the disk for the files that a server needs to start. Does nothing when there is none to keep. */
export async function keepReserve(folder: string): Promise<void> {
  const path = join(folder, RESERVE);
  // Random, since some file systems store nothing for zeros.
  const written = writeFile(path, randomBytes(64 * 1024), { flag: 'wx', flush: true });
  await written.catch((error) => (errorCode(error) === 'EEXIST' ? undefined : rm(path, { force: true })));
}

export async function releaseReserve(folder: string): Promise<void> {
  await rm(join(folder, RESERVE), { force: true });
}

/**
 * Reads the newer of the two copies and makes the other one equal to it.
 *
 * @param hasData whether the folder holds a log or a snapshot
 * @param repairs gets a sentence when a copy was bad, missing or behind
 * @returns null when there is no copy and no data: the folder is new
 * @throws DatabaseError `view-file-lost` when no copy is whole although something was stored here
 */
export async function readViewFile(
  folder: string,
  hasData: boolean,
  repairs: string[],
): Promise<StoredViewFile | null> {
  const copies = await inspectViewFile(folder);
  const whole = copies.filter((copy) => 'file' in copy).sort((a, b) => b.generation - a.generation);
  const newest = whole[0];
  if (!newest) {
    if (copies.every((copy) => copy === MISSING) && !hasData) return null;
    const reasons = copies.map((copy, index) => `${VIEW_FILE_NAMES[index]} ${clauseOf(copy)}`).join(', ');
    throw new DatabaseError(
      'view-file-lost',
      `${folder} does not say any more what this server has promised (${reasons}), so starting from it could lose messages. If other servers of the cluster are running, move this folder away and start again: this server gets everything from them. Otherwise put back a copy of view.csv.`,
    );
  }
  if (whole[1]?.generation === newest.generation) {
    if (formatViewFile(whole[1]) === formatViewFile(newest)) return newest;
    throw new DatabaseError(
      'view-file-lost',
      `${join(folder, VIEW_FILE_NAMES[0])} and ${VIEW_FILE_NAMES[1]} are both write ${newest.generation} but differ: one was put there by hand. Remove that one.`,
    );
  }
  for (const [index, name] of VIEW_FILE_NAMES.entries()) {
    const copy = copies[index]!;
    if (copy === newest) continue;
    await replaceFile(join(folder, name), formatViewFile(newest));
    repairs.push(`${name} ${clauseOf(copy)} and was written anew from ${VIEW_FILE_NAMES[1 - index]}.`);
  }
  return newest;
}

const MISSING = { damage: 'is missing' };
type Copy = StoredViewFile | { damage: string };

/** Both copies as they are: what each says, or a clause that says what is wrong with it. Repairs nothing. */
export async function inspectViewFile(folder: string): Promise<Copy[]> {
  return Promise.all(VIEW_FILE_NAMES.map((name) => readCopy(folder, name)));
}

function clauseOf(copy: Copy): string {
  return 'file' in copy ? 'was older' : copy.damage;
}

async function readCopy(folder: string, name: string): Promise<Copy> {
  try {
    return parseViewFile(name, await readFile(join(folder, name), 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return MISSING;
    throw error;
  }
}

/** Writes both copies anew, for a folder that no server has open. Durable when it resolves. */
export async function writeViewFiles(folder: string, stored: StoredViewFile): Promise<void> {
  for (const name of VIEW_FILE_NAMES) await replaceFile(join(folder, name), formatViewFile(stored));
}

/** What the newer whole copy says, for a look: repairs nothing. @returns null when there is none */
export async function peekViewFile(folder: string): Promise<StoredViewFile | null> {
  const copies = await inspectViewFile(folder);
  const whole = copies.filter((copy) => 'file' in copy).sort((a, b) => b.generation - a.generation);
  return whole[0] ?? null;
}

function formatViewFile({ generation, role, file }: StoredViewFile): string {
  return writeKeyedFile([
    ['format', FORMAT],
    ['generation', String(generation)],
    ...(role === 'witness' ? [['role', role] as const] : []),
    ['cluster', file.clusterId],
    ['address', file.id],
    ['disk', file.disk],
    ['incarnation', String(file.incarnation)],
    ['promised', formatView(file.promised)],
    ['base', file.base ? JSON.stringify(file.base) : ''],
    ...file.pending.map((record) => ['pending', JSON.stringify(record)] as const),
    ['largest_heartbeat_timeout_ms', String(file.largestHeartbeatTimeoutMs)],
  ]);
}

function parseViewFile(name: string, content: string): Copy {
  const read = readKeyedFile(name, content);
  if ('damage' in read) return { damage: read.damage.replace(`${name} `, '') };
  const value = (key: string) => read.rows.find((row) => row[0] === key)?.[1] ?? '';
  if (value('format') !== FORMAT) return { damage: `has format "${value('format')}", this version reads ${FORMAT}` };
  const address = parseAddress(value('address'));
  const promised = parseView(value('promised'));
  if (!address || !promised) return { damage: 'lacks its address or its promise' };
  const numbers = ['generation', 'incarnation', 'largest_heartbeat_timeout_ms'].map((key) => Number(value(key)));
  const [base, ...pending] = [
    value('base'),
    ...read.rows.filter(([key]) => key === 'pending').map(([, text]) => text),
  ].map(readRecord);
  if (!numbers.every(Number.isSafeInteger) || base === undefined || !pending.every(isThere)) {
    return { damage: 'has a number or a view that cannot be read' };
  }
  return {
    generation: Number(value('generation')),
    role: value('role') === 'witness' ? 'witness' : 'replica',
    file: {
      clusterId: value('cluster'),
      id: address,
      disk: value('disk') as DiskId,
      incarnation: Number(value('incarnation')),
      promised,
      base,
      pending,
      largestHeartbeatTimeoutMs: Number(value('largest_heartbeat_timeout_ms')),
    },
  };
}

/** Null for an empty text, undefined for one that is no view record. */
function readRecord(text: string): ViewRecord | null | undefined {
  if (text === '') return null;
  try {
    const record: Partial<ViewRecord> | null = JSON.parse(text);
    const isRecord =
      typeof record?.number === 'object' && Array.isArray(record.members) && Array.isArray(record.witnesses);
    return isRecord ? (record as ViewRecord) : undefined;
  } catch {
    return undefined;
  }
}

function isThere(record: ViewRecord | null | undefined): record is ViewRecord {
  return record !== null && record !== undefined;
}
