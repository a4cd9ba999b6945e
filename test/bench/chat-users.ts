import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import type { Message, Replies, RequestEvent, RequestOf, WriteEvent } from '../../shared/api.ts';
import { CLIENT_PROTOCOL, LIST_MAX_LIMIT } from '../../shared/limits.ts';

/** Of all accounts here. */
export const PASSWORD = 'correct horse battery';
export const MESSAGE_BYTES = 100;
const READY_DEADLINE_MS = 30_000;

/**
 * A socket as every client here opens it, to a server of ours or to the echo.
 *
 * @param readyWithinMs it has to be a full one by then; 0: it need not be
 */
export async function openSocket(address: string, auth: object, readyWithinMs = 0): Promise<Socket> {
  const url = `http://${address.replace('localhost', '127.0.0.1')}`;
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true, auth });
  await new Promise<void>((resolve, reject) => {
    if (readyWithinMs > 0) {
      const late = `${address} does not serve this client in full after ${readyWithinMs} ms.`;
      const impatience = setTimeout(() => reject(new Error(late)), readyWithinMs);
      socket.once('session:ready', () => {
        clearTimeout(impatience);
        resolve();
      });
    } else {
      socket.once('connect', () => resolve());
    }
    socket.once('connect_error', reject);
  });
  return socket;
}

/** A user with an account and one socket. Speaks the protocol bare, so that what is measured is the server. */
export class User {
  readonly username: string;
  readonly #token: string;
  #socket: Socket;
  #lastRequest = 1;

  private constructor(username: string, socket: Socket, token: string) {
    this.username = username;
    this.#socket = socket;
    this.#token = token;
  }

  static async create(address: string, username: string): Promise<User> {
    const socket = await openSocket(address, { protocol: CLIENT_PROTOCOL, clientId: randomUUID() });
    const ready = new Promise((resolve) => socket.once('session:ready', resolve));
    const { token } = await ask(socket, 'account:create', { request: 1, username, password: PASSWORD });
    await ready;
    return new User(username, socket, token);
  }

  /** Logs in to an account that there is. */
  static async enter(address: string, username: string): Promise<User> {
    const socket = await openSocket(address, { protocol: CLIENT_PROTOCOL, clientId: randomUUID() });
    const ready = new Promise((resolve) => socket.once('session:ready', resolve));
    const { token } = await ask(socket, 'session:open', { request: 1, username, password: PASSWORD });
    await ready;
    return new User(username, socket, token);
  }

  disconnect(): void {
    this.#socket.disconnect();
  }

  /** Comes back, as another client of the same account. */
  async reconnect(address: string): Promise<void> {
    const auth = { protocol: CLIENT_PROTOCOL, clientId: randomUUID(), token: this.#token };
    this.#socket = await openSocket(address, auth);
    this.#lastRequest = 0;
  }

  onMessage(listener: (message: Message) => void): void {
    this.#socket.on('message:new', listener);
  }

  /**
   * Comes back, as another client of the same account, and is pushed to from then on.
   *
   * @param spread its requests may go there whether that is the primary or not
   */
  async reconnectReady(address: string, spread: boolean): Promise<void> {
    const auth = { protocol: CLIENT_PROTOCOL, clientId: randomUUID(), token: this.#token };
    this.#socket = await openSocket(address, spread ? { ...auth, spread: true } : auth, READY_DEADLINE_MS);
    this.#lastRequest = 0;
  }

  /** A socket of its own to another server, for reading. */
  openBeside(address: string): Promise<Socket> {
    return openSocket(address, { protocol: CLIENT_PROTOCOL, clientId: randomUUID(), token: this.#token });
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Calls back when something was perhaps not pushed: the connection broke, or its server changed what it is. */
  onInterrupted(listener: (why: string) => void): void {
    const socket = this.#socket;
    socket.once('disconnect', (reason) => {
      // Otherwise it was asked for.
      if (reason !== 'io client disconnect') listener(`the connection broke (${reason})`);
    });
    socket.once('session:ready', () => listener('its server began anew to push'));
  }

  /** Has something else done. @throws Error when it was refused */
  async write<E extends WriteEvent>(event: E, fields: Omit<RequestOf<E>, 'request'>): Promise<Replies[E]> {
    this.#lastRequest += 1;
    return ask(this.#socket, event, { request: this.#lastRequest, ...fields } as RequestOf<E>);
  }

  /** @param done gets undefined when it was acknowledged, else why not */
  send(to: string, body: string, done: (refused?: string) => void): void {
    this.#lastRequest += 1;
    const request: RequestOf<'message:send'> = { request: this.#lastRequest, to, body };
    this.#socket.emit('message:send', request, (reply: { ok: boolean; error?: { message: string } }) => {
      done(reply.ok ? undefined : reply.error?.message);
    });
  }

  /** Everything that concerns the account, oldest first. */
  async *history(): AsyncGenerator<Message> {
    for (let after = 0, more = true; more; ) {
      const page = await ask(this.#socket, 'message:history', { after, limit: LIST_MAX_LIMIT });
      yield* page.messages;
      ({ position: after, more } = page);
    }
  }
}

/** Asks for something and waits for the answer. @throws Error when it was refused */
export async function ask<E extends RequestEvent>(
  socket: Socket,
  event: E,
  payload: RequestOf<E>,
): Promise<Replies[E]> {
  const reply = await socket.emitWithAck(event, payload);
  if (!reply.ok) throw new Error(`${event} was refused: ${reply.error.message}`);
  return reply;
}

/** Judges whether a recipient gets what one sender sends it: everything, once, in order. */
export class Delivery {
  readonly sender: User;
  readonly recipient: User;
  sent = 0;
  delivered = 0;
  #fault = '';

  constructor(sender: User, recipient: User) {
    this.sender = sender;
    this.recipient = recipient;
  }

  nextBody(): string {
    this.sent += 1;
    return `${this.sender.username} ${this.sent} `.padEnd(MESSAGE_BYTES, 'x');
  }

  see({ from, body }: Message): void {
    const [name, number] = body.split(' ', 2);
    if (name !== from || name !== this.sender.username || Number(number) !== this.delivered + 1) {
      this.#fault ||= `${this.recipient.username} got "${body.slice(0, 30)}" from ${from} after ${this.delivered} messages`;
    }
    this.delivered += 1;
  }

  /** Empty, or what is wrong when everything should be there. */
  get fault(): string {
    if (this.#fault !== '' || this.delivered === this.sent) return this.#fault;
    return `${this.recipient.username} got ${this.delivered} of ${this.sent} messages`;
  }
}
