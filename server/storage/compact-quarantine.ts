import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { documentKey } from '../../shared/documents.ts';
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
/** Rows of these say in their second cell which message they are about. */
const QUEUE = /^queued_messages\.csv(\.new)?$/;
const REACTIONS = /^reactions\.csv(\.new)?$/;
const DOCUMENTS = /^documents\.csv(\.new)?$/;
/** Rows of these say in their first cell which account or room they are about. */
const ENDS = /^(user_table|rooms)\.csv(\.new)?$/;

/**
 * Removes from what was ever set aside the texts of deleted messages, those that were edited away, the values of documents that are not there any more, and what the log does not tell of accounts and rooms any more. All
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
    const ends = new Set<number>();
    const named = (pattern: RegExp) => files.filter((name) => pattern.test(name)).map((name) => join(folder, name));
    const reader = new QuarantineReader();
    for (const path of named(LOG)) {
      reader.begin(basename(path));
      rows += await rewrite(place, plan, path, (lines) => shorten(place, plan, reader, lines, ends));
    }
    const removals: [RegExp, (line: string) => boolean][] = [
      [QUEUE, (line) => isAboutGone(plan, line, 'deleted or edited')],
      [REACTIONS, (line) => isAboutGone(plan, line, 'deleted')],
      [DOCUMENTS, (line) => isOldDocument(plan, line)],
      [ENDS, (line) => ends.has(Number(/^(\d+),/.exec(line)?.[1]))],
    ];
    for (const [pattern, isGone] of removals) {
      for (const path of named(pattern)) rows += await rewrite(place, plan, path, (lines) => without(lines, isGone));
    }
  }
  return rows;
}

/** Of a line of a table whose first cells are an op and the id of a message. */
function isAboutGone(plan: CompactionPlan, line: string, how: 'deleted' | 'deleted or edited'): boolean {
  const [, op, id] = /^(\d+),([^,"]*),/.exec(line) ?? [];
  if (id === undefined) return false;
  return plan.isDeletedMessage(id) || (how === 'deleted or edited' && plan.isEditedSince(id, Number(op)));
}

/** Of a line of a table of documents: its key, when it was created, and which op has its value. */
function isOldDocument(plan: CompactionPlan, line: string): boolean {
  const [, key, changedAtOp] = /^([^,"]*),\d+,(\d+),/.exec(line) ?? [];
  return key !== undefined && plan.isDocumentChangedSince(key, Number(changedAtOp));
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

/** @param ends gets the accounts and rooms of which the log does not have a name, a password or a text any more */
async function shorten(
  place: CompactionPlace,
  plan: CompactionPlan,
  reader: QuarantineReader,
  bytes: Buffer,
  ends: Set<number>,
): Promise<ChangedLines> {
  const rows = linesIn(bytes).flatMap((line) => reader.read(line));
  const shorter = await shorterRows(place, plan, rows);
  let changed = 0;
  const pieces = rows.map((row) => {
    const { entry, isSure, ops, stripped } = row;
    const inLog = ops.map((op) => shorter.get(op)).filter((one) => one !== undefined);
    const isGone = inLog.some((one) => !entry || !isSure || isSameRequest(entry, one));
    if (isGone && entry && shorter.has(entry.op)) ends.add(endOf(entry));
    if (!stripped || !(isGone || isTextGone(plan, row))) return row.bytes;
    changed++;
    return stripped;
  });
  return { pieces, changed };
}

/** Judged by the message that it sends, or by the message or the document that it is about. */
function isTextGone(plan: CompactionPlan, { entry, ops, id, subject }: QuarantinedRow): boolean {
  if (id !== '' && (plan.isDeletedMessage(id) || plan.isEditedSince(id, 0))) return true;
  if (subject === '') return false;
  const mayBeDocument = entry ? entry.event === 'document:set' : documentKey(subject).ok;
  if (mayBeDocument) return plan.isDocumentChangedSince(subject, Math.max(0, ...ops));
  const mayBeEdit = entry === undefined || entry.event === 'message:edit';
  return plan.isDeletedMessage(subject) || (mayBeEdit && plan.isEditedSince(subject, Math.max(0, ...ops)));
}

/** The account or room that a row tells something of. */
function endOf({ op, event, account, subject }: LogEntry): number {
  if (event === 'account:password' || event === 'account:profile') return Number(account);
  return event === 'room:topic' ? Number(subject) : op;
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
const BODY_EVENTS = [
  'message:send',
  'message:edit',
  'message:react',
  'message:unreact',
  'account:create',
  'account:password',
  'account:profile',
  'room:create',
  'room:topic',
  'document:set',
] as const;
