import type { Connection, ConnectionListener, PushEvent, Transport } from '../../client/transport.ts';
import {
  type Cluster,
  type Handshake,
  type ReadEvent,
  type RequestEvent,
  readSchemas,
  type WriteEvent,
  writeSchemas,
} from '../../shared/api.ts';
import type { ChatError, ErrorCode } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import { FakeLog } from './fake-log.ts';
import type { ManualClock } from './manual-clock.ts';

type Payload = { request?: number; [key: string]: unknown };

export interface Socket {
  server: string;
  handshake: Handshake;
  username: string;
  ready: boolean;
  open: boolean;
  push(event: PushEvent, payload: unknown): void;
  close(): void;
}

/** A request as a server saw it. */
export interface Seen {
  server: string;
  clientId: string;
  event: RequestEvent;
  payload: Payload;
}

/** Servers that keep the client protocol over one log in memory: what the client library is tried against. */
export class FakeCluster extends FakeLog {
  readonly latencyMs: () => number;
  id = 'cluster-1';
  epoch = 0;
  view = 1;
  primary: string | null;
  members: string[];
  warning: string | undefined;
  readonly down = new Set<string>();
  readonly silent = new Set<string>();
  readonly accounts = new Map<string, string>();
  readonly tokens = new Map<string, string>();
  readonly receivedUpTo = new Map<string, number>();
  clients = new Map<string, Map<number, object>>();
  sockets: Socket[] = [];
  seen: Seen[] = [];
  handshakes: { server: string; handshake: Handshake }[] = [];
  /** How long a page of history or of conversations is under way before it is answered: what happens meanwhile is pushed, and not in it. */
  readMs: () => number = () => 0;
  /** R28: whether servers that follow the primary serve those who take any server. */
  takesSpread = true;
  /** Servers that lag: up to where they have applied the log. They answer reads from that, or wait as servers do. */
  readonly applied = new Map<string, number>();
  #waiting: { server: string; seen: number; go: () => void }[] = [];
  /** Answers in the place of the servers; `drop` lets the request get lost, `lose-answer` only what it is answered. */
  intercept: ((seen: Seen) => ChatError | 'drop' | 'lose-answer' | undefined) | undefined;

  constructor(clock: ManualClock, members: string[], latencyMs: () => number = () => 1) {
    super(clock);
    this.members = members;
    this.primary = members[0]!;
    this.latencyMs = latencyMs;
  }

  readonly connect: Transport = (address, handshake, listener) => this.#connect(address, handshake, listener);

  cluster(): Cluster {
    const { id, epoch, view, primary, members, warning } = this;
    const all = { id, epoch, view, primary, members, spares: [], witnesses: [], known: [...members] };
    return { ...all, replicationFactor: 3, ...(warning === undefined ? {} : { warning }) };
  }

  /** The server dies: its sockets break. */
  kill(server: string): void {
    this.down.add(server);
    for (const socket of this.sockets.filter((one) => one.server === server)) socket.close();
    if (this.primary === server) this.primary = null;
  }

  /** Another server takes over in a new view. */
  promote(server: string): void {
    this.view += 1;
    this.primary = server;
    this.members = [server, ...this.members.filter((one) => one !== server)];
    this.tellCluster();
    for (const socket of this.sockets) {
      socket.ready = false;
      this.#makeReady(socket);
    }
  }

  /** A server that lagged has applied everything. */
  catchUp(server: string): void {
    this.applied.delete(server);
    const waiting = this.#waiting.filter((one) => one.server === server);
    this.#waiting = this.#waiting.filter((one) => one.server !== server);
    for (const { go } of waiting) go();
  }

  tellCluster(): void {
    for (const socket of this.sockets) socket.push('cluster:changed', this.cluster());
  }

  /** Ends all log-ins of an account. */
  endSessions(username: string): void {
    for (const [token, owner] of this.tokens) if (owner === username) this.tokens.delete(token);
    for (const socket of this.sockets.filter((one) => one.username === username)) {
      socket.username = '';
      socket.ready = false;
      if (this.#serves(socket)) socket.push('session:ended', { reason: 'ended elsewhere' });
    }
  }

  isOnline(username: string): boolean {
    return this.sockets.some((socket) => socket.username === username);
  }

  push(usernames: Iterable<string>, event: PushEvent, payload: unknown): void {
    const names = new Set(usernames);
    for (const socket of this.sockets) {
      if (socket.ready && names.has(socket.username)) socket.push(event, payload);
    }
  }

  #makeReady(socket: Socket): void {
    if (socket.username === '' || !this.#serves(socket)) return;
    socket.ready = true;
    const received = this.receivedUpTo.get(socket.username) ?? 0;
    const { username } = socket;
    socket.push('session:ready', { username, position: this.position, received, cluster: this.cluster() });
  }

  #serves({ server, handshake }: Socket): boolean {
    if (server === this.primary) return true;
    return this.takesSpread && handshake.spread === true && this.primary !== null && this.members.includes(server);
  }

