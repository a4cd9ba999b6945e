import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import type { Message, Reply, RequestEvent, RequestOf } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';
import { CLIENT_PROTOCOL } from '../../shared/limits.ts';

const OPEN_TIMEOUT_MS = 5000;
const PAGE = 500;

export interface ProtocolClientOptions {
  clientId?: string;
  /** The client id once got an `ok`. */
  known?: boolean;
  token?: string;
}

/** The client protocol and nothing more: one socket to one server, no resending, no moving. */
export class ProtocolClient {
  readonly clientId: string;
  readonly #socket: Socket;

  private constructor(socket: Socket, clientId: string) {
    this.#socket = socket;
    this.clientId = clientId;
  }

  /** @throws Error when the server cannot be reached or refuses the handshake */
  static open(address: Address, options: ProtocolClientOptions = {}): Promise<ProtocolClient> {
    const clientId = options.clientId ?? randomUUID();
    const { known, token } = options;
    const auth = { protocol: CLIENT_PROTOCOL, clientId, ...(known ? { known } : {}), ...(token ? { token } : {}) };
    const url = `http://127.0.0.1:${address.split(':')[1]}`;
    const socket = io(url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: OPEN_TIMEOUT_MS,
      auth,
    });
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(new ProtocolClient(socket, clientId)));
      socket.once('connect_error', (error) => {
        socket.disconnect();
        reject(error);
      });
    });
  }

  /** Sends one request. @throws Error when the connection ends, or the time is over, before the answer */
  request<E extends RequestEvent>(event: E, payload: RequestOf<E>, timeoutMs = 15_000): Promise<Reply<E>> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        clearTimeout(timer);
        this.#socket.off('disconnect', fail);
        reject(new Error(`${event} was not answered: ${reason}`));
      };
      const timer = setTimeout(() => fail(`nothing in ${timeoutMs} ms`), timeoutMs);
      this.#socket.once('disconnect', fail);
      this.#socket.emit(event, payload, (reply: Reply<E>) => {
        clearTimeout(timer);
        this.#socket.off('disconnect', fail);
        resolve(reply);
      });
    });
  }

  /** Everything that concerns the account that is logged in, from the beginning, deleted messages left out. */
  async wholeHistory(): Promise<Message[]> {
    const found: Message[] = [];
    for (let after = 0; ; ) {
      const page = await this.request('message:history', { after, limit: PAGE });
      if (!page.ok) throw new Error(`The history cannot be read: ${page.error.message}`);
      found.push(...page.messages);
      if (!page.more) return found;
      after = page.position;
    }
  }

  close(): void {
    this.#socket.disconnect();
  }
}
