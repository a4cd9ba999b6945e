import type { Address, DiskId } from '../../shared/ids.ts';
import { askServer } from '../network/peer-operator.ts';
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
