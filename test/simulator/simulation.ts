import { isPrimary, selfOf } from '../../server/replication/replica-state.ts';
import { type Address, type ClientId, compareViews } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { type Random, seededRandom } from '../../shared/random.ts';
import { Checker, Violation } from './checkers.ts';
import { EventQueue } from './event-queue.ts';
import { drawRates, type FaultRates } from './faults.ts';
import { SimulatedServer } from './simulated-server.ts';

export interface RunResult {
  seed: string;
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

interface Link {
  /** Both ends' lives at the time of the dial: a link belongs to two incarnations. */
  fromLife: number;
  toLife: number;
  lastArrivalMs: number;
  /** What could not pass a cut yet. */
  held: (() => void)[];
}

const FAULTS_MS = 12_000;
/** A heartbeat time-out, the longest retry, and room: by then a primary has to answer again. */
const HEALED_MS = 40_000;

/** One run: a cluster of three under the faults that its seed draws, then peace, and everything has to be well again. */
export class Simulation {
  readonly #queue = new EventQueue();
  readonly #random: Random;
  readonly #network: Random;
  readonly #rates: FaultRates;
  readonly #checker = new Checker();
  readonly #servers = new Map<Address, SimulatedServer>();
  readonly #links = new Map<string, Link>();
  readonly #cuts = new Set<string>();
  readonly #waiting = new Map<number, true>();
  readonly #story: string[] = [];
  readonly #faults: Record<string, number> = {};
  readonly #seed: string;
  #nextRequest = 1;
  #isPeace = false;
  #events = 0;

