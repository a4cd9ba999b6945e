import type { Replies, Reply, RequestOf, WriteEvent } from '../shared/api.ts';
import { type ChatError, type Result, SERVER_STATE_CODES } from '../shared/errors.ts';
import { CLIENT_UNDER_WAY_LENGTH, HOLD_DURING_VIEW_CHANGE_MS, REQUESTS_IN_FLIGHT } from '../shared/limits.ts';
import type { Random } from '../shared/random.ts';
import { backoffMs, type Clock, RETRY_BACKOFF } from './clock.ts';
import type { Link } from './link.ts';

/** A server may hold a request while the view changes; silent for longer than that, it is given up. */
export const ANSWER_TIMEOUT_MS = HOLD_DURING_VIEW_CHANGE_MS + 1000;
/** Passwords are hashed one after the other when many log in at once. */
const PASSWORD_ANSWER_TIMEOUT_MS = 30_000;
/** Longer than servers take to go on without one that fell silent: when two did, neither of our sockets tells of it. */
const SLOW_ANSWER_MS = 2000;

/** A numbered request on its way. */
export interface Write<E extends WriteEvent = WriteEvent> {
  request: number;
  readonly event: E;
  readonly payload: Omit<RequestOf<E>, 'request' | 'oldest'>;
  /** False while the outbox is not yet on the disk: neither it nor what follows it is sent. */
  durable: boolean;
  /** Of what it carries, in UTF-16 code units, where that may be much. */
  readonly length?: number;
  /** It went out at least once, in this process or in an earlier one: it may have been done. */
  transmitted: boolean;
  /** Called once, with the server's last word and the link it came over; without one when no server has the word. */
  readonly answer: (result: Result<Replies[E]>, link: Link | undefined) => void;
}

interface Entry {
  write: Write;
  sentOver: Link | undefined;
  sentAtMs: number;
  /** It had been sent in an earlier round, so that a refusal of this one does not say that it was not done. */
  sentBefore: boolean;
  forgotten: boolean;
}

/** They change who is logged in: what is asked before one is answered first, and what is asked after it waits for its answer. */
const CHANGES_LOG_IN: ReadonlySet<WriteEvent> = new Set<WriteEvent>([
  'account:create',
  'account:delete',
  'session:open',
  'session:close',
  'session:close-all',
]);

const CHECKS_PASSWORD: ReadonlySet<WriteEvent> = new Set<WriteEvent>([
  'account:create',
  'account:delete',
  'account:password',
  'session:open',
]);

const UNSENT = { sentBefore: false, forgotten: false };

export interface RequestQueueOptions {
  clock: Clock;
  random: Random;
  /** `request-forgotten`: the server no longer knows what became of this client's requests. */
  onForgotten: () => void;
  /** The link's server does not answer. */
  onSilent: (link: Link) => void;
  /** Whether the link is slow has changed. */
  onPace: () => void;
  /** A server refused something for its own state. */
  onPutOff: (link: Link, error: ChatError) => void;
  /** Whether something waits that only the primary does has changed. */
  onPasswords: () => void;
  /** A server answered `ok`. */
  onDone: () => void;
  /** A server refused something for what its state is at this position. */
  saw: (position: number) => void;
}

