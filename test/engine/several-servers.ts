import type { Connection } from '../../client/transport.ts';
import type { Handshake, RequestEvent } from '../../shared/api.ts';
import type { ChatError } from '../../shared/errors.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { seededRandom } from '../../shared/random.ts';
import { SimulatedClientNetwork } from '../simulator/client-network.ts';
import { quickCodec } from '../simulator/codec.ts';
import { Life } from '../simulator/life.ts';
import { makeServers } from '../simulator/make-cluster.ts';
import { SimulatedPeerNetwork } from '../simulator/peer-network.ts';
import { planOf } from '../simulator/plan.ts';
import type { ServerWatcher } from '../simulator/server-surroundings.ts';
import type { SimulatedServer } from '../simulator/simulated-server.ts';
import { World } from '../simulator/world.ts';

/** A reply as a test looks at it: `error` when refused, else the event's fields. */
export interface StageReply {
  ok: boolean;
  error?: ChatError;
  [field: string]: unknown;
}

/** Several servers, engine and gateway of each, in simulated time, without faults but those that a test makes. */
export class SeveralServers {
  readonly world = new World(false);
  readonly servers: SimulatedServer[];
  readonly peers: SimulatedPeerNetwork;
  readonly clients: SimulatedClientNetwork;
  #clientIds = 0;

  private constructor(servers: number) {
    const { world } = this;
    const drawn = planOf('several servers', { servers, replicationFactor: 3, witnesses: 0, clients: 1, accounts: 1 });
    const plan = { ...drawn, rates: { ...drawn.rates, ...CALM } };
    const random = seededRandom('several servers');
    const openRows = (rows: string, previousChain: string) => quickCodec.open(rows, previousChain);
    this.peers = new SimulatedPeerNetwork({ world, random: random.fork(), rates: plan.rates, openRows });
    this.clients = new SimulatedClientNetwork({ world, random: random.fork(), rates: plan.rates });
    const around = { world, codec: quickCodec, peers: this.peers, clients: this.clients };
    this.servers = makeServers(plan, random, { ...around, watcherOf: () => watcher });
  }

  /** Servers of which three make a view, the first of them primary; the others follow as spares. */
  static async open(count = 3): Promise<SeveralServers> {
    const stage = new SeveralServers(count);
    for (const [index, server] of stage.servers.entries()) {
      server.start(index === 0 ? { clusterId: 'several', sessionKey: 'session key' } : null);
      await stage.until(() => server.engine !== null);
    }
    await stage.until(() => stage.servers.slice(0, 3).every(({ engine }) => engine!.cluster().members.length === 3));
    await stage.until(() => stage.servers.slice(0, 3).every(({ engine }) => engine!.isFull()));
    return stage;
  }

  /** One event after the other, up to that much later; promises settle in between. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.world.nowMs + durationMs;
    while (this.world.queue.next(untilMs)) await this.#settle();
  }

  /** Lets simulated time pass until something is so. @throws Error when it is not so within 20 s of simulated time */
  async until(isSo: () => boolean): Promise<void> {
    const endMs = this.world.nowMs + 20_000;
    for (await settled(); !isSo(); await this.#settle()) {
      if (!this.world.queue.next(endMs)) throw new Error(`It has not come to ${isSo} by ${this.world.nowMs} ms.`);
    }
  }

  async #settle(): Promise<void> {
    if (this.world.isTouched) {
      this.world.isTouched = false;
      await settled();
    }
    if (this.world.violation) throw this.world.violation;
  }

  get primary(): SimulatedServer {
    return this.servers.find(({ engine }) => engine?.isPrimary())!;
  }

  get backups(): SimulatedServer[] {
    return this.servers.slice(0, 3).filter((server) => server.isUp && server !== this.primary);
  }

  /** What the server's disk has in its log. */
  logOf(server: SimulatedServer): LogEntry[] {
    return server.disk.entries;
  }

  newClientId(): string {
    this.#clientIds += 1;
    return `00000000-0000-4000-8000-${String(this.#clientIds).padStart(12, '0')}`;
  }

  /** A socket, open. */
  async connect(server: SimulatedServer, handshake: Partial<Handshake> = {}): Promise<StageSocket> {
    const socket = new StageSocket(this, server, { protocol: 1, clientId: this.newClientId(), ...handshake });
    await this.until(() => socket.isOpen);
    return socket;
  }

  /** A new account, and a socket of a client that takes any server, ready at that one. */
  async account(username: string, at: SimulatedServer): Promise<{ socket: StageSocket; token: string }> {
    const first = await this.connect(this.primary);
    const created = await first.ask('account:create', { request: 1, username, password: 'a password' });
    const token = created.token as string;
    const socket = await this.connect(at, { token, spread: true });
    await this.until(() => socket.all('session:ready').length > 0);
    first.close();
    return { socket, token };
  }
}

