import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Address, parseAddress } from '../../shared/ids.ts';
import { checkDatabase } from './check-database.ts';
import type { CheckReport } from './check-report.ts';
import { type CopyWatch, copyBytes, linkOrCopy } from './copy-files.ts';
import { COPY_MANIFEST, readCopyManifest } from './copy-manifest.ts';
import { copyFolder, copyNames } from './copy-name.ts';
import { LOG_HEADER } from './csv.ts';
import { DatabaseError } from './database-error.ts';
import { errorCode, syncFolder } from './files.ts';
import { inspectSnapshot } from './inspect-snapshot.ts';
import { lockFolder, lockHolder } from './lock.ts';
import { copySnapshotFiles } from './named-copy.ts';
import { beginNewCluster } from './new-cluster.ts';
import { putInPlace } from './restore-steps.ts';
import { findSegments } from './segments.ts';

/** What a restore came to. */
export interface Restored {
  address: Address;
  /** Of the new cluster that begins with it. */
  clusterId: string;
  /** The last operation in it. */
  operations: number;
  /** What the database that was there is called now, as the name of a copy; undefined when there was none. */
  keptAs: string | undefined;
}

const UNWATCHED: CopyWatch = { onBytes: () => {}, goOn: () => {} };

/** The server that a database folder is named after. @throws DatabaseError `copy` when it is named after none */
export function addressOfDatabase(database: string): Address {
  const found = /^database@(.+)$/.exec(basename(database))?.[1];
  const address = found === undefined ? undefined : parseAddress(found);
  if (address && address === found) return address;
  const hint = found?.includes(':') ? '; the name of the copy is an argument of its own' : '';
  throw new DatabaseError(
    'copy',
    `${database} is not how a database is called: name one such as data/database@localhost:1538${hint}.`,
  );
}

/**
 * Finds a copy of a database and verifies all of it.
 *
 * @throws DatabaseError `no-such-copy`, or `copy` when a server runs on it or it is not whole
 */
export async function wholeCopy(
  database: string,
  name: string,
  onProgress?: (bytes: number, allBytes: number) => void,
): Promise<CheckReport> {
  const folder = copyFolder(database, name);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    const names = await copyNames(database);
    const there = names.length === 0 ? 'it has none' : `there is ${names.join(', ')}`;
    throw new DatabaseError('no-such-copy', `${database} has no copy "${name}"; ${there}.`);
  }
  const pid = lockHolder(folder);
  if (pid !== undefined) {
    throw new DatabaseError('copy', `${folder} is in use by a server (pid ${pid}): stop that server first.`);
  }
  const report = await checkDatabase(folder, { onProgress });
  refuseUnlessWhole(folder, report);
  return report;
}

function refuseUnlessWhole(folder: string, { damages, moreDamages, role, lastOp }: CheckReport): void {
  if (role === 'witness') throw new DatabaseError('copy', `${folder} is that of a witness, which holds no data.`);
  const [first] = damages;
  if (first) {
    const others = damages.length + moreDamages - 1;
    const more = others > 0 ? ` And ${others} more: see "server check ${folder}".` : '';
    throw new DatabaseError('copy', `${folder} is not whole, so it is not restored. ${first.what}${more}`);
  }
  if (lastOp === 0) throw new DatabaseError('copy', `${folder} holds no operations.`);
}

/**
 * Puts a named copy in the place of the database of a server that is stopped. The copy stays as it is; what it replaces is kept
 * beside it. What is in place then is the database of a new cluster (see `beginNewCluster`).
 *
 * @param report of that copy, which has been verified
 * @throws DatabaseError `in-use` when the server runs
 */
export async function restoreCopy(database: string, name: string, report: CheckReport): Promise<Restored> {
  const address = addressOfDatabase(database);
  let clusterId = '';
  const keptAs = await putInPlace(database, async (folder) => {
    await copyContents(copyFolder(database, name), folder, report);
    clusterId = await beginNewCluster(folder, address, report);
  });
  return { address, clusterId, operations: report.lastOp, keptAs };
}

/** Full files of the log and the snapshot never change, so they are shared. */
async function copyContents(from: string, to: string, { tornBytes }: CheckReport): Promise<void> {
  const segments = await findSegments(from);
  for (const segment of segments) {
    const isLast = segment === segments.at(-1);
    const bytes = isLast ? segment.size - tornBytes : segment.size;
    const target = join(to, segment.name);
    if (!isLast) await linkOrCopy(segment.path, target, bytes, UNWATCHED);
    else if (bytes > LOG_HEADER.length) await copyBytes(segment.path, target, bytes, UNWATCHED);
  }
  const snapshot = await inspectSnapshot(from);
  if (!snapshot || 'damage' in snapshot) return;
  await copySnapshotFiles(snapshot.files, to, UNWATCHED);
}

/**
 * Makes a named copy that a server is started on the database of a new cluster. Does nothing to a folder that is no copy.
 *
 * @param mayBegin the server is started so as to begin a cluster, not to join one
 * @returns the sentence for the operator; undefined when there was nothing to do
 * @throws DatabaseError
 */
export async function beginFromCopy(folder: string, address: Address, mayBegin: boolean): Promise<string | undefined> {
  const manifest = await readCopyManifest(folder).catch((error: unknown) => {
    // Opening the database says whose folder it is, and what to do.
    if (errorCode(error) === 'EACCES') return null;
    throw error;
  });
  if (!manifest) return undefined;
  if (!mayBegin) {
    throw new DatabaseError(
      'copy',
      `${folder} is a named copy, which begins a cluster of its own: start it with "server primary", and the servers that are to join it on empty folders.`,
    );
  }
  const release = lockFolder(folder);
  try {
    const report = await checkDatabase(folder);
    refuseUnlessWhole(folder, report);
    await beginNewCluster(folder, address, report);
    // The last step: until then it is a copy, and a crash leaves one that can be started again.
    await rm(join(folder, COPY_MANIFEST));
    await syncFolder(folder);
    return `${folder} was a copy with the operations up to ${report.lastOp}; from now on it is the database of a new cluster.`;
  } finally {
    release();
  }
}
