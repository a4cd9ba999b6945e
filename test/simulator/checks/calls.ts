import { nameKey } from '../../../shared/names.ts';
import type { AskedEvent, CallResult, ClientEvent } from '../client-events.ts';

/**
 * An event as the checkers read it. Whoever records the answer to a read and knows which server gave it says so here;
 * otherwise only what holds for every server is checked.
 */
export type CheckedEvent = ClientEvent & { servedAtPrimary?: boolean };

/** A request with its answer. Real time is the order of the recorded events. */
export interface Call {
  readonly client: string;
  readonly call: number;
  readonly event: AskedEvent;
  readonly ask: Readonly<Record<string, unknown>>;
  /** Place of the question among all events. */
  readonly askedIndex: number;
  /** Place of the answer among all events; Infinity while there is none. */
  answeredIndex: number;
  result: CallResult | undefined;
  /** The answer came from a server that was the primary. */
  atPrimary: boolean;
  /** How often the client had been started before. */
  readonly run: number;
  /** Name keys of the accounts for which the client may have spoken; almost always one. */
  readonly speaksFor: Set<string>;
}

/** Whether the request took effect, as far as its client was told. */
export type Standing = 'done' | 'refused' | 'open';

/** A recording that cannot be one of any program: a fault of whoever made it. */
export class BrokenRecording extends Error {}

/** `open`: no answer, or one that leaves open whether it took effect. */
export function standingOf({ result }: Call): Standing {
  if (result === undefined) return 'open';
  if (result.ok) return 'done';
  return result.error.definite ? 'refused' : 'open';
}

/** The position in the answer, if it was `ok` and has one. */
export function positionOf({ result }: Call): number | undefined {
  const position = result?.ok ? result.value.position : undefined;
  return typeof position === 'number' ? position : undefined;
}

/** Reads whose answers have a position too. */
const READS: ReadonlySet<AskedEvent> = new Set<AskedEvent>([
  'message:get',
  'message:history',
  'message:search',
  'conversation:list',
]);

/** Likewise, of what has become an operation of the log. */
export function writtenAt(call: Call): number | undefined {
  return READS.has(call.event) ? undefined : positionOf(call);
}

/** A field of what was asked, when it is a text. */
export function askedText({ ask }: Call, field: string): string | undefined {
  const value = ask[field];
  return typeof value === 'string' ? value : undefined;
}

export function describeCall(call: Call): string {
  return `${call.event} of ${call.client} (call ${call.call})`;
}

const ENTERING: ReadonlySet<AskedEvent> = new Set<AskedEvent>(['account:create', 'session:open']);
const LEAVING: ReadonlySet<AskedEvent> = new Set<AskedEvent>(['session:close', 'session:close-all', 'account:delete']);

/** Follows who each client speaks for. */
export class LogIns {
  readonly #names = new Map<string, Set<string>>();
  readonly #ever = new Map<string, Set<string>>();

  /** Name keys of the accounts as which the client may be logged in. */
  of(client: string): ReadonlySet<string> {
    return this.#names.get(client) ?? new Set();
  }

  /** @returns whether what the client was told before is forgotten: it left, or speaks for another account from now on */
  onAnswered(call: Call): boolean {
    if (!call.result?.ok) return false;
    const before = this.of(call.client);
    if (LEAVING.has(call.event)) {
      this.#names.delete(call.client);
      return true;
    }
    if (!ENTERING.has(call.event)) return false;
    const key = enteredKey(call);
    this.#names.set(call.client, new Set([key]));
    this.#ever.set(call.client, new Set([...(this.#ever.get(call.client) ?? []), key]));
    return before.size !== 1 || !before.has(key);
  }

  /** A crash may undo what was not synced; and what was under way may have been written down before anybody was told. */
  onCrash(client: string, underWay: Iterable<Call>): void {
    const entered = [...underWay].filter(({ event }) => ENTERING.has(event)).map(enteredKey);
    const ever = new Set([...(this.#ever.get(client) ?? []), ...entered]);
    this.#ever.set(client, ever);
    this.#names.set(client, ever);
  }
}

function enteredKey(call: Call): string {
  const answered = call.result?.ok ? call.result.value.username : undefined;
  return nameKey(typeof answered === 'string' ? answered : (askedText(call, 'username') ?? ''));
}

/**
 * Joins questions and answers, in the order of the questions.
 *
 * @throws BrokenRecording when an answer has no question or comes twice, or when time goes back
 */
export function callsOf(events: readonly CheckedEvent[]): Call[] {
  const calls = new Map<number, Call>();
  const underWay = new Map<string, Set<Call>>();
  const runs = new Map<string, number>();
  const logIns = new LogIns();
  let atMs = Number.NEGATIVE_INFINITY;
  for (const [index, event] of events.entries()) {
    if (event.atMs < atMs) throw new BrokenRecording(`event ${index} is at ${event.atMs} ms, after one at ${atMs} ms`);
    atMs = event.atMs;
    const { client } = event;
    const open = underWay.get(client) ?? new Set<Call>();
    underWay.set(client, open);
    if (event.type === 'asked') {
      if (calls.has(event.call)) throw new BrokenRecording(`call ${event.call} is asked twice`);
      const run = runs.get(client) ?? 0;
      const call = newCall(event, index, run, logIns.of(client));
      calls.set(event.call, call);
      open.add(call);
    } else if (event.type === 'answered') {
      const call = calls.get(event.call);
      if (!call || call.result) throw new BrokenRecording(`call ${event.call} is answered twice, or was never asked`);
      call.result = event.result;
      call.answeredIndex = index;
      call.atPrimary = event.servedAtPrimary ?? false;
      open.delete(call);
      // What is asked again after another log-in is asked as that one.
      if (logIns.onAnswered(call)) for (const one of open) for (const key of logIns.of(client)) one.speaksFor.add(key);
    } else if (event.type === 'crashed') {
      logIns.onCrash(client, open);
      open.clear();
    } else if (event.type === 'started') {
      runs.set(client, (runs.get(client) ?? 0) + 1);
    }
  }
  return [...calls.values()];
}

function newCall(
  { client, call, event, ask }: ClientEvent & { type: 'asked' },
  askedIndex: number,
  run: number,
  speaksFor: ReadonlySet<string>,
): Call {
  const said = ask.account ?? ask.from;
  const names = typeof said === 'string' ? [nameKey(said)] : speaksFor;
  const unanswered = { answeredIndex: Number.POSITIVE_INFINITY, result: undefined, atPrimary: false };
  return { client, call, event, ask, askedIndex, ...unanswered, run, speaksFor: new Set(names) };
}
