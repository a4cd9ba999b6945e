import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Snapshot } from '../../shared/operations.ts';
import { errorCode } from './files.ts';
import { readKeyedFile, writeKeyedFile } from './keyed-file.ts';

export const MANIFEST = 'snapshot.csv';
const FORMAT = '2';

/**
 * `table`: read as a whole at each start. `long_table`: read in pieces. `growing_table`: so too, and rows are added at its end.
 * `list`: for people to read.
 */
const KINDS = ['table', 'long_table', 'growing_table', 'list'] as const;

/** What the manifest says of a table; its columns are in the file. */
export interface TableFile {
  kind: (typeof KINDS)[number];
  name: string;
  rows: number;
  /** Of the first `bytes` bytes of the file: what may stand behind them in a growing table does not count. */
  sha256: string;
  bytes: number;
  /** The last operation that it contains: the snapshot's, or an earlier one for a list. */
  op: number;
}

/** Where the log was when a snapshot was made. */
export type SnapshotPlace = Omit<Snapshot, 'tables'>;

export interface Manifest extends SnapshotPlace {
  tables: TableFile[];
}

export function formatManifest(manifest: Manifest): string {
  return writeKeyedFile([
    ['format', FORMAT],
    ['op', String(manifest.op)],
    ['chain', manifest.chain],
    ['view', manifest.view],
    ['complete', String(manifest.complete)],
    ...manifest.tables.map(
      ({ kind, name, rows, sha256, bytes, op }) => [kind, `${name} ${rows} ${sha256} ${bytes} ${op}`] as const,
    ),
  ]);
}

/**
 * @returns null without a snapshot; `damage` when its tables can't be used, with its place if that can be relied on: a snapshot of
 *   an earlier version of this program has tables that this one does not read
 */
export async function readManifest(
  folder: string,
): Promise<Manifest | { damage: string; place: SnapshotPlace | null } | null> {
  let content: string;
  try {
    content = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  const read = readKeyedFile(MANIFEST, content);
  if ('damage' in read) return { damage: read.damage, place: null };
  const value = (key: string) => read.rows.find((row) => row[0] === key)?.[1] ?? '';
  const op = Number(value('op'));
  const place = { op, chain: value('chain'), view: value('view'), complete: value('complete') === 'true' };
  const format = value('format');
  if (format !== FORMAT) {
    return { damage: `${MANIFEST} has format "${format}", not ${FORMAT}`, place: format === '1' ? place : null };
  }
  const tables = read.rows.flatMap(([key, text]) => readTableFile(key, text));
  const numbers = [op, ...tables.flatMap((table) => [table.rows, table.bytes, table.op])];
  if (numbers.some((number) => !Number.isSafeInteger(number) || number < 0)) {
    return { damage: `${MANIFEST} has a number that cannot be read`, place: null };
  }
  if (new Set(tables.map(({ name }) => name)).size < tables.length) {
    return { damage: `${MANIFEST} names a table twice`, place: null };
  }
  return { ...place, tables };
}

function readTableFile(key: string, text: string): TableFile[] {
  const kind = KINDS.find((one) => one === key);
  if (!kind) return [];
  const [name = '', rows, sha256 = '', bytes, op] = text.split(' ');
  return [{ kind, name, rows: Number(rows), sha256, bytes: Number(bytes), op: Number(op) }];
}
