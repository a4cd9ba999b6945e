import { stat } from 'node:fs/promises';
import { BesideWriter } from './beside-writer.ts';
import { readAround, readBytes, readLines, withFile } from './files.ts';

const PIECE_BYTES = 16 * 1024;

/** What stands in the place of some lines, and how many of them are others or gone. */
export interface ChangedLines {
  pieces: Buffer[];
  changed: number;
}

/**
 * Writes a file anew beside it, without what is to go; around what the disk does not give back.
 *
 * @param change gets lines in order; the last one may lack its line feed
 * @param refuseToGoOn throws when it is to end
 * @returns the finished file, which is on the disk; undefined when nothing is to go
 * @throws CannotWrite, or what the system says when the file can't be read; nothing is left behind then
 */
export async function rewriteLines(
  path: string,
  beside: string,
  change: (lines: Buffer) => Promise<ChangedLines> | ChangedLines,
  refuseToGoOn: () => void,
): Promise<{ writer: BesideWriter; changed: number } | undefined> {
  const writer = new BesideWriter(beside);
  let all = 0;
  try {
    const { size } = await stat(path);
    await withFile(path, async (file) => {
      const take = async (lines: Buffer, position: number) => {
        refuseToGoOn();
        const { pieces, changed } = await change(lines);
        if (changed > 0 && !writer.isOpen) await writer.begin(file, position, readAround);
        if (writer.isOpen) await writer.write(pieces);
        all += changed;
        return true;
      };
      const end = await readLines(file, 0, size, take, { pieceBytes: PIECE_BYTES, readAt: readAround });
      if (end < size) await take(await readBytes(file, end, size, readAround), end);
    });
    if (!writer.isOpen) return undefined;
    await writer.finish();
    return { writer, changed: all };
  } catch (error) {
    await writer.giveUp();
    throw error;
  }
}

/** The lines of a piece, with their line feeds. */
export function linesIn(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineFeed = bytes.indexOf(10, at);
    const end = lineFeed === -1 ? bytes.length : lineFeed + 1;
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}

/** Leaves out some lines. */
export function without(bytes: Buffer, isToGo: (line: string) => boolean): ChangedLines {
  const lines = linesIn(bytes);
  const pieces = lines.filter((line) => !isToGo(line.toString('utf8')));
  return { pieces, changed: lines.length - pieces.length };
}
