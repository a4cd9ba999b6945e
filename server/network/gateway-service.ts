import { type RequestEvent, readSchemas } from '../../shared/api.ts';
import { refusal, SERVER_STATE_CODES } from '../../shared/errors.ts';
import { REQUESTS_IN_FLIGHT } from '../../shared/limits.ts';
import { RELAYED_EVENTS } from '../../shared/operations.ts';
import { notLoggedIn } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext, GatewayMetrics } from './gateway-context.ts';
import { type Admitted, admit, isRequestEvent, noSuchEvent } from './gateway-requests.ts';

const RELAYED: ReadonlySet<string> = new Set(RELAYED_EVENTS);
/** About what a short reply takes on its way to the client. */
const REPLY_BYTES = 150;

export interface ServiceOptions {
  metrics?: GatewayMetrics | undefined;
  /** Something broke inside while a request was served; its client is answered `internal`. */
  onFault(error: unknown, event: string): void;
}

/** Takes the requests of all sockets through the columns of the guard table, and the replies back. */
export class Service {
  readonly #context: GatewayContext;
  readonly #options: ServiceOptions;

  constructor(context: GatewayContext, options: ServiceOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** One packet: `parts` is what came after the event's name, an acknowledgement callback last if there was one. */
  receive(connection: Connection, event: string, parts: readonly unknown[]): void {
    if (connection.closed) return;
    const answer = this.#answerTo(connection, event, parts.at(-1));
    if (!isRequestEvent(event)) {
      answer(noSuchEvent(event));
      return;
    }
    const sent = typeof parts[0] === 'function' ? undefined : parts[0];
    const admitted = admit(event, sent);
    if ('ok' in admitted) {
      answer(admitted);
      return;
    }
    // Each request waits for its place in the rate by the same one step, so that their order stays.
    this.#context.rates.request(connection).then(
      (limited) => {
        if (connection.closed) return;
        if (limited) this.#finish(connection, admitted, answer)(limited);
        else if (admitted.numbered) this.#write(connection, admitted, admitted.numbered, answer);
        else this.#read(connection, admitted, answer);
      },
      (error: unknown) => this.#onFault(error, event, answer),
    );
  }

  #read(connection: Connection, admitted: Admitted, answer: Answer): void {
    if (admitted.asker === 'account' && connection.logIn === null) answer(notLoggedIn());
    else void this.#handle(connection, admitted, answer);
  }

  #write(
    connection: Connection,
    admitted: Admitted,
    { request, oldest }: NonNullable<Admitted['numbered']>,
    answer: Answer,
  ): void {
    const { engine } = this.#context;
    const finish = this.#finish(connection, admitted, answer);
    const queued = connection.inTurn(() => {
      connection.liftMark(request, oldest);
      const marked = connection.markedRefusal(request);
      if (marked) return finish({ ok: false, error: marked });
      if (!this.#takes(connection, admitted)) return finish({ ok: false, error: engine.whyNotPrimary() });
      return this.#handle(connection, admitted, finish);
    });
    if (queued) return;
    const advice = `at most ${REQUESTS_IN_FLIGHT} may be in flight`;
    finish(refusal('rate-limited', `${REQUESTS_IN_FLIGHT} requests wait behind a log-in already; ${advice}.`));
  }

  /** R28: passed on is what needs no password, and not before it is known whether somebody is logged in. */
  #takes(connection: Connection, { event }: Admitted): boolean {
    if (this.#context.engine.isPrimary()) return true;
    const isUnsettled = connection.logIn !== null && connection.account === '';
    return this.#context.presence.serves(connection) && RELAYED.has(event) && !isUnsettled;
  }

  /** A refusal for the server's own state marks the number; an `ok` says that the client is known from now on (R18). */
  #finish(connection: Connection, { numbered }: Admitted, answer: Answer): Answer {
    if (!numbered) return answer;
    return (reply, bytes) => {
      if (reply.ok) connection.known = true;
      else if (SERVER_STATE_CODES.has(reply.error.code)) connection.mark(numbered.request, reply.error);
      answer(reply, bytes);
    };
  }

  #handle(connection: Connection, admitted: Admitted, answer: Answer): Promise<void> | undefined {
    try {
      return admitted
        .handle(this.#context, connection, answer)
        ?.catch((error: unknown) => this.#onFault(error, admitted.event, answer));
    } catch (error) {
      this.#onFault(error, admitted.event, answer);
      return undefined;
    }
  }

  #onFault(error: unknown, event: string, answer: Answer): void {
    const sentence = `Something broke in the server while it served ${event}; its log says more.`;
    answer({ ok: false, error: { code: 'internal', message: sentence, definite: false } });
    this.#options.onFault(error, event);
  }

  #answerTo(connection: Connection, event: string, callback: unknown): Answer {
    const { metrics } = this.#options;
    const arrivedAt = performance.now();
    const label = isRequestEvent(event) ? event : 'unknown';
    return (reply, bytes = REPLY_BYTES) => {
      metrics?.request(label, reply.ok ? 'ok' : reply.error.code, performance.now() - arrivedAt);
      if (typeof callback !== 'function') return;
      callback(isJudgedByState(label, reply) ? { ...reply, asOf: this.#context.engine.chat.position } : reply);
      connection.wrote(bytes);
    };
  }
}

/** Reads whose answer says nothing of the state. */
const STATELESS: ReadonlySet<RequestEvent | 'unknown'> = new Set<RequestEvent>([
  'cluster:status',
  'message:received',
  'conversation:read',
  'typing:set',
]);

/** Whether a reply tells its client what the state is: what was read, and that something is not possible. An `ok` to a write has its own position. */
function isJudgedByState(event: RequestEvent | 'unknown', reply: AnyReply): boolean {
  if (!reply.ok) return !SERVER_STATE_CODES.has(reply.error.code);
  return event !== 'unknown' && Object.hasOwn(readSchemas, event) && !STATELESS.has(event);
}
