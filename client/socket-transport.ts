import { io, type Socket } from 'socket.io-client';
import type { Handshake } from '../shared/api.ts';
import { type ChatError, ERROR_CODES, type ErrorCode } from '../shared/errors.ts';
import type { Address } from '../shared/ids.ts';
import type { Connection, ConnectionListener, PushEvent, Transport } from './transport.ts';

const PUSH_EVENTS: readonly PushEvent[] = [
  'session:ready',
  'session:ended',
  'message:new',
  'message:deleted',
  'message:edited',
  'message:reacted',
  'account:deleted',
  'account:changed',
  'account:blocked',
  'room:changed',
  'room:joined',
  'room:left',
  'room:deleted',
  'conversation:read',
  'presence:changed',
  'typing:changed',
  'cluster:changed',
];

/**
 * Connections over Socket.IO, by WebSocket alone: no polling first, no reconnecting (the library above does that).
 *
 * @param openTimeoutMs how long a server may take for the handshake
 */
export function socketTransport(openTimeoutMs = 3000): Transport {
  return (address, handshake, listener) => openSocket(address, handshake, listener, openTimeoutMs);
}

function openSocket(
  address: Address,
  handshake: Handshake,
  listener: ConnectionListener,
  openTimeoutMs: number,
): Connection {
  const socket: Socket = io(`http://${address}`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    timeout: openTimeoutMs,
    auth: handshake,
  });
  let over = false;
  const end = (reason: string, error?: ChatError): void => {
    if (over) return;
    over = true;
    socket.off();
    socket.disconnect();
    listener.onClosed(reason, error);
  };
  socket.on('connect', () => listener.onOpen());
  socket.on('disconnect', (reason) => end(reason));
  socket.on('connect_error', (failure) => end(failure.message, refusalOf(failure)));
  for (const event of PUSH_EVENTS) socket.on(event, (payload: unknown) => listener.onPush(event, payload));
  return {
    request: (event, payload, answer) => {
      // Socket.IO keeps what is emitted while disconnected for later; resending is decided elsewhere.
      if (socket.connected) socket.emit(event, payload, answer);
    },
    close: () => {
      over = true;
      socket.off();
      socket.disconnect();
    },
  };
}

function refusalOf(failure: Error & { data?: unknown }): ChatError | undefined {
  const data = failure.data as { code?: unknown; message?: unknown } | undefined;
  const code = ERROR_CODES.find((known) => known === data?.code) as ErrorCode | undefined;
  if (code === undefined) return undefined;
  const message = typeof data?.message === 'string' ? data.message : failure.message;
  return { code, message, definite: true };
}
