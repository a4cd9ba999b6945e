import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { LOG_HEADER, openRows } from './csv.ts';
import { DatabaseError, WHAT_TO_DO } from './database-error.ts';
import { errorCode, readBytes, readLines, withFile } from './files.ts';
import { beginsLikeRow, headerOf, lacksOnlyLineFeed, type Segment } from './segments.ts';

const CHAIN = /^[0-9a-f]{64}$/;
const PUT_BACK = 'Put back a copy of the file.';

export interface LogCheckListener {
  /** Rows that are whole, as many as stood together; never one that follows a damaged row of the same piece. */
  onEntries(entries: LogEntry[]): void;
  onDamage(what: string, advice: string): void;
  /** Something that the next start puts right. */
  onNote(text: string): void;
  onBytes(bytes: number): void;
}

/** How far the log is whole. */
export interface CheckedLog {
  /** The last operation before the first damage. */
  lastOp: number;
  chain: string;
  /** At the end of the last file: the beginning of a row that was never acknowledged. */
  tornBytes: number;
}

/**
 * Reads all rows of all segments and checks each digest, like `scanLog`, but changes nothing and goes on after a damage:
 * what follows a bad row is judged by what that row says of itself.
 */
export async function checkLog(segments: readonly Segment[], listener: LogCheckListener): Promise<CheckedLog> {
  const walk = new LogWalk(listener);
  for (const segment of segments) {
    try {
      await walk.read(segment, segment === segments.at(-1));
    } catch (error) {
      if (error instanceof DatabaseError) walk.skip(segment, error.message, '');
      else if (errorCode(error) === undefined) throw error;
      else walk.skip(segment, `${segment.path} can't be read: ${(error as Error).message}.`, 'Check the disk.');
    }
  }
  return walk.whole;
}

class LogWalk {
  readonly whole: CheckedLog = { lastOp: 0, chain: GENESIS_CHAIN, tornBytes: 0 };
  readonly #listener: LogCheckListener;
  #op = 0;
  /** Undefined when it is not known which digest the next row has to follow. */
  #chain: string | undefined = GENESIS_CHAIN;
  #isWhole = true;
  #line = 0;

  constructor(listener: LogCheckListener) {
    this.#listener = listener;
  }

  async read(segment: Segment, isLast: boolean): Promise<void> {
    this.#expect(segment);
    const header = await headerOf(segment);
    if (header === 'one other byte') {
      this.#listener.onNote(`${segment.path} has another byte in its first line; the next start puts it right.`);
    }
    if (header === 'cut off') {
      const what = `${segment.path} ends inside its first line`;
      if (isLast) {
        this.whole.tornBytes = segment.size;
        this.#listener.onNote(`${what}: nothing was ever in it; the next start removes it.`);
      } else this.#damaged(`${what} although a later segment follows.`, PUT_BACK);
      return;
    }
    this.#line = 2;
    const end = await withFile(segment.path, (file) =>
      readLines(file, LOG_HEADER.length, segment.size, (lines) => {
        this.#take(lines, segment);
        this.#listener.onBytes(lines.length);
        return true;
      }),
    );
    if (end === segment.size) return;
    await this.#readTail(segment, end, isLast);
  }

  /** What stands after the last line feed: as at a start, it is the beginning of the next row, or damage. */
  async #readTail(segment: Segment, end: number, isLast: boolean): Promise<void> {
    const tail = await withFile(segment.path, (file) => readBytes(file, end, segment.size));
    const where = `${segment.path}, line ${this.#line}`;
    const what = `${where}: the file ends inside the row after op ${this.#op}`;
    if (!isLast) this.#damaged(`${what} although a later segment follows.`, WHAT_TO_DO);
    else if (this.#chain !== undefined && lacksOnlyLineFeed(tail, this.#chain)) {
      this.#take(Buffer.concat([tail.subarray(0, -1), Buffer.from('\n')]), segment);
      this.#listener.onNote(`${where}: the row ends with another byte than a line feed; the next start puts it right.`);
    } else if (!beginsLikeRow(tail, this.#op + 1)) {
      this.#damaged(`${where}: what follows op ${this.#op} is not the beginning of a row.`, WHAT_TO_DO);
    } else {
      this.whole.tornBytes = tail.length;
      this.#listener.onNote(
        `${what} (${tail.length} bytes), as a crash leaves it; that row was never acknowledged, and the next start sets it aside.`,
      );
    }
  }

  /** Goes on with the next segment, whose first row is then believed. */
  skip(segment: Segment, what: string, advice: string): void {
    this.#damaged(what, advice);
    this.#chain = undefined;
    this.#op = Math.max(this.#op, segment.firstOp - 1);
  }

  /** A segment follows the last row of the one before it. */
  #expect(segment: Segment): void {
    const { firstOp, path } = segment;
    if (this.#chain !== undefined && firstOp !== this.#op + 1) {
      const missing = firstOp === this.#op + 2 ? `op ${firstOp - 1} is` : `ops ${this.#op + 1} to ${firstOp - 1} are`;
      const clause = firstOp > this.#op ? `${missing} missing` : 'some operations are there twice';
      this.#damaged(`${path} begins with op ${firstOp}, but the log before it ends with op ${this.#op}: ${clause}.`);
    }
    if (firstOp === this.#op + 1) return;
    this.#op = firstOp - 1;
    this.#chain = undefined;
  }

  #take(lines: Buffer, segment: Segment): void {
    for (let at = 0; at < lines.length; ) {
      if (this.#chain === undefined) {
        at = this.#believe(lines, at);
        continue;
      }
      const { entries, damage } = openRows(at === 0 ? lines : lines.subarray(at), this.#chain, this.#op);
      const last = entries.at(-1);
      if (last) {
        this.#op = last.op;
        this.#chain = last.chain;
        this.#line += entries.length;
        if (this.#isWhole) Object.assign(this.whole, { lastOp: last.op, chain: last.chain });
        this.#listener.onEntries(entries);
      }
      if (damage === undefined) return;
      for (const { row } of entries) at += Buffer.byteLength(row);
      const op = damage.startsWith('op ') ? '' : `op ${this.#op + 1}: `;
      this.#damaged(`${segment.path}, line ${this.#line}: ${op}${damage}.`);
      at = this.#believe(lines, at);
    }
  }

  /** Takes a row's own word for its op and its chain. @returns where the next row begins */
  #believe(lines: Buffer, at: number): number {
    const end = lines.indexOf(10, at) + 1;
    const row = lines.toString('latin1', at, end - 1);
    const chain = row.slice(-64);
    const op = Number(/^\d{1,16}(?=,)/.exec(row)?.[0] ?? this.#op + 1);
    this.#chain = CHAIN.test(chain) ? chain : undefined;
    this.#op = op;
    this.#line += 1;
    return end;
  }

  #damaged(what: string, advice = WHAT_TO_DO): void {
    this.#isWhole = false;
    this.#listener.onDamage(what, advice);
  }
}
