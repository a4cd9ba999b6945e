import type { LogEntry, LongTable } from '../../shared/operations.ts';
import type { MessageQueue, QueuedMessage } from '../state/message-queue.ts';
import { QUEUED_MESSAGES, queueRow } from '../state/tables.ts';
import { AbandonedError, type ReplicaStorage } from '../storage/replica-storage.ts';

/** Messages whose texts are read from the log at a time: some milliseconds of work between turns of the main loop. */
const MESSAGES_AT_A_TIME = 250;

/**
 * The table `queued_messages`, whose texts are read from the log while it is written, so that they are never in memory together.
 *
 * @param isOver true once the storage must not be asked any more: the snapshot is then abandoned
 */
export function queueTable(queue: MessageQueue, storage: ReplicaStorage, isOver: () => boolean): LongTable {
  return { ...QUEUED_MESSAGES, pieces: piecesOf(queue, storage, isOver), rowsBefore: null, isForPeople: true };
}

async function* piecesOf(
  queue: MessageQueue,
  storage: ReplicaStorage,
  isOver: () => boolean,
): AsyncGenerator<string[][]> {
  while (!queue.isOver) {
    if (isOver()) throw new AbandonedError();
    const messages = queue.next(MESSAGES_AT_A_TIME);
    yield messages.length === 0 ? [] : await rowsOf(messages, storage);
  }
}

async function rowsOf(messages: readonly QueuedMessage[], storage: ReplicaStorage): Promise<string[][]> {
  const ops = [...new Set(messages.flatMap(({ position, textAt }) => [position, textAt]))].sort((a, b) => a - b);
  const entries = await new Promise<LogEntry[]>((resolve) => storage.readRows(ops, resolve));
  const byOp = new Map(entries.map((entry) => [entry.op, entry]));
  return messages.map((message) => queueRow(message, byOp.get(message.position), byOp.get(message.textAt)));
}
