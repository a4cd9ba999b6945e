import { connect } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { type Address, splitAddress } from '../../shared/ids.ts';
import { PEER_PROTOCOL, PROBE_EAGER_MS, PROBE_IDLE_INTERVAL_MS, PROBE_INTERVAL_MS } from '../../shared/limits.ts';
import type { Hello, PeerMessage } from '../replication/messages.ts';
import { isHello } from './peer-checks.ts';
import { isProof, newNonce, proofOf } from './peer-proof.ts';
import { toWire } from './peer-wire.ts';

/** How long a connect or a handshake may take before it is tried anew. */
const CONNECT_TIMEOUT_MS = 1000;
/** A process that dies closes its connections one by one: for so long after the first, its listener may still accept. */
const DYING_MS = 300;
const DYING_PROBE_INTERVAL_MS = 10;
const DIAL_AGAIN_MS = 3000;

export interface PeerLinkEvents {
  onUp(peer: Hello): void;
  onDown(): void;
  /** Nobody listens there (A4). */
  onRefused(): void;
  onProblem(text: string): void;
}

/**
 * Our connection to one other server: dialed, kept, dialed again. Messages go out on it; what the other one sends comes
 * in over the connection that it dialed itself.
 */
export class PeerLink {
  readonly #address: Address;
  readonly #options: { path: string; secret: string; hello: () => Hello };
  readonly #events: PeerLinkEvents;
  #socket: Socket | null = null;
  #isUp = false;
  #isClosed = false;
  #lostAtMs = Date.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(address: Address, options: { path: string; secret: string; hello: () => Hello }, events: PeerLinkEvents) {
    this.#address = address;
    this.#options = options;
    this.#events = events;
    this.#probe();
  }

  send(message: PeerMessage): void {
    if (this.#isUp) this.#socket!.emit('message', toWire(message));
  }

  /** The other side's hello was not to our liking: hears another one in a while. */
  dialAgain(): void {
    const socket = this.#socket;
    this.#timer = setTimeout(() => socket?.disconnect(), DIAL_AGAIN_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#isUp = false;
    clearTimeout(this.#timer);
    this.#socket?.disconnect();
  }

  /** A plain connect first: a refusal there is a fact about the address, and nothing else tells it so surely. */
  #probe(): void {
    if (this.#isClosed) return;
    const { host, port } = splitAddress(this.#address);
    const socket = connect({ host: resolveHost(host), port });
    let isOver = false;
    const finish = (then: () => void) => {
      if (isOver) return;
      isOver = true;
      socket.destroy();
      if (!this.#isClosed) then();
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => finish(() => this.#probeLater()));
    socket.on('connect', () => {
      // A dial to a free port of the ephemeral range can meet itself.
      const isSelf = socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
      finish(() => (isSelf ? this.#refused() : this.#open()));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(() => (error.code === 'ECONNREFUSED' ? this.#refused() : this.#probeLater()));
    });
  }

  #refused(): void {
    this.#events.onRefused();
    this.#probeIn(this.#pauseMs());
  }

  #probeLater(): void {
    const isDying = Date.now() - this.#lostAtMs < DYING_MS;
    this.#probeIn(isDying ? DYING_PROBE_INTERVAL_MS : this.#pauseMs());
  }

  #pauseMs(): number {
    return Date.now() - this.#lostAtMs < PROBE_EAGER_MS ? PROBE_INTERVAL_MS : PROBE_IDLE_INTERVAL_MS;
  }

  #probeIn(delayMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#probe(), delayMs);
  }

  /** Connects, proves that it knows the secret, has the other side prove it, exchanges hellos. */
  #open(): void {
    const { host, port } = splitAddress(this.#address);
    const { path, secret, hello } = this.#options;
    const resolved = resolveHost(host);
    const dialerNonce = newNonce();
    const socket = io(`http://${resolved.includes(':') ? `[${resolved}]` : resolved}:${port}/peers`, {
      path,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: CONNECT_TIMEOUT_MS,
      auth: { protocol: PEER_PROTOCOL, nonce: dialerNonce },
    });
    this.#socket = socket;
    // Socket.IO says nothing of the end of a socket that was never let in, so this must not wait for it.
    const deadline = setTimeout(() => this.#socket === socket && this.#lost(), 2 * CONNECT_TIMEOUT_MS);
    socket.on('challenge', (challenge: { nonce: string; proof: string }) => {
      if (!isProof(challenge?.proof, proofOf(secret, 'answerer', dialerNonce, challenge?.nonce))) {
        this.#events.onProblem(`${this.#address} does not know the cluster's secret; give all servers the same one.`);
        socket.disconnect();
        return;
      }
      const proof = proofOf(secret, 'dialer', dialerNonce, challenge.nonce);
      socket.emit('hello', { proof, hello: hello() }, (answer: { hello?: unknown } | null) => {
        clearTimeout(deadline);
        const peer = answer?.hello;
        if (!isHello(peer)) {
          this.#events.onProblem(`${this.#address} answers with something that is no greeting; is it another version?`);
          socket.disconnect();
          return;
        }
        if (this.#socket !== socket || this.#isClosed) return;
        this.#isUp = true;
        this.#events.onUp(peer);
      });
    });
    const lost = (problem?: string) => {
      clearTimeout(deadline);
      if (this.#socket === socket) this.#lost(problem);
    };
    socket.on('connect_error', (error) => lost(error.message === 'timeout' ? undefined : error.message));
    socket.on('disconnect', () => lost());
  }

  #lost(problem?: string): void {
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = null;
    if (this.#isClosed) return;
    if (this.#isUp) {
      this.#isUp = false;
      this.#lostAtMs = Date.now();
      this.#events.onDown();
      this.#probe();
      return;
    }
    if (problem && !problem.startsWith('websocket')) this.#events.onProblem(`${this.#address}: ${problem}`);
    this.#probeLater();
  }
}

/** One machine may say ::1 and another 127.0.0.1 for the same word: here it always is the latter (A4). */
export function resolveHost(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}
