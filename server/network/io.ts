import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { Server } from 'socket.io';
import type { ClientToServerEvents, ServerToClientEvents } from '../../shared/api.ts';
import {
  CLIENT_FRAME_MAX_BYTES,
  CONNECTIONS_MAX,
  PEER_FRAME_MAX_BYTES,
  SOCKET_PING_INTERVAL_MS,
  SOCKET_PING_TIMEOUT_MS,
} from '../../shared/limits.ts';

/** Socket.IO as chat clients reach it: the default path, namespace `/`. */
export type ClientServer = Server<ClientToServerEvents, ServerToClientEvents>;

/** The Socket.IO path of the servers among themselves; their namespace there is `/peers`. */
export const PEERS_PATH = '/peers.io/';

/** A connection that has not joined a namespace by then is closed. */
const JOIN_DEADLINE_MS = 10_000;
/** Connections that are not sockets of the namespace yet, beyond those that may be. */
const CONNECTIONS_SPARE = 500;

export interface IoOptions {
  pingIntervalMs?: number;
  pingTimeoutMs?: number;
  /** Connections of chat clients beyond which (and a little to spare) even the HTTP upgrade is refused. */
  connectionsMax?: number;
}

/** The two Socket.IO servers on one HTTP server. */
export interface Io {
  clients: ClientServer;
  peers: Server;
  /** Ends every connection of both; the HTTP server stays open. */
  close(): Promise<void>;
}

/**
 * Puts Socket.IO on an HTTP server, twice: the size of a frame is bounded before the frame is buffered, and that bound
 * belongs to a path and not to a namespace. Chat clients may send {@link CLIENT_FRAME_MAX_BYTES}, servers
 * {@link PEER_FRAME_MAX_BYTES}. Browsers of any origin may connect; there are no cookies.
 */
export function createIo(httpServer: HttpServer | HttpsServer, options: IoOptions = {}): Io {
  const common = {
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    connectTimeout: JOIN_DEADLINE_MS,
    pingInterval: options.pingIntervalMs ?? SOCKET_PING_INTERVAL_MS,
    pingTimeout: options.pingTimeoutMs ?? SOCKET_PING_TIMEOUT_MS,
  };
  const connectionsMax = (options.connectionsMax ?? CONNECTIONS_MAX) + CONNECTIONS_SPARE;
  const clients: ClientServer = new Server(httpServer, {
    ...common,
    maxHttpBufferSize: CLIENT_FRAME_MAX_BYTES,
    cors: { origin: '*', credentials: false },
    allowRequest: (_request: IncomingMessage, decide) => {
      const full = clients.engine.clientsCount >= connectionsMax;
      decide(full ? `All ${connectionsMax} connections are taken; try another server.` : null, !full);
    },
  });
  const peers = new Server(httpServer, {
    ...common,
    path: PEERS_PATH,
    transports: ['websocket'],
    maxHttpBufferSize: PEER_FRAME_MAX_BYTES,
    // The other one's attachment already ends upgrades that nobody answers.
    destroyUpgrade: false,
  });
  return { clients, peers, close: () => closeBoth(clients, peers) };
}

async function closeBoth(clients: ClientServer, peers: Server): Promise<void> {
  for (const server of [clients, peers]) {
    server.disconnectSockets(true);
    server.engine.close();
  }
}
