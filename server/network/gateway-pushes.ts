import type { ServerToClientEvents } from '../../shared/api.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { Connection } from './gateway-connection.ts';
import type { ClientServer } from './io.ts';

const LOGGED_IN_ROOM = 'logged-in';
/** What an event costs besides the text of a message. */
const EVENT_BYTES = 300;

/** What is told because of an operation, and so has a position. */
export type PositionedEvent = Exclude<
  keyof ServerToClientEvents,
  'session:ready' | 'session:ended' | 'cluster:changed' | 'presence:changed' | 'typing:changed'
>;
/** What passes by: it belongs to no operation and is kept nowhere. */
export type PassingEvent = 'presence:changed' | 'typing:changed';
export type Payload<E extends keyof ServerToClientEvents> = Parameters<ServerToClientEvents[E]>[0];

type Emit = (event: string, payload: unknown) => boolean;

/**
 * Pushes to the sockets that are ready. Each of them is in the Socket.IO room of its account, so that an event is
 * encoded once; and none gets what lies at or below the position of its `session:ready`.
 */
export class Pushes {
  readonly #io: ClientServer;
  readonly #ready = new Map<AccountId, Set<Connection>>();
  /** No ready socket has a higher position. */
  #readyUpTo = 0;

  constructor(io: ClientServer) {
    this.#io = io;
  }

  /** Whether the account has a socket that is pushed to. */
  isReady(account: AccountId): boolean {
    return this.#ready.has(account);
  }

  /** From here on what lies above `position` is pushed to the socket, which is logged in. */
  begin(connection: Connection, account: AccountId, position: number): void {
    connection.ready = true;
    connection.readyPosition = position;
    this.#readyUpTo = Math.max(this.#readyUpTo, position);
    const ready = this.#ready.get(account);
    if (ready) ready.add(connection);
    else this.#ready.set(account, new Set([connection]));
    void connection.socket.join([roomOf(account), LOGGED_IN_ROOM]);
  }

  /** Ends it; to be called before the socket is logged out. */
  end(connection: Connection): void {
    const { account } = connection;
    if (!connection.ready || account === '') return;
    connection.ready = false;
    const ready = this.#ready.get(account)!;
    ready.delete(connection);
    if (ready.size === 0) this.#ready.delete(account);
    void connection.socket.leave(roomOf(account));
    void connection.socket.leave(LOGGED_IN_ROOM);
  }

  /** Tells all sockets of the accounts; `bytes` is about how long the text in it is. */
  toAccounts<E extends PositionedEvent>(
    accounts: readonly AccountId[],
    position: number,
    event: E,
    payload: Payload<E>,
    bytes: number,
  ): void {
    const present = accounts.filter((account) => this.#ready.has(account));
    if (present.length === 0) return;
    if (this.#allBelow(position)) this.#emitTo(present, event, payload);
    else for (const account of present) pushSingly(this.#ready.get(account)!, position, event, payload);
    this.#count(present, bytes);
  }

  /** Tells all sockets of the accounts of something that has no position. Each account at most once. */
  passTo<E extends PassingEvent>(accounts: readonly AccountId[], event: E, payload: Payload<E>): void {
    const present = accounts.filter((account) => this.#ready.has(account));
    if (present.length === 0) return;
    this.#emitTo(present, event, payload);
    this.#count(present, 0);
  }

  /** Tells all sockets. */
  toAll<E extends PositionedEvent>(position: number, event: E, payload: Payload<E>): void {
    if (this.#allBelow(position)) {
      (this.#io.to(LOGGED_IN_ROOM).emit as Emit)(event, payload);
      return;
    }
    for (const sockets of this.#ready.values()) pushSingly(sockets, position, event, payload);
  }

  #emitTo(accounts: readonly AccountId[], event: string, payload: unknown): void {
    (this.#io.to(accounts.map(roomOf)).emit as Emit)(event, payload);
  }

  #count(accounts: readonly AccountId[], bytes: number): void {
    const counted = accounts.flatMap((account) => [...(this.#ready.get(account) ?? [])]);
    for (const connection of counted) connection.wrote(bytes + EVENT_BYTES);
  }

  /** False for what was applied before some socket was ready and is only told now: that one's history has it already. */
  #allBelow(position: number): boolean {
    return position > this.#readyUpTo;
  }
}

function pushSingly(sockets: Iterable<Connection>, position: number, event: string, payload: unknown): void {
  for (const { socket, readyPosition } of sockets) if (position > readyPosition) (socket.emit as Emit)(event, payload);
}

function roomOf(account: AccountId): string {
  return `account ${account}`;
}
