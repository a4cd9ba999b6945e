import { randomUUID } from 'node:crypto';
import { ChatClient } from '../../client/chat-client.ts';
import { memoryStore } from '../../client/memory-store.ts';
import { realClock, realRandom } from '../../client/real-clock.ts';
import { socketTransport } from '../../client/socket-transport.ts';
import type { Replies } from '../../shared/api.ts';
import type { Address, ClientId } from '../../shared/ids.ts';
import { LIST_MAX_LIMIT } from '../../shared/limits.ts';
import { serveTasks } from './tasks.ts';

type Acknowledged = Replies['message:send'];

/** A user who goes on sending whatever happens to the servers, and notes when acknowledgements come. */
class Talker {
  readonly username: string;
  readonly chat: ChatClient;
  readonly acknowledged = new Map<string, Acknowledged>();
  acknowledgements = 0;
  longestSilenceMs = 0;
  fault = '';
  unanswered = 0;
  #isTalking = false;
  #sent = 0;
  #lastAtMs: number | undefined;
  readonly #to: string;

  constructor(servers: readonly Address[], username: string, to: string) {
    this.username = username;
    this.#to = to;
    this.chat = new ChatClient({
      servers,
      store: memoryStore(randomUUID() as ClientId),
      connect: socketTransport(),
      clock: realClock(),
      random: realRandom(),
      replay: false,
    });
    this.chat.start();
  }

  start(inFlight: number): void {
    this.#isTalking = true;
    this.#lastAtMs = undefined;
    this.longestSilenceMs = 0;
    for (let slot = 0; slot < inFlight; slot++) void this.#talk();
  }

  stop(): void {
    this.#isTalking = false;
  }

  async #talk(): Promise<void> {
    while (this.#isTalking) {
      this.#sent += 1;
      const body = `${this.username} ${this.#sent} `.padEnd(100, 'x');
      this.unanswered += 1;
      const result = await this.chat.send(this.#to, body);
      this.unanswered -= 1;
      if (result.ok) this.#onAcknowledged(body, result.value);
      else this.fault ||= `"${body.trimEnd()}" was refused: ${result.error.message}`;
    }
  }

  #onAcknowledged(body: string, acknowledged: Acknowledged): void {
    const nowMs = performance.now();
    if (this.#lastAtMs !== undefined) this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastAtMs);
    this.#lastAtMs = nowMs;
    this.acknowledgements += 1;
    this.acknowledged.set(body, acknowledged);
  }

  /** Reads everything back. @returns empty, or the first thing that is wrong */
  async audit(): Promise<string> {
    if (this.fault !== '') return this.fault;
    const found = new Set<string>();
    let lastNumber = 0;
    for (let after = 0, more = true; more; ) {
      const page = await this.chat.history({ after, limit: LIST_MAX_LIMIT });
      if (!page.ok) return `The history can't be read: ${page.error.message}`;
      for (const { from, body, id, position } of page.value.messages) {
        if (from !== this.username) continue;
        const number = Number(body.split(' ', 2)[1]);
        if (found.has(body)) return `"${body.slice(0, 30)}" is there twice`;
        if (number < lastNumber) return `"${body.slice(0, 30)}" stands after number ${lastNumber}`;
        lastNumber = number;
        found.add(body);
        const told = this.acknowledged.get(body);
        if (told && (told.id !== id || told.position !== position)) {
          return `"${body.slice(0, 30)}" is at ${position} and was acknowledged for ${told.position}`;
        }
      }
      ({ position: after, more } = page.value);
    }
    const lost = [...this.acknowledged.keys()].find((body) => !found.has(body));
    return lost === undefined ? '' : `"${lost.slice(0, 30)}" was acknowledged and is lost`;
  }
}

let talkers: Talker[] = [];

const tasks = {
  async enter({ servers, clients }: { servers: string[]; clients: number }): Promise<void> {
    const names = Array.from({ length: clients }, (_, index) => `talker${index}`);
    talkers = names.map(
      (name, index) => new Talker(servers as Address[], name, names[(index + 1) % names.length] ?? name),
    );
    for (const { chat, username } of talkers) {
      const created = await chat.createAccount(username, 'correct horse battery');
      if (!created.ok) throw new Error(`The account ${username} could not be made: ${created.error.message}`);
    }
  },

  async start({ inFlight }: { inFlight: number }): Promise<void> {
    for (const talker of talkers) talker.start(inFlight);
  },

  /** Resolves when each client has got so many more acknowledgements. */
  async proceed({ acknowledgements }: { acknowledgements: number }): Promise<void> {
    const wanted = talkers.map((talker) => talker.acknowledgements + acknowledgements);
    await until('all clients are answered', () =>
      talkers.every((talker, index) => talker.acknowledgements >= wanted[index]! || talker.fault !== ''),
    );
  },

  /** Stops sending and waits for what is unanswered. @returns the longest silence that any client saw, in milliseconds */
  async stop(_: null): Promise<number> {
    for (const talker of talkers) talker.stop();
    await until('everything is answered', () => talkers.every(({ unanswered }) => unanswered === 0));
    return Math.max(...talkers.map(({ longestSilenceMs }) => longestSilenceMs));
  },

  /** @returns how many messages were acknowledged; all are there, once and in order */
  async audit(_: null): Promise<number> {
    for (const talker of talkers) {
      const fault = await talker.audit();
      if (fault !== '') throw new Error(`LOST, DOUBLED OR OUT OF ORDER: ${fault}.`);
    }
    return talkers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  },
};

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadline) {
      const states = talkers.map(({ username, chat }) => `${username} ${JSON.stringify(chat.connection)}`);
      throw new Error(`After 30 s it is not so that ${what}: ${states.join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export type FailoverTasks = typeof tasks;
serveTasks(tasks);
