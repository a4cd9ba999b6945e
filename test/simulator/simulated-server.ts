import { holdsAllLeases } from '../../server/replication/lease.ts';
import type { Hello, Input, Output, PeerMessage } from '../../server/replication/messages.ts';
import { createReplica, newViewFile, step } from '../../server/replication/replica.ts';
import { isPrimary, type ReplicaConfig, type ReplicaState, selfOf } from '../../server/replication/replica-state.ts';
import type { Address, DiskId } from '../../shared/ids.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import type { ViewFile } from '../../shared/views.ts';
import { type Checker, Violation } from './checkers.ts';
import type { EventQueue } from './event-queue.ts';
import type { FaultRates } from './faults.ts';

/** What survives a crash. */
interface Disk {
  file: ViewFile;
  entries: LogEntry[];
  /** Written, but not yet synced: a crash keeps any prefix of it. */
  unsynced: LogEntry[];
  sessionKey: string;
}

/** What a server needs from the simulation around it. */
export interface Surroundings {
  queue: EventQueue;
  random: Random;
  rates: FaultRates;
  checker: Checker;
  config: Omit<ReplicaConfig, 'nonce' | 'seal' | 'knownAddresses'>;
  addresses: readonly Address[];
  send(from: SimulatedServer, to: Address, message: PeerMessage): void;
  onCommitted(server: SimulatedServer, entries: readonly LogEntry[]): void;
  trace(text: string): void;
}

let disks = 0;

/** One process with its disk: the real core, simulated effects. */
export class SimulatedServer {
  readonly address: Address;
  readonly #world: Surroundings;
  #disk: Disk;
  state: ReplicaState | null = null;
  #config!: ReplicaConfig;
  /** Counts lives; whatever belongs to an earlier one is void. */
  life = 0;
  pausedUntilMs = 0;
  #inbox: Input[] = [];
  #isWriting = false;
  #isFlushing = false;
  #nextRead = 0;
  readonly #reads = new Map<number, number>();

  constructor(address: Address, world: Surroundings) {
    this.address = address;
    this.#world = world;
    this.#disk = this.#emptyDisk();
  }

  #emptyDisk(): Disk {
    const disk = `disk-${disks++}` as DiskId;
    return {
      file: newViewFile({ id: this.address, disk, incarnation: 0 }, this.#world.config.heartbeatTimeoutMs),
      entries: [],
      unsynced: [],
      sessionKey: '',
    };
  }

  get isUp(): boolean {
    return this.state !== null;
  }

  get isPaused(): boolean {
    return this.#world.queue.nowMs < this.pausedUntilMs;
  }

