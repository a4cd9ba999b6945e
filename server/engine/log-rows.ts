import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { RowName } from '../storage/log-survey.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';

/**
 * R26: rows of the log that follow a given one, checked, for a server that mends its own. Whether they are committed does not
 * matter: the one that asks takes only what certainly stood in its log.
 *
 * @param maxLength of all rows together, in UTF-16 code units; one is returned at least, if there is one
 * @returns CSV, empty when the log has another row there or ends with it; or why it cannot be read
 */
export async function readRowsAfter(
  storage: ReplicaStorage,
  after: RowName,
  maxLength: number,
): Promise<string | StorageFailure> {
  const found = await read(storage, Math.max(1, after.op), maxLength);
  if ('message' in found) return found;
  if ((after.op === 0 ? GENESIS_CHAIN : found[0]?.chain) !== after.chain) return '';
  const rows = found.filter(({ op }) => op > after.op).map(({ row }) => row);
  // The row that both have may be as long as a piece.
  if (rows.length > 0 || found.length === 0) return rows.join('');
  const next = await read(storage, after.op + 1, maxLength);
  return 'message' in next ? next : next.map(({ row }) => row).join('');
}

function read(storage: ReplicaStorage, fromOp: number, maxLength: number): Promise<LogEntry[] | StorageFailure> {
  return new Promise((resolve) => {
    storage.read(fromOp, maxLength, (entries, failure) => resolve(failure ?? entries));
  });
}
