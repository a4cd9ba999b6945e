import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { highestAnswered } from './order-checker.ts';

/** How the simulator's hashes begin; what follows is the password. */
const HASHED = 'plain ';
const OF_LOG_INS: ReadonlySet<string> = new Set([
  'account:create',
  'account:delete',
  'account:password',
  'session:open',
  'session:close',
  'session:close-all',
]);

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

/**
 * R17: what is done over a log-in is done while the account has the password that was given for it: with another one, that log-in would have ended.
 *
 * @param positions where each write is in the log
 */
export function checkPasswords(
  calls: readonly Call[],
  positions: ReadonlyMap<Call, number>,
  history: CommittedHistory,
): string | null {
  const answeredBefore = highestAnswered(calls);
  for (const [call, position] of positions) {
    if (call.event === 'account:password') continue;
    const hashes = history.accounts.get(history.entry(position)!.account)?.passwordHash;
    const hash = hashes?.at(position) ?? '';
    // What was under way when the password was changed may still be done.
    if (!hash.startsWith(HASHED) || hashes!.setAt(position) > answeredBefore(call.askedIndex)) continue;
    const given = passwordGiven(call, calls);
    if (given === undefined || hash === HASHED + given) continue;
    return `done with a former password: ${describeCall(call)} became operation ${position}, after a log-in with "${given}", when the password was "${hash.slice(HASHED.length)}"`;
  }
  return null;
}

/** With which password its client had logged in; undefined when that cannot be told for sure. */
function passwordGiven(call: Call, calls: readonly Call[]): string | undefined {
  const before = calls.filter(
    ({ client, event, askedIndex }) =>
      client === call.client && OF_LOG_INS.has(event) && askedIndex < call.answeredIndex,
  );
  const last = before.at(-1);
  const isEntering = last?.event === 'session:open' || last?.event === 'account:create';
  if (!isEntering || !last.result?.ok || last.answeredIndex > call.askedIndex) return undefined;
  return askedText(last, 'password');
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
