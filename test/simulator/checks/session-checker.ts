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
  const closings = closingsOf(calls, clientOf, answeredBefore, history);
  for (const [call, position] of positions) {
    const { client, account: id } = history.entry(position)!;
    const account = history.accounts.get(id);
    if (!account) continue;
    const closed = closings.filter(({ index }) => index < call.askedIndex).map(({ op }) => op);
    const before = Math.max(answeredBefore(call.askedIndex), ...closed);
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

/** When all log-ins were closed, and when that was answered: the answer does not say where it is in the log. */
function closingsOf(
  calls: readonly Call[],
  clientOf: ReadonlyMap<string, string>,
  answeredBefore: (index: number) => number,
  history: CommittedHistory,
): { op: number; index: number }[] {
  const entries = history.entries.filter(({ event, op }) => event === 'session:close-all' && history.tookEffect(op));
  return calls.flatMap((call) => {
    if (call.event !== 'session:close-all' || !call.result?.ok) return [];
    const before = answeredBefore(call.askedIndex);
    const entry = entries.find(({ client, op }) => op > before && clientOf.get(client) === call.client);
    return entry ? [{ op: entry.op, index: call.answeredIndex }] : [];
  });
}

/** By the id under which it asked: which client that was. */
function clientsOf(positions: ReadonlyMap<Call, number>, history: CommittedHistory): Map<string, string> {
  return new Map([...positions].map(([call, position]) => [history.entry(position)!.client, call.client]));
}