/**
 * The requests that change something, in the order of their numbers. Everything unanswered is sent again, in order and
 * under its number, after each move and after each refusal that only speaks of the server's state (R18).
 */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  #entries: Entry[] = [];
  #target: Link | undefined;
  #round = 0;
  #attempt = 0;
  #lastRefusal = '';
  #cancelPause: (() => void) | undefined;
  #cancelWatch: (() => void) | undefined;
  #watchDueMs = Number.POSITIVE_INFINITY;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** What is not answered yet, ascending. */
  get writes(): readonly Write[] {
    return this.#entries.map((entry) => entry.write);
  }

  /** Something that waits needs a password verified, which only the primary does. */
  get needsPrimary(): boolean {
    return this.#entries.some(({ write }) => CHECKS_PASSWORD.has(write.event));
  }

  /** The sentence with which a server last put something off; empty when none did since the last `ok`. */
  get lastRefusal(): string {
    return this.#lastRefusal;
  }

  /** Takes a request; its number has to be above all that were taken before. */
  add<E extends WriteEvent>(write: Write<E>): void {
    this.#entries.push({ write: write as unknown as Write, sentOver: undefined, sentAtMs: 0, ...UNSENT });
    if (CHECKS_PASSWORD.has(write.event)) this.#options.onPasswords();
    this.pump();
  }

  /** Takes out what was never sent, ascending. */
  takeUnsent(): Write[] {
    const unsent = this.writes.filter((write) => !write.transmitted);
    this.remove(new Set(unsent));
    return unsent;
  }

  /** Takes requests out without an answer. */
  remove(writes: ReadonlySet<Write>): void {
    const neededPrimary = this.needsPrimary;
    this.#entries = this.#entries.filter((entry) => !writes.has(entry.write));
    if (neededPrimary) this.#options.onPasswords();
    this.pump();
  }

  /** From now on requests go over this link; what was sent over another is sent again. */
  setTarget(link: Link | undefined): void {
    if (link === this.#target) return;
    this.#target = link;
    // What another server put off says nothing about this one.
    this.#attempt = 0;
    this.#unpause();
    this.#startRound();
    this.pump();
  }

  close(): void {
    this.#entries = [];
    this.#target = undefined;
    this.#unpause();
    this.#cancelWatch?.();
  }

  /** Sends what may be sent now. */
  pump(): void {
    const target = this.#target;
    const oldest = this.#entries[0]?.write.request ?? 0;
    if (!target?.open || this.#cancelPause || this.#afterForgotten()) return;
    let length = 0;
    for (const entry of this.#entries) {
      if (!entry.write.durable || entry.write.request - oldest >= REQUESTS_IN_FLIGHT) break;
      length += entry.write.length ?? 0;
      if (length > CLIENT_UNDER_WAY_LENGTH && entry !== this.#entries[0]) break;
      const isAlone = CHANGES_LOG_IN.has(entry.write.event);
      if (isAlone && entry !== this.#entries[0]) break;
      if (entry.sentOver !== target) this.#send(entry, target, oldest);
      // An answer may come at once and change everything here.
      if (this.#target !== target || this.#cancelPause) return;
      if (isAlone) break;
    }
    this.#watch();
  }

  #send(entry: Entry, target: Link, oldest: number): void {
    const { write } = entry;
    const round = this.#round;
    entry.sentOver = target;
    entry.sentAtMs = this.#options.clock.now();
    entry.sentBefore = write.transmitted;
    write.transmitted = true;
    const payload = { ...write.payload, request: write.request, oldest } as RequestOf<WriteEvent>;
    target.connection.request(write.event, payload as never, (reply) => {
      this.#onReply(entry, target, round, reply as Reply<WriteEvent>);
      if (target.slow) this.#setSlow(target, this.#isLate(target));
    });
  }

  #onReply(entry: Entry, link: Link, round: number, reply: Reply<WriteEvent>): void {
    if (!this.#entries.includes(entry)) return;
    if (reply?.ok === true) {
      this.#attempt = 0;
      this.#lastRefusal = '';
      this.#options.onDone();
      const { ok: _, ...value } = reply;
      this.#settle(entry, { ok: true, value }, link);
      return;
    }
    if (link !== this.#target || round !== this.#round) return;
    const error = reply?.error;
    if (error === undefined) {
      this.#options.onSilent(link);
    } else if (error.code === 'request-forgotten') {
      entry.forgotten = true;
      if (!entry.sentBefore) entry.write.transmitted = false;
      this.#afterForgotten();
    } else if (error.definite && !SERVER_STATE_CODES.has(error.code)) {
      if (reply.asOf !== undefined) this.#options.saw(reply.asOf);
      this.#settle(entry, { ok: false, error }, link);
    } else {
      this.#lastRefusal = error.message;
      this.#resendLater(link, error);
    }
  }

  #settle(entry: Entry, result: Result<unknown>, link: Link): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
    entry.write.answer(result as Result<never>, link);
    if (CHECKS_PASSWORD.has(entry.write.event)) this.#options.onPasswords();
    this.pump();
  }

  /** When one number was forgotten, what else is under way is waited for: it may still be answered. */
  #afterForgotten(): boolean {
    if (!this.#entries.some((entry) => entry.forgotten)) return false;
    const underWay = this.#entries.some((entry) => entry.sentOver !== undefined && !entry.forgotten);
    if (!underWay) this.#options.onForgotten();
    return true;
  }

  #resendLater(link: Link, error: ChatError): void {
    const { clock, random } = this.#options;
    this.#startRound();
    // `rate-limited` is no matter of milliseconds.
    const attempt = error.code === 'rate-limited' ? Math.max(this.#attempt, 3) : this.#attempt;
    this.#attempt = attempt + 1;
    this.#cancelPause = clock.after(backoffMs(RETRY_BACKOFF, attempt, random), () => {
      this.#cancelPause = undefined;
      this.pump();
    });
    this.#options.onPutOff(link, error);
  }

  #startRound(): void {
    this.#round += 1;
    for (const entry of this.#entries) entry.sentOver = undefined;
  }

  #unpause(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  #watch(): void {
    const first = this.#entries.find((entry) => entry.sentOver !== undefined);
    if (!first) return;
    const { clock } = this.#options;
    const dueMs = first.sentAtMs + this.#patienceMs(first);
    // A timer that goes off too early finds nothing and is set again; one for each request would cost more.
    if (this.#watchDueMs <= dueMs) return;
    this.#cancelWatch?.();
    this.#watchDueMs = dueMs;
    this.#cancelWatch = clock.after(Math.max(1, dueMs - clock.now()), () => {
      this.#watchDueMs = Number.POSITIVE_INFINITY;
      const oldest = this.#entries.find((entry) => entry.sentOver !== undefined);
      const waitedMs = oldest ? clock.now() - oldest.sentAtMs : 0;
      if (oldest?.sentOver && waitedMs >= timeoutOf(oldest.write.event)) {
        this.#options.onSilent(oldest.sentOver);
        return;
      }
      if (oldest?.sentOver && waitedMs >= SLOW_ANSWER_MS) this.#setSlow(oldest.sentOver, true);
      this.#watch();
    });
  }

  #isLate(link: Link): boolean {
    const sinceMs = this.#options.clock.now() - SLOW_ANSWER_MS;
    return this.#entries.some(({ sentOver, sentAtMs }) => sentOver === link && sentAtMs <= sinceMs);
  }

  /** Until there is something to do about a request that is not answered. */
  #patienceMs({ write, sentOver }: Entry): number {
    return sentOver?.slow ? timeoutOf(write.event) : SLOW_ANSWER_MS;
  }

  #setSlow(link: Link, slow: boolean): void {
    if (link.slow === slow || link.closed) return;
    link.slow = slow;
    this.#options.onPace();
  }
}

function timeoutOf(event: WriteEvent): number {
  return CHECKS_PASSWORD.has(event) ? PASSWORD_ANSWER_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
}
