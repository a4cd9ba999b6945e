import { readAccountBody } from '../../../shared/account-body.ts';
import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, describeCall, positionOf, standingOf } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';

type AccountEvent = 'account:create' | 'account:delete' | 'session:open' | 'session:close' | 'session:close-all';

/**
 * What must not be done more often than was asked for. Log-ins may: the client library repeats them where it repeats nothing
 * else; and whether a log-in was still open when it was closed is not followed here.
 */
const COUNTED: ReadonlySet<AccountEvent> = new Set<AccountEvent>(['account:create', 'account:delete']);
const EVENTS: readonly AccountEvent[] = [
  'account:create',
  'account:delete',
  'session:open',
  'session:close',
  'session:close-all',
];

/**
 * R4, R18 for what changes accounts and log-ins, whose answers need not have a position: for each name, the log has as many of
 * them as were answered `ok`, and no more than were asked for and not refused.
 */
export function checkAccountCounts(calls: readonly Call[], history: CommittedHistory): string | null {
  for (const call of calls) {
    const position = positionOf(call);
    if (position === undefined || !['account:create', 'session:open'].includes(call.event)) continue;
    const entry = history.entry(position);
    const isThere =
      entry?.event === call.event && keyOfEntry(position, history) === nameKey(askedText(call, 'username') ?? '');
    if (!isThere || !history.tookEffect(position)) {
      return `acknowledged but missing: ${describeCall(call)} is answered ok at ${position}, where the log has ${entry?.event ?? 'nothing'}`;
    }
  }
  for (const event of EVENTS) {
    const violation = checkEvent(event, calls, history);
    if (violation) return violation;
  }
  return null;
}

function checkEvent(event: AccountEvent, calls: readonly Call[], history: CommittedHistory): string | null {
  const asked = groupByKey(calls.filter((call) => call.event === event));
  const done = new Map<string, number[]>();
  for (const { op } of history.entries.filter((entry) => entry.event === event)) {
    const key = keyOfEntry(op, history);
    if (history.tookEffect(op)) done.set(key, [...(done.get(key) ?? []), op]);
  }
  for (const key of new Set([...asked.keys(), ...done.keys()])) {
    const violation = compare(event, key, asked.get(key) ?? [], done.get(key) ?? []);
    if (violation) return violation;
  }
  return null;
}

function compare(event: AccountEvent, key: string, asked: readonly Call[], done: readonly number[]): string | null {
  const withStanding = (standing: string) => asked.filter((call) => standingOf(call) === standing);
  const acknowledged = withStanding('done').filter((call) => isSure(call, key));
  const at = done.length > 0 ? `only at ${done.join(', ')}` : 'nowhere';
  if (done.length < acknowledged.length) {
    const last = acknowledged[acknowledged.length - 1]!;
    return `acknowledged but missing: ${describeCall(last)}, one of ${acknowledged.length} answered ok for "${key}", is in the log ${at}`;
  }
  if (asked.length === 0)
    return `phantom: the log has a ${event} of "${key}" at ${done.join(', ')}, which nobody asked for`;
  const possible = withStanding('done').length + withStanding('open').length;
  if (!COUNTED.has(event) || done.length <= possible) return null;
  const [refused] = withStanding('refused');
  const what = refused ? `refused but done: ${describeCall(refused)} is refused for good` : 'done twice';
  return `${what}: "${key}" has ${event} at ${done.join(', ')}, and ${possible} of these were asked for and not refused`;
}

function groupByKey(calls: readonly Call[]): Map<string, Call[]> {
  const groups = new Map<string, Call[]>();
  for (const call of calls) {
    for (const key of keysOfCall(call)) groups.set(key, [...(groups.get(key) ?? []), call]);
  }
  return groups;
}

/** The names that the request is about: what it says itself, or whoever was logged in. */
function keysOfCall(call: Call): Set<string> {
  const username = askedText(call, 'username');
  return username === undefined ? call.speaksFor : new Set([nameKey(username)]);
}

function isSure(call: Call, key: string): boolean {
  const keys = keysOfCall(call);
  return keys.size === 1 && keys.has(key);
}

function keyOfEntry(position: number, history: CommittedHistory): string {
  const entry = history.entry(position)!;
  const account = entry.event === 'account:create' ? undefined : history.accounts.get(entry.account);
  return account?.key ?? readAccountBody(entry).nameKey;
}
