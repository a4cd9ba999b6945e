import type { ReadEvent, Replies, Reply, RequestOf } from '../shared/api.ts';
import { type ChatError, type Result, SERVER_STATE_CODES } from '../shared/errors.ts';
import type { Random } from '../shared/random.ts';
import { backoffMs, type Clock, RETRY_BACKOFF } from './clock.ts';
import type { Link } from './link.ts';
import { ANSWER_TIMEOUT_MS } from './request-queue.ts';

interface Read {
  readonly event: ReadEvent;
  readonly payload: object;
  readonly answer: (result: Result<never>) => void;
  readonly primaryOnly: boolean;
  sentOver: Link | undefined;
  attempt: number;
  waiting: boolean;
  cancelTimer: (() => void) | undefined;
}

export interface ReadsOptions {
  clock: Clock;
  random: Random;
  /** Where to ask now: the primary, or while there is none and a backup will do, another server. */
  linkFor: (primaryOnly: boolean) => Link | undefined;
  onSilent: (link: Link) => void;
}

/** The requests that change nothing: asked again elsewhere until a server answers them. */
export class Reads {
  readonly #options: ReadsOptions;
  readonly #pending = new Set<Read>();

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  /**
   * @param primaryOnly the answer of a server that is not the primary would not do
   * @returns withdraws the request
   */
  ask<E extends ReadEvent>(
    event: E,
    payload: RequestOf<E>,
    primaryOnly: boolean,
    answer: (result: Result<Replies[E]>) => void,
  ): () => void {
    const read: Read = {
      event,
      payload,
      answer: answer as (result: Result<never>) => void,
      primaryOnly,
      sentOver: undefined,
      attempt: 0,
      waiting: false,
      cancelTimer: undefined,
    };
    this.#pending.add(read);
    this.#send(read);
    return () => this.#finish(read);
  }

  /** Sends what has not been sent, after the links changed. */
  pump(): void {
    for (const read of [...this.#pending]) this.#send(read);
  }

  onLinkClosed(link: Link): void {
    for (const read of this.#pending) {
      if (read.sentOver === link) this.#reset(read);
    }
  }

  /** Answers everything that is asked with an error. */
  refuseAll(error: ChatError): void {
    for (const read of [...this.#pending]) {
      this.#finish(read);
      read.answer({ ok: false, error });
    }
  }

  close(): void {
    for (const read of [...this.#pending]) this.#finish(read);
  }

  #send(read: Read): void {
    if (read.sentOver || read.waiting) return;
    const link = this.#options.linkFor(read.primaryOnly);
    if (!link?.open) return;
    read.sentOver = link;
    read.cancelTimer = this.#options.clock.after(ANSWER_TIMEOUT_MS, () => this.#options.onSilent(link));
    link.connection.request(read.event, read.payload as never, (reply) => {
      this.#onReply(read, link, reply as Reply<ReadEvent>);
    });
  }

  #onReply(read: Read, link: Link, reply: Reply<ReadEvent> | undefined): void {
    if (!this.#pending.has(read) || read.sentOver !== link) return;
    if (reply?.ok === true) {
      const { ok: _, ...value } = reply;
      this.#finish(read);
      read.answer({ ok: true, value } as unknown as Result<never>);
    } else if (reply?.error?.definite && !SERVER_STATE_CODES.has(reply.error.code)) {
      this.#finish(read);
      read.answer({ ok: false, error: reply.error });
    } else {
      this.#retryLater(read);
    }
  }

  #retryLater(read: Read): void {
    const { clock, random } = this.#options;
    this.#reset(read);
    read.waiting = true;
    read.cancelTimer = clock.after(backoffMs(RETRY_BACKOFF, read.attempt, random), () => {
      read.waiting = false;
      this.#send(read);
    });
    read.attempt += 1;
  }

  #reset(read: Read): void {
    read.cancelTimer?.();
    read.cancelTimer = undefined;
    read.sentOver = undefined;
    read.waiting = false;
  }

  #finish(read: Read): void {
    this.#reset(read);
    this.#pending.delete(read);
  }
}
