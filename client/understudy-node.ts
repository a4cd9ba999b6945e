import { defaultStateFolder, openFolderStore } from './folder-store.ts';
import { serverAddresses } from './server-addresses.ts';
import type { ClientStore } from './store.ts';

export type { ClientStore } from './store.ts';

/** Where {@link folderStore} keeps what, and for whom. */
export interface FolderStoreOptions {
  /** The servers, as the client is given them: each `host:port`. Another list of servers has a store of its own. */
  servers: readonly string[];
  /** The account that it is for; by default whichever was used last, with `null` none. */
  username?: string | null;
  /** By default that of the terminal chat: `$XDG_STATE_HOME/understudy`, or `~/.local/state/understudy`. */
  folder?: string;
}

/**
 * A store in a folder of this machine, for Node: `import { folderStore } from 'understudy/node'`. What was sent is on the disk before it is on the
 * wire; when the program is killed, the next one that opens the store sends what was not acknowledged, once, and is logged in
 * as before. It also keeps what was told: at its start a client tells the newest of that again, as `replayed`. Each running client
 * has a store of its own, which is locked as long as it runs; `close()` of the client releases it.
 *
 * @throws Error with a sentence for people when an address is none, or the folder cannot be used
 */
export async function folderStore(options: FolderStoreOptions): Promise<ClientStore> {
  const { servers, username, folder = defaultStateFolder() } = options;
  const owner = username === undefined ? {} : { username };
  return await openFolderStore({ stateFolder: folder, servers: serverAddresses(servers), ...owner });
}
