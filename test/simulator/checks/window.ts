import { readAccountBody } from '../../../shared/account-body.ts';
import { readSchemas } from '../../../shared/api.ts';
import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call, type CheckedEvent, positionOf } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { highestAnswered } from './order-checker.ts';

/** The positions up to which the server that answered a read may have applied the log. */
export interface Window {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * R17: says for each read how old and how new its answer may be. Never older than what this run of the client had been told
 * or answered (`seen`), at a primary never older than what anybody had been answered before the question, and never newer
 * than the first thing that was only asked for after the answer.
 */
export class Windows {
  readonly #history: CommittedHistory;
  readonly #highestAnswered: (index: number) => number;
  readonly #seen: Map<Call, number>;
  /** By position: when the operation there was asked for, as far as that is known. */
  readonly #askedAt: readonly { position: number; index: number }[];

  constructor(
    events: readonly CheckedEvent[],
    calls: readonly Call[],
    positions: ReadonlyMap<Call, number>,
    history: CommittedHistory,
  ) {
    this.#history = history;
    this.#highestAnswered = highestAnswered(calls);
    this.#seen = seenBefore(events, calls, (call) => this.#enteredAt(call));
    this.#askedAt = [...positions].map(([call, position]) => ({ position, index: call.askedIndex }));
  }

  /** The highest position that this run of the client had met before it asked. */
  seen(call: Call): number {
    return this.#seen.get(call) ?? 0;
  }

  of(call: Call): Window {
    return this.#window(call, call.atPrimary);
  }

  /** Writes are judged by a primary only. */
  whenJudged(call: Call): Window {
    return this.#window(call, !(call.event in readSchemas) || call.atPrimary);
  }

  /** Of reads that are never older than what was acknowledged before they were asked, whoever answers them. */
  latest(call: Call): Window {
    return this.#window(call, true);
  }

  #window(call: Call, atPrimary: boolean): Window {
    const before = atPrimary ? this.#highestAnswered(call.askedIndex) : 0;
    let highest = this.#history.end;
    for (const { position, index } of this.#askedAt) {
      if (index > call.answeredIndex) highest = Math.min(highest, position - 1);
    }
    return { lowest: Math.max(this.seen(call), before), highest };
  }

  /** Where a log-in is in the log, at least: the library keeps the position to itself. */
  #enteredAt(call: Call): number {
    const key = nameKey(askedText(call, 'username') ?? '');
    const before = this.#highestAnswered(call.askedIndex);
    const found = this.#history.entries.find(
      (entry) =>
        entry.op > before &&
        this.#history.tookEffect(entry.op) &&
        entry.event === call.event &&
        (entry.event === 'account:create'
          ? readAccountBody(entry).nameKey
          : this.#history.accounts.get(entry.account)?.key) === key,
    );
    return found?.op ?? 0;
  }
}

function seenBefore(
  events: readonly CheckedEvent[],
  calls: readonly Call[],
  enteredAt: (call: Call) => number,
): Map<Call, number> {
  const callOf = new Map(calls.map((call) => [call.call, call]));
  const seen = new Map<string, number>();
  const before = new Map<Call, number>();
  for (const event of events) {
    const { client } = event;
    const rise = (position: unknown) => {
      if (typeof position === 'number') seen.set(client, Math.max(seen.get(client) ?? 0, position));
    };
    if (event.type === 'started') seen.delete(client);
    else if (event.type === 'told') rise(event.value.position);
    else if (event.type === 'asked') before.set(callOf.get(event.call)!, seen.get(client) ?? 0);
    else if (event.type === 'answered') {
      const call = callOf.get(event.call)!;
      // These name where a message is, or where to go on.
      if (call.event !== 'message:search' && call.event !== 'message:get') rise(positionOf(call));
      const isEntering = call.event === 'account:create' || call.event === 'session:open';
      if (isEntering && call.result?.ok) rise(enteredAt(call));
    }
  }
  return before;
}
