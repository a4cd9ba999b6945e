import { hash } from 'node:crypto';
import { assert } from '../../shared/assert.ts';
import {
  type EntryDraft,
  type EntryFields,
  LOG_EVENTS,
  type LogEntry,
  type LogEvent,
} from '../../shared/operations.ts';
import { type CutRow, cutRows, endOfLines, readCell, stringifyRows, writeCell } from './cells.ts';
import type { EntryCodec } from './replica-storage.ts';
import { bodyDigest, formOf, hasDigestOfPart } from './row-form.ts';

/** The columns of the log, in their order. */
export const LOG_COLUMNS = [
  'op',
  'view',
  'time',
  'client',
  'request',
  'asked',
  'event',
  'id',
  'account',
  'subject',
  'nonce',
  'body',
  'removed_digest',
  'chain',
] as const;

/** The first line of each segment of the log, with its line feed. */
export const LOG_HEADER = `${LOG_COLUMNS.join(',')}\n`;

const EVENTS = new Map<string, LogEvent>(LOG_EVENTS.map((event) => [event, event]));
const WHOLE_NUMBER = /^(0|[1-9]\d{0,15})$/;
const HEX_32 = /^[0-9a-f]{32}$/;

function chainDigest(previousChain: string, entry: EntryFields): string {
  return hash(
    'sha256',
    JSON.stringify([
      previousChain,
      entry.op,
      entry.view,
      entry.time,
      entry.client,
      entry.request,
      entry.asked,
      entry.event,
      entry.id,
      entry.account,
      entry.subject,
      bodyDigest(entry),
    ]),
  );
}

/** The codec of the log: entries to rows and back, with the digests of rule R24. Stateless. */
export function makeEntryCodec(): EntryCodec {
  return {
    seal(drafts, place, nonce) {
      let chain = place.previousChain;
      const entries = drafts.map((draft, index) => {
        const entry = placeDraft(draft, place.firstOp + index, place.view, place.time, nonce);
        chain = chainDigest(chain, entry);
        entry.chain = chain;
        return entry;
      });
      const time = formatTime(place.time);
      const text = stringifyRows(entries.map((entry) => cellsOf(entry, time)));
      let start = 0;
      for (const entry of entries) {
        const end = text.indexOf('\n', start) + 1;
        entry.row = text.slice(start, end);
        start = end;
      }
      return entries;
    },
    open(rows, previousChain) {
      const bytes = Buffer.from(rows);
      if (endOfLines(bytes) !== bytes.length) return { damage: 'the last row does not end with a line feed' };
      const opened = openRows(bytes, previousChain);
      if (!opened.damage) return { entries: opened.entries };
      return { damage: `row ${opened.entries.length + 1} of ${countRows(bytes)}: ${opened.damage}` };
    },
  };
}

function countRows(bytes: Buffer): number {
  return bytes.toString('latin1').split('\n').length - 1;
}

/** The entry but for its chain and row, which its neighbours have a part in. */
function placeDraft(draft: EntryDraft, op: number, view: string, time: number, nonce: () => string): LogEntry {
  const { event, client, request, asked, id, account, subject, body } = draft;
  const entry: LogEntry = {
    op,
    view,
    time,
    client,
    request,
    asked,
    event,
    id,
    account,
    subject,
    nonce: body === '' ? '' : nonce(),
    body,
    removedDigest: '',
    chain: '',
    row: '',
  };
  assert(entry.nonce === '' || HEX_32.test(entry.nonce), 'a nonce is 32 hexadecimal digits');
  const texts = [view, client, asked, id, account, subject, body];
  assert(
    texts.every((text) => text.isWellFormed() && !text.includes('\0')),
    `op ${op} holds NUL or half a surrogate pair; the gateway refuses those before they get here`,
  );
  return entry;
}

/** The row of an entry, with its line feed, as {@link makeEntryCodec} writes it. */
export function rowOf(entry: LogEntry): string {
  return stringifyRows([cellsOf(entry, formatTime(entry.time))]);
}

function cellsOf(entry: LogEntry, time: string): string[] {
  return [
    String(entry.op),
    entry.view,
    time,
    writeCell(entry.client),
    String(entry.request),
    writeCell(entry.asked),
    entry.event,
    writeCell(entry.id),
    writeCell(entry.account),
    writeCell(entry.subject),
    entry.nonce,
    writeCell(entry.body),
    entry.removedDigest,
    entry.chain,
  ];
}

function formatTime(time: number): string {
  assert(Number.isInteger(time) && time >= 0 && time < 253_402_300_800_000, `${time} is no time before the year 10000`);
  return new Date(time).toISOString();
}

/** See {@link openRows}. */
export interface OpenedRows {
  entries: LogEntry[];
  damage?: string;
}

