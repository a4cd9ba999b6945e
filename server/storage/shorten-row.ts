import type { LogEntry } from '../../shared/operations.ts';
import { rowOf } from './csv.ts';
import { shortened } from './row-form.ts';

/**
 * The entry as compaction leaves it: the same operation with the same chain (R24), without its body or with a part of it.
 *
 * @param part what is left of the body; empty for nothing. Ignored when the body is gone already, and when there never was one
 */
export function shortenEntry(entry: LogEntry, part: string): LogEntry {
  const short = { ...entry, ...shortened(entry, entry.body === '' ? '' : part) };
  short.row = rowOf(short);
  return short;
}
