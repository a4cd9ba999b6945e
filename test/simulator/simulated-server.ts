import type { PeerTransport } from '../../server/engine/ports.ts';
import { recoverEngine } from '../../server/engine/recovery.ts';
import { ReplicatedEngine } from '../../server/engine/replicated.ts';
import { makeSeal } from '../../server/engine/sealing.ts';
import { attachGateway } from '../../server/network/gateway.ts';
import type { ClientTable } from '../../server/replication/client-table.ts';
import { holdsLeaseOf } from '../../server/replication/lease.ts';
import type { PeerMessage, ReplicaRole } from '../../server/replication/messages.ts';
import { type Context, isPrimary, type ReplicaState, selfOf } from '../../server/replication/replica-state.ts';
import type { Address } from '../../shared/ids.ts';
import type { Incarnation } from '../../shared/views.ts';
import { Violation } from './checkers.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import { SimulatedDisk } from './disk.ts';
import { Life } from './life.ts';
import { MachineClock } from './machine-clock.ts';
import { nonceOf, quickPasswords } from './passwords.ts';
import type { LeaseHolder } from './promise-checker.ts';
import type { Formation, ServerWatcher, Surroundings } from './server-surroundings.ts';
import { SocketServer } from './socket-server.ts';
import { openSimulated, SimulatedStorage } from './storage.ts';
import { WatchedEngine } from './watched-engine.ts';

/** From the start of a process until it listens. */
const BOOT_MS = 10;
/** Too short for anything to happen, long enough for a clock to tell. */
const NO_TIME_MS = 0.001;
const CRITICAL_MESSAGES = new Set<PeerMessage['type']>(['promise', 'start-view', 'view-ok', 'installed']);

/** One machine with its disk and, while it is up, its process: the real engine and gateway, simulated surroundings. */
export class SimulatedServer implements LeaseHolder {
  readonly address: Address;
  readonly role: ReplicaRole;
  readonly clock = new MachineClock();
  disk: SimulatedDisk;
  life: Life;
  engine: ReplicatedEngine | null = null;
  /** The one that the engine works with. */
  clientTable: ClientTable | null = null;
  /** It woke up from sleep, and has had no occasion yet to notice (A3). */
  #hasJustWoken = false;
  #sleepsAfterPing: (() => void) | null = null;
  readonly #whenSent = new Map<PeerMessage['type'], (to: Address) => void>();
  #hasSaidFarewell = false;
  readonly #around: Surroundings;
  readonly #watcher: ServerWatcher;

  constructor(address: Address, role: ReplicaRole, around: Surroundings) {
    this.address = address;
    this.role = role;
    this.#around = around;
    this.life = new Life(around.world);
    this.life.end();
    this.disk = this.#emptyDisk();
    this.#watcher = around.watcherOf(this);
  }

