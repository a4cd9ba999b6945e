import type { Message, RequestOf } from '../../shared/api.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';
import { SEARCH_FOUND_MAX, SEARCH_MESSAGES } from '../../shared/limits.ts';
import type { HistoryPage } from '../engine/engine.ts';
import type { After, Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext } from './gateway-context.ts';
import { HISTORY_PAGE_LENGTH, MESSAGE_BYTES } from './gateway-history.ts';
import { endNamed, readMessagesAs } from './gateway-read.ts';

/** Messages that are looked at before others have their turn. */
const PAGE_MESSAGES = 100;
/** Searches under way at a time: each costs as much as many other requests. The others wait. */
const AT_A_TIME = 2;
/** Searches of one socket that may wait. */
const WAITING_MAX = 8;

/** Lets few searches run at a time, first come, first served. */
export class Searches {
  readonly #after: After;
  readonly #waiting: (() => void)[] = [];
  readonly #asked = new Map<Connection, number>();
  #running = 0;

  constructor(after: After) {
    this.#after = after;
  }

  /** Starts a search in its turn, which says when it has ended. @returns false when too many of the socket wait already */
  inTurn(connection: Connection, search: (ended: () => void) => void): boolean {
    const asked = this.#asked.get(connection) ?? 0;
    if (asked >= WAITING_MAX) return false;
    this.#asked.set(connection, asked + 1);
    this.#waiting.push(() => search(() => this.#onEnded(connection)));
    this.#next();
    return true;
  }

  /** Goes on with a search once others have had their turn. */
  later(goOn: () => void): void {
    this.#after(0, goOn);
  }

  #onEnded(connection: Connection): void {
    const left = this.#asked.get(connection)! - 1;
    if (left > 0) this.#asked.set(connection, left);
    else this.#asked.delete(connection);
    this.#running -= 1;
    this.#next();
  }

  #next(): void {
    if (this.#running === AT_A_TIME) return;
    const start = this.#waiting.shift();
    if (!start) return;
    this.#running += 1;
    start();
  }
}

/** What was found so far, newest first. */
interface Found {
  messages: Message[];
  /** Of their texts. */
  length: number;
  lookedAt: number;
  /** Everything from here on was looked at. */
  position: number;
}

/** `message:search`: looks through the newest messages below `before`, page by page, so that nobody else has to wait for it. */
export function searchMessages(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:search'>,
  answer: Answer,
): undefined {
  const needle = folded(request.text);
  const begun = context.searches.inTurn(connection, (ended) => {
    const found: Found = { messages: [], length: 0, lookedAt: 0, position: request.before ?? 0 };
    lookOn(context, connection, request, needle, found, (reply, bytes) => {
      ended();
      answer(reply, bytes);
    });
  });
  if (begun) return;
  const advice = 'wait for their answers';
  answer(refusal('rate-limited', `${WAITING_MAX} searches of this connection are under way already; ${advice}.`));
}

function lookOn(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:search'>,
  needle: string,
  found: Found,
  answer: Answer,
): void {
  if (connection.closed || connection.logIn === null) {
    answer(refusal('not-logged-in', 'The log-in ended while the search was under way; log in and search again.'));
    return;
  }
  const before = found.lookedAt === 0 ? request.before : found.position;
  readPage(context, connection, request, before, (result) => {
    if (!result.ok) return answer(result);
    const isFull = take(found, result.value, needle);
    const more = result.value.more || isFull === 'within-page';
    if (more && isFull === '' && found.lookedAt < SEARCH_MESSAGES) {
      context.searches.later(() => lookOn(context, connection, request, needle, found, answer));
      return;
    }
    const messages = found.messages.toReversed();
    const bytes = found.length + MESSAGE_BYTES * messages.length;
    answer({ ok: true, messages, position: found.position, more } as AnyReply, bytes);
  });
}

function readPage(
  context: GatewayContext,
  connection: Connection,
  { with: other, seen }: RequestOf<'message:search'>,
  before: number | undefined,
  answer: (result: Result<HistoryPage>) => void,
): void {
  readMessagesAs(
    context,
    connection,
    seen,
    (chat, account) => {
      const end = other === undefined ? success(undefined) : endNamed(chat, account, other);
      return end.ok ? success(chat.history({ account, before, with: end.value, limit: PAGE_MESSAGES })) : end;
    },
    answer,
  );
}

/** @returns whether that is enough for one reply: with messages of the page left that were not looked at, at its end, or not yet */
// take
function take(found: Found, { messages }: HistoryPage, needle: string): '' | 'within-page' | 'at-its-end' {
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index]!;
    found.position = message.position;
    found.lookedAt += 1;
    if (!folded(message.body).includes(needle)) continue;
    found.messages.push(message);
    found.length += message.body.length;
    const isFull = found.messages.length === SEARCH_FOUND_MAX || found.length >= HISTORY_PAGE_LENGTH;
    if (isFull) return index > 0 ? 'within-page' : 'at-its-end';
  }
  return '';
}

/** As texts are compared: look-alikes by width or case are the same. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
