import type { Server, Socket } from 'socket.io';
import type { Address } from '../../shared/ids.ts';
import { PEER_PROTOCOL } from '../../shared/limits.ts';
import type { Hello, Input, PeerMessage } from '../replication/messages.ts';
import { isHello, isWireMessage } from './peer-checks.ts';
import { PeerLink } from './peer-link.ts';
import { type OperatorHandler, serveOperatorOn } from './peer-operator.ts';
import { isLoopback, isProof, newNonce, proofOf } from './peer-proof.ts';
import { fromWire, type OpenRows } from './peer-wire.ts';

export interface PeerNetworkOptions {
  /** Socket.IO path of the servers among themselves. */
  path: string;
  /** Empty: then only loopback addresses are served. */
  secret: string;
  openRows: OpenRows;
  log(text: string): void;
}

/**
 * Replicas among themselves, in Socket.IO namespace `/peers`. Each server dials every other one and sends on what it
 * dialed; so each direction has a connection of its own, and the end of ours says something about its other end (R5).
 */
export class PeerNetwork {
  readonly #io: Server;
  readonly #self: Address;
  readonly #options: PeerNetworkOptions;
  readonly #links = new Map<Address, PeerLink>();
  readonly #said = new Map<string, number>();
  #onInput: (input: Input) => void = () => {};
  #hello: (() => Hello) | null = null;
  #operator: OperatorHandler | null = null;

  constructor(io: Server, self: Address, options: PeerNetworkOptions) {
    this.#io = io;
    this.#self = self;
    this.#options = options;
    this.#accept();
  }

  /** From now on hellos are answered and inputs given. Before, a connection is told to come again. */
  start(onInput: (input: Input) => void, hello: () => Hello): void {
    this.#onInput = onInput;
    this.#hello = hello;
  }

  /** From now on what an operator's program asks is answered. */
  serveOperator(handler: OperatorHandler): void {
    this.#operator = handler;
  }

  dial(address: Address): void {
    if (address === this.#self || this.#links.has(address)) return;
    const { path, secret } = this.#options;
    const link = new PeerLink(
      address,
      { path, secret, hello: () => this.#hello!() },
      {
        onUp: (peer) => this.#onUp(address, peer),
        onDown: () => this.#onInput({ type: 'link-down', address }),
        onRefused: () => this.#onInput({ type: 'refused', address }),
        onProblem: (text) => this.#sayOnce(text),
      },
    );
    this.#links.set(address, link);
  }

  #onUp(address: Address, peer: Hello): void {
    if (peer.self.id === address) this.#onInput({ type: 'link-up', peer });
    else this.#sayOnce(`${address} answers as ${peer.self.id}; use that name for it everywhere.`);
  }

  dialAgain(address: Address): void {
    this.#links.get(address)?.dialAgain();
  }

  send(to: Address, message: PeerMessage): void {
    this.#links.get(to)?.send(message);
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
  }

  #accept(): void {
    const { secret } = this.#options;
    const namespace = this.#io.of('/peers');
    namespace.use((socket, next) => {
      const { protocol, nonce } = socket.handshake.auth as { protocol?: unknown; nonce?: unknown };
      if (secret === '' && !isLoopback(socket.handshake.address)) {
        next(new Error('This server has no cluster secret and therefore serves only servers on its own machine.'));
      } else if (protocol !== PEER_PROTOCOL) {
        next(
          new Error(
            `This server speaks peer protocol ${PEER_PROTOCOL}, not ${String(protocol)}; run the same version everywhere.`,
          ),
        );
      } else if (typeof nonce !== 'string' || nonce.length > 128) {
        next(new Error('A server has to send a nonce.'));
      } else next();
    });
    namespace.on('connection', (socket) => this.#meet(socket));
  }

  #meet(socket: Socket): void {
    const { secret } = this.#options;
    const dialerNonce = socket.handshake.auth.nonce as string;
    const nonce = newNonce();
    const onStranger = () =>
      this.#sayOnce(`${socket.handshake.address} does not know the cluster's secret; it is refused.`);
    const expected = proofOf(secret, 'dialer', dialerNonce, nonce);
    socket.emit('challenge', { nonce, proof: proofOf(secret, 'answerer', dialerNonce, nonce) });
    serveOperatorOn(socket, expected, () => this.#operator, onStranger);
    socket.once('hello', (said: { proof?: unknown; hello?: unknown } | null, answer: unknown) => {
      const isKnown = isProof(said?.proof, expected);
      const peer = said?.hello;
      if (!isKnown || !this.#hello || typeof answer !== 'function' || !isHello(peer)) {
        if (!isKnown) onStranger();
        socket.disconnect(true);
        return;
      }
      answer({ hello: this.#hello() });
      this.#onInput({ type: 'hello', peer });
      socket.on('message', (wire: unknown) => this.#onMessage(socket, peer, wire));
    });
  }

  #onMessage(socket: Socket, from: Hello, wire: unknown): void {
    const opened = isWireMessage(wire)
      ? fromWire(wire, this.#options.openRows)
      : { damage: 'it is none that this version knows.' };
    if ('message' in opened) {
      this.#onInput({ type: 'message', from: from.self, nonce: from.nonce, message: opened.message });
      return;
    }
    // Never appended, never acknowledged: the sender sends it again over a new connection.
    this.#sayOnce(`A message from ${from.self.id} arrived damaged: ${opened.damage}`);
    socket.disconnect(true);
  }

  /** Problems come with every try; once a minute is enough. */
  #sayOnce(text: string): void {
    const nowMs = Date.now();
    if (nowMs - (this.#said.get(text) ?? 0) < 60_000) return;
    this.#said.set(text, nowMs);
    this.#options.log(text);
  }
}
