import type { Cluster } from '../shared/api.ts';
import type { ConnectionState } from './chat-types.ts';

/** Says in lines which server was reached, which others are known, and what the cluster warns of: each when it changes. */
export class PrimaryNews {
  readonly #say: (line: string) => void;
  #reached = false;
  #lost = false;
  #warning: string | undefined;
  #cluster: Cluster | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** @param matters false when nobody would miss the connection: a server ends sockets that never log in */
  onConnection(state: ConnectionState, matters: boolean): void {
    if (state.phase !== 'connected') {
      if (this.#reached && !this.#lost && matters && state.phase !== 'closed') {
        this.#lost = true;
        this.#say('The connection was lost; looking for the primary.');
      }
      return;
    }
    this.#lost = false;
    this.#cluster = state.cluster;
    if (!this.#reached) this.#announce('Connected', state.server);
    this.#reached = true;
    this.#warn(state.cluster.warning);
  }

  /** It is connected again, perhaps to another server. */
  onMoved(server: string): void {
    this.#announce('Reconnected', server);
  }

  #announce(verb: string, server: string): void {
    this.#say(`${verb} to Understudy at ${server}`);
    this.#say('Known nodes:');
    for (const address of this.#cluster?.known ?? []) this.#say(`  ${address}`);
  }

  #warn(warning: string | undefined): void {
    if (warning === this.#warning) return;
    this.#warning = warning;
    this.#say(warning === undefined ? 'The warning no longer applies.' : `WARNING: ${warning}`);
  }
}
