import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { follows, readRow } from './csv.ts';
import { shortenEntry } from './shorten-row.ts';

/** A line of a log that was set aside, or a part of one: whole, damaged, or torn. */
export interface QuarantinedRow {
  bytes: Buffer;
  /** Undefined when it is no row. */
  entry: LogEntry | undefined;
  /** Whether it follows the line before it. Of one that does not, or is no row, no cell is sure. */
  isSure: boolean;
  /** The number that it gives itself, and the one that belongs in its place. */
  ops: number[];
  /** Of what can be told apart of it: the id of the message that it sends, and what or whom it is about. */
  id: string;
  subject: string;
  /** What is left when its body goes; undefined when there is nothing to lose. */
  stripped: Buffer | undefined;
}

/** Where a row begins in a line that lost its line feed: after the chain of the one before it. */
const NEXT_ROW = /(?<=,[0-9a-f]{64}[^0-9]?)(?=\d{1,16},\d+\/\d+\/)/s;
/** `op` to `subject`. */
const CELLS_BEFORE_NONCE = 10;
const ID_CELL = 7;
const SUBJECT_CELL = 9;

/** Reads the lines of a log that was set aside, one after the other, whatever became of them. */
export class QuarantineReader {
  /** Undefined where it is not known what the next row follows. */
  #chain: string | undefined;
  #nextOp: number | undefined;
  /** The file was part of this very log: its rows are those of the log, or damaged ones. */
  #isOfThisLog = false;
  #isFirstLine = true;

  /** Goes on with another file, the next one by its name. */
  begin(fileName: string): void {
    const firstOp = firstOpOf(fileName);
    if (firstOp === undefined || firstOp !== this.#nextOp) this.#chain = firstOp === 1 ? GENESIS_CHAIN : undefined;
    this.#nextOp = firstOp;
    this.#isOfThisLog = fileName.includes('-damaged-at-');
    this.#isFirstLine = true;
  }

  /** @param line with its line feed, if it has one */
  read(line: Buffer): QuarantinedRow[] {
    const isHeader = this.#isFirstLine && !/^\d/.test(line.toString('latin1', 0, 1));
    this.#isFirstLine = false;
    if (isHeader)
      return [{ bytes: line, entry: undefined, isSure: true, ops: [], id: '', subject: '', stripped: undefined }];
    const entry = line.at(-1) === 10 ? readRow(line) : undefined;
    if (entry) return [this.#readEntry(line, entry)];
    const pieces = line.toString('latin1').split(NEXT_ROW);
    return pieces.map((piece, index) => this.#readPiece(piece, index === pieces.length - 1));
  }

  #readEntry(bytes: Buffer, entry: LogEntry): QuarantinedRow {
    const isSure = this.#chain === undefined ? this.#isLikely(entry) : follows(this.#chain, entry);
    const ops = this.#opsOf(entry.op);
    this.#chain = entry.chain;
    const { id, subject } = entry;
    const stripped = entry.body === '' ? undefined : Buffer.from(shortenEntry(entry, '').row);
    return { bytes, entry, isSure, ops: isSure ? [entry.op] : ops, id, subject, stripped };
  }

  #isLikely({ op }: LogEntry): boolean {
    return !this.#isOfThisLog && (this.#nextOp === undefined || this.#nextOp === op);
  }

  /** @param piece a character for each byte @param isLast of its line: other pieces become lines of their own */
  #readPiece(piece: string, isLast: boolean): QuarantinedRow {
    const bytes = Buffer.from(piece, 'latin1');
    const lineFeed = piece.endsWith('\n') ? '\n' : '';
    const ops = this.#opsOf(opAt(piece));
    this.#chain = /,([0-9a-f]{64}).?$/s.exec(piece)?.[1] ?? '';
    const cells = piece.slice(0, piece.length - lineFeed.length).split(',');
    const before = cells.slice(0, CELLS_BEFORE_NONCE).join(',');
    // Quotes before the nonce: then nobody knows which comma stands between cells.
    const kept = before.includes('"') ? (/^\d{1,16}/.exec(piece)?.[0] ?? '') : before;
    const stripped = Buffer.from(kept + (isLast ? lineFeed : '\n'), 'latin1');
    return {
      bytes,
      entry: undefined,
      isSure: false,
      ops,
      id: cells[ID_CELL] ?? '',
      subject: cells[SUBJECT_CELL] ?? '',
      stripped: stripped.length < bytes.length ? stripped : undefined,
    };
  }

  #opsOf(op: number | undefined): number[] {
    const expected = this.#nextOp;
    this.#nextOp = op === undefined ? expected && expected + 1 : op + 1;
    return [op, expected].filter((one) => one !== undefined);
  }
}

/** The op of the first row of a file, by its name. */
function firstOpOf(fileName: string): number | undefined {
  const after = /-after-(\d{1,20})/.exec(fileName)?.[1];
  if (after !== undefined) return Number(after) + 1;
  const first = /^commit_log-(\d{20})/.exec(fileName)?.[1];
  return first === undefined ? undefined : Number(first);
}

function opAt(piece: string): number | undefined {
  const digits = /^(\d{1,15}),/.exec(piece)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
