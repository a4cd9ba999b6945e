import type { ReadEvent, Replies, Reply, RequestOf } from '../shared/api.ts';
import { type ChatError, type Result, SERVER_STATE_CODES } from '../shared/errors.ts';
import type { Random } from '../shared/random.ts';
import { backoffMs, type Clock, RETRY_BACKOFF } from './clock.ts';
import type { Link } from './link.ts';
import { BACKUP_PATIENCE_MS, BACKUP_REST_MS } from './read-choice.ts';
import { ANSWER_TIMEOUT_MS } from './request-queue.ts';

/**
 * Who may answer a read. `target`: only the server that requests go to. `anyone`: that one, or another while there is none.
 * `backup`: one that requests do not go to, if there is one that is fit for it; whatever comes of that, nobody else but `anyone` is asked then.
 */
export type ReadPlace = 'target' | 'anyone' | 'backup';

interface Read {
  readonly event: ReadEvent;
  readonly payload: object;
  readonly answer: (result: Result<never>) => void;
  readonly carriesSeen: boolean;
  place: ReadPlace;
  sentOver: Link | undefined;
  /** It was sent aside of the target, so nothing keeps its answer in order with what the target tells. */
  isAside: boolean;
  era: number;
  attempt: number;
  waiting: boolean;
  cancelTimer: (() => void) | undefined;
}

export interface ReadsOptions {
  clock: Clock;
  random: Random;
  /** Where to ask now, and whether that is the server that requests go to. */
  linkFor: (place: ReadPlace) => { link: Link; isTarget: boolean } | undefined;
  /** Whether requests go over it now. */
  isTarget: (link: Link) => boolean;
  /** The highest position that the client was told, and a number that changes when positions lose their meaning. */
  seen: () => { position: number; era: number };
  /** A server told of this position. */
  saw: (position: number) => void;
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
   * @param carriesSeen its answer has to be as new as what the client was told: the position is added when it is sent
   * @returns withdraws the request
   */
  ask<E extends ReadEvent>(
    event: E,
    payload: RequestOf<E>,
    place: ReadPlace,
    carriesSeen: boolean,
    answer: (result: Result<Replies[E]>) => void,
  ): () => void {
    const read: Read = {
      event,
      payload,
      answer: answer as (result: Result<never>) => void,
      carriesSeen,
      place,
      sentOver: undefined,
      isAside: false,
      era: 0,
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
      if (read.sentOver !== link) continue;
      this.#reset(read);
      if (read.isAside) read.place = 'anyone';
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
    const { clock, linkFor, seen, onSilent } = this.#options;
    const chosen = linkFor(read.place);
    if (!chosen?.link.open) return;
    const { link, isTarget } = chosen;
    const { position, era } = seen();
    read.sentOver = link;
    read.isAside = !isTarget;
    read.era = era;
    const patienceMs = read.place === 'backup' && read.isAside ? BACKUP_PATIENCE_MS : ANSWER_TIMEOUT_MS;
    read.cancelTimer = clock.after(patienceMs, () => onSilent(link));
    const payload = read.carriesSeen && position > 0 ? { ...read.payload, seen: position } : read.payload;
    link.connection.request(read.event, payload as never, (reply) => {
      this.#onReply(read, link, reply as Reply<ReadEvent> | undefined);
    });
  }

  #onReply(read: Read, link: Link, reply: Reply<ReadEvent> | undefined): void {
    if (!this.#pending.has(read) || read.sentOver !== link) return;
    const isFinal = reply?.ok === true || isFinalRefusal(reply?.error);
    if (!isFinal) this.#retryLater(read, link);
    else if ((read.isAside || !this.#options.isTarget(link)) && !this.#isNewEnough(read, link, reply!))
      this.#askElsewhere(read);
    else this.#settle(read, reply!);
  }

  #settle(read: Read, reply: Reply<ReadEvent>): void {
    const { seen, saw } = this.#options;
    const { asOf } = reply;
    // Whatever is read next must not be older than this, wherever it is read (R17).
    const position = asOf ?? ('position' in reply ? reply.position : 0);
    if (read.era === seen().era) saw(position);
    this.#finish(read);
    if (!reply.ok) {
      read.answer({ ok: false, error: reply.error });
      return;
    }
    const { ok: _, asOf: __, ...value } = reply;
    read.answer({ ok: true, value } as unknown as Result<never>);
  }

  /** Meanwhile the client may have been told what this answer does not know yet: shown now, it would be a step back. */
  #isNewEnough(read: Read, link: Link, reply: Reply<ReadEvent>): boolean {
    if (!read.carriesSeen) return true;
    const { position, era } = this.#options.seen();
    if (read.era !== era) return false;
    if (reply.asOf !== undefined && reply.asOf < position) return false;
    if (read.place !== 'backup') return true;
    // A server of an earlier version does not say how new its answers are.
    if (reply.asOf === undefined) link.readsFromMs = Number.POSITIVE_INFINITY;
    // What was read of a log-in that a backup does not have is for the target to say.
    return reply.asOf !== undefined && (reply.ok || reply.error.code !== 'not-logged-in');
  }

  #askElsewhere(read: Read): void {
    this.#reset(read);
    read.place = 'anyone';
    this.#send(read);
  }

  #retryLater(read: Read, link: Link): void {
    const { clock, random } = this.#options;
    if (read.place === 'backup' && read.isAside) {
      link.readsFromMs = clock.now() + BACKUP_REST_MS;
      this.#askElsewhere(read);
      return;
    }
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

/** The last word of a server's state; everything else may be answered otherwise later, or elsewhere. */
function isFinalRefusal(error: ChatError | undefined): boolean {
  return error?.definite === true && !SERVER_STATE_CODES.has(error.code);
}
