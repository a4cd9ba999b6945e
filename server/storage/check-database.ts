import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { EntryCheck } from './check-entries.ts';
import { checkLog } from './check-log.ts';
import { addDamage, type CheckReport, newReport } from './check-report.ts';
import { TableClaims } from './check-tables.ts';
import { COPY_MANIFEST, readCopyManifest } from './copy-manifest.ts';
import { DatabaseError } from './database-error.ts';
import { COPY_SESSION_KEY, inspectSessionKey } from './folder.ts';
import { inspectSnapshot } from './inspect-snapshot.ts';
import { findSegments } from './segments.ts';
import { inspectViewFile, type StoredViewFile, VIEW_FILE_NAMES } from './view-file.ts';

const GET_IT_ANEW =
  'If other servers of the cluster are running, move this folder away and start this server again: it gets everything from them. Otherwise put back a copy of view.csv.';
const NO_SNAPSHOT_NEEDED =
  'Nothing is lost, the log has everything: move snapshot.csv away, and the next start makes the tables anew.';

export interface CheckOptions {
  /** Also says what the chain is at this operation. */
  atOp?: number | undefined;
  /** Gets how much of the log has been read, and how much there is, in bytes. */
  onProgress?: ((bytes: number, allBytes: number) => void) | undefined;
}

/**
 * Verifies all that a closed database, or a named copy, holds, and changes nothing. Needs as much memory as the tables of
 * the snapshot, however long the log is.
 *
 * @throws DatabaseError `not-a-folder` when nothing of a database is there
 */
export async function checkDatabase(folder: string, options: CheckOptions = {}): Promise<CheckReport> {
  const names = await namesIn(folder);
  const report = newReport();
  await readCopy(folder, report);
  await checkViewFile(folder, report);
  const keyDamage = await inspectSessionKey(folder);
  if (keyDamage !== '') addDamage(report, keyDamage, COPY_SESSION_KEY);
  const segments = await findSegments(folder);
  report.segments = segments.length;
  report.bytes = segments.reduce((sum, { size }) => sum + size, 0);
  const claims = new TableClaims();
  const snapshot = await checkSnapshot(folder, report, claims);
  const entries = new EntryCheck(folder, report, { atOp: options.atOp, snapshot, claims });
  let isLogWhole = true;
  let bytes = 0;
  const { lastOp, chain, tornBytes } = await checkLog(segments, {
    onEntries: (some) => entries.take(some),
    onDamage: (what, advice) => {
      isLogWhole = false;
      addDamage(report, what, advice);
    },
    onNote: (text) => report.notes.push(text),
    onBytes: (more) => {
      bytes += more;
      options.onProgress?.(bytes, report.bytes);
    },
  });
  report.lastOp = lastOp;
  report.chain = chain;
  report.tornBytes = tornBytes;
  if (options.atOp === 0) report.chainAt = GENESIS_CHAIN;
  if (options.atOp !== undefined && options.atOp > lastOp) report.chainAt = undefined;
  if (isLogWhole) entries.end();
  checkCopy(folder, report);
  noteLeftovers(folder, names, report);
  return report;
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: Error) => {
    throw new DatabaseError('not-a-folder', `${folder} can't be read (${error.message}): name a database folder.`);
  });
  const isDatabase = names.some((name) => /^(commit_log-\d{20}\.csv|view(-2)?\.csv|copy\.csv)$/.test(name));
  if (isDatabase) return names;
  const inside = names.filter((name) => name.startsWith('database@'));
  const hint = inside.length > 0 ? `, such as ${join(folder, inside.sort()[0]!)}` : '';
  throw new DatabaseError(
    'not-a-folder',
    `${folder} is no database, for it holds neither a view.csv nor a commit_log: name a database@HOST:PORT folder${hint}.`,
  );
}

async function readCopy(folder: string, report: CheckReport): Promise<void> {
  const manifest = await readCopyManifest(folder);
  if (!manifest) return;
  report.isCopy = true;
  if ('damage' in manifest) {
    addDamage(report, `${manifest.damage}.`, '');
    return;
  }
  report.copy = manifest;
  report.address = manifest.address;
  report.clusterId = manifest.clusterId;
}

/** A copy is whole only if it ends where it says. */
function checkCopy(folder: string, report: CheckReport): void {
  const { copy, lastOp, chain } = report;
  if (!copy || (lastOp === copy.operations && chain === copy.chain)) return;
  const found = lastOp === copy.operations ? `another op ${lastOp} than it says` : `whole up to op ${lastOp}`;
  const path = join(folder, COPY_MANIFEST);
  addDamage(
    report,
    `${path} says that the copy holds the operations up to ${copy.operations}, but the log in it is ${found}.`,
    '',
  );
}

/** A named copy has none: what a server promised is nobody else's to keep. */
async function checkViewFile(folder: string, report: CheckReport): Promise<void> {
  if (report.isCopy) return;
  const copies = await inspectViewFile(folder);
  const whole = copies.filter((copy): copy is StoredViewFile => 'file' in copy);
  const newest = [...whole].sort((a, b) => b.generation - a.generation)[0];
  if (!newest) {
    const reasons = copies.map((copy, index) => `${VIEW_FILE_NAMES[index]} ${'damage' in copy ? copy.damage : ''}`);
    addDamage(report, `${folder} does not say what its server has promised: ${reasons.join(', ')}.`, GET_IT_ANEW);
    return;
  }
  report.role = newest.role;
  report.address = newest.file.id;
  report.clusterId = newest.file.clusterId;
  for (const [index, copy] of copies.entries()) {
    const path = join(folder, VIEW_FILE_NAMES[index]!);
    const other = VIEW_FILE_NAMES[1 - index]!;
    if ('damage' in copy) report.notes.push(`${path} ${copy.damage}; the next start writes it anew from ${other}.`);
    else if (copy.generation < newest.generation) {
      report.notes.push(`${path} is older than ${other}, as a crash leaves it; the next start writes it anew.`);
    }
  }
  const [first, second] = whole;
  if (first && second && first.generation === second.generation && !sameContent(first, second)) {
    const what = `${join(folder, VIEW_FILE_NAMES[0])} and ${VIEW_FILE_NAMES[1]} are both write ${first.generation} but differ.`;
    addDamage(report, what, 'One was put there by hand: move that one away.');
  }
  const named = /^database@(.+:\d+)$/.exec(basename(folder))?.[1];
  if (named !== undefined && named !== newest.file.id) {
    const what = `${folder} is the database of ${newest.file.id}.`;
    addDamage(report, what, `Name it database@${newest.file.id}, or the server does not start on it.`);
  }
}

function sameContent(one: StoredViewFile, other: StoredViewFile): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function checkSnapshot(
  folder: string,
  report: CheckReport,
  claims: TableClaims,
): Promise<{ op: number; chain: string } | null> {
  const found = await inspectSnapshot(folder, (table, cells) => claims.add(table, cells));
  if (!found) return null;
  if ('damage' in found) {
    addDamage(report, `${join(folder, found.damage)}.`, NO_SNAPSHOT_NEEDED);
    return null;
  }
  for (const clause of found.damages) addDamage(report, `${clause}.`, NO_SNAPSHOT_NEEDED);
  report.snapshotOp = found.manifest.op;
  report.snapshotRows = claims.rows;
  return found.manifest;
}

function noteLeftovers(folder: string, names: readonly string[], report: CheckReport): void {
  if (names.includes('setting_aside.csv')) {
    report.notes.push(`${folder} was being set aside when its server ended; the next start finishes that.`);
  }
}
