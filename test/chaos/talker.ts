import { randomUUID } from 'node:crypto';
import { ChatClient } from '../../client/chat-client.ts';
import { memoryStore } from '../../client/memory-store.ts';
import { realClock, realRandom } from '../../client/real-clock.ts';
import { socketTransport } from '../../client/socket-transport.ts';
import type { Message } from '../../shared/api.ts';
import type { Address, ClientId } from '../../shared/ids.ts';
import { type Acknowledged, audit, historyOf, type Verdict } from './audit.ts';

export const PASSWORD = 'correct horse battery';

/** How long a connected client may take to be shown what is there. */
const SHOWN_WITHIN_MS = 15_000;

/**
 * A user who writes numbered messages through the client library, a few at a time, for as long as told, and keeps
 * account of what was acknowledged and what it was shown.
 */
export class Talker {
  readonly username: string;
  readonly chat: ChatClient;
  readonly acknowledged: Acknowledged[] = [];
  /** Messages as they were shown, in that order. */
  readonly shown: Message[] = [];
  /** Refusals of messages, in words; none is expected. */
  readonly refused: string[] = [];
  /** How long each silence lasted: from one acknowledgement to the next while something was waiting for one. */
  longestSilenceMs = 0;
  #lastHeardMs = performance.now();
  #sent = 0;
  #isTalking = false;
  #threads: Promise<void>[] = [];

  constructor(username: string, servers: readonly Address[]) {
    this.username = username;
    this.chat = new ChatClient({
      servers,
      store: memoryStore(randomUUID() as ClientId),
      connect: socketTransport(),
      clock: realClock(),
      random: realRandom(),
    });
    this.chat.onEvent((event) => {
      if (event.type === 'message') this.shown.push(event.message);
    });
    this.chat.start();
  }

  /** A talker with an account of its own. */
  static async joined(username: string, servers: readonly Address[]): Promise<Talker> {
    const talker = new Talker(username, servers);
    const created = await talker.chat.createAccount(username, PASSWORD);
    if (created.ok) return talker;
    await talker.close();
    throw new Error(`${username} cannot be created: ${created.error.message}`);
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
    } else if (result.error.message !== 'The connection was closed.')
      this.refused.push(`${body}: ${result.error.message}`);
  }

  #heard(): void {
    const nowMs = performance.now();
    this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastHeardMs);
    this.#lastHeardMs = nowMs;
  }

  /** @returns the longest silence since the last call, and starts to measure anew, from now */
  takeSilenceMs(): number {
    const nowMs = performance.now();
    const silenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastHeardMs);
    this.longestSilenceMs = 0;
    this.#lastHeardMs = nowMs;
    return silenceMs;
  }

  /** Sends no more; resolves when everything that was sent is acknowledged. */
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

/** Reads everything back from a server and compares it with what the talkers were told and shown. */
export async function auditTalkers(talkers: readonly Talker[], primary: Address): Promise<Verdict> {
  const accounts = await Promise.all(
    talkers.map(async ({ username, acknowledged, shown }) => {
      const history = await historyOf(primary, username, PASSWORD);
      const giveUpAtMs = performance.now() + SHOWN_WITHIN_MS;
      while (shown.length < history.length && performance.now() < giveUpAtMs) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { username, acknowledged, shown: [...shown], history };
    }),
  );
  return audit(accounts);
}
