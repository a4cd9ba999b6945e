import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../shared/assert.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { CommitLog } from './commit-log.ts';
import { forgetCompaction } from './compaction-file.ts';
import { openRows } from './csv.ts';
import type { LogDamage } from './database-error.ts';
import { newName, readAround, readBytes, readLines, withFile, writeOnce } from './files.ts';
import { type LogSource, putInPlace, writeSegments } from './log-rewrite.ts';
import { type Hole, isSameRow, type RowName, type Stretch, type Survey, surveyLog } from './log-survey.ts';
import { LogTraces } from './log-traces.ts';
import { type OldDamage, oldDamageOf } from './old-damage.ts';

/** What is to be asked of the others next. */
export interface MissingRows {
  /** They follow this row, which is whole here. */
  after: RowName;
  /** The last one that is needed; undefined when it is not known how many there were. */
  untilOp: number | undefined;
}

/** Rows for one hole, as far as they have come; in a file, for there may be a whole segment of them. */
interface Filling {
  /** Undefined at the end of the log, where nothing whole follows. */
  hole: Hole | undefined;
  path: string;
  file: FileHandle;
  size: number;
  after: RowName;
  end: RowName;
  lastRow: string;
}

/**
 * R26: mends a log with rows of the others. Only rows fit that follow the whole ones before the hole, and that the whole
 * ones after it hang on; at the end of the log, where nothing follows, only rows of which traces stand in the file.
 */
export class LogRepair {
  readonly damage: LogDamage;
  readonly #log: CommitLog;
  readonly #segmentOperations: number;
  readonly #survey: Survey;
  readonly #traces: LogTraces;
  #fillings: Filling[] = [];

  private constructor(damage: LogDamage, log: CommitLog, segmentOperations: number, survey: Survey) {
    this.damage = damage;
    this.#log = log;
    this.#segmentOperations = segmentOperations;
    this.#survey = survey;
    this.#traces = new LogTraces(survey);
  }

  /** Reads what there is. @param segmentOperations as in `CommitLogOptions` */
  static async begin(damage: LogDamage, log: CommitLog, segmentOperations: number): Promise<LogRepair> {
    const survey = await surveyLog(log, damage.place);
    const repair = new LogRepair(damage, log, segmentOperations, survey);
    await repair.#explainLastLine();
    return repair;
  }

  /** The damaged file, or the one that the missing rows belong before. */
  get file(): string {
    return this.#log.segments[this.damage.place.segment]!.name;
  }

