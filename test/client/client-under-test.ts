import { ChatClient } from '../../client/chat-client.ts';
import type { ChatEvent } from '../../client/chat-types.ts';
import type { ChatClientOptions } from '../../client/client-options.ts';
import { memoryStore } from '../../client/memory-store.ts';
import { randomClientId } from '../../client/starting-over.ts';
import type { ClientStore } from '../../client/store.ts';
import type { Address } from '../../shared/ids.ts';
import { seededRandom } from '../../shared/random.ts';
import type { FakeCluster } from './fake-cluster.ts';

export interface Under {
  chat: ChatClient;
  store: ClientStore;
  events: ChatEvent[];
  /** Events of one type, in order. */
  of<T extends ChatEvent['type']>(type: T): Extract<ChatEvent, { type: T }>[];
  /** Bodies of the messages told, in order. */
  bodies(): string[];
}

let seeds = 0;

/** A client on the fake cluster's clock and connections, started. */
export function clientOf(cluster: FakeCluster, options: Partial<ChatClientOptions> = {}): Under {
  const random = seededRandom(`client ${seeds++}`);
  const store = options.store ?? memoryStore(randomClientId(random));
  const servers = [...cluster.members] as Address[];
  const { clock, connect } = cluster;
  const chat = new ChatClient({ servers, store, connect, clock, random, ...options });
  const events: ChatEvent[] = [];
  chat.onEvent((event) => events.push(event));
  chat.start();
  const of: Under['of'] = (type) => events.filter((event) => event.type === type) as never;
  return { chat, store, events, of, bodies: () => of('message').map((event) => event.message.body) };
}

/** A client of an account of its own, logged in and settled. */
export async function loggedIn(cluster: FakeCluster, username: string, options?: Partial<ChatClientOptions>) {
  const under = clientOf(cluster, options);
  const entered = under.chat.createAccount(username, 'a password');
  await cluster.clock.advance(500);
  const result = await entered;
  if (!result.ok) throw new Error(result.error.message);
  return under;
}
