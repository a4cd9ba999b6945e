import type { AccountId, SessionId } from '../../shared/ids.ts';
import type { AccountView, Engine, LogIn, Notice } from '../engine/engine.ts';
import type { After, Connection } from './gateway-connection.ts';
import { pushNotice } from './gateway-notices.ts';
import { Online } from './gateway-online.ts';
import { Pushes } from './gateway-pushes.ts';
import type { ClientServer } from './io.ts';

const NO_LONGER_VALID = 'This log-in is no longer valid; log in again.';

/**
 * Who is connected to this server, who is logged in, and who is told what happens. Sockets are logged in on every
 * server that knows their log-in; the primary makes them ready and pushes, and for clients that take any server those do that follow it (R28).
 */
export class Presence {
  readonly all = new Set<Connection>();
  readonly pushes: Pushes;
  readonly online: Online;
  readonly #engine: Engine;
  readonly #loginDeadlineMs: number;
  readonly #after: After;
  readonly #accounts = new Map<AccountId, Set<Connection>>();
  readonly #sessions = new Map<SessionId, Set<Connection>>();
  /** Sockets with a genuine token whose log-in this server has not applied yet. */
  readonly #pending = new Set<Connection>();

  constructor(io: ClientServer, engine: Engine, loginDeadlineMs: number, after: After) {
    this.pushes = new Pushes(io);
    this.online = new Online(engine, this.pushes, after);
    this.#engine = engine;
    this.#loginDeadlineMs = loginDeadlineMs;
    this.#after = after;
  }

