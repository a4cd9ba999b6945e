import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LogEntry } from '../../shared/operations.ts';
import { CompactionOver, type CompactionPlace } from './compact-log.ts';
import { syncFolder } from './files.ts';
import { quarantineFolder } from './quarantine.ts';
import { type QuarantinedRow, QuarantineReader } from './quarantined-row.ts';
import type { CompactionPlan } from './replica-storage.ts';
import { type ChangedLines, linesIn, rewriteLines, without } from './rewrite-lines.ts';

/** Ends the name of what is written beside a file in the quarantine, where there may be a `.new` file that was set aside. */
const UNFINISHED = '.compacting.new';
/** Logs, and pieces of them; also those that were not finished. */
const LOG = /^(commit_log|fetched-after).*\.csv(\.new)?$/;
const QUEUE = /^queued_messages\.csv(\.new)?$/;
const USERS = /^user_table\.csv(\.new)?$/;

/**
 * Removes from what was ever set aside the texts of deleted messages, and what the log does not tell of accounts any more. All
 * other lines stay byte for byte, damaged ones too.
 *
 * @returns how many rows were shortened or removed
 * @throws CompactionOver, CannotWrite, StorageError, or what the system says when a file can't be read
 */
export async function compactQuarantine(place: CompactionPlace, plan: CompactionPlan): Promise<number> {
  // In its turn: nothing is being set aside meanwhile.
  const listing = () =>
    foldersIn(quarantineFolder(place.folder)).catch(() => {
      throw new CompactionOver();
    });
  const folders = await place.inTurn(listing);
  let rows = 0;
  for (const { folder, files } of folders) {
    const accounts = new Set<number>();
    const named = (pattern: RegExp) => files.filter((name) => pattern.test(name)).map((name) => join(folder, name));
    const reader = new QuarantineReader();
    for (const path of named(LOG)) {
      reader.begin(basename(path));
      rows += await rewrite(place, plan, path, (lines) => shorten(place, plan, reader, lines, accounts));
    }
    const isDeleted = (line: string) => /^\d+,([^,"]*),/.test(line) && plan.isDeletedMessage(line.split(',')[1]!);
    const isGone = (line: string) => accounts.has(Number(/^(\d+),/.exec(line)?.[1]));
    for (const path of named(QUEUE)) rows += await rewrite(place, plan, path, (lines) => without(lines, isDeleted));
    for (const path of named(USERS)) rows += await rewrite(place, plan, path, (lines) => without(lines, isGone));
  }
  return rows;
}

/** Removes what a crash left half-written in the quarantine. To be called by who holds the database's lock. */
export async function removeUnfinishedInQuarantine(databaseFolder: string): Promise<void> {
  for (const { folder, files } of await foldersIn(quarantineFolder(databaseFolder))) {
    for (const name of files) if (name.endsWith(UNFINISHED)) await rm(join(folder, name), { force: true });
  }
}

interface Folder {
  folder: string;
  files: string[];
}

async function foldersIn(folder: string): Promise<Folder[]> {
  const found = await readdir(folder, { withFileTypes: true });
  const folders = [
    {
      folder,
      files: found
        .filter((one) => one.isFile())
        .map(({ name }) => name)
        .sort(),
    },
  ];
  for (const one of found) if (one.isDirectory()) folders.push(...(await foldersIn(join(folder, one.name))));
  return folders;
}

async function rewrite(
  place: CompactionPlace,
  plan: CompactionPlan,
  path: string,
  change: (lines: Buffer) => Promise<ChangedLines> | ChangedLines,
): Promise<number> {
  const shorter = await rewriteLines(path, path + UNFINISHED, change, () => {
    if (!place.isOpen() || plan.isOver()) throw new CompactionOver();
  });
  if (!shorter) return 0;
  await shorter.writer.replace(path);
  await syncFolder(dirname(path));
  return shorter.changed;
}

/** @param accounts gets those whose name or password the log does not have any more */
async function shorten(
  place: CompactionPlace,
  plan: CompactionPlan,
  reader: QuarantineReader,
  bytes: Buffer,
  accounts: Set<number>,
): Promise<ChangedLines> {
  const rows = linesIn(bytes).flatMap((line) => reader.read(line));
  const shorter = await shorterRows(place, plan, rows);
  let changed = 0;
  const pieces = rows.map((row) => {
    const { entry, isSure, ops, id, stripped } = row;
    const inLog = ops.map((op) => shorter.get(op)).filter((one) => one !== undefined);
    const isGone = inLog.some((one) => !entry || !isSure || isSameRequest(entry, one));
    if (isGone && entry?.event === 'account:create' && shorter.has(entry.op)) accounts.add(entry.op);
    const isDeleted = id !== '' && plan.isDeletedMessage(id);
    if (!stripped || !(isGone || isDeleted)) return row.bytes;
    changed++;
    return stripped;
  });
  return { pieces, changed };
}

function isSameRequest(one: LogEntry, other: LogEntry): boolean {
  return (
    one.op === other.op &&
    one.event === other.event &&
    one.id === other.id &&
    one.client === other.client &&
    one.request === other.request
  );
}

/** Of the rows of the log that have the numbers of these: those of whose body at least a part was removed. */
async function shorterRows(
  { log, oldDamage, readRows }: CompactionPlace,
  plan: CompactionPlan,
  rows: readonly QuarantinedRow[],
): Promise<Map<number, LogEntry>> {
  const last = Math.min(plan.upTo, log.lastOp);
  const isReadable = (op: number) =>
    op >= 1 && op <= last && !oldDamage?.holes.some(({ after, until }) => after.op < op && op <= until.op);
  const isShorter = (op: number, { entry, isSure }: QuarantinedRow) =>
    (entry && isSure ? [entry.event] : BODY_EVENTS).some((event) => plan.remainsOf(op, event) !== 'all');
  const ops = rows.flatMap((row) => row.ops.filter((op) => isReadable(op) && isShorter(op, row)));
  const ascending = [...new Set(ops)].sort((a, b) => a - b);
  const found = ascending.length > 0 ? await readRows(ascending) : [];
  return new Map(found.filter(({ removedDigest }) => removedDigest !== '').map((entry) => [entry.op, entry]));
}

/** What may have been in the place of a row that can't be read. */
const BODY_EVENTS = ['message:send', 'account:create'] as const;
