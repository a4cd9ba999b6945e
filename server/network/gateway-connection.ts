import type { Socket } from 'socket.io';
import type { ClientToServerEvents, Handshake, ServerToClientEvents } from '../../shared/api.ts';
import type { ChatError } from '../../shared/errors.ts';
import type { AccountId, ClientId } from '../../shared/ids.ts';
import { REQUESTS_IN_FLIGHT } from '../../shared/limits.ts';
import type { LogIn } from '../engine/engine.ts';

export type ClientSocket = Socket<ClientToServerEvents, ServerToClientEvents>;

/** A write in its turn; a promise holds back the socket's later writes until it is settled. */
export type Write = () => Promise<void> | undefined;

/** Calls back once after a while; returns how to prevent that. */
export type After = (delayMs: number, run: () => void) => () => void;

/** What a packet waiting to be sent costs besides its text. */
const PACKET_BYTES = 100;

/** One socket of a client: who it speaks for, the order of its writes, and how much of its mail it leaves unread. */
export class Connection {
  readonly socket: ClientSocket;
  readonly clientId: ClientId;
  /** A web page opened it, in the browser of somebody who need not know. */
  readonly isOfPage: boolean;
  /** The network address it comes from. */
  readonly address: string;
  /** The client once got an `ok`. */
  known: boolean;
  /** R28: it takes any server. */
  readonly spread: boolean;
  closed = false;

  /** Who is logged in; empty when nobody is. */
  account: AccountId | '' = '';
  /** The log-in; set without an account while this server has not seen the log-in's operation yet. */
  logIn: LogIn | null = null;
  /** The socket itself asked for the end of its log-in: it is not told about it. */
  leaving = false;
  /** Why the log-in ended, when the client has not been told yet. */
  endedUntold: string | undefined;
  /** It got `session:ready`: what lies above {@link readyPosition} is pushed to it. */
  ready = false;
  readyPosition = 0;

  #mark: { request: number; error: ChatError } | undefined;
  #held: Write[] | undefined;
  #cancelDeadline = () => {};
  #isKeptOpen = false;
  #unmeasuredBytes = 0;
  readonly #unreadBytesMax: number;

  constructor(socket: ClientSocket, { clientId, known, spread }: Handshake, unreadBytesMax: number) {
    this.socket = socket;
    this.clientId = clientId as ClientId;
    this.known = known === true;
    this.spread = spread === true;
    this.address = socket.conn.remoteAddress;
    this.isOfPage = (socket.handshake as { headers?: { origin?: string } }).headers?.origin !== undefined;
    this.#unreadBytesMax = unreadBytesMax;
    writeTogether(socket.conn);
  }

  /** Does a write now, or when those that arrived before it have had their turn. @returns false when too many wait */
  inTurn(write: Write): boolean {
    if (this.#held) {
      if (this.#held.length >= REQUESTS_IN_FLIGHT) return false;
      this.#held.push(write);
    } else {
      this.#start(write);
    }
    return true;
  }

  /** The marked number came again, or `oldest` lies above it: later numbers are served again (R18). */
  liftMark(request: number, oldest: number | undefined): void {
    if (!this.#mark) return;
    if (request === this.#mark.request || (oldest !== undefined && oldest > this.#mark.request)) this.#mark = undefined;
  }

  /** The refusal that a number gets because an earlier one was refused for the server's state (R18). */
  markedRefusal(request: number): ChatError | undefined {
    if (!this.#mark || request <= this.#mark.request) return undefined;
    return { ...this.#mark.error, definite: true };
  }

  /** A number was refused because of the server's own state: so is every later one, until it comes again (R18). */
  mark(request: number, error: ChatError): void {
    if (!this.#mark || request < this.#mark.request) this.#mark = { request, error };
  }

  /** The socket is closed unless somebody logs in before then, or it is {@link keepOpen | in use} without that. */
  startDeadline(milliseconds: number, after: After): void {
    this.#cancelDeadline();
    if (this.#isKeptOpen) return;
    this.#cancelDeadline = after(milliseconds, () => this.socket.disconnect(true));
  }

  stopDeadline(): void {
    this.#cancelDeadline();
    this.#cancelDeadline = () => {};
  }

  /** It is used for what needs no log-in: from now on it is not closed for want of one. */
  keepOpen(): void {
    this.#isKeptOpen = true;
    this.stopDeadline();
  }

  /** Something of about that length was sent: cuts the socket when too much is waiting for its reader. */
  wrote(bytes: number): void {
    this.#unmeasuredBytes += bytes + PACKET_BYTES;
    // Measuring walks the queue; between two walks no more than a sixteenth of the limit can be added.
    if (this.#unmeasuredBytes < this.#unreadBytesMax / 16) return;
    this.#unmeasuredBytes = 0;
    if (unreadBytes(this.socket) > this.#unreadBytesMax) this.cut();
  }

  /** Ends the connection at once; what waits for its reader is thrown away. */
  cut(): void {
    const { conn } = this.socket;
    this.socket.disconnect(true);
    // A polite close would wait for the reader that does not read.
    conn.close(true);
    webSocketOf(conn)?.terminate?.();
  }

  /** The socket is gone: nothing that it asked for and that was not submitted yet is done any more. */
  onClosed(): void {
    this.closed = true;
    this.#held = undefined;
    this.stopDeadline();
  }

  #start(write: Write): void {
    const settled = write();
    if (!settled) return;
    this.#held = [];
    void settled.finally(() => this.#release());
  }

  #release(): void {
    const waiting = this.#held ?? [];
    this.#held = undefined;
    while (waiting.length > 0 && !this.closed) {
      this.#start(waiting.shift()!);
      if (this.#held) {
        this.#held = waiting;
        return;
      }
    }
  }
}

/** Frames that are sent in one go leave in one system call; there would be one for each, and they cost the most. */
function writeTogether(conn: ClientSocket['conn']): void {
  const { socket, headers } = conn.request;
  // After an upgrade from polling the request's connection is not the one that is written to.
  if (headers.upgrade === undefined) return;
  conn.on('flush', () => {
    socket.cork();
    process.nextTick(() => socket.uncork());
  });
}

function unreadBytes(socket: ClientSocket): number {
  // Engine.IO keeps what its transport does not take, and the transport what the kernel does not take.
  const { writeBuffer } = socket.conn as unknown as { writeBuffer: { data?: { length?: number } }[] };
  let bytes = webSocketOf(socket.conn)?.bufferedAmount ?? 0;
  for (const packet of writeBuffer) bytes += (packet.data?.length ?? 0) + PACKET_BYTES;
  return bytes;
}

function webSocketOf(conn: ClientSocket['conn']): { bufferedAmount?: number; terminate?(): void } | undefined {
  return (conn.transport as { socket?: { bufferedAmount?: number; terminate?(): void } }).socket;
}
