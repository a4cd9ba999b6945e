import { nameKey } from '../../../shared/names.ts';
import { type AccountList, isInRange } from './account-list-checker.ts';
import { askedText, type Call, describeCall, standingOf } from './calls.ts';
import { type TimedOperation, whyNotLinearizable } from './linearizability.ts';

/** Of one name: null while there is no such account, else its password. */
type Account = string | null;

type AccountOperation = TimedOperation<Account>;

/** What a read that the primary has confirmed (R17) tells of an account of that name. */
const WRONG = new Set(['wrong-password', 'no-such-account']);

/**
 * R17, R18: accounts are linearizable. For each name there is one order of what was done with it, in which everything took
 * effect between its question and its answer, and which explains all answers: creations, log-ins, changes of password, deletions, and lists
 * that a primary answered. A name is an object of its own, so that the search stays small.
 *
 * @param areRefusalsConfirmed whether a primary that refuses by its state has made sure that it is the primary. Otherwise
 *   `username-taken` may be old news and only says that the name was taken at some time
 */
export function checkAccounts(calls: readonly Call[], areRefusalsConfirmed: boolean): string | null {
  const byKey = new Map<string, AccountOperation[]>();
  const note = (key: string, operation: AccountOperation | undefined) => {
    if (operation) byKey.set(key, [...(byKey.get(key) ?? []), operation]);
  };
  for (const call of calls) {
    if (call.event === 'account:create') note(keyOf(call), creation(call, areRefusalsConfirmed));
    else if (call.event === 'session:open') note(keyOf(call), logIn(call));
    else if (call.event === 'account:password') for (const key of call.speaksFor) note(key, passwordChange(call));
    else if (call.event === 'account:delete') for (const key of call.speaksFor) note(key, deletion(call, calls));
  }
  for (const call of calls) {
    if (call.event !== 'account:list') continue;
    for (const key of byKey.keys()) note(key, listing(call, key));
  }
  for (const [key, operations] of byKey) {
    const broken = whyNotLinearizable<Account>(operations, null);
    if (!broken) continue;
    const before = broken.explained.map(({ name }) => name).slice(-6);
    const after = broken.stuckAt.map(({ name }) => name).join(' or ');
    return `not linearizable: account "${key}": after ${before.join(', ') || 'nothing'}, there is no place for ${after}`;
  }
  return areRefusalsConfirmed ? null : takenByNobody(calls);
}

function keyOf(call: Call): string {
  return nameKey(askedText(call, 'username') ?? '');
}

function operation(call: Call, answer: string, apply: (state: Account) => Account | undefined): AccountOperation {
  const isOpen = standingOf(call) === 'open';
  return {
    name: `${describeCall(call)}: ${isOpen ? 'open' : answer}`,
    from: call.askedIndex,
    until: isOpen ? Number.POSITIVE_INFINITY : call.answeredIndex,
    alike: `${call.event} ${askedText(call, 'password')}`,
    isRead: false,
    apply,
  };
}

/** Something that only looks at the account. */
function look(call: Call, answer: string, isPossible: (state: Account) => boolean): AccountOperation {
  return { ...operation(call, answer, (state) => (isPossible(state) ? state : undefined)), isRead: true };
}

function creation(call: Call, areRefusalsConfirmed: boolean): AccountOperation | undefined {
  const password = askedText(call, 'password') ?? '';
  if (standingOf(call) !== 'refused') return operation(call, 'ok', (state) => (state === null ? password : undefined));
  const isTaken = codeOf(call) === 'username-taken';
  if (!isTaken || !areRefusalsConfirmed) return undefined;
  return look(call, 'taken', (state) => state !== null);
}

function logIn(call: Call): AccountOperation | undefined {
  const password = askedText(call, 'password') ?? '';
  if (standingOf(call) === 'done') return look(call, 'ok', (state) => state === password);
  if (standingOf(call) === 'open' || !WRONG.has(codeOf(call))) return undefined;
  return look(call, codeOf(call), (state) => state !== password);
}

function passwordChange(call: Call): AccountOperation | undefined {
  const [password, newPassword] = [askedText(call, 'password'), askedText(call, 'newPassword') ?? ''];
  // Of an account whose name was taken anew it says nothing about this one.
  if (standingOf(call) === 'refused') return undefined;
  const whole = operation(call, 'ok', (state) => (state === password ? newPassword : undefined));
  const named = { ...whole, alike: `${whole.alike} ${newPassword}` };
  return call.speaksFor.size === 1 ? named : { ...named, until: Number.POSITIVE_INFINITY };
}

function deletion(call: Call, calls: readonly Call[]): AccountOperation | undefined {
  const standing = standingOf(call);
  if (standing === 'refused') return undefined;
  const password = askedText(call, 'password');
  // The password is verified before the deletion is put into the log: it may have been changed in between.
  const mayHaveChanged = calls.some(
    ({ event, askedIndex, answeredIndex }) =>
      event === 'account:password' && askedIndex < call.answeredIndex && answeredIndex > call.askedIndex,
  );
  const isRight = (state: Account) =>
    state !== null && (password === undefined || state === password || mayHaveChanged);
  const whole = operation(call, 'ok', (state) => (isRight(state) ? null : undefined));
  // When it is not sure which account it was for, it may have ended this one.
  return call.speaksFor.size === 1 ? whole : { ...whole, until: Number.POSITIVE_INFINITY };
}

function listing(call: Call, key: string): AccountOperation | undefined {
  if (!call.atPrimary || !call.result?.ok || !isInRange(call, key)) return undefined;
  const { accounts, more } = call.result.value as unknown as AccountList;
  const keys = accounts.map(({ username }) => nameKey(username));
  if (more && key > (keys[keys.length - 1] ?? '')) return undefined;
  const isListed = keys.includes(key);
  return look(call, isListed ? 'listed' : 'not listed', (state) => (state !== null) === isListed);
}

function codeOf({ result }: Call): string {
  return result?.ok === false ? result.error.code : '';
}

function takenByNobody(calls: readonly Call[]): string | null {
  for (const call of calls) {
    if (call.event !== 'account:create' || codeOf(call) !== 'username-taken') continue;
    const isPossible = calls.some(
      (other) =>
        other.event === 'account:create' &&
        keyOf(other) === keyOf(call) &&
        other !== call &&
        standingOf(other) !== 'refused' &&
        other.askedIndex < call.answeredIndex,
    );
    if (!isPossible) return `taken by nobody: ${describeCall(call)} is refused, but nobody had "${keyOf(call)}"`;
  }
  return null;
}
