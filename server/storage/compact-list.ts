import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newName, syncFolder, writeSynced } from './files.ts';
import type { CompactionPlan } from './replica-storage.ts';
import { rewriteLines, without } from './rewrite-lines.ts';
import { formatManifest, MANIFEST, type Manifest, readManifest } from './snapshot-manifest.ts';
import { digestOf, tablePath } from './snapshot-tables.ts';

/** Whether a line of `queued_messages.csv` is that of a deleted message. */
export function isOfDeletedMessage(line: string, plan: CompactionPlan): boolean {
  const id = /^\d+,([^,"]+),/.exec(line)?.[1];
  return id !== undefined && plan.isDeletedMessage(id);
}

async function replaceManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  try {
    await writeSynced(newName(path), formatManifest(manifest));
    await syncFolder(folder);
    await rename(newName(path), path);
  } catch (error) {
    await rm(newName(path), { force: true });
    throw error;
  }
}

/**
 * Removes deleted messages from the list of the snapshot that people read, which is not written with each snapshot when it is
 * long. As with a snapshot, the new list counts from the moment on in which the manifest is replaced. To be called while no
 * snapshot is written.
 *
 * @param refuseToGoOn throws when it is to end
 * @throws CannotWrite, or what the system says
 */
export async function compactList(folder: string, plan: CompactionPlan, refuseToGoOn: () => void): Promise<void> {
  const manifest = await readManifest(folder);
  if (!manifest || 'damage' in manifest) return;
  const table = manifest.tables.find(({ kind, name }) => kind === 'list' && name === 'queued_messages');
  const path = tablePath(folder, 'queued_messages');
  // What is not whole is not part of the snapshot.
  if (!table || (await digestOf(path, Number.POSITIVE_INFINITY))?.digest('hex') !== table.sha256) return;
  const change = (lines: Buffer) => without(lines, (line) => isOfDeletedMessage(line, plan));
  const shorter = await rewriteLines(path, newName(path), change, refuseToGoOn);
  if (!shorter) return;
  const { writer, changed } = shorter;
  const sha256 = (await digestOf(writer.path, writer.size))!.digest('hex');
  const file = { ...table, rows: table.rows - changed, bytes: writer.size, sha256 };
  const tables = manifest.tables.map((one) => (one === table ? file : one));
  await replaceManifest(folder, { ...manifest, tables }).catch(async (error: unknown) => {
    await rm(writer.path, { force: true });
    throw error;
  });
  // Should this not come to pass, the next start does it.
  await syncFolder(folder);
  await rename(writer.path, path);
  await syncFolder(folder);
}
