import { randomUUID } from 'node:crypto';
import { ChatClient } from '../../client/chat-client.ts';
import { memoryStore } from '../../client/memory-store.ts';
import { realClock, realRandom } from '../../client/real-clock.ts';
import { socketTransport } from '../../client/socket-transport.ts';
import type { Transport } from '../../client/transport.ts';
import type { Cluster, Message, SessionReady } from '../../shared/api.ts';
import type { Address, ClientId } from '../../shared/ids.ts';
import { LIST_MAX_LIMIT } from '../../shared/limits.ts';
import type { Acknowledged, GivenUp } from './drill-audit.ts';
import type { Answer } from './drill-primaries.ts';

export const PASSWORD = 'correct horse battery';

const JOIN_TRIES = 20;
/** A history that no server gives within this time is not to be had. */
const READ_WITHIN_MS = 30_000;

export interface TalkerOptions {
  /** A message that no server answered within this time is given up; 0 (the default): never. */
  giveUpAfterMs?: number;
}

/** Milliseconds on the machine's monotonic clock, the same one for all processes. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * A user who writes numbered messages through the client library, a few at a time, for as long as told, and keeps
 * account of what was acknowledged, by whom, and what it was shown.
 */
export class Talker {
  readonly username: string;
  readonly chat: ChatClient;
  readonly acknowledged: Acknowledged[] = [];
  /** Messages as they were shown, in that order. */
  readonly shown: Message[] = [];
  /** Who acknowledged what when; an answer that comes again is listed again. */
  readonly answers: Answer[] = [];
  readonly givenUp: GivenUp[] = [];
  /** Refusals of messages, in words; none is expected. */
  readonly refused: string[] = [];
  /** The longest silence so far: from one acknowledgement to the next while something was waiting for one. */
  longestSilenceMs = 0;
  #lastHeardMs = performance.now();
  #sent = 0;
  #isTalking = false;
  #threads: Promise<void>[] = [];

  constructor(username: string, servers: readonly Address[], { giveUpAfterMs = 0 }: TalkerOptions = {}) {
    this.username = username;
    this.chat = new ChatClient({
      servers,
      store: memoryStore(randomUUID() as ClientId),
      connect: recording(socketTransport(), (answer) => this.answers.push(answer)),
      clock: realClock(),
      random: realRandom(),
      giveUpAfterMs,
    });
    this.chat.onEvent((event) => {
      if (event.type === 'message') this.shown.push(event.message);
    });
    this.chat.start();
  }

  /** A talker with an account of its own. @throws Error with the reason when it cannot be created */
  static async joined(username: string, servers: readonly Address[], options?: TalkerOptions): Promise<Talker> {
    const talker = new Talker(username, servers, options);
    const why = await talker.#join();
    if (why === undefined) return talker;
    await talker.close();
    throw new Error(`${username} cannot be created: ${why}`);
  }

