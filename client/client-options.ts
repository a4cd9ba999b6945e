import type { Address } from '../shared/ids.ts';
import type { Random } from '../shared/random.ts';
import type { Clock } from './clock.ts';
import type { ClientStore } from './store.ts';
import type { Transport } from './transport.ts';

/** What a client library is made of, besides its own code. */
export interface ChatClientOptions {
  /** Where to look first; more is learned from the servers. */
  servers: readonly Address[];
  store: ClientStore;
  connect: Transport;
  clock: Clock;
  random: Random;
  /** A request that no server answered within this time is given up; 0 (the default): never. */
  giveUpAfterMs?: number;
  /**
   * False: what was missed is not fetched, nor the list of conversations, and what was told earlier is not told at the start.
   * Default true.
   */
  replay?: boolean;
}