/**
 * Reads and checks whole rows of the log.
 *
 * @param bytes rows, each with its line feed
 * @param previousOp the op before the first row, when it is known
 * @returns the entries before the first bad row and, when there is one, the reason (a clause without a full stop)
 */
export function openRows(bytes: Buffer, previousChain: string, previousOp?: number): OpenedRows {
  const entries: LogEntry[] = [];
  const shared: SharedCells = { view: '', timeCell: '', time: 0 };
  let chain = previousChain;
  for (const cut of cutRows(bytes)) {
    const entry = readEntry(cut, shared);
    if (typeof entry === 'string') return { entries, damage: entry };
    const expected = (entries.at(-1)?.op ?? previousOp ?? entry.op - 1) + 1;
    if (entry.op !== expected) {
      return { entries, damage: `op ${expected} is missing, op ${entry.op} stands in its place` };
    }
    if (chainDigest(chain, entry) !== entry.chain) {
      return { entries, damage: `op ${entry.op} does not match its digest, or does not follow the row before it` };
    }
    entries.push(entry);
    chain = entry.chain;
  }
  return { entries };
}

/** One row by itself, with its line feed, whatever stands before it; undefined when it is none. Its chain is not checked. */
export function readRow(line: Buffer): LogEntry | undefined {
  const [cut] = cutRows(line);
  const entry = cut && readEntry(cut, { view: '', timeCell: '', time: 0 });
  return typeof entry === 'object' ? entry : undefined;
}

/** Whether an entry matches its digest and follows the one with that chain. */
export function follows(previousChain: string, entry: LogEntry): boolean {
  return chainDigest(previousChain, entry) === entry.chain;
}

/** What neighbouring rows mostly have in common: read once, kept in memory once. */
interface SharedCells {
  view: string;
  timeCell: string;
  time: number;
}

type Strings<Names extends readonly string[]> = { [Index in keyof Names]: string };
type Cells = Strings<typeof LOG_COLUMNS>;

/** An entry whose chain is still to be checked, or what is wrong with the row. */
function readEntry(cut: CutRow, shared: SharedCells): LogEntry | string {
  if (!cut.cells) return 'it is not CSV as it is written here: a wrong quote, or other bytes than UTF-8';
  if (cut.cells.length !== LOG_COLUMNS.length) return `it has ${cut.cells.length} cells, not ${LOG_COLUMNS.length}`;
  const cells = cut.cells as unknown as Cells;
  const [op, viewCell, time, , request, , eventCell, , , , nonce, bodyCell, removedDigest, chain] = cells;
  if (!WHOLE_NUMBER.test(op)) return `${quote(op)} is no op number`;
  if (!WHOLE_NUMBER.test(request)) return `op ${op} has the request number ${quote(request)}`;
  const event = EVENTS.get(eventCell);
  if (!event) return `op ${op} is a ${quote(eventCell)}, which this version does not know`;
  if (!readTime(time, shared)) {
    return `op ${op} has the time ${quote(time)}, which is not how times are written here (did a spreadsheet save it?)`;
  }
  const form = formOf(nonce, bodyCell, removedDigest);
  if (!form) return `op ${op} has a nonce, a body and a removed_digest that do not fit together`;
  if (viewCell !== shared.view) shared.view = viewCell;
  const client = readCell(cells[3]) as LogEntry['client'] | undefined;
  const asked = readCell(cells[5]);
  const id = readCell(cells[7]);
  const account = readCell(cells[8]) as LogEntry['account'] | undefined;
  const subject = readCell(cells[9]);
  const body = readCell(cells[11]);
  if (
    client === undefined ||
    asked === undefined ||
    id === undefined ||
    account === undefined ||
    subject === undefined ||
    body === undefined
  ) {
    return `op ${op} has a cell that is escaped in a way that is never written`;
  }
  if (form === 'part' && !hasDigestOfPart(nonce, body, removedDigest)) {
    return `op ${op} has a part of a body that does not match its digest`;
  }
  // One literal, no spreads: this runs for every row of the log at each start, and spreading takes longer than hashing.
  return {
    op: Number(op),
    view: shared.view,
    time: shared.time,
    client,
    request: Number(request),
    asked,
    event,
    id,
    account,
    subject,
    nonce,
    body,
    removedDigest,
    chain,
    row: cut.row,
  };
}

/** Reads a time into `shared`; false when it is not written as {@link formatTime} does. */
function readTime(cell: string, shared: SharedCells): boolean {
  if (cell === shared.timeCell) return true;
  const time = Date.parse(cell);
  if (!(time >= 0) || new Date(time).toISOString() !== cell) return false;
  shared.timeCell = cell;
  shared.time = time;
  return true;
}

function quote(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
}
