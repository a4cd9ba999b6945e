import type { Address } from '../../shared/ids.ts';
import type { Hello, Input, PeerMessage } from '../replication/messages.ts';

/** Time and turns of the main loop, as the engine is given them: real ones, or simulated ones. */
export interface Clock {
  /** Milliseconds that never go back; may stand still while the machine sleeps. */
  monotonicMs(): number;
  /** Milliseconds since the machine started, sleep included; coarse is enough (A3). */
  uptimeMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Calls back again and again; returns how to stop it. */
  every(intervalMs: number, run: () => void): () => void;
  after(delayMs: number, run: () => void): () => void;
  /** Calls back once the input that is waiting now has been read. */
  soon(run: () => void): void;
}

/** How a replica reaches the others. */
export interface PeerTransport {
  /** @param onInput is given hellos, messages and what becomes of links; `hello` is asked whenever one is to be said */
  start(onInput: (input: Input) => void, hello: () => Hello): void;
  /** Connects to that address from now on, and again whenever the connection ends. */
  dial(address: Address): void;
  /** Ends the connection to that address in a while, and dials it anew. */
  dialAgain(address: Address): void;
  /** In order while the link lasts; lost without a link. */
  send(to: Address, message: PeerMessage): void;
}
