import { createHash } from 'node:crypto';
import type { Replies } from '../shared/api.ts';
import { type ChatError, type Result, success } from '../shared/errors.ts';
import type { Address, ClientId } from '../shared/ids.ts';
import { ChatClient } from './chat-client.ts';
import type { PlannedMessage } from './irc-log.ts';
import { memoryStore } from './memory-store.ts';
import { realClock, realRandom } from './real-clock.ts';
import { socketTransport } from './socket-transport.ts';
import { randomClientId } from './starting-over.ts';
import type { ClientStore } from './store.ts';

/** Connections kept open at a time. */
const SPEAKERS_OPEN = 32;

interface Speaker {
  chat: ChatClient;
  /** The number that the next message is sent under. */
  next: number;
  inFlight: number;
}

export interface SpeakersOptions {
  servers: readonly Address[];
  /** Of every imported account. */
  password: string;
  /** Names this import: the same import under the same name sends nothing twice. */
  importName: string;
  /** See `ChatClientOptions`. */
  spread?: boolean;
  /** An earlier run did. */
  wasSpread?: boolean;
}

/**
 * The clients that speak for the people of a log. Each has an id and numbers that follow from the import and the log
 * alone, so that what was sent by a run that was killed is recognized by the servers when it is sent again.
 */
export class ImportSpeakers {
  readonly #options: SpeakersOptions;
  readonly #door: ChatClient;
  readonly #doorStore: ClientStore;
  readonly #tokens = new Map<string, string>();
  readonly #open = new Map<string, Speaker>();
  #entering: Promise<unknown> = Promise.resolve();
  #onIdle: (() => void) | undefined;

  constructor(options: SpeakersOptions) {
    this.#options = options;
    this.#doorStore = memoryStore(randomClientId(realRandom()));
    this.#door = this.#client(this.#doorStore);
  }

  /** Waits for a primary. @returns the id of its cluster, or undefined when none was found in time */
  connect(timeoutMs: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      this.#door.onEvent((event) => {
        if (event.type !== 'connection' || event.state.phase !== 'connected') return;
        clearTimeout(timer);
        resolve(event.state.cluster.id);
      });
      this.#door.start();
    });
  }

  /** Makes an account, or finds that it is there and opens with the import's password. */
  async enter(username: string): Promise<Result<{ username: string }>> {
    const entered = this.#entering.then(() => this.#enter(username));
    this.#entering = entered;
    return entered;
  }

  /**
   * Makes the sender of its first message in a room a member of it.
   *
   * @param isFirst the room is there only if another import, or somebody else, made it
   */
  async join(message: PlannedMessage, isFirst: boolean): Promise<ChatError | undefined> {
    const { from, to: room, enters = 0 } = message;
    const speaker = await this.#speaker(from);
    if ('code' in speaker) return speaker;
    speaker.inFlight += 1;
    try {
      if (isFirst) {
        speaker.next = enters;
        const made = await speaker.chat.createRoom(room);
        if (made.ok) return undefined;
        if (made.error.code !== 'room-taken' && made.error.code !== 'overtaken') return made.error;
      }
      speaker.next = enters + 1;
      const joined = await speaker.chat.joinRoom(room);
      // Overtaken: an earlier run has had it done, and went on to say something.
      return joined.ok || joined.error.code === 'overtaken' ? undefined : joined.error;
    } finally {
      speaker.inFlight -= 1;
      this.#onIdle?.();
    }
  }

  /** Sends a message; those of one sender take effect in the order of the calls. The promise is of the answer. */
  async send(message: PlannedMessage): Promise<{ answer: Promise<Result<Replies['message:send']>> } | ChatError> {
    const speaker = await this.#speaker(message.from);
    if ('code' in speaker) return speaker;
    speaker.next = message.number;
    speaker.inFlight += 1;
    const answer = speaker.chat.send(message.to, message.body).finally(() => {
      speaker.inFlight -= 1;
      this.#onIdle?.();
    });
    return { answer };
  }

  async close(): Promise<void> {
    await Promise.all([this.#door, ...[...this.#open.values()].map(({ chat }) => chat)].map((chat) => chat.close()));
  }

  async #enter(username: string): Promise<Result<{ username: string }>> {
    const { password } = this.#options;
    const created = await this.#door.createAccount(username, password);
    const entered =
      !created.ok && created.error.code === 'username-taken' ? await this.#door.logIn(username, password) : created;
    if (!entered.ok) return entered;
    this.#tokens.set(username, this.#doorStore.session!.token);
    return success({ username });
  }

  async #speaker(username: string): Promise<Speaker | ChatError> {
    const present = this.#open.get(username);
    if (present) {
      // The one used last is the last to be closed.
      this.#open.delete(username);
      this.#open.set(username, present);
      return present;
    }
    await this.#makeSpace();
    if (!this.#tokens.has(username)) {
      const entered = await this.enter(username);
      if (!entered.ok) return entered.error;
    }
    const store = memoryStore(this.#clientIdOf(username));
    store.saveSession({ username, token: this.#tokens.get(username)! });
    const speaker: Speaker = { chat: this.#client(store), next: 0, inFlight: 0 };
    store.takeNumber = () => speaker.next;
    speaker.chat.start();
    this.#open.set(username, speaker);
    return speaker;
  }

  async #makeSpace(): Promise<void> {
    while (this.#open.size >= SPEAKERS_OPEN) {
      const idle = [...this.#open].find(([, { inFlight }]) => inFlight === 0);
      if (idle) {
        this.#open.delete(idle[0]);
        await idle[1].chat.close();
      } else {
        await new Promise<void>((resolve) => {
          this.#onIdle = resolve;
        });
      }
    }
  }

  #client(store: ClientStore): ChatClient {
    const { servers, spread = false, wasSpread = false } = this.#options;
    if (wasSpread) store.markSpread();
    const parts = { connect: socketTransport(), clock: realClock(), random: realRandom() };
    return new ChatClient({ servers, store, replay: false, spread, ...parts });
  }

  #clientIdOf(username: string): ClientId {
    const hex = createHash('sha256').update(`${this.#options.importName}\n${username}`).digest('hex');
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    return id as ClientId;
  }
}
