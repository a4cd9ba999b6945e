import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import type { EventQueue } from './event-queue.ts';
import { drawFault, type FaultKind, type FaultRates } from './faults.ts';
import type { SimulatedNetwork } from './network.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** What the injector may lay hands on. */
export interface Victims {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly rates: FaultRates;
  readonly network: SimulatedNetwork;
  readonly servers: readonly SimulatedServer[];
  readonly replicationFactor: number;
  start(server: SimulatedServer): void;
  trace(text: string): void;
}

/** Breaks processes, links and disks, as often and as badly as the rates say, until it is told to stop. */
export class FaultInjector {
  readonly #victims: Victims;
  readonly counts: Record<string, number> = {};
  #hasHarmedDisk = false;
  #isPeace = false;

  constructor(victims: Victims) {
    this.#victims = victims;
  }

  /** One fault after the other, from now on. */
  goOn(): void {
    const { queue, random, rates, servers } = this.#victims;
    queue.after(-Math.log(1 - random.fraction()) * rates.betweenFaultsMs, () => {
      if (this.#isPeace) return;
      const kind = drawFault(random, rates.weights);
      if (kind) this.#fault(kind, random.pick(servers));
      this.goOn();
    });
  }

  /** No more faults; all ways are open. Those that are away come back when their time is over. */
  stop(): void {
    this.#isPeace = true;
    this.#victims.trace('the faults end');
    this.#victims.network.mendAll();
  }

  /** Trouble when it hurts most: just before a step of a view change, or within a few milliseconds after it. */
  atViewChange(server: SimulatedServer): void {
    const { queue, random, rates, servers } = this.#victims;
    if (this.#isPeace || !random.chance(rates.atViewChange)) return;
    const kind = random.pick(['crash', 'crash', 'pause', 'isolate', 'cutOneWay', 'mend'] as const);
    const victim = random.chance(0.7) ? server : random.pick(servers);
    queue.after(random.chance(0.5) ? 0 : 5 * random.fraction(), () => this.#fault(kind, victim));
  }

  #fault(kind: FaultKind, victim: SimulatedServer): void {
    if (this.#isPeace) return;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const others = this.#victims.servers.filter((server) => server !== victim);
    this.#actions[kind](victim, this.#victims.random.pick(others), others);
  }

  readonly #actions: Record<FaultKind, Action> = {
    crash: (victim) => this.#crash(victim),
    crashTwo: (victim, other) => this.#crashSoon([victim, other]),
    crashAll: (victim, _, others) => {
      for (const server of [victim, ...others]) this.#crash(server);
    },
    leave: (victim) => this.#leave(victim),
    pause: (victim) => this.#pause(victim, false),
    sleep: (victim) => this.#pause(victim, true),
    cutPair: (victim, other) => this.#cut(bothWays(victim, other)),
    cutOneWay: (victim, other) => this.#cut([[victim.address, other.address]]),
    isolate: (victim, _, others) => this.#cut(others.flatMap((one) => bothWays(victim, one))),
    resetLink: (victim, other) => this.#victims.network.reset(victim.address, other.address),
    emptyFolder: (victim) => this.#harmDisk(victim, () => victim.emptyFolder()),
    loseRows: (victim) => this.#harmDisk(victim, () => victim.loseRows()),
    mend: () => this.#victims.network.mendAll(),
    strand: (victim, other) => this.#strand(victim, other),
    outlive: (victim, _, others) => this.#outlive(victim, others),
  };

  #crashSoon(servers: readonly SimulatedServer[]): void {
    const { queue, random } = this.#victims;
    for (const server of servers) queue.after(20 * random.fraction(), () => this.#crash(server));
  }

  #pause(victim: SimulatedServer, isAsleep: boolean): void {
    if (victim.isUp) victim.pause(this.#victims.random.between(10, 4000), isAsleep);
  }

  #crash(server: SimulatedServer, atLeastAwayMs = 0): void {
    if (server.isUp && !this.#isPeace) this.#end(server, atLeastAwayMs);
  }

  #end(server: SimulatedServer, atLeastAwayMs: number): void {
    const { queue, random, rates, network } = this.#victims;
    server.crash();
    network.onCrash(server);
    const [low, high] = rates.awayMs;
    queue.after(atLeastAwayMs + random.between(low, high + 1), () => this.#victims.start(server));
  }

  /** R23: it starts nothing more, and ends a little later. */
  #leave(server: SimulatedServer): void {
    const { life } = server;
    server.give({ type: 'leave' });
    this.#victims.queue.after(this.#victims.random.between(0, 300), () => {
      if (server.life === life && server.isUp) this.#end(server, 0);
    });
  }

  #cut(ways: readonly Way[], durationMs = this.#victims.random.between(10, 5000)): void {
    const { queue, network, trace } = this.#victims;
    const names = ways.map(([from, to]) => `${from}>${to}`).join(', ');
    trace(`cut ${names}`);
    for (const [from, to] of ways) network.cut(from, to);
    queue.after(durationMs, () => {
      if (this.#isPeace) return;
      trace(`mend ${names}`);
      for (const [from, to] of ways) network.mend(from, to);
    });
  }

  /** H12: two that do not hear each other, and one that heard both dies while they part. */
  #strand(a: SimulatedServer, b: SimulatedServer): void {
    const { queue, random, servers } = this.#victims;
    this.#cut(bothWays(a, b), 5000);
    const third = random.pick(servers.filter((server) => server !== b));
    queue.after(random.between(1300, 3500), () => this.#crash(third, 4000));
  }

  /** H1: one is out of touch, the others go on without it and die, and then it finds them dead. */
  #outlive(victim: SimulatedServer, others: readonly SimulatedServer[]): void {
    const { queue, random } = this.#victims;
    const cutMs = random.between(200, 4000);
    this.#cut(
      others.flatMap((one) => bothWays(victim, one)),
      cutMs,
    );
    queue.after(cutMs - random.between(0, 200), () => {
      for (const server of others) this.#crash(server, 4000);
    });
  }

  /** A disk is harmed only while all others are members of its view: copies bear losses, the last one's not. */
  #harmDisk(victim: SimulatedServer, harm: () => void): void {
    const { servers, replicationFactor } = this.#victims;
    const isSafe = servers.every(
      ({ state }) =>
        state?.file.base?.members.length === replicationFactor && state.file.pending.length === 0 && state.complete,
    );
    const rounds = new Set(servers.map(({ state }) => state?.file.base?.number.round));
    if (!isSafe || rounds.size > 1 || this.#hasHarmedDisk || this.#isPeace) return;
    this.#hasHarmedDisk = true;
    this.counts.harmed = 1;
    this.#crash(victim);
    harm();
  }
}

type Action = (victim: SimulatedServer, other: SimulatedServer, others: readonly SimulatedServer[]) => void;
type Way = readonly [from: Address, to: Address];

function bothWays(a: SimulatedServer, b: SimulatedServer): Way[] {
  return [
    [a.address, b.address],
    [b.address, a.address],
  ];
}
