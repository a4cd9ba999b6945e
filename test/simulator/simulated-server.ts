import { ClientTable } from '../../server/replication/client-table.ts';
import { holdsAllLeases, holdsLeaseOf } from '../../server/replication/lease.ts';
import type { Hello, Input, Output, PeerMessage } from '../../server/replication/messages.ts';
import { createReplica, step } from '../../server/replication/replica.ts';
import {
  type Context,
  isPrimary,
  type ReplicaConfig,
  type ReplicaState,
  selfOf,
} from '../../server/replication/replica-state.ts';
import { type Address, sameView } from '../../shared/ids.ts';
import { GENESIS_CHAIN, type LogEntry, type Outcome } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import type { Incarnation } from '../../shared/views.ts';
import { type HistoryChecker, Violation } from './checkers.ts';
import { SimulatedDisk } from './disk.ts';
import type { EventQueue } from './event-queue.ts';
import type { FaultRates } from './faults.ts';
import type { InvariantChecker } from './invariants.ts';
import type { Endpoint } from './network.ts';
import type { LeaseHolder, PromiseChecker } from './promise-checker.ts';
import { sealQuickly } from './seal.ts';

/** What a server needs from the simulation around it. */
export interface Surroundings {
  queue: EventQueue;
  random: Random;
  rates: FaultRates;
  history: HistoryChecker;
  invariants: InvariantChecker;
  promises: PromiseChecker;
  config: Omit<ReplicaConfig, 'nonce' | 'seal' | 'knownAddresses'>;
  addresses: readonly Address[];
  nextDiskNumber(): number;
  send(from: SimulatedServer, to: Address, message: PeerMessage): void;
  onApplied(server: SimulatedServer, entries: readonly LogEntry[]): void;
  /** A step of a view change is about to be taken: a good moment for trouble. */
  atViewChange(server: SimulatedServer): void;
  trace(text: string): void;
}

/** Chance that a server writes a snapshot after it has applied something. */
const SNAPSHOT_CHANCE = 0.01;
const STORED_ENTRIES_IN_A_CHUNK = 50;
/** A main loop that stood still for longer notices it. */
const NOTICED_PAUSE_MS = 500;
const CRITICAL_MESSAGES = new Set(['promise', 'start-view', 'view-ok', 'installed']);

/** One process with its disk: the real core, simulated effects. */
export class SimulatedServer implements Endpoint, LeaseHolder {
  readonly address: Address;
  readonly #world: Surroundings;
  disk: SimulatedDisk;
  state: ReplicaState | null = null;
  clients = new ClientTable();
  #config!: ReplicaConfig;
  life = 0;
  pausedUntilMs = 0;
  #inbox: Input[] = [];
  /** What ended while the process was stopped. */
  #whenAwake: (() => void)[] = [];
  #isWriting = false;
  #isSyncing = false;
  #nextRead = 0;
  readonly #reads = new Map<number, number>();
  readonly #knownCleanDeaths = new Set<string>();
  #clock = { startedAtMs: 0, rate: 1, standMs: 0 };

  constructor(address: Address, world: Surroundings) {
    this.address = address;
    this.#world = world;
    this.disk = this.#emptyDisk();
  }

  #emptyDisk(): SimulatedDisk {
    return new SimulatedDisk(this.address, this.#world.nextDiskNumber(), this.#world.config.heartbeatTimeoutMs);
  }

  get isUp(): boolean {
    return this.state !== null;
  }

  get isPaused(): boolean {
    return this.#world.queue.nowMs < this.pausedUntilMs;
  }

  /** Takes requests: the primary, once its view is on disk and what it started with is applied. */
  get isServing(): boolean {
    return this.state !== null && !this.#isWriting && !this.isPaused && isPrimary(this.state);
  }

  self(): Incarnation {
    return selfOf(this.state!);
  }

