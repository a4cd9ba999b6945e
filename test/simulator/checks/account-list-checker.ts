import { LIST_DEFAULT_LIMIT } from '../../../shared/limits.ts';
import { nameKey } from '../../../shared/names.ts';
import type { LogEvent } from '../../../shared/operations.ts';
import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { Windows } from './window.ts';

export interface AccountList {
  readonly accounts: readonly { readonly username: string; readonly displayName?: string }[];
  readonly more: boolean;
}

const CHANGES: readonly LogEvent[] = ['account:create', 'account:delete', 'account:profile'];

/** R17: each list of accounts is the one of some position that the answer may stand for, so names in it are of one moment. */
export function checkAccountLists(calls: readonly Call[], windows: Windows, history: CommittedHistory): string | null {
  for (const call of calls) {
    if (call.event !== 'account:list' || !call.result?.ok) continue;
    const { accounts, more } = call.result.value as unknown as AccountList;
    const answered = shapeOf({ accounts, more });
    const { lowest, highest } = windows.of(call);
    const positions = history.changesBetween(lowest, highest, CHANGES);
    if (positions.some((position) => listAt(call, position, history) === answered)) continue;
    const newest = listAt(call, highest, history);
    const earlier = history
      .changesBetween(0, lowest, CHANGES)
      .find((position) => listAt(call, position, history) === answered);
    const kind = earlier === undefined ? 'wrong list' : 'stale read';
    const why =
      earlier === undefined ? `it is ${newest} at ${highest}` : `so it was at ${earlier}, but ${lowest} was met before`;
    return `${kind}: ${describeCall(call)} is answered with ${answered}; ${why}`;
  }
  return null;
}

/** Whether the list would have that name, were there an account of it. */
export function isInRange(call: Call, key: string): boolean {
  const after = askedText(call, 'after');
  if (after !== undefined && key <= nameKey(after)) return false;
  return patternOf(call).test(key);
}

function listAt(call: Call, position: number, history: CommittedHistory): string {
  const { limit } = call.ask;
  const most = typeof limit === 'number' ? limit : LIST_DEFAULT_LIMIT;
  const matching = history.presentAt(position).filter(({ key }) => isInRange(call, key));
  const accounts = matching.slice(0, most).map(({ username, displayName }) => {
    return { username, displayName: displayName.at(position) };
  });
  return shapeOf({ accounts, more: matching.length > most });
}

function shapeOf({ accounts, more }: AccountList): string {
  return JSON.stringify({ accounts: accounts.map(({ username, displayName = '' }) => [username, displayName]), more });
}

function patternOf(call: Call): RegExp {
  const pattern = nameKey(askedText(call, 'pattern') ?? '') || '*';
  const parts = [...pattern].map((character) => {
    if (character === '*') return '.*';
    return character === '?' ? '.' : character.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 'su');
}
