import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { endNamed, readAt } from './committed-pages.ts';
import { type LoggedAccount, shapeOfMessage, shownAt } from './logged.ts';
import type { Windows } from './window.ts';

/** What a search would find at a position, by message: how it looks then. */
type Found = ReadonlyMap<string, string>;

/**
 * R17: a search reads page after page, each at a moment of its own: what it finds was so at some position that the answer may stand for, and what could be found
 * at all of them is found.
 */
export function checkSearches(calls: readonly Call[], windows: Windows, history: CommittedHistory): string | null {
  for (const call of calls) {
    if (call.event !== 'message:search' || !call.result?.ok) continue;
    const { lowest, highest } = windows.of(call);
    const moments = history.changesBetween(lowest, highest).flatMap((position) => foundAt(call, position, history));
    const { messages, more } = call.result.value as { messages: Record<string, unknown>[]; more: boolean };
    const wrong = messages.find((one) => !moments.some((found) => found.get(String(one.id)) === shapeOfMessage(one)));
    if (wrong)
      return `wrong answer: ${describeCall(call)} finds ${shapeOfMessage(wrong)}, which was not so from ${lowest} to ${highest}`;
    const ids = messages.map(({ id }) => String(id));
    // It ends when it has found enough.
    const above = more ? Number(messages[0]?.position ?? Number.POSITIVE_INFINITY) : 0;
    const missing = [...(moments[0]?.keys() ?? [])].find(
      (id) =>
        !ids.includes(id) && history.messages.get(id)!.position > above && moments.every((found) => found.has(id)),
    );
    if (missing !== undefined) return `wrong answer: ${describeCall(call)} does not find ${missing}`;
    const positions = messages.map(({ position }) => Number(position));
    const isInOrder = positions.every((position, index) => index === 0 || position > positions[index - 1]!);
    if (!isInOrder) return `wrong answer: ${describeCall(call)} finds messages in the order ${positions.join(', ')}`;
  }
  return null;
}

/** For each account as which it may have been asked. A run has fewer messages than one search looks at. */
function foundAt(call: Call, position: number, history: CommittedHistory): Found[] {
  const accounts = [...call.speaksFor].flatMap((key) => history.accountAt(key, position) ?? []);
  return accounts.flatMap((account) => foundBy(account, call, position, history));
}

function foundBy(account: LoggedAccount, call: Call, position: number, history: CommittedHistory): Found[] {
  const name = askedText(call, 'with');
  const other = name === undefined ? undefined : endNamed(history, account, nameKey(name), position);
  if (name !== undefined && !other) return [];
  const text = (askedText(call, 'text') ?? '').toLowerCase();
  const before = typeof call.ask.before === 'number' ? call.ask.before : Number.POSITIVE_INFINITY;
  const found = readAt(history, account, other, position).filter(
    (message) => message.position < before && message.text.at(position).body.toLowerCase().includes(text),
  );
  return [new Map(found.map((message) => [message.id, shapeOfMessage(shownAt(message, position))]))];
}
