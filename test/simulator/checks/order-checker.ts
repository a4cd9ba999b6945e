import { type Call, describeCall, writtenAt } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';

/**
 * R18, rule 3 for clients: a client's messages are in the log in the order in which it sent them. R4: what is asked after an
 * answer lies above that answer's position, whoever asked. And a client id belongs to one client.
 *
 * @param positions where each write is in the log
 */
export function checkOrder(
  calls: readonly Call[],
  positions: ReadonlyMap<Call, number>,
  history: CommittedHistory,
): string | null {
  const lastOf = new Map<string, Call>();
  const ownerOf = new Map<string, string>();
  const placed = calls.filter((call) => positions.has(call));
  for (const call of placed) {
    const position = positions.get(call)!;
    if (call.event === 'message:send') {
      const last = lastOf.get(call.client);
      if (last && positions.get(last)! > position) {
        return `order: ${describeCall(call)} is operation ${position}, before the earlier ${describeCall(last)} at ${positions.get(last)}`;
      }
      lastOf.set(call.client, call);
    }
    const id = history.entry(position)!.client;
    const owner = ownerOf.get(id) ?? call.client;
    if (owner !== call.client)
      return `another's doing: ${describeCall(call)} became operation ${position}, under an id of ${owner}`;
    ownerOf.set(id, call.client);
  }
  const answeredBefore = highestAnswered(calls);
  for (const call of placed) {
    const before = answeredBefore(call.askedIndex);
    if (positions.get(call)! <= before) {
      return `order: ${describeCall(call)} is operation ${positions.get(call)}, but ${before} had been acknowledged before it was asked`;
    }
  }
  return null;
}

/** The highest position of a write that any client had been answered before that event. */
export function highestAnswered(calls: readonly Call[]): (index: number) => number {
  const answers = calls
    .filter((call) => writtenAt(call) !== undefined)
    .sort((a, b) => a.answeredIndex - b.answeredIndex);
  let highest = 0;
  const steps = answers.map((call) => {
    highest = Math.max(highest, writtenAt(call)!);
    return { index: call.answeredIndex, highest };
  });
  return (index) => {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle]!.index < index) low = middle + 1;
      else high = middle;
    }
    return steps[low - 1]?.highest ?? 0;
  };
}
