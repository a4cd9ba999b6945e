import { type Call, type CheckedEvent, LogIns } from './calls.ts';
import type { CommittedHistory, LoggedAccount, LoggedItem } from './committed-history.ts';

type ToldEvent = CheckedEvent & { type: 'told' };

/** One run of a client, as one account: positions only rise in it. */
interface Segment {
  last: number;
  readonly told: Set<number>;
  /** The accounts for whose sake something was told. */
  readonly concerned: Set<LoggedAccount>;
  /** After a crash it may be unknown as whom the client goes on: then nothing can be missed. */
  isSure: boolean;
}

function emptySegment(): Segment {
  return { last: 0, told: new Set(), concerned: new Set(), isSure: true };
}

/** Rules 8 and 9 for clients: what a client is told is true, in order, once, whole, and concerns it. */
export function checkTold(
  events: readonly CheckedEvent[],
  calls: readonly Call[],
  positions: ReadonlyMap<Call, number>,
  history: CommittedHistory,
): string | null {
  const callOf = new Map(calls.map((call) => [call.call, call]));
  const askedAt = new Map([...positions].map(([call, position]) => [position, call.askedIndex]));
  const logIns = new LogIns();
  const listeners = new Map<string, Listener>();
  for (const [index, event] of events.entries()) {
    const listener = listeners.get(event.client) ?? new Listener(event.client, history);
    listeners.set(event.client, listener);
    let violation: string | null = null;
    if (event.type === 'told') {
      const item = itemOf(event, history);
      violation = typeof item === 'string' ? item : whyTooEarly(event, item, index, askedAt);
      if (!violation) violation = listener.hear(event, item as LoggedItem, logIns.of(event.client));
    } else if (event.type === 'started') {
      violation = listener.endSegment();
    } else if (event.type === 'crashed') {
      logIns.onCrash(event.client, callsUnderWay(event.client, index, calls));
    } else if (event.type === 'answered' && logIns.onAnswered(callOf.get(event.call)!)) {
      violation = listener.endSegment();
    }
    if (violation) return violation;
  }
  for (const listener of listeners.values()) {
    const violation = listener.endSegment();
    if (violation) return violation;
  }
  return null;
}

function callsUnderWay(client: string, index: number, calls: readonly Call[]): Call[] {
  return calls.filter((call) => call.client === client && call.askedIndex < index && call.answeredIndex > index);
}

/** What the log says about what was told, or a sentence when it says something else. */
function itemOf({ client, kind, value }: ToldEvent, history: CommittedHistory): LoggedItem | string {
  const { id, position } = value;
  const message = history.messages.get(String(id));
  const what = `${client} is told ${kind} ${id} at ${position}`;
  if (!message) return `phantom: ${what}, which is not in the log`;
  if (kind === 'message-deleted') {
    if (message.deletedAtOp !== position)
      return `phantom: ${what}, but the log has its deletion at ${message.deletedAtOp}`;
    return { position: message.deletedAtOp, message, isDeletion: true };
  }
  const expected = { position: message.position, at: message.at, from: message.from.username, to: message.to.username };
  for (const [field, wanted] of Object.entries({ ...expected, body: message.body })) {
    if (value[field] === wanted) continue;
    return `told wrong: ${what} with ${field} ${JSON.stringify(value[field])}, the log has ${JSON.stringify(wanted)}`;
  }
  return { position: message.position, message, isDeletion: false };
}

function whyTooEarly({ client }: ToldEvent, { position }: LoggedItem, index: number, askedAt: Map<number, number>) {
  if ((askedAt.get(position) ?? -1) < index) return null;
  return `phantom: ${client} is told of operation ${position} before anybody asked for it`;
}

/** Follows what one client is told. */
class Listener {
  readonly #client: string;
  readonly #history: CommittedHistory;
  #segment = emptySegment();
  /** The highest position that each account's items were told at in earlier segments: it may have been kept, or not. */
  readonly #toldBefore = new Map<LoggedAccount, number>();

  constructor(client: string, history: CommittedHistory) {
    this.#client = client;
    this.#history = history;
  }

  hear({ kind }: ToldEvent, item: LoggedItem, names: ReadonlySet<string>): string | null {
    const { position, message } = item;
    const { last, told } = this.#segment;
    if (told.has(position)) return `told twice: ${this.#client} is told operation ${position} again`;
    if (position < last) return `told out of order: ${this.#client} is told operation ${position} after ${last}`;
    if (![message.from, message.to].some(({ key }) => names.has(key))) {
      const as = [...names].join(' or ') || 'nobody';
      return `told a stranger: ${this.#client}, logged in as ${as}, is told ${kind} ${message.id} of ${message.from.username} and ${message.to.username}`;
    }
    told.add(position);
    this.#segment.last = position;
    for (const side of [message.from, message.to]) if (names.has(side.key)) this.#segment.concerned.add(side);
    if (names.size > 1) this.#segment.isSure = false;
    return null;
  }

  /** What is told from now on may have been told before. */
  endSegment(): string | null {
    const { told, concerned, isSure } = this.#segment;
    for (const account of concerned) {
      const violation = isSure ? this.#whyNotWhole(account, told) : null;
      if (violation) return violation;
      const heard = this.#heardOf(account, told);
      this.#toldBefore.set(account, Math.max(this.#toldBefore.get(account) ?? 0, heard[heard.length - 1] ?? 0));
    }
    this.#segment = emptySegment();
    return null;
  }

  #heardOf(account: LoggedAccount, told: ReadonlySet<number>): number[] {
    return this.#history.itemsOf(account).flatMap(({ position }) => (told.has(position) ? [position] : []));
  }

  /** Between what it was told before, or has received, and what it was told last, nothing of the account's is missing. */
  #whyNotWhole(account: LoggedAccount, told: ReadonlySet<number>): string | null {
    const heard = this.#heardOf(account, told);
    const last = heard[heard.length - 1] ?? 0;
    const received = Math.min(account.received, heard[0] ?? 0);
    const from = Math.max(this.#toldBefore.get(account) ?? 0, received);
    for (const { position, message, isDeletion } of this.#history.itemsOf(account)) {
      if (position <= from || position >= last || told.has(position)) continue;
      // A message that was deleted before it could be told shows as its deletion only.
      if (!isDeletion && (told.has(message.deletedAtOp) || (last < message.deletedAtOp && isDeleted(message))))
        continue;
      const what = isDeletion ? 'the deletion' : 'the message';
      return `told with a gap: ${this.#client}, as ${account.username}, is told up to operation ${last}, but not ${what} at ${position}`;
    }
    return null;
  }
}

function isDeleted({ deletedAtOp }: { deletedAtOp: number }): boolean {
  return deletedAtOp !== Number.POSITIVE_INFINITY;
}