/** The client's end of a connection. */
export class StageSocket {
  readonly pushes: { event: string; payload: Record<string, unknown> }[] = [];
  isOpen = false;
  readonly clientId: string;
  /** By this the network knows its client. */
  readonly name: string;
  readonly #stage: SeveralServers;
  readonly #connection: Connection;
  #request = 0;

  constructor(stage: SeveralServers, server: SimulatedServer, handshake: Handshake) {
    this.#stage = stage;
    this.clientId = handshake.clientId;
    this.name = `client ${handshake.clientId} at ${server.address}`;
    const connect = stage.clients.transportOf(this.name, new Life(stage.world));
    this.#connection = connect(server.address, handshake, {
      onOpen: () => {
        this.isOpen = true;
      },
      onPush: (event, payload) => void this.pushes.push({ event, payload: payload as Record<string, unknown> }),
      onClosed: () => {
        this.isOpen = false;
      },
    });
  }

  /** The next request number of this socket. */
  next(): number {
    this.#request += 1;
    return this.#request;
  }

  /** Sends a request; the list gets the reply. */
  send(event: RequestEvent, payload: object): StageReply[] {
    const replies: StageReply[] = [];
    this.#connection.request(event, payload as never, (reply) => void replies.push(reply as StageReply));
    return replies;
  }

  async ask(event: RequestEvent, payload: object): Promise<StageReply> {
    const replies = this.send(event, payload);
    await this.#stage.until(() => replies.length > 0);
    return replies[0]!;
  }

  /** Asks a write under the next number. */
  write(event: RequestEvent, payload: object = {}): Promise<StageReply> {
    return this.ask(event, { request: this.next(), ...payload });
  }

  /** The payloads of all pushes of that name. */
  all(event: string): Record<string, unknown>[] {
    return this.pushes.filter((push) => push.event === event).map(({ payload }) => payload);
  }

  close(): void {
    this.#connection.close();
  }
}

const CALM = {
  heartbeatTimeoutMs: 1500,
  heartbeatIntervalMs: 100,
  tickMs: 20,
  rankDelayMs: 200,
  peerDelayMs: [0.1, 1],
  clientDelayMs: [0.1, 1],
  longWayMs: 0,
  diskMs: [0.2, 2],
  slowDisk: 0,
  clockDrift: 0,
  trustRefused: true,
  lateMessages: 0,
  realRows: false,
  snapshotIntervalOperations: 100_000,
  compactionIntervalMs: 3_600_000,
  logTailEntries: 5000,
  logPieceLength: 512 * 1024,
  unreadBytesMax: 16 * 1024 * 1024,
} as const;

const watcher: ServerWatcher = {
  onInput: (_input, give) => give(),
  onReadOfLog: () => {},
  onCut: () => {},
  onSend: () => {},
  onSealed: () => {},
  onHello: () => {},
  onViewFile: () => {},
  atCriticalStep: () => {},
  onEnd: (text) => {
    throw new Error(text);
  },
  onStartOver: (text) => {
    throw new Error(text);
  },
  onStarted: () => {},
  beforeEnd: () => {},
  afterTurn: () => {},
  onAsked: () => {},
  onAcknowledged: () => {},
  onRefused: () => {},
  onRead: () => undefined,
};

/** Lets all promises that can be settled by now settle: Node calls back only when none is left. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
