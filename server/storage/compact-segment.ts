import { BesideWriter } from './beside-writer.ts';
import { follows, LOG_HEADER, readRow } from './csv.ts';
import { BadRow, newName, readLines, withFile } from './files.ts';
import { addMark } from './log-places.ts';
import type { CompactionPlan } from './replica-storage.ts';
import { beginningOf, type RowBeginning } from './row-beginning.ts';
import type { Mark, Segment } from './segments.ts';
import { shortenEntry } from './shorten-row.ts';

/** A segment written anew, beside the one that is there; on the disk. */
export interface ShorterSegment {
  rows: number;
  size: number;
  marks: Mark[];
}

/** Half a millisecond of work, when nothing in it is to be removed; some milliseconds, when all is. */
const PIECE_BYTES = 16 * 1024;
/** A row ends with `,removed_digest,chain` and a line feed, and both digests have so many digits. */
const DIGEST_LENGTH = 64;
const COMMA = 44;

/**
 * Writes a segment anew, under a name that ends in `.new`, without what a plan wants removed. Lines that stay are copied byte for
 * byte; of those that change the digests are checked.
 *
 * @param previousChain of the row before the first one
 * @param goesOn asked between pieces
 * @returns undefined when there is nothing to remove, or when it was to end; nothing is left behind then
 * @throws BadRow when a row is damaged, CannotWrite, or what the system says when it can't be read; nothing is left behind then either
 */
export async function writeShorter(
  segment: Segment,
  previousChain: string,
  plan: CompactionPlan,
  goesOn: () => boolean,
): Promise<ShorterSegment | undefined> {
  const writer = new BesideWriter(newName(segment.path));
  const reader = new Shortener(segment, previousChain, plan);
  let rows = 0;
  try {
    let isWhole = false;
    await withFile(segment.path, async (file) => {
      const take = async (lines: Buffer, position: number) => {
        const { pieces, changed } = reader.take(lines);
        if (changed > 0 && !writer.isOpen) await writer.begin(file, position);
        if (writer.isOpen) await writer.write(pieces);
        rows += changed;
        isWhole = goesOn();
        return isWhole;
      };
      const end = await readLines(file, LOG_HEADER.length, segment.size, take, { pieceBytes: PIECE_BYTES });
      if (isWhole && end !== segment.size) throw new BadRow(`${segment.name} ends inside a row`);
    });
    if (!isWhole || !writer.isOpen) {
      await writer.giveUp();
      return undefined;
    }
    await writer.finish();
    return { rows, size: writer.size, marks: reader.marks };
  } catch (error) {
    await writer.giveUp();
    throw error;
  }
}

/** Goes through the rows of a segment, and shortens those that a plan wants shorter. */
class Shortener {
  readonly marks: Mark[] = [];
  readonly #plan: CompactionPlan;
  readonly #name: string;
  #chain: string;
  #op: number;
  #offset = LOG_HEADER.length;

  constructor({ firstOp, name }: Segment, previousChain: string, plan: CompactionPlan) {
    this.#op = firstOp;
    this.#name = name;
    this.#chain = previousChain;
    this.#plan = plan;
  }

  /** @returns what stands in the place of these lines; `changed` counts those that are other ones */
  take(lines: Buffer): { pieces: Buffer[]; changed: number } {
    const pieces: Buffer[] = [];
    let changed = 0;
    let unchangedFrom = 0;
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf(10, at) + 1;
      const line = lines.subarray(at, end);
      const shorter = this.#takeOne(line);
      addMark(this.marks, undefined, this.#op++, this.#offset);
      this.#offset += (shorter ?? line).length;
      if (shorter) {
        pieces.push(lines.subarray(unchangedFrom, at), shorter);
        unchangedFrom = end;
        changed++;
      }
      at = end;
    }
    pieces.push(lines.subarray(unchangedFrom));
    return { pieces, changed };
  }

  #takeOne(line: Buffer): Buffer | undefined {
    const row = beginningOf(line);
    if (row?.op !== this.#op) throw new BadRow(`op ${this.#op} is missing in ${this.#name}`);
    const shorter = isEmpty(line) ? undefined : this.#shorten(line, row);
    this.#chain = chainOf(line);
    return shorter;
  }

  #shorten(line: Buffer, { op, event }: RowBeginning): Buffer | undefined {
    const remains = this.#plan.remainsOf(op, event);
    if (remains === 'all' || (remains === 'part' && isShortened(line))) return undefined;
    const entry = readRow(line);
    if (!entry || !follows(this.#chain, entry)) throw new BadRow(`op ${op} does not match its digest`);
    if (entry.body === '') return undefined;
    const shorter = shortenEntry(entry, remains === 'part' ? this.#plan.partOf(entry.body) : '');
    const bytes = Buffer.from(shorter.row);
    const readBack = readRow(bytes);
    if (readBack?.chain !== entry.chain || !follows(this.#chain, readBack)) {
      throw new Error(`op ${op} would not match its digest without its body`);
    }
    return bytes;
  }
}

/** The last cell of a row, which is not looked at any closer. */
function chainOf(line: Buffer): string {
  return line.toString('latin1', line.length - 1 - DIGEST_LENGTH, line.length - 1);
}

/** Whether there is a removed digest: then nothing of the body is left, or a part. */
function isShortened(line: Buffer): boolean {
  return line[line.length - DIGEST_LENGTH - 3] !== COMMA;
}

/** Whether the row has a removed digest and neither nonce nor body: told by its last cells, without reading it. */
function isEmpty(line: Buffer): boolean {
  const digestStart = line.length - 2 * DIGEST_LENGTH - 2;
  return isShortened(line) && line.toString('latin1', digestStart - 3, digestStart) === ',,,';
}
