import type { Transport } from '../../client/transport.ts';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import { ClientConnection } from './client-connection.ts';
import { Cuts } from './cuts.ts';
import type { Life } from './life.ts';
import type { Rates } from './rates.ts';
import type { SocketServer } from './socket-server.ts';
import type { World } from './world.ts';

export interface ClientNetworkOptions {
  world: World;
  random: Random;
  rates: Rates;
}

/** Connections of clients to servers: in order each way, late, cut, reset. */
export class SimulatedClientNetwork {
  readonly cuts = new Cuts();
  /** Of the answer that was delivered last. */
  isAnsweredByPrimary = false;
  readonly options: ClientNetworkOptions;
  readonly #servers = new Map<Address, SocketServer>();
  readonly #connections = new Set<ClientConnection>();

  constructor(options: ClientNetworkOptions) {
    this.options = options;
  }

  listen(address: Address, server: SocketServer): void {
    this.#servers.set(address, server);
  }

  at(address: Address): SocketServer | undefined {
    const server = this.#servers.get(address);
    return server?.life.isOver ? undefined : server;
  }

  /** What a client's process dials with. */
  transportOf(clientName: string, life: Life): Transport {
    return (address, handshake, listener) => {
      const connection = new ClientConnection(this, clientName, life, address, listener);
      this.#connections.add(connection);
      connection.dial(handshake);
      return connection;
    };
  }

  /** A server's process has ended: its kernel closes what it had open. */
  onServerEnd(address: Address): void {
    this.#servers.delete(address);
    for (const connection of [...this.#connections]) {
      if (connection.address === address) connection.onServerEnded();
    }
  }

  onClientEnd(life: Life): void {
    for (const connection of [...this.#connections]) if (connection.life === life) connection.close();
  }

  /** Breaks all connections of a client. */
  reset(clientName: string): void {
    for (const connection of [...this.#connections]) if (connection.clientName === clientName) connection.break();
  }

  /** What a client sends over its present connections takes long; the next connection is a good one. */
  stall(clientName: string, durationMs: number): void {
    for (const connection of this.#connections) if (connection.clientName === clientName) connection.stall(durationMs);
  }

  forget(connection: ClientConnection): void {
    this.#connections.delete(connection);
  }
}
