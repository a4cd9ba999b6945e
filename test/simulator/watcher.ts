import type { Committed, Submission } from '../../server/engine/engine.ts';
import { holdsAllLeases } from '../../server/replication/lease.ts';
import type { Input, Output, PeerMessage } from '../../server/replication/messages.ts';
import { isListed, isPrimary, type ReplicaState, selfOf } from '../../server/replication/replica-state.ts';
import type { ChatError } from '../../shared/errors.ts';
import { type Address, sameView } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { sameIncarnation, type ViewFile } from '../../shared/views.ts';
import { type HistoryChecker, Violation } from './checkers.ts';
import type { Coverage } from './checks/coverage.ts';
import type { RuleNote } from './checks/coverage-expected.ts';
import { observeCrash, type SeenServer } from './checks/coverage-situations.ts';
import type { ForgottenChecker } from './checks/forgotten-checker.ts';
import { ServerCoverage } from './checks/server-coverage.ts';
import { type Histories, isForcedView } from './histories.ts';
import type { InvariantChecker } from './invariants.ts';
import type { PromiseChecker } from './promise-checker.ts';
import { requireConfirmation } from './read-checker.ts';
import type { SimulatedServer } from './simulated-server.ts';
import { requireOnePrimary, type StateChecker } from './state-checker.ts';
import type { ReadWatcher } from './watched-engine.ts';
import { wordsOf, wordsOfViewFile } from './wording.ts';
import type { World } from './world.ts';

/** The checkers of a run. */
export interface Checkers {
  histories: Histories;
  invariants: InvariantChecker;
  promises: PromiseChecker;
  states: StateChecker;
  forgotten: ForgottenChecker;
}

export interface ObserverOptions {
  world: World;
  checkers: Checkers;
  servers: readonly SimulatedServer[];
  /** Where to note what is reached; null when nobody looks so closely, which is cheaper. */
  coverage: Coverage | null;
  /** Of another server. */
  observerOf(server: SimulatedServer): Observer;
}

/** What the state says against a request: true only of the state as it is. */
const BY_STATE = new Set([
  'username-taken',
  'no-such-account',
  'no-such-message',
  'no-such-room',
  'room-taken',
  'not-a-member',
  'blocked',
  'limit-reached',
  'not-logged-in',
  'forbidden',
]);

/** Shows the checkers what a server does. */
export class Observer {
  readonly #server: SimulatedServer;
  readonly #options: ObserverOptions;
  readonly #checkers: Checkers;
  readonly #servers: readonly SimulatedServer[];
  #position = 0;
  readonly #met = new Map<string, { incarnation: number; nonce: string }>();
  readonly #knownCleanDeaths = new Set<string>();
  /** In the order of this life: when writes were asked for, and when requests got their place in the log. */
  #sequence = 0;
  readonly #askedAt = new WeakMap<Submission, number>();
  readonly #timesAsked = new Map<string, number>();
  readonly #acknowledgedBefore = new WeakMap<Submission, { history: HistoryChecker; op: number }>();
  readonly #sealedAt = new Map<string, number>();
  #knownDeaths = 0;
  #seen: ServerCoverage | null = null;

  constructor(server: SimulatedServer, options: ObserverOptions) {
    this.#server = server;
    this.#options = options;
    this.#checkers = options.checkers;
    this.#servers = options.servers;
  }

