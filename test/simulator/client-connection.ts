import type { Connection, ConnectionListener, PushEvent } from '../../client/transport.ts';
import type { Handshake, RequestEvent } from '../../shared/api.ts';
import type { ChatError } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import { SOCKET_PING_INTERVAL_MS, SOCKET_PING_TIMEOUT_MS } from '../../shared/limits.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import type { Life } from './life.ts';
import type { ServerSocket, SocketServer } from './socket-server.ts';
import { type World, within } from './world.ts';

/** As the real transport has it. */
const OPEN_TIMEOUT_MS = 3000;
/** Socket.IO notices by then that nothing comes any more. */
const PING_TIMEOUT_MS = SOCKET_PING_INTERVAL_MS + SOCKET_PING_TIMEOUT_MS;
const PACKET_BYTES = 150;

/** One connection, both ends of it. Either may know before the other that it is over. */
export class ClientConnection implements Connection {
  readonly clientName: string;
  readonly life: Life;
  readonly address: Address;
  /** What the client has not read yet. */
  unreadBytes = 0;
  readonly #network: SimulatedClientNetwork;
  readonly #listener: ConnectionListener;
  #server: SocketServer | undefined;
  #socket: ServerSocket | undefined;
  #isOverForClient = false;
  #isOverForServer = false;
  #isLost = false;
  #towardsServerMs = 0;
  #towardsClientMs = 0;

  constructor(
    network: SimulatedClientNetwork,
    clientName: string,
    life: Life,
    address: Address,
    listener: ConnectionListener,
  ) {
    this.#network = network;
    this.clientName = clientName;
    this.life = life;
    this.address = address;
    this.#listener = listener;
  }

  get #world(): World {
    return this.#network.options.world;
  }

  dial(handshake: Handshake): void {
    this.life.after(OPEN_TIMEOUT_MS, () => {
      if (!this.#socket) this.#endForClient('timeout');
    });
    this.#toServer(() => {
      const server = this.#network.at(this.address);
      if (!server) {
        this.#toClient(() => this.#endForClient('connection refused'), 0);
        return;
      }
      this.#server = server;
      server.life.act(() => {
        this.#world.isTouched = true;
        if (!this.#isOverForServer) server.accept(this, handshake);
      });
    });
  }

  request(event: RequestEvent, payload: object, answer: (reply: unknown) => void): void {
    if (this.#isOverForClient) return;
    this.#toServer(() => {
      const server = this.#server;
      server?.life.act(() => {
        this.#world.isTouched = true;
        const wasPrimary = server.isPrimary();
        this.#socket?.receive(event, payload, (reply) => {
          const isPrimary = wasPrimary && server.isPrimary();
          this.#toClient(() => {
            this.#network.isAnsweredByPrimary = isPrimary;
            if (!this.#isOverForClient) answer(reply);
          }, sizeOf(reply));
        });
      });
    });
  }

  /** What the client sends over it takes long from now on, as when a network loses so much that the system repeats itself. */
  stall(durationMs: number): void {
    this.#towardsServerMs = Math.max(this.#towardsServerMs, this.#world.nowMs + durationMs);
  }

  /** The client is done with it: what it sent before still arrives. */
  close(): void {
    if (this.#isOverForClient) return;
    this.#isOverForClient = true;
    this.#toServer(() => this.#endForServer());
    // Where the way is cut, only the missing pings tell.
    this.#world.queue.after(PING_TIMEOUT_MS, () => this.#endForServer());
  }

  /** The handshake was accepted. */
  open(socket: ServerSocket): void {
    this.#socket = socket;
    this.#toClient(() => {
      if (!this.#isOverForClient) this.#listener.onOpen();
    }, 0);
  }

  refuse(message: string, error: ChatError | undefined): void {
    this.#toClient(() => this.#endForClient(message, error), 0);
  }

  push(event: string, payload: unknown): void {
    this.#toClient(() => {
      if (!this.#isOverForClient) this.#listener.onPush(event as PushEvent, payload);
    }, sizeOf(payload));
  }

  /** The server ended it in good order: what it had sent still arrives. */
  closeByServer(): void {
    this.#isOverForServer = true;
    this.#toClient(() => this.#endForClient('io server disconnect'), 0);
  }

  /** The server threw away what was not read. */
  terminate(): void {
    this.#isLost = true;
    this.#endForClientLater();
  }

  onServerEnded(): void {
    if (this.#isOverForServer) return;
    this.#isOverForServer = true;
    this.#isLost = this.#network.options.random.chance(0.5);
    this.#endForClientLater();
  }

  /** The connection breaks; what is under way is lost. */
  break(): void {
    this.#isLost = true;
    this.#endForClientLater();
    this.#world.queue.after(this.#delayMs(), () => this.#endForServer());
  }

  #endForClientLater(): void {
    const { cuts } = this.#network;
    const end = () => this.life.act(() => this.#endForClient('transport close'));
    this.#towardsClientMs = Math.max(this.#towardsClientMs, this.#world.nowMs + this.#delayMs());
    this.#world.queue.at(this.#towardsClientMs, () => {
      if (cuts.isCut(this.address, this.clientName)) cuts.whenMended(this.address, this.clientName, end);
      else end();
    });
    this.life.after(PING_TIMEOUT_MS, () => this.#endForClient('ping timeout'));
  }

  #endForClient(reason: string, error?: ChatError): void {
    if (this.#isOverForClient) return;
    this.#world.isTouched = true;
    this.close();
    this.#listener.onClosed(reason, error);
  }

  #endForServer(): void {
    this.#network.forget(this);
    if (this.#isOverForServer) return;
    this.#isOverForServer = true;
    const socket = this.#socket;
    this.#server?.life.act(() => {
      this.#world.isTouched = true;
      socket?.onGone();
    });
  }

  #delayMs(): number {
    return within(this.#network.options.rates.clientDelayMs, this.#network.options.random);
  }

  #toServer(arrive: () => void): void {
    const { cuts } = this.#network;
    const run = () => {
      if (!this.#isLost) arrive();
    };
    this.#towardsServerMs = Math.max(this.#towardsServerMs, this.#world.nowMs + this.#delayMs());
    this.#world.queue.at(this.#towardsServerMs, () => {
      if (cuts.isCut(this.clientName, this.address)) cuts.whenMended(this.clientName, this.address, run);
      else run();
    });
  }

  #toClient(arrive: () => void, bytes: number): void {
    const { cuts } = this.#network;
    this.unreadBytes += bytes;
    const run = () => {
      if (this.#isLost) return;
      this.life.act(() => {
        this.unreadBytes -= bytes;
        this.#world.isTouched = true;
        arrive();
      });
    };
    this.#towardsClientMs = Math.max(this.#towardsClientMs, this.#world.nowMs + this.#delayMs());
    this.#world.queue.at(this.#towardsClientMs, () => {
      if (cuts.isCut(this.address, this.clientName)) cuts.whenMended(this.address, this.clientName, run);
      else run();
    });
  }
}

/** A page of history counts as one message: it must always fit into what may be unread. */
function sizeOf(payload: unknown): number {
  const { body } = (payload ?? {}) as { body?: string };
  return PACKET_BYTES + (body?.length ?? 0);
}
