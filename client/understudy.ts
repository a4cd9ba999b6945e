import { ChatClient as BareChatClient } from './chat-client.ts';
import type { ChatClientOptions as BareOptions } from './client-options.ts';
import { type ChatEventListener, type ChatEventName, EventListeners } from './event-listeners.ts';
import { memoryStore } from './memory-store.ts';
import { realClock, realRandom } from './real-clock.ts';
import { serverAddresses } from './server-addresses.ts';
import { socketTransport } from './socket-transport.ts';
import { randomClientId } from './starting-over.ts';
import type { ClientStore } from './store.ts';

export type {
  AccountListing,
  Change,
  Cluster,
  Conversation,
  Deletion,
  Message,
  Reaction,
  Replies,
  Room,
} from '../shared/api.ts';
export type { ChatError, ErrorCode, Result } from '../shared/errors.ts';
export type { Chat, ChatEvent, ConnectionState, OutboxMessage } from './chat-types.ts';
export type { ChatEventListener, ChatEventName, ChatEventNamed } from './event-listeners.ts';
export { pageStore } from './page-store.ts';
export type { ClientStore } from './store.ts';

/** How a {@link ChatClient} is made. */
export interface ChatClientOptions extends Omit<BareOptions, 'servers' | 'store' | 'connect' | 'clock' | 'random'> {
  /** Where to look first, each `host:port`. One is enough, all are better: the others are learned from whoever answers. */
  servers: readonly string[];
  /**
   * Where the outbox, the log-in and the numbers of requests are kept. By default in memory, for as long as the program runs. In a
   * browser {@link pageStore} keeps them over a reload of the page; in Node `folderStore` of `understudy/node`, in a folder.
   */
  store?: ClientStore;
}

/**
 * Chat for a program, in Node and in browsers: `import { ChatClient } from 'understudy'`. It finds the primary, moves when that
 * changes, resends what was not acknowledged under the same number, and replays what was missed. What it can be asked for is
 * {@link Chat}; what it tells, {@link ChatEvent}. Nothing happens before `start()`, so that listeners can be added first.
 */
export class ChatClient extends BareChatClient {
  readonly #listeners = new EventListeners();

  /** @throws Error when an address is no `host:port` */
  constructor({ servers, store, ...others }: ChatClientOptions) {
    const random = realRandom();
    super({
      servers: serverAddresses(servers),
      store: store ?? memoryStore(randomClientId(random)),
      connect: socketTransport(),
      clock: realClock(),
      random,
      ...others,
    });
    this.onEvent((event) => this.#listeners.dispatch(event));
  }

  /** Calls the listener with each event of that name from now on, in the order in which they happened. */
  on<N extends ChatEventName>(name: N, listener: ChatEventListener<N>): this {
    this.#listeners.add(name, listener, false);
    return this;
  }

  /** Calls the listener with the next event of that name, and no more. */
  once<N extends ChatEventName>(name: N, listener: ChatEventListener<N>): this {
    this.#listeners.add(name, listener, true);
    return this;
  }

  /** The listener is not called any more; without one, none of that name is. */
  off<N extends ChatEventName>(name: N, listener?: ChatEventListener<N>): this {
    this.#listeners.remove(name, listener);
    return this;
  }
}