  /** The process's own monotonic clock (A3): it starts near zero, drifts, and stands still while the machine sleeps. */
  #nowMs(): number {
    const { startedAtMs, rate, standMs } = this.#clock;
    return 50 + (this.#world.queue.nowMs - startedAtMs - standMs) * rate;
  }

  start(): void {
    const { queue, random, rates, config, addresses, trace } = this.#world;
    const { disk } = this;
    this.life += 1;
    this.#inbox = [];
    this.#whenAwake = [];
    this.#isWriting = false;
    this.#isSyncing = false;
    this.#reads.clear();
    this.#knownCleanDeaths.clear();
    this.#clock = { startedAtMs: queue.nowMs, rate: 1 + rates.clockDrift * (2 * random.fraction() - 1), standMs: 0 };
    disk.file = { ...disk.file, incarnation: disk.file.incarnation + 1 };
    this.#config = { ...config, knownAddresses: addresses, nonce: String(random.uint32()), seal: sealQuickly };
    const { file, entries, sessionKey } = disk;
    const snapshot = random.chance(0.5) ? disk.snapshot : null;
    const floor = snapshot?.op ?? 0;
    this.clients = new ClientTable();
    for (const entry of entries.slice(0, floor)) this.clients.record(entry, outcomeOf(entry));
    this.clients = ClientTable.restore(this.clients.snapshot());
    const recovered = {
      file,
      snapshot,
      entries: entries.slice(floor),
      complete: snapshot?.complete ?? false,
      sessionKey,
    };
    this.state = createReplica(recovered, this.#config, this.#nowMs());
    trace(`${this.address} starts, incarnation ${file.incarnation}, log ${entries.length}, snapshot ${floor}`);
    this.#tickLater(this.life);
  }

  #tickLater(life: number): void {
    this.#world.queue.after(this.#config.tickMs * (0.99 + 0.02 * this.#world.random.fraction()), () => {
      if (this.life !== life || !this.state) return;
      this.give({ type: 'tick' });
      this.#tickLater(life);
    });
  }

  crash(): void {
    const unsynced = this.disk.unsyncedCount;
    const kept = this.disk.crash(this.#world.random);
    this.state = null;
    this.life += 1;
    this.pausedUntilMs = 0;
    this.#world.trace(`${this.address} crashes, ${kept} of ${unsynced} unsynced rows kept`);
  }

  emptyFolder(): void {
    this.disk = this.#emptyDisk();
    this.#world.trace(`${this.address} loses its folder`);
  }

  /** H20: rows that were synced are gone, as after a power cut on a disk that lies. */
  loseRows(): void {
    const { random, trace } = this.#world;
    const kept = random.between(this.disk.snapshot?.op ?? 0, this.disk.entries.length + 1);
    trace(`${this.address} loses ${this.disk.entries.length - kept} synced rows`);
    this.disk.loseAfter(kept);
  }

  hello(): Hello {
    const state = this.state!;
    const { file } = this.disk;
    return {
      protocol: 1,
      clusterId: file.clusterId,
      complete: state.complete,
      replicationFactor: this.#config.replicationFactor,
      self: selfOf(state),
      nonce: this.#config.nonce,
      promised: file.promised,
      base: file.base,
      pending: file.pending,
      last: state.log.end,
      known: [...state.known],
    };
  }

  /** @param isAsleep the machine sleeps and its clock stands still (A3) */
  pause(durationMs: number, isAsleep: boolean): void {
    const { queue, trace } = this.#world;
    if (this.isPaused) return;
    trace(`${this.address} ${isAsleep ? 'sleeps' : 'pauses'} for ${durationMs} ms`);
    this.pausedUntilMs = queue.nowMs + durationMs;
    const { life } = this;
    queue.after(durationMs, () => {
      if (this.life !== life || !this.state || this.isPaused) return;
      if (isAsleep) this.#clock.standMs += durationMs;
      if (isAsleep || durationMs > NOTICED_PAUSE_MS) this.#inbox.unshift({ type: 'paused', sleptUnnoticed: isAsleep });
      for (const run of this.#whenAwake.splice(0)) run();
      this.#drain();
    });
  }

  /** Hands an input to the replica, at once or when it is awake and its view file is written. */
  give(input: Input): void {
    if (!this.state) return;
    if (this.isPaused && input.type === 'tick') return;
    this.#inbox.push(input);
    this.#drain();
  }

  read(): void {
    if (!this.state || !isPrimary(this.state)) return;
    this.#reads.set(this.#nextRead, this.#world.history.acknowledged);
    this.give({ type: 'confirm-read', checkId: this.#nextRead++ });
  }

  #drain(): void {
    while (this.state && !this.#isWriting && !this.isPaused && this.#inbox.length > 0) {
      const input = this.#inbox.shift()!;
      this.#perform(step(this.state, this.#config, input, this.#nowMs()), 0);
      if (this.state) this.#checkCleanDeaths(this.state);
      if (this.state && !this.#isWriting) this.#checkPrimary(this.state);
    }
  }

  #context(state: ReplicaState): Context {
    return { state, config: this.#config, nowMs: this.#nowMs(), outputs: [] };
  }

  reliesOn(other: Incarnation): boolean {
    // It has slept and learns so before anything else: nothing is decided with the leases from before.
    if (this.#inbox[0]?.type === 'paused') return false;
    return holdsLeaseOf(this.#context(this.state!), other);
  }

  #checkCleanDeaths(state: ReplicaState): void {
    for (const [key, one] of state.cleanDead) {
      if (this.#knownCleanDeaths.has(key) || !state.file.base) continue;
      this.#knownCleanDeaths.add(key);
      this.#world.promises.onCleanDeath(selfOf(state), state.file.base.number, one);
    }
  }

  /**
   * A primary that holds all leases answers reads at once (I7). One that was left behind without knowing it may lack
   * operations: it can neither commit nor confirm a read.
   */
  #checkPrimary(state: ReplicaState): void {
    if (!isPrimary(state) || !holdsAllLeases(this.#context(state))) return;
    const { round } = state.file.base!.number;
    this.#world.history.requireAcknowledged(`I7: ${this.address} may serve reads in view ${round}`, state.log);
  }

  #perform(outputs: readonly Output[], from: number): void {
    const { life } = this;
    for (let index = from; index < outputs.length; index++) {
      const output = outputs[index]!;
      const isCritical = output.type === 'send' && CRITICAL_MESSAGES.has(output.message.type);
      if (isCritical) this.#world.atViewChange(this);
      if (this.life !== life) return;
      if (this.isPaused) {
        this.#isWriting = true;
        this.#whenAwake.push(() => this.#goOn(outputs, index));
        return;
      }
      if (output.type === 'write-view-file' || output.type === 'cut-log' || output.type === 'write-session-key') {
        this.#writeThen(output, () => this.#goOn(outputs, index + 1));
        return;
      }
      this.#performOne(output);
    }
  }

  #goOn(outputs: readonly Output[], from: number): void {
    if (this.isPaused) {
      this.#whenAwake.push(() => this.#goOn(outputs, from));
      return;
    }
    this.#isWriting = false;
    this.#perform(outputs, from);
    this.#drain();
  }

  /** A blocking write: what follows waits for it, and a crash in between loses that, and perhaps the write. */
  #writeThen(output: Output, done: () => void): void {
    const { queue, random, invariants, promises } = this.#world;
    const { life, disk } = this;
    this.#isWriting = true;
    const delayMs = this.#diskDelayMs();
    queue.after(delayMs * random.fraction(), () => {
      if (this.life !== life) return;
      if (output.type === 'write-session-key') disk.sessionKey = output.key;
      if (output.type === 'cut-log') disk.cutAfter(output.afterOp);
      if (output.type === 'write-view-file') {
        const before = disk.file;
        disk.file = output.file;
        invariants.onViewFile(before, disk);
        const promised = this.state!.promisedLists.find(({ number }) => sameView(number, output.file.promised));
        if (promised && !sameView(before.promised, promised.number)) {
          promises.onPromised(disk.file, promised.number, promised.members);
        }
      }
    });
    queue.after(delayMs, () => {
      if (this.life === life) done();
    });
  }

  #performOne(output: Output): void {
    const { history, invariants, promises, trace } = this.#world;
    switch (output.type) {
      case 'append':
        this.disk.append(output.entries);
        this.#sync();
        break;
      case 'send':
        invariants.onSend(this.disk, output.message);
        promises.onSend(this.disk.file, output.to, output.message);
        this.#world.send(this, output.to, output.message);
        break;
      case 'commit':
        this.#apply(output.entries);
        break;
      case 'read-confirmed':
        history.onReadConfirmed(this.address, this.state!.commit, this.#takeRead(output.checkId));
        break;
      case 'notice':
        trace(`${this.address}: ${output.text}`);
        break;
      case 'send-log-from-storage':
        this.#sendStored(output);
        break;
      case 'refuse-to-run':
        throw new Violation(`${this.address} refuses to run: ${output.text}`);
    }
  }

  #apply(entries: readonly LogEntry[]): void {
    this.#world.history.onCommit(this.address, entries);
    for (const entry of entries) {
      if (this.clients.wasExecuted(entry)) throw new Violation(`I9: ${this.address} executes ${entry.request} twice`);
      this.clients.record(entry, outcomeOf(entry));
    }
    this.#world.onApplied(this, entries);
    const last = entries[entries.length - 1]!;
    const isDurable = this.disk.chainAt(last.op) === last.chain;
    if (isDurable && this.#world.random.chance(SNAPSHOT_CHANCE)) {
      this.disk.snapshot = { op: last.op, chain: last.chain, view: last.view, complete: this.state!.complete };
    }
  }

  #sendStored(ask: Output & { type: 'send-log-from-storage' }): void {
    const { entries } = this.disk;
    const chain = ask.fromOp === 0 ? GENESIS_CHAIN : this.disk.chainAt(ask.fromOp);
    const mismatch = chain !== ask.chain;
    const through = Math.min(ask.end, ask.fromOp + STORED_ENTRIES_IN_A_CHUNK);
    this.#world.send(this, ask.to, {
      type: 'log-chunk',
      fromOp: ask.fromOp,
      previousChain: ask.chain,
      entries: mismatch ? [] : entries.slice(ask.fromOp, through),
      end: ask.end,
      commit: ask.commit,
      mismatch,
    });
  }

  #takeRead(checkId: number): number {
    let acknowledged = 0;
    for (const [id, before] of this.#reads) {
      if (id > checkId) continue;
      acknowledged = Math.max(acknowledged, before);
      this.#reads.delete(id);
    }
    return acknowledged;
  }

  /** Group commit: what arrives during a sync waits for the next. */
  #sync(): void {
    const last = this.disk.beginSync();
    if (this.#isSyncing || !last) return;
    this.#isSyncing = true;
    const { life, disk } = this;
    this.#world.queue.after(this.#diskDelayMs(), () => {
      if (this.life !== life) return;
      this.#isSyncing = false;
      const durable = disk.endSync(last);
      if (durable) this.give({ type: 'appended', op: durable.op, chain: durable.chain });
      if (this.life === life) this.#sync();
    });
  }

  #diskDelayMs(): number {
    const { random, rates } = this.#world;
    const [low, high] = rates.diskMs;
    if (random.chance(rates.slowDisk)) return random.between(500, 5000);
    return low + (high - low) * random.fraction();
  }
}

/** What a request ends with in the echo machine: a function of its entry. */
export function outcomeOf(entry: LogEntry): Outcome {
  return { position: entry.op, at: entry.time, refused: '' };
}
