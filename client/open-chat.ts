import type { Address } from '../shared/ids.ts';
import { ChatClient } from './chat-client.ts';
import type { ChatClientOptions } from './client-options.ts';
import { defaultStateFolder, openFolderStore } from './folder-store.ts';
import { realClock, realRandom } from './real-clock.ts';
import { socketTransport } from './socket-transport.ts';

export interface OpenChatOptions {
  servers: readonly Address[];
  /** The account it is wanted for; without one any that was used before will do, with `null` nobody is logged in. */
  username?: string | null;
  /** Where the outbox and what was told are kept; the user's state folder by default. */
  stateFolder?: string;
  giveUpAfterMs?: number;
  replay?: boolean;
  /** See {@link ChatClientOptions}. */
  spreadReads?: boolean;
  spread?: boolean;
}

/**
 * The client library on this machine: its clock, its sockets, a client folder of its own. Not started yet.
 *
 * @throws Error with a sentence for people when the state folder cannot be used
 */
export async function openChat(options: OpenChatOptions): Promise<ChatClient> {
  const { servers, username, stateFolder = defaultStateFolder(), giveUpAfterMs = 0, replay = true } = options;
  const { spreadReads = false, spread = false } = options;
  const store = await openFolderStore({ stateFolder, servers, ...(username === undefined ? {} : { username }) });
  const parts = { connect: socketTransport(), clock: realClock(), random: realRandom() };
  return new ChatClient({ servers, store, giveUpAfterMs, replay, spreadReads, spread, ...parts });
}