  /** @returns why not; undefined when it is logged in */
  async #join(): Promise<string | undefined> {
    for (let tries = 1; ; tries++) {
      const created = await this.chat.createAccount(this.username, PASSWORD);
      if (created.ok) return undefined;
      // An impatient one may have given up what was done all the same.
      const isMade = created.error.code === 'username-taken' && tries > 1;
      const entered = isMade ? await this.chat.logIn(this.username, PASSWORD) : created;
      if (entered.ok) return undefined;
      if (entered.error.code !== 'unavailable' || tries === JOIN_TRIES) return entered.error.message;
    }
  }

  /** How many messages it has tried to send. */
  get sent(): number {
    return this.#sent;
  }

  /** Keeps `inFlight` messages on their way to `to`, until {@link quiet}. */
  talk(to: string, inFlight = 4, pauseMs = 0): void {
    this.#isTalking = true;
    this.#lastHeardMs = performance.now();
    for (let thread = 0; thread < inFlight; thread++) this.#threads.push(this.#keepTalking(to, pauseMs));
  }

  async #keepTalking(to: string, pauseMs: number): Promise<void> {
    while (this.#isTalking) {
      await this.say(to);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Sends one message and waits for its acknowledgement. */
  async say(to: string): Promise<void> {
    this.#sent += 1;
    const body = `${this.username} ${this.#sent}`;
    const result = await this.chat.send(to, body);
    if (result.ok) {
      this.acknowledged.push({ from: this.username, to, body, ...result.value });
      this.#heard();
      return;
    }
    const { code, message, definite } = result.error;
    this.givenUp.push({ body, isDefinite: definite });
    if (code !== 'unavailable') this.refused.push(`${body}: ${message}`);
  }

  #heard(): void {
    const nowMs = performance.now();
    this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastHeardMs);
    this.#lastHeardMs = nowMs;
  }

  /** @returns the longest silence since {@link takeSilenceMs}, the present one included */
  currentSilenceMs(): number {
    return Math.max(this.longestSilenceMs, performance.now() - this.#lastHeardMs);
  }

  /** @returns the longest silence since the last call, and starts to measure anew, from now */
  takeSilenceMs(): number {
    const silenceMs = this.currentSilenceMs();
    this.longestSilenceMs = 0;
    this.#lastHeardMs = performance.now();
    return silenceMs;
  }

  /** Sends no more; resolves when everything that was sent is acknowledged or given up. */
  async quiet(): Promise<void> {
    this.#isTalking = false;
    await Promise.all(this.#threads);
    this.#threads = [];
  }

  /** Gives up at once what is not acknowledged. */
  async close(): Promise<void> {
    this.#isTalking = false;
    await this.chat.close();
    await Promise.all(this.#threads);
  }
}

/** Everything that the cluster has for a user, read by a client of its own. @throws Error with the reason */
export async function readHistory(servers: readonly Address[], username: string): Promise<Message[]> {
  const reader = new ChatClient({
    servers,
    store: memoryStore(randomUUID() as ClientId),
    connect: socketTransport(),
    clock: realClock(),
    random: realRandom(),
    giveUpAfterMs: READ_WITHIN_MS,
    replay: false,
  });
  reader.start();
  try {
    const entered = await reader.logIn(username, PASSWORD);
    if (!entered.ok) throw new Error(`${username} cannot log in: ${entered.error.message}`);
    const found: Message[] = [];
    for (let after = 0; ; ) {
      const page = await reader.history({ after, limit: LIST_MAX_LIMIT });
      if (!page.ok) throw new Error(`The history of ${username} cannot be read: ${page.error.message}`);
      found.push(...page.value.messages);
      if (!page.value.more) return found;
      after = page.value.position;
    }
  } finally {
    await reader.close();
  }
}

/** Notes of each acknowledged message who acknowledged it, in which view and when. */
function recording(transport: Transport, note: (answer: Answer) => void): Transport {
  const firstSentMs = new Map<number, number>();
  return (server, handshake, listener) => {
    let view: Answer['view'];
    const connection = transport(server, handshake, {
      ...listener,
      onOpen: () => listener.onOpen(),
      onClosed: (reason, error) => listener.onClosed(reason, error),
      onPush: (event, payload) => {
        const told = clusterIn(event, payload);
        if (told) view = { epoch: told.epoch, round: told.view };
        listener.onPush(event, payload);
      },
    });
    return {
      close: () => connection.close(),
      request: (event, payload, answer) => {
        if (event !== 'message:send') return connection.request(event, payload, answer);
        const { request } = payload as { request: number };
        const sentMs = firstSentMs.get(request) ?? machineMs();
        firstSentMs.set(request, sentMs);
        connection.request(event, payload, (reply) => {
          const { ok, position } = reply as { ok?: boolean; position?: number };
          if (ok === true && position !== undefined) {
            firstSentMs.delete(request);
            note({ server, view, position, firstSentMs: sentMs, answeredMs: machineMs() });
          }
          answer(reply);
        });
      },
    };
  };
}

function clusterIn(event: string, payload: unknown): Cluster | undefined {
  if (event === 'cluster:changed') return payload as Cluster;
  return event === 'session:ready' ? (payload as SessionReady).cluster : undefined;
}
