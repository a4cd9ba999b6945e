import { assert } from '../../shared/assert.ts';
import type { Table } from '../../shared/operations.ts';

/** A table of the snapshot, without its rows. */
export interface TableForm {
  readonly name: string;
  readonly columns: readonly string[];
  /** So many of the columns stood in the tables of earlier versions, which are read as if the others were empty. */
  readonly columnsBefore?: number;
  /** There may be no such table: earlier versions wrote none. */
  readonly isNew?: true;
}

/** The table's rows, each with a cell for each column. @throws Error when it is missing or malformed */
export function rowsOf(tables: readonly Table[], form: TableForm): readonly (readonly string[])[] {
  const { name, columns, columnsBefore } = form;
  const table = tables.find((one) => one.name === name);
  if (table === undefined && form.isNew) return [];
  assert(table, `the snapshot has a table ${name}`);
  const isOlder = table.columns.length === columnsBefore;
  const expected = isOlder ? columns.slice(0, columnsBefore) : columns;
  assert(
    table.columns.join() === expected.join(),
    `the columns of ${name} are ${columns.join()}, not ${table.columns}`,
  );
  for (const row of table.rows) {
    assert(row.length === expected.length, `a row of ${name} has ${expected.length} cells, not ${row.length}`);
  }
  if (!isOlder) return table.rows;
  const missing = columns.slice(expected.length).map(() => '');
  return table.rows.map((row) => [...row, ...missing]);
}

/** What a cell says that holds a whole number from 0 on. */
export function wholeNumber(cell: string, column: string): number {
  assert(/^\d{1,15}$/.test(cell), `${column} is a whole number, not ${JSON.stringify(cell)}`);
  return Number(cell);
}

/** An op number; 0 for an empty cell. */
export function optionalOp(cell: string, column: string): number {
  return cell === '' ? 0 : wholeNumber(cell, column);
}

/** The inverse of {@link optionalOp}. */
export function opCell(op: number): string {
  return op === 0 ? '' : String(op);
}
