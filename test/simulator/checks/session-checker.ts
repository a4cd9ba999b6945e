import { type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { highestAnswered } from './order-checker.ts';

/**
 * R17, R25: once a log-in has ended, by a change of the password or because all were closed, and whoever did that was answered, nothing that is asked
 * over it is done.
 *
 * @param positions where each write is in the log
 */
export function checkSessions(
  calls: readonly Call[],
  positions: ReadonlyMap<Call, number>,
  history: CommittedHistory,
): string | null {
  const answeredBefore = highestAnswered(calls);
  const clientOf = clientsOf(positions, history);
  for (const [call, position] of positions) {
    const { client, account: id } = history.entry(position)!;
    const account = history.accounts.get(id);
    if (!account) continue;
    const before = answeredBefore(call.askedIndex);
    // Under which of its ids a client came in is known only if it did something else under it.
    const mine = account.logIns.filter(({ openedAtOp }) => {
      const opener = clientOf.get(history.entry(openedAtOp)!.client);
      return opener === undefined || opener === clientOf.get(client);
    });
    const isOpen = mine.some(({ openedAtOp, endedAtOp }) => openedAtOp < position && endedAtOp > before);
    if (isOpen) continue;
    const ended = Math.max(0, ...mine.map(({ endedAtOp }) => endedAtOp));
    return `done over a log-in that has ended: ${describeCall(call)} became operation ${position}, and its log-in was ended at ${ended}, which was acknowledged before it was asked`;
  }
  return null;
}

/** By the id under which it asked: which client that was. */
function clientsOf(positions: ReadonlyMap<Call, number>, history: CommittedHistory): Map<string, string> {
  return new Map([...positions].map(([call, position]) => [history.entry(position)!.client, call.client]));
}
