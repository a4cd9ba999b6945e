import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { type Address, splitAddress } from '../../shared/ids.ts';
import { createIo, type Io, PEERS_PATH } from '../network/io.ts';
import { resolveHost } from '../network/peer-link.ts';
import type { OpenRows } from '../network/peer-wire.ts';
import { PeerNetwork } from '../network/peers.ts';
import { ServerError } from './server-error.ts';

/** The port of a server: chat clients, other servers and HTTP on one address. */
export class Listener {
  readonly io: Io;
  readonly transport: PeerNetwork;
  readonly #address: Address;
  readonly #httpServer: HttpServer;
  readonly #sockets = new Set<Socket>();
  #onRequest: RequestListener = (_request, response) => response.writeHead(503).end();

  constructor(address: Address, options: { secret: string; openRows: OpenRows; log: (text: string) => void }) {
    this.#address = address;
    this.#httpServer = createServer((request, response) => this.#onRequest(request, response));
    this.#httpServer.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.io = createIo(this.#httpServer);
    this.transport = new PeerNetwork(this.io.peers, address, { path: PEERS_PATH, ...options });
  }

  /** What answers plain HTTP requests from now on. */
  serveHttp(onRequest: RequestListener): void {
    this.#onRequest = onRequest;
  }

  /** @throws ServerError when the port cannot be had */
  listen(): Promise<void> {
    const { host, port } = splitAddress(this.#address);
    return new Promise((resolve, reject) => {
      this.#httpServer.once('error', (error: NodeJS.ErrnoException) =>
        reject(new ServerError(listenProblem(error, this.#address))),
      );
      this.#httpServer.listen({ host: resolveHost(host), port, exclusive: true }, () => resolve());
    });
  }

  /**
   * Ends every connection, then `before`, then the port itself: a refused connection says that there is nothing left.
   *
   * @param before what has to be over first
   */
  async close(before: () => Promise<void>): Promise<void> {
    this.transport.close();
    await this.io.close();
    await before();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#httpServer.close(closed));
  }
}

function listenProblem(error: NodeJS.ErrnoException, address: Address): string {
  const { port } = splitAddress(address);
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is in use by another program; stop that one or choose another port.`;
  }
  if (error.code === 'EACCES') return `Port ${port} may not be used without special rights; choose one above 1023.`;
  return `${address} can't be listened on (${error.message}); check --host and the port.`;
}
