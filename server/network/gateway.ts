import type { Handshake } from '../../shared/api.ts';
import type { Engine } from '../engine/engine.ts';
import { type After, type ClientSocket, Connection } from './gateway-connection.ts';
import {
  GATEWAY_LIMITS,
  type GatewayContext,
  type GatewayLimits,
  type GatewayMetrics,
  type SocketCount,
} from './gateway-context.ts';
import { Door } from './gateway-door.ts';
import { passTyping } from './gateway-marks.ts';
import { Presence } from './gateway-presence.ts';
import { createRates, type Rates } from './gateway-rates.ts';
import { Searches } from './gateway-search.ts';
import { Service } from './gateway-service.ts';
import type { ClientServer } from './io.ts';
import { type Passwords, unmatchableHash } from './passwords.ts';

export interface GatewayOptions {
  /** What to allow instead of what `shared/limits.ts` says. */
  limits?: Partial<GatewayLimits>;
  metrics?: GatewayMetrics;
  /** How often things may be asked for; by default what the limits say. */
  rates?: Rates;
  /** By default real time. */
  after?: After;
  /**
   * Something broke inside while a request was served: a programming error, never a client's doing. The client has
   * been answered `internal`; to log it, and to end the program if that is safer, is up to the caller.
   */
  onFault(error: unknown, event: string): void;
}

export interface Gateway {
  /** How many client sockets are open, and how many of them are logged in. */
  sockets(): SocketCount;
  /** Ends all client connections. What was submitted stays submitted; its clients resend it elsewhere. */
  close(): void;
}

/**
 * Serves chat clients (PROTOCOL.md, "Client protocol") on namespace `/` of a Socket.IO server: checks what they send,
 * has it done by the engine, answers, and pushes what happens. To be attached before the server listens.
 */
export function attachGateway(
  io: ClientServer,
  engine: Engine,
  passwords: Passwords,
  options: GatewayOptions,
): Gateway {
  const limits: GatewayLimits = { ...GATEWAY_LIMITS, ...options.limits };
  const door = new Door(limits);
  const after = options.after ?? realAfter;
  const presence = new Presence(io, engine, limits.loginDeadlineMs, after);
  const rates = options.rates ?? createRates(limits);
  const searches = new Searches(after);
  const context: GatewayContext = { engine, passwords, presence, rates, searches, unmatchable: unmatchableHash() };
  const service = new Service(context, options);
  const sockets = (): SocketCount => ({ open: presence.all.size, loggedIn: presence.loggedInSockets });
  options.metrics?.watchSockets(sockets);

  io.use((socket, next) => {
    const checked = door.check(socket);
    if ('error' in checked) {
      next(Object.assign(new Error(checked.error.message), { data: checked.error }));
      return;
    }
    if (checked.handshake.token !== undefined && !engine.hasSessionKey()) {
      const error = engine.whyNotPrimary();
      next(Object.assign(new Error(error.message), { data: error }));
      return;
    }
    socket.data = checked.handshake;
    next();
  });

  io.on('connection', (socket: ClientSocket) => {
    const handshake: Handshake = socket.data;
    const { token } = handshake;
    const connection = new Connection(socket, handshake, limits.unreadBytesMax);
    door.enter(connection);
    presence.add(connection);
    socket.onAny((event: unknown, ...parts: unknown[]) => service.receive(connection, String(event), parts));
    socket.on('disconnect', () => {
      presence.remove(connection);
      door.leave(connection);
    });
    if (token !== undefined) presence.resume(connection, token);
  });

  engine.subscribe({
    onNotices: (notices) => presence.onNotices(notices),
    onClusterChanged: (cluster) => void io.emit('cluster:changed', cluster),
    onPrimaryChanged: () => presence.onServingChanged(),
    onFullChanged: () => presence.onServingChanged(),
    onServerLink: (server, isUp) => presence.online.onServerLink(server, isUp),
    onServerNews: (server, news) => {
      if (news.type === 'presence') presence.online.onPresence(server, news);
      else passTyping(context, news);
    },
  });

  return {
    sockets,
    close() {
      for (const connection of presence.all) connection.socket.disconnect(true);
    },
  };
}

const realAfter: After = (delayMs, run) => {
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};