  #connect(server: Address, handshake: Handshake, listener: ConnectionListener): Connection {
    this.handshakes.push({ server, handshake });
    let closedByClient = false;
    let upAtMs = 0;
    let downAtMs = 0;
    // What goes one way never overtakes what went that way before.
    const later = (lastMs: number, action: () => void): number => {
      const atMs = Math.max(lastMs, this.clock.now() + this.latencyMs());
      this.clock.after(atMs - this.clock.now(), action);
      return atMs;
    };
    const toClient = (action: () => void): void => {
      downAtMs = later(downAtMs, () => {
        if (!closedByClient) action();
      });
    };
    const socket: Socket = {
      server,
      handshake,
      username: '',
      ready: false,
      open: false,
      push: (event, payload) => toClient(() => listener.onPush(event, structuredClone(payload))),
      close: () => {
        this.sockets = this.sockets.filter((one) => one !== socket);
        toClient(() => {
          closedByClient = true;
          listener.onClosed('transport close');
        });
      },
    };
    if (!this.silent.has(server)) {
      upAtMs = later(upAtMs, () => {
        if (closedByClient) return;
        if (this.down.has(server)) socket.close();
        else this.#onHandshake(socket, () => toClient(() => listener.onOpen()));
      });
    }
    return {
      request: (event, payload, answer) => {
        upAtMs = later(upAtMs, () => {
          if (!this.sockets.includes(socket) || this.silent.has(server)) return;
          this.#onRequest(socket, event, structuredClone(payload) as Payload, (reply) => toClient(() => answer(reply)));
        });
      },
      close: () => {
        closedByClient = true;
        this.sockets = this.sockets.filter((one) => one !== socket);
      },
    };
  }

  #onHandshake(socket: Socket, opened: () => void): void {
    const { clientId, token } = socket.handshake;
    const sameClient = (one: Socket): boolean => one.server === socket.server && one.handshake.clientId === clientId;
    for (const older of this.sockets.filter(sameClient)) older.close();
    this.sockets.push(socket);
    opened();
    const username = token === undefined ? undefined : this.tokens.get(token);
    if (username !== undefined) socket.username = username;
    else if (token !== undefined) socket.push('session:ended', { reason: 'no longer valid' });
    this.#makeReady(socket);
  }

  #onRequest(socket: Socket, event: RequestEvent, payload: Payload, answer: (reply: object) => void): void {
    const seen = { server: socket.server, clientId: socket.handshake.clientId, event, payload };
    this.seen.push(seen);
    const instead = this.intercept?.(seen);
    if (instead === 'drop') return;
    if (instead !== undefined && instead !== 'lose-answer') {
      answer({ ok: false, error: instead });
    } else {
      this.#whenApplied(socket.server, event, payload, answer, () => {
        const reply = this.#replyTo(socket, event, payload);
        if (instead !== undefined) return;
        const lateMs = event === 'message:history' || event === 'conversation:list' ? this.readMs() : 0;
        if (lateMs > 0) this.clock.after(lateMs, () => answer(reply));
        else answer(reply);
      });
    }
  }

  /** R17: a read waits until the server has applied what its client was told, but no longer than 2 s. */
  #whenApplied(
    server: string,
    event: RequestEvent,
    { seen }: Payload,
    answer: (reply: object) => void,
    go: () => void,
  ): void {
    const applied = this.applied.get(server);
    if (!Object.hasOwn(readSchemas, event) || applied === undefined || Number(seen ?? 0) <= applied) {
      go();
      return;
    }
    const waiting = { server, seen: Number(seen), go };
    this.#waiting.push(waiting);
    this.clock.after(2000, () => {
      if (!this.#waiting.includes(waiting)) return;
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      answer({ ok: false, error: refused('not-primary') });
    });
  }

  #replyTo(socket: Socket, event: RequestEvent, payload: Payload): object {
    if (event === 'cluster:status') return { ok: true, cluster: this.cluster() };
    if (event === 'account:list') return { ok: true, accounts: [], more: false, asOf: this.position };
    if (event === 'message:received') {
      this.receivedUpTo.set(socket.username, payload.position as number);
      return { ok: true };
    }
    if (!Object.hasOwn(writeSchemas, event)) {
      const applied = this.applied.get(socket.server) ?? this.position;
      return { ...this.#read(socket.username, event as ReadEvent, payload, applied), asOf: applied };
    }
    const isForPrimary = ['account:create', 'session:open', 'account:password', 'account:delete'].includes(event);
    if (socket.server !== this.primary && (isForPrimary || !this.#serves(socket))) {
      const { epoch, view } = this;
      const where = this.primary === null ? {} : { primary: this.primary, epoch, view };
      return { ok: false, error: { ...refused('not-primary'), ...where } };
    }
    const reply = this.#execute(socket, event, payload);
    return (reply as { ok: boolean }).ok ? reply : { ...reply, asOf: this.position };
  }

  #execute(socket: Socket, event: RequestEvent, payload: Payload): object {
    const { clientId, known } = socket.handshake;
    const table = this.clients.get(clientId);
    const request = payload.request!;
    const before = table?.get(request);
    if (before) return before;
    if (known && !table) return { ok: false, error: refused('request-forgotten') };
    if (table && request < Math.max(...table.keys())) return { ok: false, error: refused('overtaken') };
    const reply = this.#do(socket, event as WriteEvent, payload);
    if ((reply as { ok: boolean }).ok) this.clients.set(clientId, (table ?? new Map()).set(request, reply));
    return reply;
  }

  #read(username: string, event: ReadEvent, payload: Payload, applied: number): object {
    if (username === '') return { ok: false, error: refused('not-logged-in') };
    if (event === 'message:history') return this.page(username, (payload.after as number | undefined) ?? 0, applied);
    if (event === 'message:get') {
      const message = this.messages().find(({ id, position }) => id === payload.id && position <= applied);
      return message ? { ok: true, message } : { ok: false, error: refused('no-such-message') };
    }
    if (event === 'message:search') {
      const messages = this.messages().filter(({ body }) => body.includes(payload.text as string));
      return { ok: true, messages, position: 0, more: false };
    }
    const answer = this.conversations.answer(event, username, payload);
    if (typeof answer === 'object') return answer;
    return { ok: false, error: refused(answer ?? 'bad-request') };
  }

  #do(socket: Socket, event: WriteEvent, payload: Payload): object {
    const { username, password } = payload as { username: string; password: string };
    if (event === 'account:create' || event === 'session:open') {
      if (event === 'account:create') this.accounts.set(username, password);
      if (this.accounts.get(username) !== password) return { ok: false, error: refused('wrong-password') };
      this.position += 1;
      const token = `token-${this.position}`;
      this.tokens.set(token, username);
      socket.username = username;
      this.#makeReady(socket);
      return { ok: true, username, token, position: this.position };
    }
    if (socket.username === '') return { ok: false, error: refused('not-logged-in') };
    if (event === 'message:send') {
      const { to, body, replyTo } = payload as { to: string; body: string; replyTo?: string };
      if (to === 'nobody') return { ok: false, error: refused('no-such-account') };
      if (to.startsWith('#') && !this.conversations.rooms.has(to)) {
        return { ok: false, error: refused('no-such-room') };
      }
      const { id, position, at } = this.say(socket.username, to, body, replyTo);
      return { ok: true, id, position, at };
    }
    if (event === 'message:delete') {
      this.remove(payload.id as string);
      return { ok: true, position: this.position };
    }
    if (event === 'message:edit') {
      this.edit(payload.id as string, payload.body as string);
      return { ok: true, position: this.position, at: this.clock.now() };
    }
    if (event === 'message:react' || event === 'message:unreact') {
      this.react(payload.id as string, socket.username, payload.reaction as string, event === 'message:react');
      return { ok: true, position: this.position };
    }
    if (event === 'account:password') {
      const { newPassword } = payload as { newPassword: string };
      if (this.accounts.get(socket.username) !== password) return { ok: false, error: refused('wrong-password') };
      this.accounts.set(socket.username, newPassword);
      this.position += 1;
      return { ok: true, position: this.position };
    }
    const done = this.conversations.do(event, socket.username, payload);
    if (typeof done === 'object') return done;
    if (done !== undefined) return { ok: false, error: refused(done) };
    this.tokens.delete(socket.handshake.token ?? '');
    socket.username = '';
    socket.ready = false;
    return { ok: true };
  }
}

export function refused(code: ErrorCode, definite = true): ChatError {
  return { code, message: `refused: ${code}`, definite };
}