  /** What this server is part of. */
  get #history(): HistoryChecker {
    return this.#checkers.histories.of(this.#server.disk.file);
  }

  /** A life begins: what its snapshot has is taken for granted, if it is part of the one history. */
  onStarted(): void {
    const { state, engine, context } = this.#server;
    const { coverage } = this.#options;
    this.#seen = coverage ? new ServerCoverage(coverage, context!) : null;
    this.#knownCleanDeaths.clear();
    this.#knownDeaths = 0;
    this.#met.clear();
    this.#sealedAt.clear();
    this.#timesAsked.clear();
    this.#position = engine!.chat.position;
    const { floor } = state!.log;
    if (floor > 0 && this.#checkers.histories.all.every((one) => one.chainAt(floor) !== state!.log.chainAt(floor))) {
      throw new Violation(`I5: the snapshot of ${this.#server.address} is not of the committed history`);
    }
  }

  /** The server has done something. */
  afterTurn(): void {
    const { context } = this.#server;
    if (!context) return;
    const { state } = context;
    this.#seen?.turn(context);
    this.noteCommits();
    this.#checkDeaths(state);
    this.#checkCleanDeaths(state);
    // I7: one that was left behind without knowing it may lack operations; it can neither commit nor confirm a read.
    const maySurelyRead = isPrimary(state) && this.#server.mayUseLeases && holdsAllLeases(context);
    // R20: a view that is forced begins an epoch only when it is written down.
    const { base } = this.#server.disk.file;
    if (!maySurelyRead || base?.number.epoch !== state.file.base!.number.epoch) return;
    const { round } = state.file.base!.number;
    this.#history.requireAcknowledged(`I7: ${this.#server.address} may serve reads in view ${round}`, state.log);
  }

  noteCommits(): void {
    const { engine, disk, address } = this.#server;
    const { position } = engine!.chat;
    if (position === this.#position) return;
    const { log } = engine!.replica.state;
    for (let op = this.#position + 1; op <= position; op++) {
      const entry = log.entry(op) ?? disk.entries[op - 1];
      if (!entry) throw new Violation(`${address} has applied operation ${op}, which it does not have`);
      this.#history.onCommit(address, entry);
    }
    this.#options.world.tell(() => `${address} has applied operations up to ${position}`);
    this.#position = position;
    this.#checkers.states.onApplied(this.#server);
  }

  /** R5: whoever counts as dead has ended, or has said that it will. */
  #checkDeaths(state: ReplicaState): void {
    if (state.dead.size === this.#knownDeaths) return;
    this.#knownDeaths = state.dead.size;
    for (const one of state.dead.values()) {
      const server = this.#servers.find(({ address }) => address === one.id)!;
      if (server.isServingItsLife && sameIncarnation(server.self(), one))
        throw new Violation(`R5: ${this.#server.address} takes ${one.id} for dead, which lives`);
    }
  }

  #checkCleanDeaths(state: ReplicaState): void {
    for (const [key, one] of state.cleanDead) {
      if (this.#knownCleanDeaths.has(key) || !state.file.base) continue;
      this.#knownCleanDeaths.add(key);
      this.#checkers.promises.onCleanDeath(selfOf(state), state.file.base.number, one);
    }
  }

  /** Something reaches the replica; `give` hands it over. */
  onInput(input: Input, give: () => void): void {
    const { context } = this.#server;
    // The process may end while it acts on it: what it was is still there to look at.
    if (this.#seen && context) this.#seen.given(() => this.#server.context ?? context, input, give);
    else give();
    if (input.type === 'hello' || input.type === 'link-up') this.#checkMet();
  }

  /** R1: once a life of a disk is met, no earlier one is taken for it, nor another with its number. */
  #checkMet(): void {
    const { state, address } = this.#server;
    for (const [disk, { incarnation, nonce }] of state?.met ?? []) {
      const known = this.#met.get(disk);
      if (known && (incarnation < known.incarnation || (incarnation === known.incarnation && nonce !== known.nonce)))
        throw new Violation(`R1: ${address} takes a folder that was put back or copied for the present one of ${disk}`);
      this.#met.set(disk, { incarnation, nonce });
    }
  }

  /** Something was reached that shows in no message. */
  note(what: RuleNote): void {
    this.#options.coverage?.note(what);
  }

  onOutput(output: Output): void {
    this.#seen?.did(output);
  }

  beforeEnd(): void {
    const { coverage, observerOf } = this.#options;
    if (!coverage) return;
    const others = this.#servers.filter((server) => server !== this.#server);
    observeCrash(
      coverage,
      this.asSeen,
      others.map((server) => observerOf(server).asSeen),
    );
  }

  get asSeen(): SeenServer {
    const { isUp, isAwake } = this.#server;
    return { facts: isUp ? (this.#seen?.facts ?? null) : null, isPaused: isUp && !isAwake };
  }

  onSend(to: Address, message: PeerMessage): void {
    this.#options.world.tell(() => `${this.#server.address} ${wordsOf(to, message)}`);
    this.#seen?.sent(to, message);
    this.#checkers.invariants.onSend(this.#server.disk, message);
    this.#checkers.promises.onSend(this.#server.disk.file, to, message);
  }

  onViewFile(before: ViewFile): void {
    const { disk, state, address } = this.#server;
    this.#options.world.tell(() => `${address} ${wordsOfViewFile(disk.file)}`);
    if (isForcedView(before, disk.file)) this.#onForced(before);
    this.#checkers.invariants.onViewFile(before, disk);
    if (!before.base && disk.file.base?.members.length === 1) this.note('R19b a cluster is formed');
    const promised = state?.promisedLists.find(({ number }) => sameView(number, disk.file.promised));
    if (promised && !sameView(before.promised, promised.number)) {
      this.#checkers.promises.onPromised(disk.file, promised.number, promised.members);
    }
    requireOnePrimary(this.#servers);
  }

  /** R20: whoever was a member of the last view loses nothing that was acknowledged by then. */
  #onForced(before: ViewFile): void {
    const { invariants, histories } = this.#checkers;
    const { disk, address } = this.#server;
    const history = histories.of(before);
    const { acknowledged: op } = history;
    if (invariants.isOfLastView(disk) && op > 0 && disk.chainAt(op) !== history.chainAt(op))
      throw new Violation(`R20: ${address} goes on alone without operation ${op}, and was a member of the last view`);
    histories.onForced(disk);
  }

  /** A write is asked for. */
  onAsked(submission: Submission): void {
    this.#checkers.forgotten.onAsked(submission);
    this.#askedAt.set(submission, ++this.#sequence);
    const key = `${submission.client}/${submission.request}`;
    this.#timesAsked.set(key, (this.#timesAsked.get(key) ?? 0) + 1);
    const history = this.#history;
    this.#acknowledgedBefore.set(submission, { history, op: history.acknowledged });
  }

  /** As the primary it gave these their places in the log. */
  onSealed(entries: readonly LogEntry[]): void {
    this.#sequence += 1;
    for (const { client, request } of entries)
      if (client !== '') this.#sealedAt.set(`${client}/${request}`, this.#sequence);
  }

  /** R18: what surely was not done, for reasons of the server's own, was not put in its log on behalf of who asked. */
  onRefused(submission: Submission, error: ChatError): void {
    if (!this.#checkers.histories.isForced) this.#checkers.forgotten.onRefused(submission, error.code);
    const { position } = this.#server.engine!.chat;
    const { history, op: acknowledged } = this.#acknowledgedBefore.get(submission)!;
    const isBehind = position < acknowledged && history === this.#history;
    if (BY_STATE.has(error.code) && isBehind && !this.#isInLog(submission, position))
      throw new Violation(
        `R18: ${this.#server.address} refuses a request by its state at ${position}, but ${acknowledged} was acknowledged`,
      );
    const key = `${submission.client}/${submission.request}`;
    const sealedAt = this.#sealedAt.get(key) ?? 0;
    const isOfServer = error.code === 'not-primary' || error.code === 'unavailable';
    // Of a request that was asked twice one sending may be refused and the other done.
    const isOnlySending = this.#timesAsked.get(key) === 1;
    if (isOfServer && isOnlySending && error.definite && sealedAt > this.#askedAt.get(submission)!)
      throw new Violation(
        `R18: ${this.#server.address} put request ${key} in its log, and says that it surely was not done`,
      );
  }

  /** R28: what was refused in the log is refused so everywhere, however far behind. */
  #isInLog({ client, request }: Submission, position: number): boolean {
    const { entries } = this.#server.disk;
    return entries.some((entry) => entry.client === client && entry.request === request && entry.op <= position);
  }

  /** R4: an acknowledged operation is on every disk that the view lists. */
  onAcknowledged({ client, request }: Submission, { position, replicas }: Committed): void {
    this.#options.world.tell(() => `${this.#server.address} answers request ${request}: operation ${position}`);
    this.noteCommits();
    const { members } = this.#server.state!.file.base!;
    if (replicas !== members.length)
      throw new Violation(
        `R4: operation ${position} is said to be on ${replicas} servers, the view has ${members.length}`,
      );
    const disks = this.#servers.map(({ disk }) => disk);
    // An incarnation that acknowledged and then lost its rows with its life is the fault's doing (H20).
    const listed = disks.filter(({ file, lostRowsOf }) =>
      members.some(({ disk, incarnation }) => disk === file.disk && incarnation > lostRowsOf),
    );
    this.#history.onAcknowledged(client, request, position, listed);
  }

  /** R17: what the primary answers is not older than anything that was acknowledged before it was asked. */
  onRead(): ReadWatcher | undefined {
    const { state, engine, address } = this.#server;
    const history = this.#history;
    const { acknowledged } = history;
    const isExtending = state!.candidacy !== null && isListed(state!) && state!.file.base!.members[0]!.id === address;
    if (!isPrimary(state!) && !isExtending) return undefined;
    const isAlone = state!.file.base!.members.length === 1;
    const whenAsked = new Map(this.#servers.map(({ disk }) => [disk.file.disk, disk.file]));
    return {
      onConfirmed: () => {
        const { context } = this.#server;
        // The process may have ended with what it sent.
        if (context) requireConfirmation(context, whenAsked);
      },
      onAnswered: (isOk, isAtOnce) => {
        if (!isOk) return;
        const { position } = engine!.chat;
        if (position < acknowledged && history === this.#history)
          throw new Violation(`R17: ${address} confirms a read at ${position}, but ${acknowledged} was acknowledged`);
        const how = isAlone ? 'alone' : isAtOnce ? 'by leases' : 'by ReadCheck';
        this.note(`R17 read confirmed ${how}`);
      },
    };
  }
}