  /** What is wrong, if nothing depends on it but the damaged rows themselves. @param snapshotOp as in `oldDamageOf` */
  oldDamage(snapshotOp: number): OldDamage | undefined {
    if (this.#traces.isEndUnclear) return undefined;
    return oldDamageOf(this.damage.what, this.#log, this.#survey, snapshotOp);
  }

  /** The rows that are needed next; undefined when there are enough. */
  get missing(): MissingRows | undefined {
    const filling = this.#fillings.at(-1);
    if (filling?.hole && filling.end.op < filling.hole.until.op) {
      return { after: filling.end, untilOp: filling.hole.until.op };
    }
    const next = this.#nextHole;
    if (next) return { after: next.after, untilOp: next.until.op };
    if (!this.#traces.isEndUnclear) return undefined;
    return { after: filling && !filling.hole ? filling.end : this.#survey.end, untilOp: undefined };
  }

  get #nextHole(): Hole | undefined {
    const holes = this.#survey.parts.filter((part) => 'until' in part);
    return holes[this.#fillings.filter(({ hole }) => hole).length];
  }

  /** A last line that is a second copy of an earlier row is no sign of a missing one. */
  async #explainLastLine(): Promise<void> {
    const { loose, end, endsLoose } = this.#survey;
    const last = loose.at(-1);
    if (!endsLoose || last?.op === undefined || last.op > end.op) return;
    const row = await this.#rowOf(last.op);
    if (row && (await bytesOf(last)).equals(row)) this.#traces.explain(last);
  }

  async #rowOf(op: number): Promise<Buffer | undefined> {
    const rows = await this.rowsAfter(op - 1, 1);
    return rows === '' ? undefined : Buffer.from(rows);
  }

  /** Forgets all that was taken: what the next server sends may be another continuation. */
  async startAgain(): Promise<void> {
    await this.close();
    this.#traces.forget();
    await this.#explainLastLine();
  }

  /** Gives up the files in which fetched rows are. */
  async close(): Promise<void> {
    for (const { file } of this.#fillings) await file.close();
    this.#fillings = [];
  }

  /**
   * Takes rows that are to follow `missing.after`.
   *
   * @param rows CSV as it stands in the log; what is beyond the missing ones is left
   * @returns false when none of them is one that stood here: nothing was taken
   */
  async take(rows: string): Promise<boolean> {
    const { missing } = this;
    assert(missing, 'nothing is missing');
    const { entries, damage } = openRows(Buffer.from(rows), missing.after.chain, missing.after.op);
    if (damage || entries.length === 0) return false;
    const filling = await this.#filling();
    const { until } = filling.hole ?? {};
    if (until && entries.some(({ op, chain }) => op === until.op && chain !== until.chain)) return false;
    const taken: LogEntry[] = [];
    for (const entry of entries) {
      const isMissing = until ? entry.op <= until.op : this.#traces.isEndUnclear;
      if (!isMissing || (!until && entry.op > this.#traces.lastPossibleOp)) break;
      taken.push(entry);
      // Only what is kept may explain anything.
      this.#traces.explainBy(entry);
    }
    if (taken.length === 0) return false;
    await this.#keep(filling, taken);
    return true;
  }

  /** The rows under way, or a new place for the next ones. */
  async #filling(): Promise<Filling> {
    const current = this.#fillings.at(-1);
    const isOpen = current && (!current.hole || current.end.op < current.hole.until.op);
    if (isOpen) return current;
    const hole = this.#nextHole;
    const after = hole?.after ?? this.#survey.end;
    const path = newName(join(this.#log.folder, `fetched-after-${after.op}.csv`));
    const filling: Filling = { hole, path, file: await open(path, 'w'), size: 0, after, end: after, lastRow: '' };
    this.#fillings.push(filling);
    return filling;
  }

  async #keep(filling: Filling, entries: readonly LogEntry[]): Promise<void> {
    const last = entries.at(-1)!;
    const bytes = Buffer.from(entries.map(({ row }) => row).join(''));
    await writeOnce(filling.file, bytes, filling.size);
    filling.size += bytes.length;
    filling.end = { op: last.op, chain: last.chain };
    filling.lastRow = last.row;
  }

  /**
   * Writes the mended segments, puts them in the place of the damaged ones, and keeps those in `quarantine/`. Whenever it is
   * interrupted, the log is found damaged as before, or whole.
   *
   * @param from whose rows they are, in words
   * @returns what was done, as a sentence
   */
  async finish(from: string): Promise<string> {
    assert(!this.missing, 'rows are missing still');
    const sources = await this.#sources();
    for (const { file } of this.#fillings) await file.close();
    const filled = this.#fillings.filter(({ after, end }) => end.op > after.op);
    const ops = filled.map(({ after, end }) => range(after.op + 1, end.op));
    const { folder, segments } = this.#log;
    const written = await writeSegments(folder, segments, sources, this.#segmentOperations);
    const reason = `${this.damage.what} Repaired with ${ops.length > 0 ? `${ops.join(', ')} of ${from}` : 'its own rows'}.`;
    await forgetCompaction(folder);
    const aside = await putInPlace(folder, segments, written, this.damage.place.op + 1, reason);
    const what =
      ops.length > 0
        ? `${ops.join(' and ')} came from ${from}`
        : 'lines that were there twice, or in a wrong place, were taken out';
    const where = aside.length > 0 ? `; what was there is kept in ${aside.join(', ')}` : '';
    return `The log is repaired in ${[...written.made, ...written.left].join(', ')}: ${what}${where}.`;
  }

  async #sources(): Promise<LogSource[]> {
    const sources: LogSource[] = [];
    let next = 0;
    for (const part of this.#survey.parts) {
      if ('path' in part) sources.push({ ...part });
      else sources.push(sourceOf(this.#fillings[next++]!));
    }
    await this.#giveAnchorsBack(sources);
    const atEnd = this.#fillings[next];
    if (atEnd) sources.push(sourceOf(atEnd));
    return sources.filter(({ from, to }) => to > from);
  }

  /** A row that only its neighbour vouched for turns out to be whole where it stands: its file may then stay as it is. */
  async #giveAnchorsBack(sources: LogSource[]): Promise<void> {
    for (const [index, part] of this.#survey.parts.entries()) {
      if (!('until' in part)) continue;
      const fetched = sources[index]!;
      const stretch = sources[index + 1]!;
      const filling = this.#fillings.find(({ hole }) => hole === part)!;
      const { lastRow } = filling;
      const { anchor } = part;
      if (anchor.path !== stretch.path || anchor.to !== stretch.from) continue;
      // It may stand there in another form.
      if (!isSameRow(await bytesOf(anchor), Buffer.from(lastRow))) continue;
      fetched.to -= Buffer.byteLength(lastRow);
      filling.end = { ...filling.end, op: filling.end.op - 1 };
      stretch.from = anchor.from;
      stretch.firstOp -= 1;
    }
  }

  /**
   * Rows that are whole here, for others who repair theirs.
   *
   * @param maxLength in UTF-16 code units of CSV; at least one row is returned if there is one
   * @returns CSV; empty when the row that follows `op` is damaged here, or beyond the end
   */
  async rowsAfter(op: number, maxLength: number): Promise<string> {
    const found = this.#survey.parts.find(
      (part): part is Stretch => 'path' in part && part.firstOp <= op + 1 && op + 1 <= part.lastOp,
    );
    if (!found) return '';
    let toPass = op + 1 - found.firstOp;
    let rows = '';
    await withFile(found.path, (file) =>
      readLines(file, found.from, found.to, (lines) => {
        for (let at = 0; at < lines.length; ) {
          const end = lines.indexOf(10, at) + 1;
          if (toPass > 0) toPass--;
          else {
            const row = lines.toString('utf8', at, end);
            if (rows !== '' && rows.length + row.length > maxLength) return false;
            rows += row;
          }
          at = end;
        }
        return rows.length < maxLength;
      }),
    );
    return rows;
  }
}

function sourceOf({ path, size, after }: Filling): LogSource {
  return { path, from: 0, to: size, firstOp: after.op + 1 };
}

async function bytesOf({ path, from, to }: { path: string; from: number; to: number }): Promise<Buffer> {
  return withFile(path, (file) => readBytes(file, from, to, readAround));
}

/** `operation 5` or `operations 5 to 7`. */
export function range(first: number, last: number): string {
  return first === last ? `operation ${first}` : `operations ${first} to ${last}`;
}
