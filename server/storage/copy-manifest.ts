import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, writeSynced } from './files.ts';
import { readKeyedFile, writeKeyedFile } from './keyed-file.ts';

/** Stands in the folder of a named copy, and says what has to be in it. */
export const COPY_MANIFEST = 'copy.csv';
const FORMAT = '1';

/** What a named copy says of itself. */
export interface CopyManifest {
  name: string;
  /** When it was made, in UTC, as ISO 8601. */
  madeAt: string;
  /** Whose database it is a copy of, and of which cluster. */
  address: string;
  clusterId: string;
  /** The last operation in it, and that operation's chain digest. */
  operations: number;
  chain: string;
  /** Of all its files but this one. */
  bytes: number;
}

/** Writes it as the last file of a copy; synced when it resolves. */
export async function writeCopyManifest(folder: string, manifest: CopyManifest): Promise<void> {
  const content = writeKeyedFile([
    ['format', FORMAT],
    ['name', manifest.name],
    ['made_at', manifest.madeAt],
    ['address', manifest.address],
    ['cluster', manifest.clusterId],
    ['operations', String(manifest.operations)],
    ['chain', manifest.chain],
    ['bytes', String(manifest.bytes)],
  ]);
  await writeSynced(join(folder, COPY_MANIFEST), content);
}

/** @returns null when the folder is no copy, or a clause that says what is wrong with the file */
export async function readCopyManifest(folder: string): Promise<CopyManifest | { damage: string } | null> {
  let content: string;
  try {
    content = await readFile(join(folder, COPY_MANIFEST), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  }
  const read = readKeyedFile(join(folder, COPY_MANIFEST), content);
  if ('damage' in read) return read;
  const value = (key: string) => read.rows.find((row) => row[0] === key)?.[1] ?? '';
  if (value('format') !== FORMAT) {
    return { damage: `${join(folder, COPY_MANIFEST)} has format "${value('format')}", this version reads ${FORMAT}` };
  }
  return {
    name: value('name'),
    madeAt: value('made_at'),
    address: value('address'),
    clusterId: value('cluster'),
    operations: Number(value('operations')),
    chain: value('chain'),
    bytes: Number(value('bytes')),
  };
}
