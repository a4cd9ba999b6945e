import type { ClientServer } from '../../server/network/io.ts';
import type { Handshake } from '../../shared/api.ts';
import type { ChatError } from '../../shared/errors.ts';
import { SocketMarks } from './checks/socket-marks.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Life } from './life.ts';

type Middleware = (socket: ServerSocket, next: (error?: Error & { data?: ChatError }) => void) => void;
type AnyListener = (event: string, ...parts: unknown[]) => void;

/** As much of a Socket.IO server as the gateway uses, in one life of a server. */
export class SocketServer {
  readonly life: Life;
  readonly isPrimary: () => boolean;
  readonly #rooms = new Map<string, Set<ServerSocket>>();
  readonly #sockets = new Set<ServerSocket>();
  #middleware: Middleware = (_socket, next) => next();
  #onConnection: (socket: ServerSocket) => void = () => {};
  #made = 0;

  constructor(life: Life, isPrimary: () => boolean) {
    this.life = life;
    this.isPrimary = isPrimary;
  }

  /** For the gateway, which asks for nothing that is not here. */
  get asSocketIo(): ClientServer {
    return this as unknown as ClientServer;
  }

  use(middleware: Middleware): void {
    this.#middleware = middleware;
  }

  on(_event: 'connection', listener: (socket: ServerSocket) => void): void {
    this.#onConnection = listener;
  }

  emit(event: string, payload: unknown): boolean {
    for (const socket of this.#sockets) socket.emit(event, payload);
    return true;
  }

  to(rooms: string | readonly string[]): { emit(event: string, payload: unknown): boolean } {
    const names = typeof rooms === 'string' ? [rooms] : rooms;
    const sockets = new Set(names.flatMap((name) => [...(this.#rooms.get(name) ?? [])]));
    return {
      emit: (event, payload) => {
        for (const socket of sockets) socket.emit(event, payload);
        return true;
      },
    };
  }

  /** Somebody checks what is answered; the gateway would take what is thrown for a fault of its own. */
  look(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.life.world.fail(error as Error);
    }
  }

  /** A handshake has arrived. */
  accept(connection: ClientConnection, handshake: Handshake): void {
    const socket = new ServerSocket(this, connection, handshake, `socket ${this.#made++}`);
    this.#middleware(socket, (refused) => {
      if (refused) {
        connection.refuse(refused.message, refused.data);
        return;
      }
      connection.open(socket);
      this.#sockets.add(socket);
      this.#onConnection(socket);
    });
  }

  enter(socket: ServerSocket, room: string): void {
    const sockets = this.#rooms.get(room);
    if (sockets) sockets.add(socket);
    else this.#rooms.set(room, new Set([socket]));
  }

  quit(socket: ServerSocket, room: string): void {
    this.#rooms.get(room)?.delete(socket);
  }

  remove(socket: ServerSocket): void {
    this.#sockets.delete(socket);
    for (const sockets of this.#rooms.values()) sockets.delete(socket);
  }
}

/** The server's end of a client's connection. */
export class ServerSocket {
  readonly id: string;
  readonly handshake: { auth: Handshake };
  readonly conn: unknown;
  data: unknown;
  readonly #server: SocketServer;
  readonly #connection: ClientConnection;
  readonly #marks = new SocketMarks();
  #onAny: AnyListener = () => {};
  #onDisconnect: () => void = () => {};
  #isOver = false;

  constructor(server: SocketServer, connection: ClientConnection, handshake: Handshake, id: string) {
    this.id = id;
    this.#server = server;
    this.#connection = connection;
    this.handshake = { auth: handshake };
    this.conn = {
      remoteAddress: connection.clientName,
      request: { socket: undefined, headers: {} },
      on: () => {},
      close: () => this.disconnect(),
      writeBuffer: [],
      transport: {
        socket: {
          get bufferedAmount() {
            return connection.unreadBytes;
          },
          terminate: () => connection.terminate(),
        },
      },
    };
  }

  onAny(listener: AnyListener): void {
    this.#onAny = listener;
  }

  on(_event: 'disconnect', listener: () => void): void {
    this.#onDisconnect = listener;
  }

  emit(event: string, payload: unknown): boolean {
    if (!this.#isOver) this.#connection.push(event, payload);
    return true;
  }

  join(rooms: string | readonly string[]): void {
    for (const room of typeof rooms === 'string' ? [rooms] : rooms) this.#server.enter(this, room);
  }

  leave(room: string): void {
    this.#server.quit(this, room);
  }

  /** As in Socket.IO, listeners hear of it before this returns. */
  disconnect(): void {
    if (this.#isOver) return;
    this.#connection.closeByServer();
    this.onGone();
  }

  /** A request has arrived. */
  receive(event: string, payload: unknown, answer: (reply: unknown) => void): void {
    if (this.#isOver) return;
    const { request, oldest } = (payload ?? {}) as { request?: number; oldest?: number };
    const onReply = this.#marks.onRequest(request, oldest);
    this.#onAny(event, payload, (reply: unknown) => {
      if (this.#isOver) return;
      this.#server.look(() => onReply(reply as { ok: boolean }));
      answer(reply);
    });
  }

  /** The connection has ended. */
  onGone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#server.remove(this);
    this.#onDisconnect();
  }
}
