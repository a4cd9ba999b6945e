import { ANSWER_TIMEOUT_MS } from '../../client/request-queue.ts';
import { isServing } from '../../server/replication/lease.ts';
import type { PeerMessage } from '../../server/replication/messages.ts';
import type { Random } from '../../shared/random.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import { canBeHarmed, harmDisk, isExpendable } from './disk-faults.ts';
import type { FaultKind, PlannedFault } from './faults.ts';
import type { Operator } from './operator.ts';
import type { SimulatedPeerNetwork } from './peer-network.ts';
import { bothWays, deafen, forsake, outlive, strand, type Trouble, type Way } from './scenarios.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { World } from './world.ts';

/** What the injector may lay hands on. */
export interface Victims {
  readonly world: World;
  readonly random: Random;
  readonly peers: SimulatedPeerNetwork;
  readonly clientNetwork: SimulatedClientNetwork;
  readonly servers: readonly SimulatedServer[];
  readonly clients: readonly SimulatedClient[];
  readonly replicationFactor: number;
  readonly heartbeatTimeoutMs: number;
  /** Rounds of trouble, and how long each lasts at least. */
  readonly rounds: number;
  readonly roundMs: number;
  start(server: SimulatedServer): void;
  /** R20: null where no operator does that. */
  readonly operator: Operator | null;
  /** A fault takes place. */
  onFault(kind: FaultKind, victim: SimulatedServer): void;
}

const HOUR_MS = 3_600_000;
/** By then nobody counts as within reach who is not heard. */
const UNHEARD_TIMEOUTS = 4.2;
/** Messages that say something which may be true no longer when they arrive. */
const HELD_TYPES: readonly PeerMessage['type'][] = [
  'start-view-change',
  'promise',
  'refuse',
  'start-view',
  'view-ok',
  'view-ok',
  'installed',
  'pong',
  'prepare',
  'prepare-ok',
  'read-check',
  'read-ok',
  'fetch-log',
  'log-chunk',
  'farewell',
  'turn-away',
  'relay',
  'relayed',
];
/** Sleep that is shorter may pass unnoticed and is what the leases' margin is for (A3). */
const SHORTEST_SLEEP_MS = 60;

/** Some longer than a client waits for an answer. */
function stallMs(choice: number): number {
  return ANSWER_TIMEOUT_MS / 2 + choice * ANSWER_TIMEOUT_MS;
}

/** Breaks processes, links, disks and clocks as a plan says, until it is told to stop. */
export class FaultInjector {
  readonly #victims: Victims;
  readonly #trouble: Trouble;
  readonly #atSteps = new Map<string, PlannedFault[]>();
  readonly #inRounds = new Map<number, PlannedFault[]>();
  readonly counts: Record<string, number> = {};
  /** A disk has lost something; no second one may, or nobody has everything. */
  hasHarmedDisk = false;
  #steps = 0;
  #round = -1;
  #stepsInRound = 0;
  #isPeace = true;
  /** The last round is over, where there are rounds. */
  isThrough = false;

  constructor(victims: Victims) {
    this.#victims = victims;
    const { world, servers, heartbeatTimeoutMs } = victims;
    this.#trouble = {
      world,
      servers,
      heartbeatTimeoutMs,
      crash: (server, awayMs) => this.#crash(server, awayMs),
      everybody: (kind, choice) => {
        if (!this.#isPeace) for (const client of victims.clients) client.operate(kind, choice);
      },
      cutClients: (from, durationMs) => this.#cutEveryOtherClient(from, durationMs),
      cut: (ways, durationMs) => this.#cut(ways, durationMs),
    };
  }

