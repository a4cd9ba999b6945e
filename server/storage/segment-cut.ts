import type { LogEvent } from '../../shared/operations.ts';
import { LOG_HEADER } from './csv.ts';
import { readAround, readBytes, withFile } from './files.ts';
import { beginningOf } from './row-beginning.ts';
import { lineFeedBefore, type Segment } from './segments.ts';

/** A segment ends with an operation whose number is a multiple of this: some megabytes, which compaction writes anew in a moment. */
export const SEGMENT_OPERATIONS = 16_384;

/**
 * Whether a row is the last one of its segment. All replicas must agree, or their files differ; and the length of rows must not
 * matter, for compaction shortens them on one replica before the other.
 *
 * @param segmentOperations see {@link SEGMENT_OPERATIONS}
 */
export function isCut({ op, event }: { op: number; event: LogEvent }, segmentOperations: number): boolean {
  return op % segmentOperations === 0 || event === 'cluster:compact';
}

/** Whether the last row that a segment has so far is its last one for good. */
export async function endsAtCut({ path, size }: Segment, segmentOperations: number): Promise<boolean> {
  if (size <= LOG_HEADER.length) return false;
  const line = await withFile(path, async (file) => {
    const start = (await lineFeedBefore(file, size - 1)) + 1;
    return readBytes(file, start, size, readAround);
  });
  const row = beginningOf(line);
  return row !== undefined && isCut(row, segmentOperations);
}
