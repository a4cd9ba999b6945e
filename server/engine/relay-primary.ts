import { type Result, SERVER_STATE_CODES } from '../../shared/errors.ts';
import type { AccountId, Address, ConversationEnd } from '../../shared/ids.ts';
import { formatView, sameView } from '../../shared/ids.ts';
import { type Incarnation, incarnationKey, sameIncarnation } from '../../shared/views.ts';
import type { RelayedMessage, RelayedRequest, RelayMessage } from '../replication/messages.ts';
import { type Context, memberOf } from '../replication/replica-state.ts';
import type { ChatReader } from '../state/reader.ts';
import type { Committed } from './engine.ts';
import { RelaySessions } from './relay-sessions.ts';
import type { Judged } from './submissions.ts';

export interface PrimaryParts {
  context(): Context;
  /** This server is the primary, or is about to be it again with another list of members. */
  leads(): boolean;
  send(to: Address, message: RelayedMessage): void;
  soon(run: () => void): void;
  chat: ChatReader;
  submit(submission: Judged, answer: (result: Result<Committed>) => void): void;
  /** Calls back with what is applied here, as soon as it is sure that this was the primary after the call; without, when it is not. */
  confirm(answer: (position: number | undefined) => void): void;
  received(account: AccountId, position: number): void;
  markRead(account: AccountId, end: ConversationEnd, position: number): void;
}

type Reply = Pick<RelayedMessage, 'view' | 'session'> & { -readonly [K in keyof RelayedMessage]: RelayedMessage[K] };

/** R17, R28, at the primary: judges what others pass on, and tells them what they would not learn from the log. */
export class RelayPrimary {
  readonly #parts: PrimaryParts;
  readonly #sessions = new RelaySessions();
  readonly #replies = new Map<Address, Reply>();

  constructor(parts: PrimaryParts) {
    this.#parts = parts;
  }

  /** Somebody who follows this server asks for something. */
  onRelay(from: Incarnation, message: RelayMessage): void {
    const { context, leads, received, markRead } = this.#parts;
    const { base } = context().state.file;
    if (!base || !sameView(base.number, message.view) || !leads()) return;
    for (const { account, position } of message.received) received(account, position);
    for (const mark of message.marks) markRead(mark.account, mark.with, mark.position);
    const member = memberOf(base, from.id);
    const isMember = member !== undefined && sameIncarnation(member, from);
    if (message.read > 0) this.#confirm(from, message, isMember);
    if (isMember && message.requests.length > 0) this.#take(from, message);
  }

  /** A member has the history of its primary. Another may have one that an operator has given up (R20). */
  #confirm(from: Incarnation, message: RelayMessage, isMember: boolean): void {
    const { log, commit } = this.#parts.context().state;
    const { op, chain } = message.applied;
    if (!isMember && (op > commit || log.chainAt(op) !== chain)) {
      this.#replyTo(from, message).isOver = true;
      return;
    }
    this.#parts.confirm((position) => {
      const reply = this.#replyTo(from, message);
      if (position === undefined) {
        reply.isOver = true;
        return;
      }
      reply.read = Math.max(reply.read, message.read);
      reply.position = position;
    });
  }

  #take(from: Incarnation, message: RelayMessage): void {
    const of = `${formatView(message.view)} ${incarnationKey(from)}`;
    const taken = this.#sessions.take(from.id, of, message);
    if (!taken) this.#replyTo(from, message).isOver = true;
    for (const request of taken ?? []) {
      if (this.#sessions.isOver(from.id, of, message.session)) return;
      this.#parts.submit(judgedOf(request), (result) => {
        // Its row tells the rest.
        if (result.ok) return;
        const { code, message: text, definite } = result.error;
        if (SERVER_STATE_CODES.has(code)) {
          if (this.#sessions.end(from.id, of, message.session)) this.#replyTo(from, message).isOver = true;
          return;
        }
        const { client, request: number } = request;
        const error = { code, message: text, definite };
        const refused = { client, request: number, error, position: this.#parts.chat.position };
        const reply = this.#replyTo(from, message);
        reply.refusals = [...reply.refusals, refused];
      });
    }
  }

  /** What is told in one turn of the main loop is one message. */
  #replyTo({ id }: Incarnation, { view, session }: RelayMessage): Reply {
    const waiting = this.#replies.get(id);
    if (waiting && waiting.session === session && sameView(waiting.view, view)) return waiting;
    const reply: Reply = { type: 'relayed', view, session, isOver: false, read: 0, position: 0, refusals: [] };
    this.#replies.set(id, reply);
    this.#parts.soon(() => {
      if (this.#replies.get(id) === reply) this.#replies.delete(id);
      this.#parts.send(id, reply);
    });
    return reply;
  }
}

function judgedOf({ client, request, known, event, account, session, subject, body, asked }: RelayedRequest): Judged {
  const judged: Judged = {
    client,
    request,
    known,
    event,
    account,
    subject,
    body,
    asked: '',
    digest: asked,
    spread: true,
  };
  return session ? { ...judged, session } : judged;
}
