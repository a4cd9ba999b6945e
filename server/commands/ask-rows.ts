import type { Address, DiskId } from '../../shared/ids.ts';
import { askServer } from '../network/peer-operator.ts';
import { readRow } from '../storage/csv.ts';
import type { RowName } from '../storage/log-survey.ts';
import type { LogRows, OperatorAsk } from './operator.ts';

const ASK_TIMEOUT_MS = 10_000;

/**
 * R26: asks another server for rows of the log that follow one that is whole here.
 *
 * @returns what it has, or why there is no answer; empty when it is not reached, or does not understand the question
 */
export async function askRows(
  server: Address,
  secret: string,
  after: RowName,
  disk: DiskId,
): Promise<LogRows | { problem: string }> {
  const ask: OperatorAsk = { command: 'log-rows', after, disk };
  const asked = await askServer(server, secret, ask, ASK_TIMEOUT_MS);
  if ('problem' in asked) return { problem: asked.isReached ? asked.problem : '' };
  const { rows, canDoWithout } = (asked.answer ?? {}) as Partial<LogRows>;
  return typeof rows === 'string' ? { rows, canDoWithout: canDoWithout === true } : { problem: '' };
}

/** Whether a server has all rows between two that are whole here. Whoever takes them checks them; nothing is kept. */
export async function hasRows(
  server: Address,
  secret: string,
  { after, until }: { after: RowName; until: RowName },
  disk: DiskId,
): Promise<boolean> {
  let last = after;
  while (last.op < until.op) {
    const asked = await askRows(server, secret, last, disk);
    const rows = 'rows' in asked ? asked.rows : '';
    const lines = rows.split('\n').slice(0, until.op - last.op);
    const row = readRow(Buffer.from(`${lines.findLast((line) => line !== '')}\n`));
    if (!row || row.op <= last.op) return false;
    last = { op: row.op, chain: row.chain };
  }
  return last.chain === until.chain;
}
