import { isPrimary } from '../../server/replication/replica-state.ts';
import { type Address, compareViews } from '../../shared/ids.ts';
import { type Random, seededRandom } from '../../shared/random.ts';
import { HistoryChecker, Violation } from './checkers.ts';
import { EventQueue } from './event-queue.ts';
import { FaultInjector } from './fault-injector.ts';
import { drawLayout, drawRates, type FaultRates, type Layout } from './faults.ts';
import { InvariantChecker } from './invariants.ts';
import { SimulatedNetwork } from './network.ts';
import { PromiseChecker } from './promise-checker.ts';
import { SimulatedServer } from './simulated-server.ts';
import { Workload } from './workload.ts';

export interface RunResult {
  seed: string;
  layout: Layout;
  rates: FaultRates;
  violation: string | null;
  /** The last events before the end, for people. */
  story: string[];
  simulatedMs: number;
  events: number;
  commits: number;
  acknowledged: number;
  faults: Record<string, number>;
  views: number;
}

const FORM_AFTER_MS = 200;
const CALM_MS = 3000;
const FAULTS_MS = 12_000;
/** Time-outs, the longest retries, and room: by then a primary has to answer again. */
const HEALED_MS = 40_000;
const HEALTH_CHECK_MS = 500;
const STORY_LINES = 400;

/** One run: a cluster under the faults that its seed draws, then peace, and everything has to be well again. */
export class Simulation {
  readonly #queue = new EventQueue();
  readonly #random: Random;
  readonly #rates: FaultRates;
  /** As they were drawn: when the faults end, the rates change. */
  readonly #drawn: FaultRates;
  readonly #layout: Layout;
  readonly #history = new HistoryChecker();
  readonly #invariants: InvariantChecker;
  readonly #promises: PromiseChecker;
  readonly #network: SimulatedNetwork;
  readonly #servers: SimulatedServer[] = [];
  readonly #workload: Workload;
  readonly #story: string[] = [];
  readonly #faults: FaultInjector;
  readonly #seed: string;
  #disks = 0;
  #events = 0;

  /** @param layout drawn from the seed when absent */
  constructor(seed: string, layout?: Layout) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    const network = this.#random.fork();
    this.#rates = drawRates(this.#random.fork());
    this.#drawn = { ...this.#rates };
    const drawn = drawLayout(this.#random.fork());
    this.#layout = layout ?? drawn;
    this.#network = new SimulatedNetwork(this.#queue, network, this.#rates.delayMs);
    this.#invariants = new InvariantChecker(() => this.#servers.map(({ disk }) => disk));
    this.#promises = new PromiseChecker(() => this.#servers.filter((server) => server.isUp && !server.isPaused));
    const addresses = Array.from({ length: this.#layout.servers }, (_, index) => `server${index + 1}:1538` as Address);
    for (const address of addresses) this.#addServer(address, addresses);
    this.#faults = new FaultInjector({
      queue: this.#queue,
      random: this.#random.fork(),
      rates: this.#rates,
      network: this.#network,
      servers: this.#servers,
      replicationFactor: this.#layout.replicationFactor,
      start: (server) => this.#start(server),
      trace: (text) => this.#trace(text),
    });
    const { betweenRequestsMs } = this.#rates;
    this.#workload = new Workload(
      { queue: this.#queue, random: this.#random.fork(), history: this.#history, betweenRequestsMs },
      this.#servers,
    );
  }

