import type { Cluster } from '../shared/api.ts';
import type { ConnectionState } from './chat-types.ts';

/** What is over sooner is not worth a line: no server is reached, or those that are have no primary. */
const UNREACHED_SAID_AFTER_MS = 1000;
const WAITING_SAID_AFTER_MS = 5000;

/**
 * Says in lines which server was reached, which others are known, and what the cluster warns of: at first, after each move to
 * another server, and the warning also when it begins to be true. Of a connection that is soon back it says nothing.
 */
export class PrimaryNews {
  readonly #say: (line: string) => void;
  /** The server that it was connected to last; empty before. */
  #server = '';
  #warning: string | undefined;
  #isLost = false;
  #phase = '';
  /** The sentence about a connection that is not there; empty until it was said. */
  #trouble = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** A server was reached. */
  get isGreeted(): boolean {
    return this.#server !== '';
  }

  /** @param matters false when nobody would miss the connection: a server ends sockets that never log in */
  onConnection(state: ConnectionState, matters: boolean): void {
    if (state.phase !== this.#phase) this.#stopWaiting();
    const isNew = state.phase !== this.#phase;
    this.#phase = state.phase;
    if (state.phase === 'connected') this.#onConnected(state, matters);
    else if (state.phase !== 'closed') {
      this.#isLost = true;
      if (state.phase !== 'connecting' && isNew) this.#wait(state.phase);
      if (state.phase !== 'connecting') this.#trouble = state.reason;
    }
  }

  /** Nothing is said any more. */
  close(): void {
    this.#stopWaiting();
  }

  #onConnected({ server, cluster }: ConnectionState & { phase: 'connected' }, matters: boolean): void {
    const isFirst = this.#server === '';
    const isMoved = !isFirst && (server !== this.#server || (this.#isLost && matters));
    this.#isLost = false;
    this.#server = server;
    if (isFirst || isMoved) {
      this.#say(`${isFirst ? 'Connected' : 'Reconnected'} to Understudy at ${server}`);
      this.#say('Known nodes:');
      for (const address of knownNodes(cluster)) this.#say(`  ${address}`);
    }
    const { warning } = cluster;
    if (warning !== undefined && (warning !== this.#warning || isMoved)) this.#say(`WARNING: ${warning}`);
    if (warning === undefined && this.#warning !== undefined && !isMoved) this.#say('The warning no longer applies.');
    this.#warning = warning;
  }

  #wait(phase: 'waiting' | 'offline'): void {
    const afterMs = phase === 'offline' ? UNREACHED_SAID_AFTER_MS : WAITING_SAID_AFTER_MS;
    this.#timer = setTimeout(() => this.#say(`${this.#trouble} Trying again.`), afterMs);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** All servers of a cluster: those of the view in order, then spares, witnesses, and whoever else was heard of. */
export function knownNodes({ members, spares, witnesses, known }: Cluster): string[] {
  return [...new Set([...members, ...spares, ...witnesses, ...known])];
}
