import { LIST_DEFAULT_LIMIT } from '../../../shared/limits.ts';
import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory, ExpectedPage, LoggedAccount } from './committed-history.ts';
import type { Window, Windows } from './window.ts';

/** What is compared of an answer to `message:history`. */
interface Page {
  messages: readonly Record<string, unknown>[];
  deletions: readonly { id: string; position: number }[];
  position: number;
  more: boolean;
}

/**
 * R17: each page of history is what the committed history says for the account at some position that the answer may stand
 * for; at the very position it names when it says that nothing more is there. Pages of more than a megabyte are not expected.
 */
export function checkHistoryPages(calls: readonly Call[], windows: Windows, history: CommittedHistory): string | null {
  for (const call of calls) {
    if (call.event !== 'message:history' || !call.result?.ok) continue;
    const violation = whyWrongPage(call, call.result.value as unknown as Page, windows, history);
    if (violation) return violation;
  }
  return null;
}

function whyWrongPage(call: Call, page: Page, windows: Windows, history: CommittedHistory): string | null {
  const window = windows.of(call);
  const isForwards = typeof call.ask.after === 'number';
  const standsFor = `${describeCall(call)} is answered for position ${page.position}`;
  if (isForwards && page.more) {
    // It names where the next page goes on, and not up to where the server has applied the log.
    if (page.position > window.highest) return `phantom: ${standsFor}, which did not exist yet`;
    return compareAnywhere(call, page, { ...window, lowest: Math.max(window.lowest, page.position) }, history);
  }
  if (page.position > window.highest) return `phantom: ${standsFor}, which did not exist yet`;
  if (page.position < windows.seen(call))
    return `stale read: ${standsFor}, but its client had met ${windows.seen(call)}`;
  if (page.position < window.lowest) {
    return `stale read: ${standsFor} by the primary, but ${window.lowest} had been acknowledged before`;
  }
  return compareAnywhere(call, page, { lowest: page.position, highest: page.position }, history);
}

function compareAnywhere(
  call: Call,
  page: Page,
  { lowest, highest }: Window,
  history: CommittedHistory,
): string | null {
  let closest: string | null = null;
  // A page that is not the last changes by these alone; messages that come later only make that it is not the last.
  const changes = history.changesBetween(lowest, highest, ['account:create', 'account:delete', 'message:delete']);
  for (const position of lowest > highest ? [] : [...changes.slice(1).map((change) => change - 1), highest]) {
    const difference = differenceAt(call, page, position, history);
    if (difference === null) return null;
    closest ??= difference;
  }
  closest ??= `it may stand for no position: at least ${lowest}, at most ${highest}`;
  return `wrong page: ${describeCall(call)}: ${closest}`;
}

/** @returns null when a server at that position answers so */
function differenceAt(call: Call, page: Page, position: number, history: CommittedHistory): string | null {
  const accounts = [...call.speaksFor].flatMap((key) => history.accountAt(key, position) ?? []);
  if (accounts.length === 0) return `at ${position} there is no account ${[...call.speaksFor].join(' or ')}`;
  const differences = accounts.map((account) => difference(call, page, account, position, history));
  return differences.includes(null) ? null : differences[0]!;
}

function difference(
  call: Call,
  page: Page,
  account: LoggedAccount,
  position: number,
  history: CommittedHistory,
): string | null {
  const name = askedText(call, 'with');
  if (name === undefined) return differenceWith(call, page, account, undefined, position, history);
  const named = namedBy(account, nameKey(name), position, history);
  if (named.length === 0) return `at ${position} there is no account ${name}`;
  const differences = named.map((other) => differenceWith(call, page, account, other, position, history));
  return differences.includes(null) ? null : differences[0]!;
}

/** The present account of that name, or else deleted ones that the account can still read something of. */
function namedBy(
  account: LoggedAccount,
  key: string,
  position: number,
  history: CommittedHistory,
): readonly LoggedAccount[] {
  const present = history.accountAt(key, position);
  if (present) return [present];
  const partners = history
    .itemsOf(account)
    .filter(({ position: at, message }) => at <= position && message.deletedAtOp > position)
    .flatMap(({ message }) => [message.from, message.to]);
  return history.accountsWith(key).filter((other) => other.createdAtOp <= position && partners.includes(other));
}

function differenceWith(
  call: Call,
  page: Page,
  account: LoggedAccount,
  other: LoggedAccount | undefined,
  position: number,
  history: CommittedHistory,
): string | null {
  const { after, before, limit } = call.ask;
  const expected = history.pageAt(
    account,
    {
      ...(typeof after === 'number' ? { after } : {}),
      ...(typeof before === 'number' ? { before } : {}),
      ...(other ? { other } : {}),
      limit: typeof limit === 'number' ? limit : LIST_DEFAULT_LIMIT,
    },
    position,
  );
  const [answered, wanted] = [shapeOf(page), shapeOf(asPage(expected, position))];
  if (answered === wanted) return null;
  return `at ${position} the history of ${account.username} is ${wanted}, not ${answered}`;
}

function asPage({ messages, deletions, position, more }: ExpectedPage, at: number): Page {
  const shown = messages.map((message) => ({
    ...message,
    from: message.from.username,
    to: message.to.username,
    fromDeleted: message.from.deletedAtOp <= at,
  }));
  return { messages: shown, deletions, position, more };
}

/** A page as text: equal exactly when nothing that matters differs. */
function shapeOf({ messages, deletions, position, more }: Page): string {
  const shown = messages.map(({ id, position, from, fromDeleted, to, body, at }) => [
    ...[id, position, from, fromDeleted === true ? 'deleted' : '', to, body, at],
  ]);
  const gone = deletions.map((deletion) => [deletion.id, deletion.position]);
  return JSON.stringify({ messages: shown, deletions: gone, position, more });
}