  /** How many sockets are logged in. */
  get loggedInSockets(): number {
    let count = 0;
    for (const sockets of this.#accounts.values()) count += sockets.size;
    return count;
  }

  add(connection: Connection): void {
    this.all.add(connection);
    connection.startDeadline(this.#loginDeadlineMs, this.#after);
  }

  remove(connection: Connection): void {
    connection.onClosed();
    this.#leave(connection, 'broken-off');
    this.all.delete(connection);
  }

  /** A socket came with a token: it is logged in, or told that the token is void, as soon as this server can tell. */
  resume(connection: Connection, token: string): void {
    const logIn = this.#engine.logInOf(token);
    if (logIn === undefined) {
      this.#tellEnded(connection, NO_LONGER_VALID);
      return;
    }
    connection.logIn = logIn;
    connection.stopDeadline();
    this.settle(connection);
  }

  /** Looks up again a log-in that this server did not know yet. */
  settle(connection: Connection): void {
    const { logIn } = connection;
    if (connection.account !== '' || logIn === null) return;
    const account = this.#engine.chat.accountOfLogIn(logIn);
    if (account) {
      this.logIn(connection, account, logIn);
    } else if (Number(logIn.session) <= this.#engine.chat.position) {
      this.endVoid(connection);
    } else {
      this.#pending.add(connection);
      if (this.serves(connection)) connection.inTurn(() => this.#settleSurely(connection, logIn));
    }
  }

  /** The socket speaks for the account from now on. Where it is served in full it is told so, and gets what happens from here on. */
  logIn(connection: Connection, account: AccountView, logIn: LogIn): void {
    if (connection.closed) return;
    this.#leave(connection, 'broken-off');
    connection.stopDeadline();
    connection.account = account.id;
    connection.logIn = logIn;
    connection.leaving = false;
    connection.endedUntold = undefined;
    addTo(this.#accounts, account.id, connection);
    addTo(this.#sessions, logIn.session, connection);
    this.online.came(account.id);
    if (this.serves(connection)) this.#makeReady(connection, account);
  }

  /** The log-in of the socket ended, as it asked for. */
  logOut(connection: Connection): void {
    this.#leave(connection, 'logged-out');
    connection.startDeadline(this.#loginDeadlineMs, this.#after);
  }

  /** The log-in turned out to be void: the socket is logged out and told so. */
  endVoid(connection: Connection): void {
    this.logOut(connection);
    this.#tellEnded(connection, NO_LONGER_VALID);
  }

  /** Operations were applied. Log-ins end on every server; only sockets that are ready are pushed to. */
  onNotices(notices: readonly Notice[]): void {
    for (const notice of notices) this.#onNotice(notice);
    for (const connection of this.#pending) {
      if (Number(connection.logIn?.session) <= this.#engine.chat.position) this.settle(connection);
    }
  }

  /** Whether the socket is served in full here: its writes are taken, and it is pushed to. */
  serves({ spread }: Connection): boolean {
    return this.#engine.isPrimary() || (spread && this.#engine.isFull());
  }

  /** This server became the primary, or a full server, or stopped being it: log-ins that ended meanwhile are told, others are ready, or no longer. */
  onServingChanged(): void {
    for (const connection of this.all) {
      if (this.serves(connection)) this.#serve(connection);
      else this.pushes.end(connection);
    }
  }

  #serve(connection: Connection): void {
    if (connection.endedUntold !== undefined) this.#tellEnded(connection, connection.endedUntold);
    if (connection.ready || connection.logIn === null) return;
    const account = this.#engine.chat.accountOfLogIn(connection.logIn);
    if (connection.account === '') this.settle(connection);
    else if (account) this.#makeReady(connection, account);
    else this.endVoid(connection);
  }

  #onNotice(notice: Notice): void {
    if (notice.type === 'session:ended') {
      for (const connection of [...(this.#sessions.get(notice.session) ?? [])]) this.#end(connection, notice.reason);
      return;
    }
    pushNotice(this.pushes, notice);
    if (notice.type !== 'account:blocked') return;
    const other = this.#engine.chat.accountByName(notice.block.username);
    if (other) this.online.onBlock(notice.account, other.id);
  }

  #makeReady(connection: Connection, { id, username }: AccountView): void {
    const { position } = this.#engine.chat;
    const received = this.#engine.chat.received(id);
    this.pushes.begin(connection, id, position);
    connection.socket.emit('session:ready', { username, position, received, cluster: this.#engine.cluster() });
  }

  /** The log-in ended without the socket's asking. Told where the socket is served in full; the others owe it until they serve it. */
  #end(connection: Connection, reason: string): void {
    const asked = connection.leaving;
    this.logOut(connection);
    if (asked) return;
    if (this.serves(connection)) this.#tellEnded(connection, reason);
    else connection.endedUntold = reason;
  }

  #tellEnded(connection: Connection, reason: string): void {
    connection.endedUntold = undefined;
    connection.socket.emit('session:ended', { reason });
  }

  /** A log-in above what is applied is unknown only as long as a read of everything acknowledged takes. */
  #settleSurely(connection: Connection, logIn: LogIn): Promise<void> {
    return new Promise((resolve) => {
      this.#engine.read(
        'latest',
        (chat) => chat.accountOfLogIn(logIn),
        (result) => {
          const settled = connection.closed || connection.logIn !== logIn || connection.account !== '';
          if (!settled && result.ok) {
            if (result.value) this.logIn(connection, result.value, logIn);
            else this.endVoid(connection);
          }
          resolve();
        },
      );
    });
  }

  #leave(connection: Connection, how: 'logged-out' | 'broken-off'): void {
    this.pushes.end(connection);
    this.#pending.delete(connection);
    const { account, logIn } = connection;
    connection.account = '';
    connection.logIn = null;
    connection.leaving = false;
    if (account !== '' && deleteFrom(this.#accounts, account, connection)) this.online.went(account, how);
    if (logIn !== null) deleteFrom(this.#sessions, logIn.session, connection);
  }
}

function addTo<Key>(sets: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const set = sets.get(key);
  if (set) set.add(connection);
  else sets.set(key, new Set([connection]));
}

/** @returns whether it was the key's last one */
function deleteFrom<Key>(sets: Map<Key, Set<Connection>>, key: Key, connection: Connection): boolean {
  const set = sets.get(key);
  if (!set?.delete(connection) || set.size > 0) return false;
  return sets.delete(key);
}
