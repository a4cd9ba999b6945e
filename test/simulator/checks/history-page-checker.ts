import { LIST_DEFAULT_LIMIT } from '../../../shared/limits.ts';
import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { type ExpectedPage, endNamed, pageAt } from './committed-pages.ts';
import { type LoggedAccount, shapeOfMessage } from './logged.ts';
import type { Window, Windows } from './window.ts';

/** What is compared of an answer to `message:history`. */
interface Page {
  messages: readonly Record<string, unknown>[];
  deletions: readonly { id: string; position: number }[];
  changes: readonly { position: number; message: Record<string, unknown> }[];
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
  // A page that is not the last does not change by messages that come later.
  const changes = history.changesBetween(lowest, highest).filter((op) => history.entry(op)?.event !== 'message:send');
  for (const position of lowest > highest
    ? []
    : [...changes.filter((op) => op > lowest).map((op) => op - 1), highest]) {
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
  const { after, before, limit } = call.ask;
  const name = askedText(call, 'with');
  const other = name === undefined ? undefined : endNamed(history, account, nameKey(name), position);
  if (name !== undefined && !other) return `at ${position} there is no conversation with ${name}`;
  const expected = pageAt(
    history,
    account,
    {
      ...(typeof after === 'number' ? { after } : {}),
      ...(typeof before === 'number' ? { before } : {}),
      ...(other ? { other } : {}),
      limit: typeof limit === 'number' ? limit : LIST_DEFAULT_LIMIT,
    },
    position,
  );
  const [answered, wanted] = [shapeOf(page), shapeOf(expected)];
  if (answered === wanted) return null;
  return `at ${position} the history of ${account.username} is ${wanted}, not ${answered}`;
}

/** A page as text: equal exactly when nothing that matters differs. */
function shapeOf({ messages, deletions, changes, position, more }: Page | ExpectedPage): string {
  const gone = deletions.map((deletion) => [deletion.id, deletion.position]);
  const changed = changes.map((change) => [change.position, shapeOfMessage(change.message)]);
  return JSON.stringify({ messages: messages.map(shapeOfMessage), deletions: gone, changes: changed, position, more });
}
