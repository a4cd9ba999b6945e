import type { Output } from '../../server/replication/messages.ts';
import { isListed } from '../../server/replication/replica-state.ts';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import { type Address, NO_VIEW } from '../../shared/ids.ts';
import { type Random, seededRandom } from '../../shared/random.ts';
import { Violation } from './checkers.ts';
import { noteClients } from './checks/client-coverage.ts';
import { checkClientHistory } from './checks/client-history.ts';
import { checkCompaction } from './checks/compaction-checker.ts';
import { Coverage } from './checks/coverage.ts';
import { ForgottenChecker } from './checks/forgotten-checker.ts';
import { checkKept } from './checks/kept-checker.ts';
import type { ClientEvent } from './client-events.ts';
import { SimulatedClientNetwork } from './client-network.ts';
import { quickCodec } from './codec.ts';
import { noteFault } from './coverage-notes.ts';
import { FaultInjector } from './fault-injector.ts';
import { Health } from './health.ts';
import { Histories } from './histories.ts';
import { InvariantChecker } from './invariants.ts';
import { requireServiceInSpiteOf } from './lasting-fault.ts';
import { makeClients, makeServers } from './make-cluster.ts';
import { Operator } from './operator.ts';
import { SimulatedPeerNetwork } from './peer-network.ts';
import type { Plan } from './plan.ts';
import { PromiseChecker } from './promise-checker.ts';
import type { ServerWatcher } from './server-surroundings.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';
import { StateChecker } from './state-checker.ts';
import { type Checkers, Observer } from './watcher.ts';
import { World } from './world.ts';

export interface RunResult {
  seed: string;
  /** A sentence; null when every promise was kept. */
  violation: string | null;
  /** The last events before the end, for people. */
  story: string[];
  /** Of everything that happened: equal runs have equal ones. */
  digest: number;
  simulatedMs: number;
  events: number;
  commits: number;
  acknowledged: number;
  /** Calls of clients that were answered. */
  answered: number;
  faults: Record<string, number>;
  /** What was reached, how often. */
  coverage?: Record<string, number>;
  views: number;
}

/** How often it is looked whether the faults are over. */
const LOOK_MS = 50;
/** By then everybody knows how everybody else stands. */
const TOLD_MS = 5000;
const SESSION_KEY = 'session key';
/** Whom it is for does not count. */
const READ_OF_LOG: Output = {
  type: 'send-log-from-storage',
  to: 'server1:1538' as Address,
  view: NO_VIEW,
  fromOp: 0,
  chain: '',
  end: 0,
  commit: 0,
};

/** One run: a cluster and its clients under the faults of a plan, then peace, and everything has to be well again. */
export class Simulation {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #random: Random;
  readonly #checkers: Checkers;
  readonly #peers: SimulatedPeerNetwork;
  readonly #clientNetwork: SimulatedClientNetwork;
  readonly servers: SimulatedServer[] = [];
  readonly #clients: SimulatedClient[] = [];
  readonly clientEvents: ClientEvent[] = [];
  readonly #faults: FaultInjector;
  readonly #operator: Operator | null;
  readonly #coverage = new Coverage();
  readonly #observers = new Map<SimulatedServer, Observer>();
  #events = 0;
  #areFaultsOver = false;