  constructor(seed: string, serverCount = 3) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#network = this.#random.fork();
    this.#rates = drawRates(this.#random.fork());
    const addresses = Array.from({ length: serverCount }, (_, index) => `server${index + 1}:1538` as Address);
    for (const address of addresses) {
      this.#servers.set(
        address,
        new SimulatedServer(address, {
          queue: this.#queue,
          random: this.#random.fork(),
          rates: this.#rates,
          checker: this.#checker,
          config: {
            replicationFactor: 3,
            heartbeatTimeoutMs: 1500,
            heartbeatIntervalMs: 100,
            tickMs: 20,
            rankDelayMs: 200,
            retryMs: 500,
            retryMaxMs: 4000,
            trustRefused: true,
          },
          addresses,
          send: (from, to, message) => {
            const self = selfOf(from.state!);
            this.#transmit(from, to, () => this.#servers.get(to)!.give({ type: 'message', from: self, message }));
          },
          onCommitted: (server, entries) => this.#onCommitted(server, entries),
          trace: (text) => this.#trace(text),
        }),
      );
    }
  }

  run(): RunResult {
    let violation: string | null = null;
    try {
      for (const server of this.#servers.values()) {
        this.#queue.after(this.#random.between(0, 200), () => this.#start(server));
      }
      this.#queue.after(300, () => this.#first.give({ type: 'form', clusterId: 'simulated', sessionKey: 'key' }));
      this.#queue.after(10, () => this.#workLater());
      this.#queue.after(3000, () => this.#faultLater());
      this.#advance(3000 + FAULTS_MS);
      this.#heal();
      this.#advance(this.#queue.nowMs + HEALED_MS);
      this.#requireHealth();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      violation = error instanceof Violation ? error.message : `${error.message}\n${error.stack}`;
    }
    const round = Math.max(...[...this.#servers.values()].map(({ state }) => state?.file.base?.number.round ?? 0));
    return {
      seed: this.#seed,
      rates: this.#rates,
      violation,
      story: this.#story,
      simulatedMs: this.#queue.nowMs,
      events: this.#events,
      commits: this.#checker.commits,
      acknowledged: this.#checker.acknowledged,
      faults: this.#faults,
      views: round,
    };
  }

  get #first(): SimulatedServer {
    return this.#servers.values().next().value!;
  }

  #advance(untilMs: number): void {
    while (this.#queue.next(untilMs)) this.#events += 1;
  }

  #trace(text: string): void {
    this.#story.push(`${this.#queue.nowMs.toFixed(2).padStart(10)}  ${text}`);
    if (this.#story.length > 400) this.#story.shift();
  }

  // --- processes -----------------------------------------------------------------------------------------------

  #start(server: SimulatedServer): void {
    if (server.isUp) return;
    server.start();
    for (const other of this.#servers.values()) {
      if (other !== server) this.#dialLater(server, other, 0, server.life);
    }
  }

  #crash(server: SimulatedServer): void {
    if (!server.isUp) return;
    server.crash();
    // The kernel closes what the process had open; the others notice where nothing is cut.
    for (const other of this.#servers.values()) {
      if (other !== server) this.#endLink(other, server);
      this.#links.delete(linkName(server, other));
    }
    const [low, high] = this.#rates.awayMs;
    this.#queue.after(this.#random.between(low, high + 1), () => this.#start(server));
  }

  // --- network -------------------------------------------------------------------------------------------------

  #isCut(a: SimulatedServer, b: SimulatedServer): boolean {
    return this.#cuts.has(linkName(a, b)) || this.#cuts.has(linkName(b, a));
  }

  #delayMs(): number {
    const [low, high] = this.#rates.delayMs;
    return low + (high - low) * this.#network.fraction();
  }

  #dialLater(from: SimulatedServer, to: SimulatedServer, delayMs: number, life: number): void {
    this.#queue.after(delayMs + this.#delayMs(), () => {
      if (!from.isUp || from.life !== life || this.#links.has(linkName(from, to))) return;
      if (this.#isCut(from, to) || to.isPaused || from.isPaused) return this.#dialLater(from, to, 100, life);
      if (!to.isUp) {
        from.give({ type: 'refused', address: to.address });
        return this.#dialLater(from, to, 100, life);
      }
      this.#links.set(linkName(from, to), {
        fromLife: from.life,
        toLife: to.life,
        lastArrivalMs: this.#queue.nowMs,
        held: [],
      });
      const answer = to.hello();
      to.give({ type: 'hello', peer: from.hello() });
      this.#queue.after(this.#delayMs(), () => {
        const link = this.#links.get(linkName(from, to));
        if (from.life === life && link?.toLife === to.life) from.give({ type: 'link-up', peer: answer });
      });
    });
  }

  /** The dialer's end of a connection breaks; it dials again. */
  #endLink(from: SimulatedServer, to: SimulatedServer): void {
    const name = linkName(from, to);
    const link = this.#links.get(name);
    if (!link) return;
    const notice = () => {
      if (this.#links.get(name) !== link) return;
      this.#links.delete(name);
      if (!from.isUp || from.life !== link.fromLife) return;
      from.give({ type: 'link-down', address: to.address });
      this.#dialLater(from, to, 0, from.life);
    };
    if (this.#isCut(from, to)) link.held.push(notice);
    else this.#queue.after(this.#delayMs(), notice);
  }

  /** In order on each link; held while the link is cut; gone with either end. */
  #transmit(from: SimulatedServer, to: Address, deliver: () => void): void {
    const target = this.#servers.get(to)!;
    const link = this.#links.get(linkName(from, target));
    if (!link) return;
    const arrive = () => {
      if (this.#links.get(linkName(from, target)) !== link || target.life !== link.toLife) return;
      if (this.#isCut(from, target)) link.held.push(arrive);
      else deliver();
    };
    const arrivalMs = Math.max(link.lastArrivalMs, this.#queue.nowMs + this.#delayMs());
    link.lastArrivalMs = arrivalMs;
    this.#queue.after(arrivalMs - this.#queue.nowMs, arrive);
  }

  #uncut(names: string[]): void {
    for (const name of names) this.#cuts.delete(name);
    for (const [name, link] of this.#links) {
      const [from, to] = name.split('>').map((address) => this.#servers.get(address as Address)!);
      if (this.#isCut(from!, to!)) continue;
      for (const held of link.held.splice(0)) held();
    }
  }

  // --- faults --------------------------------------------------------------------------------------------------

  #faultLater(): void {
    const { betweenFaultsMs } = this.#rates;
    this.#queue.after(-Math.log(1 - this.#random.fraction()) * betweenFaultsMs, () => {
      if (this.#isPeace) return;
      this.#fault();
      this.#faultLater();
    });
  }

  #fault(): void {
    const rates = this.#rates;
    const kinds = ['crash', 'crashAll', 'pause', 'cutPair', 'isolate', 'resetLink', 'emptyFolder'] as const;
    const total = kinds.reduce((sum, kind) => sum + rates[kind], 0);
    if (total === 0) return;
    let draw = this.#random.fraction() * total;
    const kind = kinds.find((one) => {
      draw -= rates[one];
      return draw < 0;
    })!;
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    const servers = [...this.#servers.values()];
    const victim = this.#random.pick(servers);
    const others = servers.filter((server) => server !== victim);
    if (kind === 'crash') this.#crash(victim);
    if (kind === 'crashAll') for (const server of servers) this.#crash(server);
    if (kind === 'pause' && victim.isUp) victim.pause(this.#random.between(10, 4000));
    if (kind === 'cutPair') this.#cutFor([linkName(victim, this.#random.pick(others))]);
    if (kind === 'isolate') this.#cutFor(others.map((other) => linkName(victim, other)));
    if (kind === 'resetLink') this.#endLink(victim, this.#random.pick(others));
    if (kind === 'emptyFolder') this.#emptyFolder(victim);
  }

  #cutFor(names: string[]): void {
    this.#trace(`cut ${names.join(', ')}`);
    for (const name of names) this.#cuts.add(name);
    this.#queue.after(this.#random.between(10, 5000), () => {
      this.#trace(`heal ${names.join(', ')}`);
      this.#uncut(names);
    });
  }

  /** A disk is lost only while the others are members of its view: three copies bear two losses, not the last one's. */
  #emptyFolder(victim: SimulatedServer): void {
    const isSafe = [...this.#servers.values()].every(
      ({ state }) => state?.file.base?.members.length === 3 && state.file.pending.length === 0 && state.complete,
    );
    const rounds = new Set([...this.#servers.values()].map(({ state }) => state?.file.base?.number.round));
    if (!isSafe || rounds.size > 1 || this.#faults.emptied) return;
    this.#faults.emptied = 1;
    this.#crash(victim);
    victim.emptyFolder();
  }

  // --- clients -------------------------------------------------------------------------------------------------

  #workLater(): void {
    this.#queue.after(-Math.log(1 - this.#random.fraction()) * this.#rates.betweenRequestsMs, () => {
      const server = this.#random.pick([...this.#servers.values()]);
      if (server.state && isPrimary(server.state) && server.state.complete) {
        const request = this.#nextRequest++;
        this.#waiting.set(request, true);
        const draft = { event: 'message:send', client: 'client' as ClientId, request } as const;
        server.give({ type: 'propose', drafts: [{ ...draft, asked: '', id: '', account: '', subject: '', body: '' }] });
      }
      if (this.#random.chance(0.3)) server.read();
      this.#workLater();
    });
  }

  #onCommitted(server: SimulatedServer, entries: readonly LogEntry[]): void {
    if (!isPrimary(server.state!)) return;
    for (const entry of entries) {
      if (entry.client !== '' && this.#waiting.delete(entry.request)) this.#checker.onAcknowledged(entry.op);
    }
  }

  // --- the end -------------------------------------------------------------------------------------------------

  #heal(): void {
    this.#isPeace = true;
    this.#trace('the faults end');
    this.#uncut([...this.#cuts]);
    this.#rates.slowDisk = 0;
  }

  /** Liveness: once the faults have ended, all servers are members of one view that acknowledges. */
  #requireHealth(): void {
    const servers = [...this.#servers.values()];
    const primary = servers.find(({ state }) => state && isPrimary(state));
    if (!primary && this.#waitsForLostDisk(servers)) return;
    if (!primary) throw new Violation('no primary after the faults ended');
    const { members } = primary.state!.file.base!;
    if (members.length !== 3) throw new Violation(`${3 - members.length} servers never came back into the view`);
    const before = this.#checker.acknowledged;
    this.#advance(this.#queue.nowMs + 2000);
    if (this.#checker.acknowledged <= before) throw new Violation('nothing is acknowledged after the faults ended');
    const commits = new Set(servers.map(({ state }) => state!.log.chainAt(before)));
    if (commits.size > 1) throw new Violation('logs differ after the faults ended');
  }

  /** R15: when all were down and a disk of the newest view is gone for ever, waiting for it is the right thing to do. */
  #waitsForLostDisk(servers: readonly SimulatedServer[]): boolean {
    const bases = servers.map(({ state }) => state!.file.base).filter((base) => base !== null);
    const newest = bases.reduce((a, b) => (compareViews(a.number, b.number) >= 0 ? a : b));
    return newest.members.some(({ id, disk }) => this.#servers.get(id)!.state!.file.disk !== disk);
  }
}

/** Names the connection that one server dialed to another. */
function linkName(from: SimulatedServer, to: SimulatedServer): string {
  return `${from.address}>${to.address}`;
}
