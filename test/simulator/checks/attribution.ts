import { nameKey } from '../../../shared/names.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import type { AskedEvent } from '../client-events.ts';
import { askedText, type Call, describeCall, positionOf, standingOf, writtenAt } from './calls.ts';
import { CLAIM_KEYS } from './claim-keys.ts';
import type { CommittedHistory } from './committed-history.ts';
import { isRoom } from './logged.ts';

/** Which operation of the log each write of a client became. */
export interface Attribution {
  /** The place in the log of all that is answered with it, but log-ins and creations of accounts; absent when it did not take effect. */
  readonly positions: ReadonlyMap<Call, number>;
  readonly violation: string | null;
}

/**
 * R4, R18: what was answered `ok` is in the log where the answer says, once, as it was asked; what was refused never took
 * effect; of the rest, each took effect at most once; and nothing is in the log that nobody asked for. A message is known
 * by its text, so those that are sent alike are told apart by their answers, then by their order.
 */
export function attribute(calls: readonly Call[], history: CommittedHistory): Attribution {
  const positions = new Map<Call, number>();
  const attribution = (violation: string | null) => ({ positions, violation });
  for (const event of Object.keys(CLAIM_KEYS) as AskedEvent[]) {
    const violation = new Claims(calls, event, history).settle(positions);
    if (violation) return attribution(violation);
  }
  for (const [call, position] of positions) {
    const violation = whyDifferent(call, position, history);
    if (violation) return attribution(violation);
  }
  return attribution(answeredTwice(calls));
}

/** No two requests may have become one operation. */
function answeredTwice(calls: readonly Call[]): string | null {
  const byPosition = new Map<number, Call>();
  for (const call of calls) {
    const position = writtenAt(call);
    if (position === undefined) continue;
    const other = byPosition.get(position);
    if (other)
      return `one for two: ${describeCall(other)} and ${describeCall(call)} are both answered with ${position}`;
    byPosition.set(position, call);
  }
  return null;
}

/** All requests of one kind, and the operations that they became. */
class Claims {
  readonly #event: AskedEvent;
  readonly #history: CommittedHistory;
  readonly #calls = new Map<string, Call[]>();
  readonly #entries = new Map<string, LogEntry[]>();

  /** @param event one of which there are claim keys */
  constructor(calls: readonly Call[], event: AskedEvent, history: CommittedHistory) {
    this.#event = event;
    this.#history = history;
    const key = CLAIM_KEYS[event]!;
    for (const call of calls) if (call.event === event) addTo(this.#calls, key.of(call), call);
    for (const entry of history.entries) {
      if (entry.event === event && history.tookEffect(entry.op)) addTo(this.#entries, key.at(entry, history), entry);
    }
  }

  settle(positions: Map<Call, number>): string | null {
    for (const [name, calls] of this.#calls) {
      const entries = new Map(this.#entries.get(name)?.map((entry) => [entry.op, entry]));
      for (const call of calls) {
        if (standingOf(call) !== 'done') continue;
        const position = positionOf(call);
        if (position === undefined) return `no position: ${describeCall(call)} is answered ok without one`;
        if (!entries.delete(position)) return this.#whyMissing(call, position, name);
        positions.set(call, position);
      }
      const violation = this.#settleRest(name, calls, [...entries.values()], positions);
      if (violation) return violation;
    }
    for (const [name, [entry]] of this.#entries) {
      if (this.#calls.has(name)) continue;
      return `phantom: operation ${entry!.op} is a ${this.#event} of ${JSON.stringify(name)}, which nobody asked for`;
    }
    return null;
  }

  #whyMissing(call: Call, position: number, name: string): string {
    const there = this.#history.entry(position);
    const instead = there ? `a ${there.event}` : 'nothing';
    const alike = this.#entries.get(name)?.map(({ op }) => op) ?? [];
    const elsewhere = alike.length > 0 ? `; the log has it at ${alike.join(', ')}` : '; the log has it nowhere';
    return `acknowledged but missing: ${describeCall(call)} is answered ok at ${position}, where the log has ${instead}${elsewhere}`;
  }

  /** What is in the log without an answer that says so. */
  #settleRest(
    name: string,
    calls: readonly Call[],
    rest: readonly LogEntry[],
    positions: Map<Call, number>,
  ): string | null {
    if (rest.length === 0) return null;
    const open = calls.filter((call) => standingOf(call) === 'open');
    if (open.length < rest.length) {
      const refused = calls.find((one) => standingOf(one) === 'refused');
      const last = rest[rest.length - 1]!.op;
      if (refused) return `refused but done: ${describeCall(refused)} is refused for good, and operation ${last} is it`;
      const places = this.#entries.get(name)!.map(({ op }) => op);
      return `done twice: ${describeCall(calls[0]!)} took effect at ${places.join(' and ')}`;
    }
    for (const [call, entry] of this.#pairsOf(open, rest)) positions.set(call, entry.op);
    return null;
  }

  /** Which of the requests without an answer became which operation, as far as anybody can say. */
  #pairsOf(open: readonly Call[], rest: readonly LogEntry[]): [Call, LogEntry][] {
    const fitting = open.filter((call) => rest.some((entry) => mayBeOf(call, entry, this.#history)));
    const takers = fitting.length > 0 ? fitting : open;
    const areOfOneClient = takers.every(({ client }) => client === takers[0]!.client);
    if (areOfOneClient && takers.length === rest.length) return rest.map((entry, place) => [takers[place]!, entry]);
    return rest.flatMap((entry): [Call, LogEntry][] => {
      const possible = takers.filter((call) => mayBeOf(call, entry, this.#history));
      return possible.length === 1 ? [[possible[0]!, entry]] : [];
    });
  }
}

function mayBeOf(call: Call, entry: LogEntry, history: CommittedHistory): boolean {
  const by = history.accounts.get(entry.account);
  return !by || call.speaksFor.size === 0 || call.speaksFor.has(by.key);
}

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

/** Whether the operation is what was asked, by whom it was asked, and as the answer says. */
function whyDifferent(call: Call, position: number, history: CommittedHistory): string | null {
  const entry = history.entry(position)!;
  if (!mayBeOf(call, entry, history)) {
    const { username } = history.accounts.get(entry.account)!;
    return `another's doing: ${describeCall(call)} became operation ${position}, as ${username}`;
  }
  if (call.event === 'message:edit' && call.result?.ok && call.result.value.at !== entry.time)
    return `wrong answer: ${describeCall(call)} is answered with ${call.result.value.at}, operation ${position} has ${entry.time}`;
  if (call.event !== 'message:send') return null;
  const message = history.messages.get(entry.id)!;
  const to = askedText(call, 'to');
  if (to !== undefined && nameKey(to) !== message.to.key) {
    const name = isRoom(message.to) ? message.to.name : message.to.username;
    return `wrong recipient: ${describeCall(call)} is for ${to}, operation ${position} for ${name}`;
  }
  if (message.replyTo !== askedText(call, 'replyTo')) {
    return `wrong reply: ${describeCall(call)} became operation ${position}, which answers ${message.replyTo ?? 'nothing'}`;
  }
  if (!call.result?.ok) return null;
  const { id, at } = call.result.value;
  if (id === entry.id && at === entry.time) return null;
  return `wrong answer: ${describeCall(call)} is answered with id ${id} at ${at}, operation ${position} has ${entry.id} at ${entry.time}`;
}
