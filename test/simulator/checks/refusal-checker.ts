import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { refusalsAt } from './judgement.ts';
import type { Window } from './window.ts';

/**
 * R17: a primary that refuses by its state has made sure that it is the primary. So what it says was true at some position
 * between the question and the answer: that the recipient or the own account was not there, or that the message was not, and so on.
 *
 * @param windowOf the positions at which a request may have been judged
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
    const changes = history.changesBetween(lowest, highest);
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

function roomKeyOf(call: Call): string {
  return nameKey(askedText(call, 'room') ?? askedText(call, 'to') ?? '');
}

/** What the state alone can say against a request, so that it has to be true of it. */
const OF_STATE: ReadonlySet<string> = new Set([
  'no-such-account',
  'no-such-message',
  'no-such-room',
  'room-taken',
  'not-a-member',
  'blocked',
  'forbidden',
]);

const ENTERING: ReadonlySet<string> = new Set(['account:create', 'session:open', 'account:delete']);

/** What a refusal says of the state at a position; undefined when it says nothing that could be checked. */
function statementOf(call: Call, code: string, history: CommittedHistory): ((position: number) => boolean) | undefined {
  if (!OF_STATE.has(code) || ENTERING.has(call.event)) return undefined;
  return (position) =>
    [...call.speaksFor].some((key) => {
      const by = history.accountAt(key, position);
      if (by) return refusalsAt({ call, by, position, history }).has(code);
      // Whoever is not there any more is told so, or that what it asked for is not: with an account, the rooms go in which nobody else was.
      return code === 'no-such-account' || (code === 'no-such-room' && !history.roomAt(roomKeyOf(call), position));
    });
}