  #emptyDisk(): SimulatedDisk {
    const { nextDiskNumber, config } = this.#around;
    return new SimulatedDisk(this.address, nextDiskNumber(), config.heartbeatTimeoutMs);
  }

  /** The process runs, ready to serve or not. */
  get isUp(): boolean {
    return !this.life.isOver;
  }

  get isAwake(): boolean {
    return this.isUp && !this.life.isStopped;
  }

  /** Of the process; null while there is none, or it is only starting. */
  get context(): Context | null {
    return this.isUp && this.engine ? this.engine.replica : null;
  }

  get state(): ReplicaState | null {
    return this.context?.state ?? null;
  }

  /** Of a process that has not said farewell, on a folder that nobody has put back. */
  get isServingItsLife(): boolean {
    return this.state !== null && !this.#hasSaidFarewell && !this.disk.isOldCopy;
  }

  get isPrimary(): boolean {
    const { state } = this;
    return state !== null && isPrimary(state);
  }

  self(): Incarnation {
    return selfOf(this.state!);
  }

  /** False after sleep, of which it learns with whatever reaches it first; and once it has done its last (R23). */
  get mayUseLeases(): boolean {
    return !this.#hasSaidFarewell && !this.#hasJustWoken;
  }

  reliesOn(other: Incarnation): boolean {
    return this.mayUseLeases && holdsLeaseOf(this.context!, other);
  }

  /** @param formation given to the one that may start a cluster */
  start(formation: Formation | null): void {
    if (this.isUp) return;
    const { world, random, rates } = this.#around;
    this.life = new Life(world);
    this.engine = null;
    this.#hasJustWoken = false;
    this.#sleepsAfterPing = null;
    this.#whenSent.clear();
    this.#hasSaidFarewell = false;
    this.clock.rate = 1 + rates.clockDrift * (2 * random.fraction() - 1);
    const { life } = this;
    world.trace(`${this.address} starts, log ${this.disk.entries.length}, snapshot ${this.disk.snapshot?.op ?? 0}`);
    life.after(BOOT_MS * random.fraction(), () => {
      world.isTouched = true;
      this.#boot(life, formation).catch((error: Error) => {
        if (!life.isOver) this.#watcher.onEnd(`${error.message}\n${error.stack}`);
      });
    });
  }

  /** As `runServer` puts a server together. */
  async #boot(life: Life, formation: Formation | null): Promise<void> {
    const { random, rates, codec, config, addresses, peers, clients } = this.#around;
    const storage = new SimulatedStorage(life, this.disk, random.fork(), rates, {
      atStep: () => this.#watcher.atCriticalStep(),
      onRead: () => this.#watcher.onReadOfLog(),
      onCut: (afterOp, reason) => this.#watcher.onCut(afterOp, reason),
      onViewFile: (before) => this.#watcher.onViewFile(before),
    });
    const clock = this.clock.readBy(life);
    const database = openSimulated(this.disk, storage, codec);
    const { heartbeatTimeoutMs } = config;
    const recovered = await recoverEngine(database, { address: this.address, heartbeatTimeoutMs });
    if (life.isOver) return;
    const endpoint = peers.listen(this.address, life, (to, message) => {
      if (message.type === 'farewell') this.#hasSaidFarewell = true;
      else if (this.#hasSaidFarewell)
        throw new Violation(`R23: ${this.address} sends ${message.type} after its farewell`);
      if (message.type === 'ping') this.#sleepsAfterPing?.();
      if (!('probe' in message && message.probe)) this.#isAboutToSend(message.type, to);
      if (CRITICAL_MESSAGES.has(message.type)) this.#watcher.atCriticalStep();
      if (!life.isOver) this.#watcher.onSend(to, message);
    });
    const nonces = random.fork();
    const transport: PeerTransport = {
      start: (onInput, hello) =>
        endpoint.start(
          (input) => {
            this.#watcher.onInput(input, () => onInput(input));
            this.#hasJustWoken = false;
          },
          () => {
            const said = hello();
            this.#watcher.onHello(said);
            return said;
          },
        ),
      dial: (address) => endpoint.dial(address),
      dialAgain: (address) => endpoint.dialAgain(address),
      send: (to, message) => endpoint.send(to, message),
    };
    const seal = makeSeal({
      codec,
      wallMs: () => clock.wallMs(),
      newNonce: () => nonceOf(nonces),
      lastTimeMs: () => engine.lastTimeMs,
    });
    const engine: ReplicatedEngine = new ReplicatedEngine({
      recovered,
      config: {
        ...config,
        role: this.role,
        knownAddresses: addresses,
        nonce: String(random.uint32()),
        seal: (drafts, place) => {
          const entries = seal(drafts, place);
          this.#watcher.onSealed(entries);
          return entries;
        },
      },
      storage,
      transport,
      clock,
      version: 'simulated',
      snapshotIntervalOperations: rates.snapshotIntervalOperations,
      compactionIntervalMs: rates.compactionIntervalMs,
      logUnderWayLength: rates.logUnderWayLength,
      log: (text) => life.world.trace(`${this.address}: ${text}`),
      onFatal: (text) => {
        if (!life.isOver) this.#watcher.onEnd(text);
      },
      onStartOver: (text) => {
        if (!life.isOver) this.#watcher.onStartOver(text);
      },
    });
    this.engine = engine;
    this.clientTable = recovered.clients;
    if (this.role === 'replica') this.#serveClients(engine, life, clients);
    this.#watcher.onStarted();
    life.afterTurn = () => this.#watcher.afterTurn();
    await engine.start();
    if (formation && !life.isOver) engine.formWhenAlone(formation.clusterId, formation.sessionKey);
  }

  #serveClients(engine: ReplicatedEngine, life: Life, clients: SimulatedClientNetwork): void {
    const { random, rates } = this.#around;
    // One that has just stopped being it, and has not said so yet, answers as a backup does.
    const sockets = new SocketServer(life, () => engine.isPrimary() && this.isPrimary);
    const clock = this.clock.readBy(life);
    const unlimited = () => Promise.resolve(undefined);
    const watched = new WatchedEngine(engine, this.#watcher, (violation) => life.world.fail(violation));
    attachGateway(sockets.asSocketIo, watched, quickPasswords(life, random.fork()), {
      limits: { unreadBytesMax: rates.unreadBytesMax },
      rates: { request: unlimited, login: unlimited },
      after: (delayMs, run) => clock.after(delayMs, run),
      onFault: (error, event) => {
        if (life.isOver) return;
        const { stack } = error as Error;
        life.world.fail(new Violation(`${this.address} has a fault while serving ${event}: ${stack}`));
      },
    });
    clients.listen(this.address, sockets);
  }

  /** The process ends, however. The kernel closes what it had open. */
  end(why: string): void {
    if (!this.isUp) return;
    this.#watcher.beforeEnd();
    const { world, random, peers, clients } = this.#around;
    const unsynced = this.disk.unsyncedCount;
    const kept = this.disk.crash(random);
    this.life.end();
    this.engine = null;
    peers.onEnd(this.address);
    clients.onServerEnd(this.address);
    world.trace(`${this.address} ${why}${unsynced > 0 ? `, ${kept} of ${unsynced} unsynced rows kept` : ''}`);
  }

  /** R23: as on SIGTERM. */
  leave(whenDone: () => void): void {
    const { life, engine } = this;
    if (!this.isAwake || !engine) return;
    life.world.isTouched = true;
    void engine.leave().then(() => {
      if (!life.isOver) whenDone();
    });
  }

  emptyFolder(): void {
    this.disk = this.#emptyDisk();
    this.#around.world.trace(`${this.address} gets an empty folder`);
  }

  /** @param isAsleep the machine sleeps and its monotonic clock stands still (A3) */
  stop(durationMs: number, isAsleep: boolean): void {
    if (!this.isAwake) return;
    this.#around.world.trace(`${this.address} ${isAsleep ? 'sleeps' : 'stands still'} for ${durationMs} ms`);
    this.life.stop(durationMs, this.#around.random.chance(0.5), () => {
      if (!isAsleep) return;
      this.clock.sleep(durationMs);
      this.#hasJustWoken = true;
    });
  }

  /** Calls back when this life is about to send the next message of that type; questions that bind nobody do not count. */
  whenSends(type: PeerMessage['type'], run: (to: Address) => void): void {
    this.#whenSent.set(type, run);
  }

  /** What was to happen to this life with its next messages does not. */
  disarm(): void {
    this.#whenSent.clear();
    this.#sleepsAfterPing = null;
  }

  #isAboutToSend(type: PeerMessage['type'], to: Address): void {
    const run = this.#whenSent.get(type);
    if (!run) return;
    this.#whenSent.delete(type);
    run(to);
  }

  /** The machine falls asleep when its pings are on their way: their answers wait for it when it wakes up (R22). */
  sleepAfterPings(durationMs: number): void {
    const { life } = this;
    this.#sleepsAfterPing = () => {
      this.#sleepsAfterPing = null;
      life.world.queue.after(NO_TIME_MS, () => {
        if (life === this.life) this.stop(durationMs, true);
      });
    };
  }
}
