import { type Call, type CheckedEvent, LogIns } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { goneAtOp, isConcerned, isRoom, type LoggedAccount, type LoggedItem, spanAt } from './logged.ts';
import { describeConversation, itemOf, type ToldEvent, type ToldItem } from './told-items.ts';

/** One run of a client, as one account: positions only rise in it. */
interface Segment {
  last: number;
  readonly told: Set<number>;
  /** Up to where what was told of a message shows what became of it. */
  readonly shownUpTo: Map<string, number>;
  /** The accounts for whose sake something was told. */
  readonly concerned: Set<LoggedAccount>;
  /** After a crash it may be unknown as whom the client goes on: then nothing can be missed. */
  isSure: boolean;
}

function emptySegment(): Segment {
  return { last: 0, told: new Set(), shownUpTo: new Map(), concerned: new Set(), isSure: true };
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
      if (!violation) violation = listener.hear(event, item as ToldItem, logIns.of(event.client));
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

  hear({ kind }: ToldEvent, item: ToldItem, names: ReadonlySet<string>): string | null {
    const { position, message, asOf } = item;
    const { last, told, shownUpTo } = this.#segment;
    if (told.has(position)) return `told twice: ${this.#client} is told operation ${position} again`;
    if (position < last) return `told out of order: ${this.#client} is told operation ${position} after ${last}`;
    const mine = [...names].flatMap((key) => this.#history.accountsWith(key));
    const concerned = mine.filter((account) => isConcerned(account, message, position));
    if (concerned.length === 0) {
      const as = [...names].join(' or ') || 'nobody';
      return `told a stranger: ${this.#client}, logged in as ${as}, is told ${kind} ${message.id} at ${position}, ${describeConversation(message)}`;
    }
    told.add(position);
    const isWhole = kind === 'message' || kind === 'message-changed';
    if (isWhole) shownUpTo.set(message.id, Math.max(asOf, shownUpTo.get(message.id) ?? 0));
    this.#segment.last = position;
    for (const account of concerned) this.#segment.concerned.add(account);
    if (names.size > 1) this.#segment.isSure = false;
    return null;
  }

  /** What is told from now on may have been told before. */
  endSegment(): string | null {
    const { told, concerned, isSure } = this.#segment;
    for (const account of concerned) {
      const violation = isSure ? this.#whyNotWhole(account) : null;
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
  #whyNotWhole(account: LoggedAccount): string | null {
    const { told } = this.#segment;
    const heard = this.#heardOf(account, told);
    const last = heard[heard.length - 1] ?? 0;
    const received = Math.min(account.received, heard[0] ?? 0);
    const from = Math.max(this.#toldBefore.get(account) ?? 0, received);
    const missing = this.#history
      .itemsOf(account)
      .find(
        (item) =>
          item.position > from &&
          item.position < last &&
          !told.has(item.position) &&
          !this.#mayBeLeftOut(account, item, last),
      );
    if (!missing) return null;
    const what = `the ${missing.kind} at ${missing.position}`;
    return `told with a gap: ${this.#client}, as ${account.username}, is told up to operation ${last}, but not ${what}`;
  }

  /** Where it shows in something else, or nobody may see it any more. */
  #mayBeLeftOut(account: LoggedAccount, { position, message, kind, isSilent }: LoggedItem, last: number): boolean {
    const { told, shownUpTo } = this.#segment;
    const { to, deletedAtOp, changes } = message;
    if (isRoom(to) && (spanAt(to.stays, account, position)?.untilOp ?? 0) <= this.#history.end) return true;
    if (isSilent) return true;
    if (kind === 'deletion') return false;
    // A message that was deleted before it could be told shows as its deletion only.
    if (told.has(deletedAtOp) || (last < deletedAtOp && goneAtOp(message) <= this.#history.end)) return true;
    if (kind === 'message') return false;
    // Of several changes that were missed the latest shows all; it may not have come yet.
    return position <= (shownUpTo.get(message.id) ?? 0) || changes.some((change) => change > last);
  }
}