  /** From now on, what is planned takes place. To be called at time 0. */
  begin(faults: readonly PlannedFault[], calmMs: number): void {
    const { world, servers, rounds } = this.#victims;
    world.queue.after(calmMs, () => {
      this.#isPeace = false;
      for (const { disk } of servers) disk.isFitful = true;
      if (rounds > 0) this.#beginRound(0);
    });
    for (const fault of faults) {
      const { when } = fault;
      if (when.type === 'at') world.queue.after(when.atMs, () => this.#fault(fault));
      else if (when.type === 'round') addTo(this.#inRounds, when.round, fault);
      else addTo(this.#atSteps, when.type === 'round-step' ? `${when.round}.${when.nth}` : `${when.nth}`, fault);
    }
  }

  #beginRound(round: number): void {
    const { world, rounds, roundMs } = this.#victims;
    if (round === rounds) this.isThrough = true;
    if (this.#isPeace || this.isThrough) return;
    world.trace(`round ${round} begins`);
    this.#round = round;
    this.#stepsInRound = 0;
    for (const fault of this.#inRounds.get(round) ?? []) {
      const { afterMs } = fault.when as { afterMs: number };
      world.queue.after(afterMs, () => this.#fault(fault));
    }
    world.queue.after(roundMs, () => this.#waitForNext(round + 1, world.nowMs + this.#patienceMs));
  }

  /** Some rounds begin before the one before is got over. */
  get #patienceMs(): number {
    const { random, heartbeatTimeoutMs } = this.#victims;
    return heartbeatTimeoutMs * random.pick([0, 1, 4, 4]);
  }

  #waitForNext(round: number, latestMs: number): void {
    const { world, servers, heartbeatTimeoutMs, random } = this.#victims;
    const isGotOver = servers.some((server) => server.isPrimary && server.state!.file.base!.members.length > 1);
    if (isGotOver || world.nowMs >= latestMs)
      world.queue.after((heartbeatTimeoutMs / 3) * random.fraction(), () => this.#beginRound(round));
    else world.queue.after(heartbeatTimeoutMs / 10, () => this.#waitForNext(round, latestMs));
  }

  /** No more faults; all ways are open. Those that are away come back when their time is over. */
  stop(): void {
    this.#isPeace = true;
    this.#victims.world.trace('the faults end');
    this.#victims.peers.cuts.mendAll();
    this.#victims.peers.refusing.clear();
    this.#victims.clientNetwork.cuts.mendAll();
    for (const server of this.#victims.servers) {
      server.disarm();
      const { disk } = server;
      disk.fault = null;
      disk.hangsUntilMs = 0;
      disk.isFitful = false;
    }
  }

  /** Trouble when it hurts most: at a step of a view change or of a write, or within a few milliseconds after it. */
  atCriticalStep(server: SimulatedServer): void {
    if (this.#isPeace) return;
    const keys = [`${this.#steps++}`, `${this.#round}.${this.#stepsInRound++}`];
    for (const fault of keys.flatMap((key) => this.#atSteps.get(key) ?? [])) {
      const { afterMs } = fault.when as { afterMs: number };
      // Not later in the same step, but before it: what was to be sent or written is not.
      if (afterMs === 0) this.#fault(fault, server);
      else this.#victims.world.queue.after(afterMs, () => this.#fault(fault, server));
    }
  }

  #fault(fault: PlannedFault, here?: SimulatedServer): void {
    if (this.#isPeace) return;
    const { servers } = this.#victims;
    const victim = this.#victimOf(fault, here);
    const others = servers.filter((server) => server !== victim);
    if (others.length === 0) return;
    this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    this.#victims.onFault(fault.kind, victim);
    this.#actions[fault.kind](fault, victim, others[fault.other % others.length]!, others);
  }

  #victimOf({ server }: PlannedFault, here: SimulatedServer | undefined): SimulatedServer {
    const { servers } = this.#victims;
    if (server === 'here') return here!;
    if (server === 'primary') return servers.find(({ isPrimary }) => isPrimary) ?? servers[0]!;
    return servers[server % servers.length]!;
  }

  readonly #actions: Record<FaultKind, Action> = {
    crash: ({ awayMs }, victim) => this.#crash(victim, awayMs),
    crashTwo: ({ awayMs }, victim, other) => this.#crashSoon([victim, other], awayMs),
    crashAll: ({ awayMs }, victim, _, others) => this.#crashAll([victim, ...others], awayMs),
    leave: ({ awayMs }, victim) => victim.leave(() => this.#end(victim, awayMs, 'leaves')),
    pause: ({ durationMs }, victim) => victim.stop(durationMs, false),
    sleep: ({ durationMs, choice }, victim) => {
      const sleepMs = Math.max(SHORTEST_SLEEP_MS, durationMs);
      if (choice < 0.5) victim.stop(sleepMs, true);
      else victim.sleepAfterPings(sleepMs);
    },
    cutPair: ({ durationMs }, victim, other) => this.#cut(bothWays(victim, other), durationMs),
    cutOneWay: ({ durationMs }, victim, other) => this.#cut([[victim.address, other.address]], durationMs),
    isolate: ({ durationMs }, victim, _, others) =>
      this.#cut(
        others.flatMap((one) => bothWays(victim, one)),
        durationMs,
      ),
    cutPrimary: ({ durationMs }) => this.#cutPrimary(durationMs),
    partition: ({ durationMs, choice }) => this.#partition(durationMs, choice),
    resetLink: (_, victim, other) => this.#victims.peers.reset(victim.address, other.address),
    refuse: ({ durationMs }, victim) => this.#refuse(victim, durationMs),
    holdMessage: (fault, victim) => this.#holdMessage(victim, fault),
    mend: () => {
      this.#victims.peers.cuts.mendAll();
      this.#victims.clientNetwork.cuts.mendAll();
    },
    strand: (fault, victim, other) => strand(this.#trouble, fault, victim, other),
    outlive: (fault, victim, _, others) => outlive(this.#trouble, fault, victim, others),
    forsake: (fault, victim, other) => forsake(this.#trouble, fault, victim, other),
    deafen: (fault, victim, _, others) => deafen(this.#trouble, fault, victim, others),
    force: (fault, victim, _, others) => this.#force(fault, victim, others),
    failingDisk: (_, victim) => {
      victim.disk.fault ??= 'fails';
    },
    fullDisk: (_, victim) => {
      victim.disk.fault ??= 'full';
    },
    hangingDisk: ({ durationMs }, victim) => {
      victim.disk.hangsUntilMs = this.#victims.world.nowMs + durationMs;
    },
    emptyFolder: (fault, victim) => this.#harm(fault, victim),
    loseRows: (fault, victim) => this.#harm(fault, victim),
    oldFolder: (fault, victim) => this.#putOldFolderBack(fault, victim),
    flippedBit: (fault, victim) => this.#flipBit(fault, victim),
    wallJump: ({ choice }, victim) => {
      victim.clock.wallShiftMs += choice < 0.5 ? HOUR_MS : -HOUR_MS;
    },
    cutClient: (fault, victim) => this.#cutClient(fault, victim),
    resetClient: ({ client }) => this.#victims.clientNetwork.reset(this.#client(client).name),
    stallClient: ({ client, choice }) => this.#victims.clientNetwork.stall(this.#client(client).name, stallMs(choice)),
    pauseClient: ({ client, durationMs }) => this.#client(client).pause(durationMs),
    crashClient: (fault) => this.#crashClient(fault),
    forget: (fault) => {
      this.#crashClient(fault);
      this.#client(fault.client).loseFolder();
    },
  };

  #client(number: number): SimulatedClient {
    return this.#victims.clients[number % this.#victims.clients.length]!;
  }

  #crashSoon(servers: readonly SimulatedServer[], awayMs: number): void {
    const { world, random } = this.#victims;
    for (const server of servers) world.queue.after(20 * random.fraction(), () => this.#crash(server, awayMs));
  }

  /** They come back one after the other. */
  #crashAll(servers: readonly SimulatedServer[], awayMs: number): void {
    for (const server of servers) this.#crash(server, awayMs * (0.5 + this.#victims.random.fraction()));
  }

  #crash(server: SimulatedServer, awayMs: number): void {
    if (!this.#isPeace) this.#end(server, awayMs, 'crashes');
  }

  #end(server: SimulatedServer, awayMs: number, why: string): void {
    if (!server.isUp) return;
    server.end(why);
    this.#victims.world.queue.after(awayMs, () => this.#victims.start(server));
  }

  #cut(ways: readonly Way[], durationMs: number): void {
    const { world, peers } = this.#victims;
    if (this.#isPeace) return;
    const names = ways.map(([from, to]) => `${from}>${to}`).join(', ');
    world.trace(`cut ${names}`);
    for (const [from, to] of ways) peers.cuts.cut(from, to);
    world.queue.after(durationMs, () => {
      if (this.#isPeace) return;
      world.trace(`mend ${names}`);
      for (const [from, to] of ways) peers.cuts.mend(from, to);
    });
  }

  #cutEveryOtherClient(servers: readonly SimulatedServer[], durationMs: number): void {
    const { clients, clientNetwork, world } = this.#victims;
    if (this.#isPeace) return;
    const cutOff = clients.filter((_, index) => index % 2 === 0);
    const ways = cutOff.flatMap(({ name }) =>
      servers.flatMap(({ address }): Way[] => [
        [name, address],
        [address, name],
      ]),
    );
    for (const [from, to] of ways) clientNetwork.cuts.cut(from, to);
    world.queue.after(durationMs, () => {
      if (!this.#isPeace) for (const [from, to] of ways) clientNetwork.cuts.mend(from, to);
    });
  }

  /** A4: connects to a living process are refused for a while, where nothing is concluded from that. */
  #refuse(server: SimulatedServer, durationMs: number): void {
    const { world, peers, servers } = this.#victims;
    if (peers.options.rates.trustRefused) return;
    peers.refusing.add(server.address);
    for (const other of servers) peers.reset(other.address, server.address);
    world.queue.after(durationMs, () => peers.refusing.delete(server.address));
  }

  /** In a third of the cases its process ends with the connection, so that the message is from the dead when it arrives. */
  #holdMessage(server: SimulatedServer, { choice, awayMs }: PlannedFault): void {
    const { world, peers } = this.#victims;
    const type = HELD_TYPES[Math.floor(choice * HELD_TYPES.length)]!;
    const digits = Math.floor(choice * 1e5);
    world.trace(`${server.address} is to lose its connection with the next ${type}`);
    peers.at(server.address)?.holdNext(type, 1 + (Math.floor(choice * 1000) % 6), () => {
      if (digits % 3 === 0) world.queue.after(0, () => this.#crash(server, awayMs));
    });
  }

  /** The primary is cut off from the other servers, and not from its clients. */
  #cutPrimary(durationMs: number): void {
    const { servers } = this.#victims;
    const primary = servers.find((server) => server.isPrimary);
    if (!primary) return;
    const others = servers.filter((server) => server !== primary);
    this.#cut(
      others.flatMap((one) => bothWays(primary, one)),
      durationMs,
    );
  }

  /** Two groups that do not reach each other; in half of the cases the clients, too, are in one of them. */
  #partition(durationMs: number, choice: number): void {
    const { servers, clients, clientNetwork, world } = this.#victims;
    const sides = 1 + Math.floor(choice * (2 ** (servers.length - 1) - 1));
    const isHere = (index: number) => (sides >> index) % 2 === 1;
    const here = servers.filter((_, index) => isHere(index));
    const there = servers.filter((_, index) => !isHere(index));
    this.#cut(
      here.flatMap((one) => there.flatMap((other) => bothWays(one, other))),
      durationMs,
    );
    const digits = Math.floor(choice * 1e6);
    if (digits % 2 === 0) return;
    const ways = clients.flatMap(({ name }, index): Way[] =>
      ((digits >> (index + 1)) % 2 === 0 ? here : there).flatMap(({ address }): Way[] => [
        [name, address],
        [address, name],
      ]),
    );
    for (const [from, to] of ways) clientNetwork.cuts.cut(from, to);
    world.queue.after(durationMs, () => {
      if (!this.#isPeace) for (const [from, to] of ways) clientNetwork.cuts.mend(from, to);
    });
  }

  /** Only a folder from before the last start differs from the present one in a way that others can notice. */
  #putOldFolderBack(fault: PlannedFault, victim: SimulatedServer): void {
    const { world, heartbeatTimeoutMs } = this.#victims;
    if (victim.disk.hasOlderCopy) {
      this.#harm(fault, victim);
      return;
    }
    this.#crash(victim, fault.awayMs);
    world.queue.after(fault.awayMs + 2 * heartbeatTimeoutMs, () => {
      if (!this.#isPeace) this.#harm(fault, victim);
    });
  }

  /**
   * R20, H16: an operator takes the others for lost when a server is only cut off from them, and they go on. Or has one go on that
   * waits, if one does: whoever is served needs no operator.
   */
  #force({ choice }: PlannedFault, victim: SimulatedServer, others: readonly SimulatedServer[]): void {
    const { servers, operator, world, heartbeatTimeoutMs } = this.#victims;
    if (choice < 0.6) {
      const ways = others.flatMap((one) => bothWays(victim, one));
      this.#cut(ways, UNHEARD_TIMEOUTS * heartbeatTimeoutMs * (1 + choice));
      world.queue.after(UNHEARD_TIMEOUTS * heartbeatTimeoutMs, () => {
        if (!this.#isPeace) operator?.force(victim);
      });
      return;
    }
    const waiting = servers.filter(({ context, role }) => role === 'replica' && context && !isServing(context));
    operator?.force(waiting.includes(victim) ? victim : (waiting[0] ?? victim));
  }

  #harm(fault: PlannedFault, victim: SimulatedServer): void {
    const { servers, replicationFactor, operator } = this.#victims;
    if (operator && fault.kind === 'emptyFolder' && isExpendable(victim, servers)) {
      this.#end(victim, fault.awayMs, 'crashes');
      victim.emptyFolder();
      return;
    }
    if (this.hasHarmedDisk || !canBeHarmed(victim, fault.kind, servers, replicationFactor)) return;
    this.hasHarmedDisk = true;
    this.counts.harmed = 1;
    this.#end(victim, fault.awayMs, 'crashes');
    this.#victims.world.trace(`${victim.address} ${harmDisk(victim, fault)}`);
  }

  /** In a row that was not synced, it is one that is cut off as torn. */
  #flipBit(fault: PlannedFault, victim: SimulatedServer): void {
    if (victim.disk.unsyncedCount > 0) this.#crash(victim, fault.awayMs);
    else this.#harm(fault, victim);
  }

  #cutClient({ client, durationMs, choice }: PlannedFault, server: SimulatedServer): void {
    const { clientNetwork, world, servers } = this.#victims;
    const { name } = this.#client(client);
    const cutOff = choice < 0.4 ? [server] : choice < 0.7 ? servers : servers.filter((one) => one.isPrimary);
    const ways: Way[] = cutOff.flatMap(({ address }) => [
      [name, address],
      [address, name],
    ]);
    const cut = choice * 10 - Math.floor(choice * 10) < 0.3 ? ways.filter((_, index) => index % 2 === 0) : ways;
    for (const [from, to] of cut) clientNetwork.cuts.cut(from, to);
    world.queue.after(durationMs, () => {
      if (!this.#isPeace) for (const [from, to] of cut) clientNetwork.cuts.mend(from, to);
    });
  }

  #crashClient({ client, awayMs }: PlannedFault): void {
    const victim = this.#client(client);
    victim.crash();
    this.#victims.world.queue.after(awayMs, () => victim.start());
  }
}

function addTo<Key>(map: Map<Key, PlannedFault[]>, key: Key, fault: PlannedFault): void {
  const there = map.get(key);
  if (there) there.push(fault);
  else map.set(key, [fault]);
}

type Action = (
  fault: PlannedFault,
  victim: SimulatedServer,
  other: SimulatedServer,
  others: readonly SimulatedServer[],
) => void;
