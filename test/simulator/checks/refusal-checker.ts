import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, describeCall } from './calls.ts';
import { type CommittedHistory, isPresentAt, type LoggedMessage } from './committed-history.ts';
import type { Window } from './window.ts';

/**
 * R17: a primary that refuses by its state has made sure that it is the primary. So what it says was true at some position
 * between the question and the answer: that the recipient or the own account was not there, or that the message was not.
 *
 * @param windowOf the positions at which a write may have been judged
 */
export function checkRefusals(
  calls: readonly Call[],
  windowOf: (call: Call) => Window,
  history: CommittedHistory,
): string | null {
  for (const call of calls) {
    if (call.result?.ok !== false || !call.result.error.definite) continue;
    const isTrueAt = statementOf(call, call.result.error.code, history);
    if (!isTrueAt) continue;
    const { lowest, highest } = windowOf(call);
    const changes = history.changesBetween(lowest, highest, [
      ...(['account:create', 'account:delete', 'message:send', 'message:delete'] as const),
    ]);
    if (changes.some(isTrueAt) || hasWaitedForItsEnd(call, calls)) continue;
    return `refused without a reason: ${describeCall(call)} is refused with ${call.result.error.code}, which was not so from ${lowest} to ${highest}`;
  }
  return null;
}

/** It waited behind the deletion of its own account. If the name was taken anew meanwhile, that is somebody else. */
function hasWaitedForItsEnd(call: Call, calls: readonly Call[]): boolean {
  return calls.some(
    ({ client, event, result, askedIndex, answeredIndex }) =>
      client === call.client &&
      event === 'account:delete' &&
      result?.ok === true &&
      askedIndex < call.askedIndex &&
      answeredIndex > call.askedIndex &&
      answeredIndex < call.answeredIndex,
  );
}

/** What a refusal says of the state at a position; undefined when it says nothing that could be checked. */
function statementOf(call: Call, code: string, history: CommittedHistory): ((position: number) => boolean) | undefined {
  const isAway = (key: string) => (position: number) => history.accountAt(key, position) === undefined;
  const to = askedText(call, 'to');
  if (call.event === 'message:send' && code === 'no-such-account' && to !== undefined) {
    const keys = [nameKey(to), ...call.speaksFor];
    return (position) => keys.some((key) => isAway(key)(position));
  }
  if (call.event !== 'message:delete') return undefined;
  const message = history.messages.get(askedText(call, 'id') ?? '');
  if (code === 'no-such-message') return (position) => !message || !isKeptAt(message, position);
  if (code !== 'forbidden') return undefined;
  // A name that was taken anew is another account, which has not sent what the former one did.
  return (position) => [...call.speaksFor].some((key) => history.accountAt(key, position) !== message?.from);
}

/** A message that concerns nobody any more is forgotten. */
function isKeptAt({ position: sentAt, deletedAtOp, from, to }: LoggedMessage, position: number): boolean {
  const concernsSomebody = isPresentAt(from, position) || isPresentAt(to, position);
  return sentAt <= position && position < deletedAtOp && concernsSomebody;
}
