import { LOG_EVENTS, type LogEvent } from '../../shared/operations.ts';
import { readRow } from './csv.ts';

/** What a row tells without being read as a whole. */
export interface RowBeginning {
  op: number;
  event: LogEvent;
}

/** The cells `op,view,time,client,request,asked,event`, none of them in quotes. */
const BEGINNING = /^(\d{1,16}),(?:[^,"]*,){5}([a-z:]+),/;
/** Longer beginnings are read with the whole row. */
const BEGINNING_BYTES = 400;
const EVENTS = new Map<string, LogEvent>(LOG_EVENTS.map((event) => [event, event]));

/**
 * Finds out op and event of a row, for a fraction of what it costs to read the row.
 *
 * @param line with its line feed
 * @returns undefined when the line is no row
 */
export function beginningOf(line: Buffer): RowBeginning | undefined {
  const found = BEGINNING.exec(line.toString('latin1', 0, BEGINNING_BYTES));
  const event = EVENTS.get(found?.[2] ?? '');
  return found && event ? { op: Number(found[1]), event } : readRow(line);
}
