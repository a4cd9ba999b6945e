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
  /**
   * True: history, single messages, searches and the like are asked of the backups in turn, so that reads do not all meet at the primary; for
   * that a socket to each member is kept. What is shown never goes back behind what this client was told, by its own answers among others,
   * but something that others did a moment ago may be missing in it. A backup that cannot answer costs a detour over the primary and no
   * error. Default false: everything is asked of the primary.
   */
  spreadReads?: boolean;
  /**
   * True: requests go to any server that takes them, chosen by a number from `random` so that clients are spread over all members, and what
   * is new is told by that server. It stays there while that server serves, and moves to the next when it refuses, falls silent or closes; what is
   * not answered is sent again there, in order and under its numbers. Log-ins and whatever else needs a password verified go to the primary, and so
   * does everything while no other server takes requests. Default false.
   */
  spread?: boolean;
}