  start(): void {
    const { queue, random, config, addresses } = this.#world;
    this.life += 1;
    this.#inbox = [];
    this.#isWriting = false;
    this.#isFlushing = false;
    this.#reads.clear();
    this.#disk.file = { ...this.#disk.file, incarnation: this.#disk.file.incarnation + 1 };
    this.#config = { ...config, knownAddresses: addresses, nonce: String(random.uint32()), seal: sealQuickly };
    const { file, entries, sessionKey } = this.#disk;
    const recovered = { file, snapshot: null, entries: [...entries], complete: false, sessionKey };
    this.state = createReplica(recovered, this.#config, queue.nowMs);
    this.#world.trace(`${this.address} starts, incarnation ${file.incarnation}, log ${entries.length}`);
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
    const { random, trace } = this.#world;
    const { unsynced } = this.#disk;
    const kept = random.between(0, unsynced.length + 1);
    this.#disk.entries.push(...unsynced.slice(0, kept));
    this.#disk.unsynced = [];
    this.state = null;
    this.life += 1;
    this.pausedUntilMs = 0;
    trace(`${this.address} crashes, ${kept} of ${unsynced.length} unsynced rows kept`);
  }

  emptyFolder(): void {
    this.#disk = this.#emptyDisk();
    this.#world.trace(`${this.address} loses its folder`);
  }

  hello(): Hello {
    const state = this.state!;
    return {
      protocol: 1,
      clusterId: state.file.clusterId,
      complete: state.complete,
      replicationFactor: this.#config.replicationFactor,
      self: selfOf(state),
      nonce: this.#config.nonce,
      promised: state.file.promised,
      base: state.file.base,
      pending: state.file.pending,
      last: state.log.end,
      known: [...state.known],
    };
  }

  pause(durationMs: number): void {
    const { queue, trace } = this.#world;
    trace(`${this.address} pauses for ${durationMs} ms`);
    this.pausedUntilMs = queue.nowMs + durationMs;
    const { life } = this;
    queue.after(durationMs, () => {
      if (this.life !== life || !this.state || this.isPaused) return;
      if (durationMs > 500) this.#inbox.unshift({ type: 'paused', sleptUnnoticed: false });
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
    this.#reads.set(this.#nextRead, this.#world.checker.acknowledged);
    this.give({ type: 'confirm-read', checkId: this.#nextRead++ });
  }

  #drain(): void {
    while (this.state && !this.#isWriting && !this.isPaused && this.#inbox.length > 0) {
      const input = this.#inbox.shift()!;
      const outputs = step(this.state, this.#config, input, this.#world.queue.nowMs);
      this.#perform(outputs);
      if (this.state) {
        const context = { state: this.state, config: this.#config, nowMs: this.#world.queue.nowMs, outputs: [] };
        this.#world.checker.onPrimary(this.address, this.state, !this.#isWriting && holdsAllLeases(context));
      }
    }
  }

  #perform(outputs: readonly Output[]): void {
    for (const [index, output] of outputs.entries()) {
      if (output.type === 'write-view-file' || output.type === 'cut-log' || output.type === 'write-session-key') {
        this.#writeThen(output, outputs.slice(index + 1));
        return;
      }
      this.#performOne(output);
    }
  }

  /** A blocking write: what follows waits for it, and a crash in between loses that, and perhaps the write. */
  #writeThen(output: Output, rest: readonly Output[]): void {
    const { queue } = this.#world;
    const { life } = this;
    this.#isWriting = true;
    const delayMs = this.#diskDelayMs();
    const syncedAt = delayMs * this.#world.random.fraction();
    queue.after(syncedAt, () => {
      if (this.life !== life) return;
      if (output.type === 'write-view-file') this.#disk.file = output.file;
      if (output.type === 'write-session-key') this.#disk.sessionKey = output.key;
      if (output.type === 'cut-log') {
        this.#disk.unsynced = this.#disk.unsynced.filter((entry) => entry.op <= output.afterOp);
        this.#disk.entries = this.#disk.entries.filter((entry) => entry.op <= output.afterOp);
      }
    });
    queue.after(delayMs, () => {
      if (this.life !== life) return;
      this.#isWriting = false;
      this.#perform(rest);
      this.#drain();
    });
  }

  #performOne(output: Output): void {
    const { checker, trace } = this.#world;
    switch (output.type) {
      case 'append':
        this.#disk.unsynced.push(...output.entries);
        this.#flush();
        break;
      case 'send':
        this.#world.send(this, output.to, output.message);
        break;
      case 'commit':
        checker.onCommit(this.address, output.entries);
        this.#world.onCommitted(this, output.entries);
        break;
      case 'read-confirmed':
        checker.onReadConfirmed(this.address, this.state!, this.#takeRead(output.checkId));
        break;
      case 'notice':
        trace(`${this.address}: ${output.text}`);
        break;
      case 'send-log-from-storage':
        this.#sendStored(output);
        break;
      case 'refuse-to-run':
        throw new Violation(`${this.address} refuses to run: ${output.text}`);
      default:
        break;
    }
  }

  #sendStored(ask: Output & { type: 'send-log-from-storage' }): void {
    const entries = this.#disk.entries.slice(ask.fromOp, Math.min(ask.end, ask.fromOp + 1000));
    const chain = ask.fromOp === 0 ? GENESIS_CHAIN : this.#disk.entries[ask.fromOp - 1]?.chain;
    this.#world.send(this, ask.to, {
      type: 'log-chunk',
      fromOp: ask.fromOp,
      previousChain: ask.chain,
      entries,
      end: ask.end,
      commit: ask.commit,
      mismatch: chain !== ask.chain,
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
  #flush(): void {
    if (this.#isFlushing || this.#disk.unsynced.length === 0) return;
    this.#isFlushing = true;
    const { life } = this;
    const batch = this.#disk.unsynced.length;
    const lastOp = this.#disk.unsynced[batch - 1]!;
    this.#world.queue.after(this.#diskDelayMs(), () => {
      if (this.life !== life) return;
      this.#isFlushing = false;
      const synced = this.#disk.unsynced.filter((entry) => entry.op <= lastOp.op).slice(0, batch);
      this.#disk.unsynced = this.#disk.unsynced.slice(synced.length);
      this.#disk.entries.push(...synced);
      const last = synced[synced.length - 1];
      if (last) this.give({ type: 'appended', op: last.op, chain: last.chain });
      this.#flush();
    });
  }

  #diskDelayMs(): number {
    const { random, rates } = this.#world;
    const [low, high] = rates.diskMs;
    if (random.chance(rates.slowDisk)) return random.between(500, 5000);
    return low + (high - low) * random.fraction();
  }
}

/** Places, digests and rows that cost little: the digest only has to differ where histories differ. */
function sealQuickly(
  drafts: readonly EntryDraft[],
  place: { firstOp: number; previousChain: string; view: string },
): LogEntry[] {
  let chain = place.previousChain;
  return drafts.map((draft, index) => {
    const op = place.firstOp + index;
    chain = mix(chain, `${op} ${place.view} ${draft.client} ${draft.request} ${draft.subject}`);
    return { ...draft, op, view: place.view, time: op, nonce: '', removedDigest: '', chain, row: 'x'.repeat(100) };
  });
}

function mix(chain: string, text: string): string {
  let low = Number.parseInt(chain.slice(0, 8), 16) | 0;
  let high = Number.parseInt(chain.slice(8, 16), 16) | 0;
  for (let index = 0; index < text.length; index++) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(index) ^ (low >>> 15), 0x85ebca6b);
  }
  return (low >>> 0).toString(16).padStart(8, '0') + (high >>> 0).toString(16).padStart(8, '0');
}