  /** @param tellsAll the story is wanted with every message and write */
  constructor(plan: Plan, tellsAll = false) {
    this.#plan = plan;
    this.#world = new World(tellsAll);
    this.#random = seededRandom(`run ${plan.seed}`);
    const { rates, layout } = plan;
    const world = this.#world;
    const codec = rates.realRows ? makeEntryCodec() : quickCodec;
    this.#peers = new SimulatedPeerNetwork({
      world,
      random: this.#random.fork(),
      rates,
      openRows: (rows, previousChain) => codec.open(rows, previousChain),
    });
    this.#clientNetwork = new SimulatedClientNetwork({ world, random: this.#random.fork(), rates });
    this.#checkers = {
      histories: new Histories(() => this.servers.map(({ disk }) => disk)),
      invariants: new InvariantChecker(() => this.servers.map(({ disk }) => disk)),
      promises: new PromiseChecker(() => this.servers.filter(isHolder)),
      states: new StateChecker(),
      forgotten: new ForgottenChecker(),
    };
    const around = { world, codec, peers: this.#peers, clients: this.#clientNetwork };
    this.servers.push(...makeServers(plan, this.#random, { ...around, watcherOf: (server) => this.#watch(server) }));
    this.#operator = rates.mayForce ? this.#makeOperator() : null;
    this.#faults = new FaultInjector({
      world,
      random: this.#random.fork(),
      peers: this.#peers,
      clientNetwork: this.#clientNetwork,
      servers: this.servers,
      clients: this.#clients,
      replicationFactor: layout.replicationFactor,
      heartbeatTimeoutMs: rates.heartbeatTimeoutMs,
      rounds: rates.rounds,
      roundMs: rates.roundMs,
      operator: this.#operator,
      start: (server) => this.#start(server),
      onFault: (kind, victim) => {
        world.trace(`fault: ${kind} of ${victim.address}`);
        const observer = this.#observers.get(victim)!;
        if (kind === 'leave' && victim.isAwake) observer.note('R23 leaves');
        if (kind === 'sleep' && victim.isAwake) observer.note('R22 slept unnoticed');
        if (kind === 'pause' && victim.isAwake) observer.note('R22 paused');
        noteFault(this.#coverage, kind, this.servers, layout.replicationFactor);
      },
    });
    const surroundings = { world, network: this.#clientNetwork, events: this.clientEvents };
    this.#clients.push(...makeClients(plan, this.#random, surroundings));
  }

  #makeOperator(): Operator {
    return new Operator({
      world: this.#world,
      histories: this.#checkers.histories,
      servers: this.servers,
      onAnswered: (server, isForced) =>
        this.#observers.get(server)!.note(isForced ? 'R20 force' : 'R20 a force is refused'),
    });
  }

  #watch(server: SimulatedServer): ServerWatcher {
    const { isWatchedClosely } = this.#plan.rates;
    const observer = new Observer(server, {
      world: this.#world,
      checkers: this.#checkers,
      servers: this.servers,
      coverage: isWatchedClosely ? this.#coverage : null,
      observerOf: (other) => this.#observers.get(other)!,
    });
    this.#observers.set(server, observer);
    const isUp = () => server.isUp && server.engine !== null;
    return {
      onSend: (to, message) => observer.onSend(to, message),
      onHello: (hello) => this.#checkers.promises.onHello(server.disk.file, hello),
      onViewFile: (before) => observer.onViewFile(before),
      atCriticalStep: () => {
        this.#peers.atCriticalStep(server.address);
        this.#faults.atCriticalStep(server);
      },
      onAsked: (submission) => observer.onAsked(submission),
      onSealed: (entries) => observer.onSealed(entries),
      onAcknowledged: (submission, committed) => isUp() && observer.onAcknowledged(submission, committed),
      onRefused: (submission, error) => isUp() && observer.onRefused(submission, error),
      onRead: () => (isUp() ? observer.onRead() : undefined),
      onStarted: () => observer.onStarted(),
      onInput: (input, give) => observer.onInput(input, give),
      onReadOfLog: () => observer.onOutput(READ_OF_LOG),
      onCut: (afterOp, reason) => observer.onOutput({ type: 'cut-log', afterOp, reason }),
      beforeEnd: () => observer.beforeEnd(),
      afterTurn: () => observer.afterTurn(),
      onEnd: (text) => this.#onEnd(server, text),
      onStartOver: (text) => this.#onStartOver(server, text),
    };
  }

  async run(): Promise<RunResult> {
    const { rates, faults, operations } = this.#plan;
    const { queue } = this.#world;
    let violation: string | null = null;
    // What was called by anything but a promise would find its first tick before the promises.
    await undefined;
    try {
      for (const server of this.servers) queue.after(this.#random.between(0, 30), () => this.#start(server));
      for (const client of this.#clients) queue.after(this.#random.between(0, 400), () => client.start());
      for (const { atMs, client, kind, choice } of operations) {
        queue.after(atMs, () => {
          if (!this.#areFaultsOver) this.#clients[client % this.#clients.length]!.operate(kind, choice);
        });
      }
      if (rates.spread > 0) this.#readFresh();
      this.#faults.begin(faults, rates.calmMs);
      await this.#sufferFaults(rates.calmMs + rates.faultsMs);
      this.#areFaultsOver = true;
      this.#faults.stop();
      const isWell = await this.#requireHealth();
      const { histories } = this.#checkers;
      const done = histories.all.flatMap(({ committed }) => committed);
      const lost = isWell ? checkKept(this.clientEvents, done) : null;
      if (lost) throw new Violation(lost);
      if (isWell && !histories.isSomethingLost) this.#requireCompaction();
      if (isWell && rates.lastingFault !== null) await this.#requireService(rates.lastingFault);
      this.#requireKeptPromises();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      violation = error instanceof Violation ? error.message : `${error.message}\n${error.stack}`;
    }
    return this.#result(violation);
  }

  /** R17: some server is asked for what is as new as anything that was acknowledged by then; again and again. */
  #readFresh(): void {
    if (this.#areFaultsOver) return;
    const server = this.#random.pick(this.servers.filter(({ role }) => role === 'replica'));
    const { engine } = server;
    const history = this.#checkers.histories.of(server.disk.file);
    const { acknowledged } = history;
    if (server.isAwake && engine) {
      this.#world.isTouched = true;
      engine.read(
        'latest',
        (chat) => chat.position,
        (result) => {
          const isStillOne = server.engine === engine && history === this.#checkers.histories.of(server.disk.file);
          if (!result.ok || !isStillOne || result.value >= acknowledged) return;
          const text = `R17: ${server.address} answers a fresh read at ${result.value}, but ${acknowledged} was acknowledged`;
          this.#world.fail(new Violation(text));
        },
      );
    }
    this.#world.queue.after(this.#random.between(5, 60), () => this.#readFresh());
  }

  /** Rounds are often through earlier than planned. */
  async #sufferFaults(untilMs: number): Promise<void> {
    const world = this.#world;
    while (world.nowMs < untilMs && !this.#faults.isThrough) {
      await this.#advance(Math.min(untilMs, world.nowMs + LOOK_MS));
    }
  }

  #result(violation: string | null): RunResult {
    const { all, last } = this.#checkers.histories;
    if (this.#plan.rates.isWatchedClosely) noteClients(this.#coverage, this.clientEvents, last.committed);
    return {
      seed: this.#plan.seed,
      violation,
      story: this.#world.story,
      digest: this.#world.digest,
      simulatedMs: this.#world.nowMs,
      events: this.#events,
      commits: all.reduce((sum, { commits }) => sum + commits, 0),
      acknowledged: last.acknowledged,
      answered: this.clientEvents.filter(({ type }) => type === 'answered').length,
      faults: this.#faults.counts,
      coverage: this.#coverage.counts,
      views: Math.max(...this.servers.map(({ disk }) => disk.file.base?.number.round ?? 0)),
    };
  }

  /** One event after the other; promises settle before simulated time goes on. */
  async #advance(untilMs: number): Promise<void> {
    const world = this.#world;
    while (world.queue.next(untilMs)) {
      this.#events += 1;
      if (world.isTouched) {
        world.isTouched = false;
        await settled();
      }
      if (world.violation) throw world.violation;
    }
  }

  #start(server: SimulatedServer): void {
    if (server.isUp) return;
    const isNew = this.servers.every(({ disk }) => disk.file.base === null);
    server.start(isNew && server === this.servers[0] ? { clusterId: 'simulated', sessionKey: SESSION_KEY } : null);
  }

  /** A process ended by itself. Only a disk that fails or was harmed is a reason for that. */
  #onEnd(server: SimulatedServer, text: string): void {
    const { hasFailed, isDamaged, isOldCopy } = server.disk;
    if (!hasFailed && !isDamaged && !isOldCopy) throw new Violation(`${server.address} ends: ${text}`);
    server.end(`ends (${text.split('\n')[0]})`);
    this.#world.queue.after(this.#random.between(50, 1000), () => {
      // Its operator does what the sentence says.
      if (isDamaged || (isOldCopy && !hasFailed)) server.emptyFolder();
      this.#start(server);
    });
  }

  /** R1, R20: an old copy that was put back is turned away, and whoever applied what is lost: the program takes a new folder. */
  #onStartOver(server: SimulatedServer, text: string): void {
    const { disk } = server;
    if (!disk.isOldCopy && !this.#checkers.histories.hasAppliedWhatIsLost(server))
      throw new Violation(`${server.address} starts over: ${text}`);
    this.#observers.get(server)!.onOutput({ type: 'start-over', text });
    server.end(`starts over (${text})`);
    server.emptyFolder();
    this.#world.queue.after(this.#random.between(20, 200), () => this.#start(server));
  }

  /** Liveness: soon after the faults have ended everything is well again. */
  async #requireHealth(): Promise<boolean> {
    const health = new Health(this.servers, this.#clients, this.#plan, this.#checkers.histories);
    const operator = this.#operator;
    const advance = (untilMs: number) => this.#advance(untilMs);
    const forceOne = () => operator!.forceInPeace(this.#random.pick(this.servers));
    const isWell = await health.wait(advance, this.#world, {
      moveFolderAway: (server) => {
        server.end('is stopped by its operator');
        server.emptyFolder();
        this.#start(server);
      },
      force: () => {
        if (operator?.mayForce) forceOne();
        return operator !== null && !operator.isDone;
      },
    });
    if (isWell && operator?.mayForce) await this.#requireRefusals(operator);
    return isWell;
  }

  /** R27: all have removed the same, the latest decision's share of it. */
  #requireCompaction(): void {
    const replicas = this.servers.filter(({ role }) => role === 'replica');
    const upTo = Math.max(...replicas.map(({ engine }) => engine!.status().compaction!.decidedOp));
    const logs = replicas.map(({ address, disk }) => ({ server: address, entries: disk.entries }));
    const broken = checkCompaction(this.#checkers.histories.last.committed, logs, upTo);
    if (broken) throw new Violation(broken);
  }

  /** R20: where all is well, nobody agrees to go on alone. */
  async #requireRefusals(operator: Operator): Promise<void> {
    await this.#advance(this.#world.nowMs + TOLD_MS);
    for (const server of this.servers) {
      operator.forceInPeace(server);
      await this.#advance(this.#world.nowMs + LOOK_MS);
      if (operator.isDone) throw new Violation(`R20: ${server.address} goes on alone, although all is well`);
    }
  }

  #requireService(lastingFault: Exclude<Plan['rates']['lastingFault'], null>): Promise<void> {
    const parts = {
      world: this.#world,
      random: this.#random.fork(),
      layout: this.#plan.layout,
      servers: this.servers,
      clients: this.#clients,
      peers: this.#peers,
      clientNetwork: this.#clientNetwork,
    };
    return requireServiceInSpiteOf(lastingFault, parts, (untilMs) => this.#advance(untilMs));
  }

  #requireKeptPromises(): void {
    const { histories, states, forgotten } = this.#checkers;
    const { last } = histories;
    for (const server of this.servers) {
      if (server.role !== 'replica' || !server.engine) continue;
      // R20: one that has heard of the last epoch and is not taken in yet still has what it had.
      if (histories.isForced && (histories.of(server.disk.file) !== last || !isListed(server.state!))) continue;
      const { log } = server.state!;
      if (log.endOp >= last.acknowledged) last.requireAcknowledged(`I4: ${server.address} is`, log);
      states.compare(server);
    }
    // R20: what clients were told of operations that an operator has given up is void.
    if (histories.isSomethingLost) return;
    const areToldOnce = !histories.isForced;
    const broken =
      forgotten.brokenBy(last.committed) ?? checkClientHistory(this.clientEvents, last.committed, { areToldOnce });
    if (broken) throw new Violation(broken);
  }
}

/** Whether it may hold leases. A copy of a folder may run under the number of an earlier life, and passes for that one. */
function isHolder({ isAwake, engine, disk }: SimulatedServer): boolean {
  return isAwake && engine !== null && !disk.isOldCopy;
}

/** Lets all promises that can be settled by now settle: Node calls back only when none is left. Cheaper than a turn of its main loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
