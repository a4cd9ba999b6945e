import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotWrite } from './beside-writer.ts';
import { errorCode, newName, syncFolder, writeSynced } from './files.ts';
import { readKeyedFile, writeKeyedFile } from './keyed-file.ts';
import type { CompactionReport } from './replica-storage.ts';

/** Tells which rows need not be looked at again. */
const COMPACTION = 'compaction.csv';
const FORMAT = '1';

/**
 * Writes down that a compaction was finished; durable when it resolves.
 *
 * @throws CannotWrite, or what the system says when the folder can't be synced
 */
export async function writeCompaction(
  folder: string,
  { op, rows, bytes, finishedAt }: CompactionReport,
): Promise<void> {
  const path = join(folder, COMPACTION);
  const content = writeKeyedFile([
    ['format', FORMAT],
    ['op', String(op)],
    ['rows', String(rows)],
    ['bytes', String(bytes)],
    ['finished_at', String(finishedAt)],
  ]);
  try {
    await writeSynced(newName(path), content);
    await rename(newName(path), path);
  } catch (error) {
    await rm(newName(path), { force: true }).catch(() => undefined);
    throw new CannotWrite((error as Error).message);
  }
  await syncFolder(folder);
}

/** @returns null when none was finished, or when the file is not whole: then the next one looks at all rows */
export async function readCompaction(folder: string): Promise<CompactionReport | null> {
  const content = await readFile(join(folder, COMPACTION), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  const read = readKeyedFile(COMPACTION, content);
  if ('damage' in read) return null;
  const value = (key: string) => read.rows.find((row) => row[0] === key)?.[1] ?? '';
  if (value('format') !== FORMAT) return null;
  const [op, rows, bytes, finishedAt] = ['op', 'rows', 'bytes', 'finished_at'].map((key) => Number(value(key)));
  return { op: op!, rows: rows!, bytes: bytes!, finishedAt: finishedAt! };
}

/** Rows up to the last compaction came from elsewhere: the next one has to look at all of them. Durable when it resolves. */
export async function forgetCompaction(folder: string): Promise<void> {
  await rm(join(folder, COMPACTION), { force: true });
  await syncFolder(folder);
}