  #addServer(address: Address, addresses: readonly Address[]): void {
    const server = new SimulatedServer(address, {
      queue: this.#queue,
      random: this.#random.fork(),
      rates: this.#rates,
      history: this.#history,
      invariants: this.#invariants,
      promises: this.#promises,
      config: {
        replicationFactor: this.#layout.replicationFactor,
        heartbeatTimeoutMs: 1500,
        heartbeatIntervalMs: 100,
        tickMs: 20,
        rankDelayMs: 200,
        retryMs: 500,
        retryMaxMs: 4000,
        trustRefused: this.#rates.trustRefused,
      },
      addresses,
      nextDiskNumber: () => this.#disks++,
      send: (from, to, message) => this.#network.send(from, to, message),
      onApplied: (one, entries) => this.#workload.onApplied(one, entries),
      atViewChange: (one) => this.#faults.atViewChange(one),
      trace: (text) => this.#trace(text),
    });
    this.#servers.push(server);
    this.#network.add(server);
  }

  run(): RunResult {
    let violation: string | null = null;
    try {
      for (const server of this.#servers) this.#queue.after(this.#random.between(0, 200), () => this.#start(server));
      this.#workload.start();
      this.#queue.after(CALM_MS, () => this.#faults.goOn());
      this.#advance(CALM_MS + FAULTS_MS);
      this.#faults.stop();
      this.#rates.slowDisk = 0;
      this.#requireHealth();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      violation = error instanceof Violation ? error.message : `${error.message}\n${error.stack}`;
    }
    return {
      seed: this.#seed,
      layout: this.#layout,
      rates: this.#drawn,
      violation,
      story: this.#story,
      simulatedMs: this.#queue.nowMs,
      events: this.#events,
      commits: this.#history.commits,
      acknowledged: this.#history.acknowledged,
      faults: this.#faults.counts,
      views: Math.max(...this.#servers.map(({ state }) => state?.file.base?.number.round ?? 0)),
    };
  }

  #advance(untilMs: number): void {
    while (this.#queue.next(untilMs)) this.#events += 1;
  }

  #trace(text: string): void {
    this.#story.push(`${this.#queue.nowMs.toFixed(2).padStart(10)}  ${text}`);
    if (this.#story.length > STORY_LINES) this.#story.shift();
  }

  #start(server: SimulatedServer): void {
    if (server.isUp) return;
    server.start();
    this.#network.onStart(server);
    if (server === this.#servers[0]) this.#queue.after(FORM_AFTER_MS, () => this.#form(server));
  }

  /** R19b: the first server starts a cluster, unless there is one. */
  #form(server: SimulatedServer): void {
    const isNew = this.#servers.every(({ disk }) => disk.file.base === null);
    if (isNew) server.give({ type: 'form', clusterId: 'simulated', sessionKey: 'key' });
  }

  /** Liveness: soon after the faults have ended, the view is full again and acknowledges, and all logs are one. */
  #requireHealth(): void {
    const deadlineMs = this.#queue.nowMs + HEALED_MS;
    let illness: string | null = 'never looked';
    while (illness !== null && this.#queue.nowMs < deadlineMs) {
      const before = this.#history.acknowledged;
      this.#advance(this.#queue.nowMs + HEALTH_CHECK_MS);
      illness = this.#illness(before);
    }
    if (illness !== null && !this.#waitsForLostDisk()) throw new Violation(`${illness} after the faults ended`);
    if (illness !== null) return;
    for (const { address, state } of this.#servers) {
      const { log } = state!;
      if (log.endOp >= this.#history.acknowledged) this.#history.requireAcknowledged(`${address} is`, log);
    }
  }

  #illness(acknowledgedBefore: number): string | null {
    const primaries = this.#servers.filter(({ state }) => state && isPrimary(state));
    if (primaries.length !== 1) return `${primaries.length} primaries`;
    const missing = this.#layout.replicationFactor - primaries[0]!.state!.file.base!.members.length;
    if (missing > 0) return `${missing} servers are not back in the view`;
    if (this.#history.acknowledged <= acknowledgedBefore) return 'nothing is acknowledged';
    const late = this.#servers.find(({ state }) => !state || state.commit < acknowledgedBefore);
    return late ? `${late.address} does not follow` : null;
  }

  /** R15: when all were down and a disk of the newest view is gone for ever, waiting for it is the right thing to do. */
  #waitsForLostDisk(): boolean {
    const bases = this.#servers.map(({ state }) => state!.file.base).filter((base) => base !== null);
    const newest = bases.reduce((a, b) => (compareViews(a.number, b.number) >= 0 ? a : b));
    const disks = new Set(this.#servers.map(({ disk }) => disk.file.disk));
    return newest.members.some(({ disk }) => !disks.has(disk));
  }
}
