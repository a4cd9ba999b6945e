import type { Cluster, ServerStatus } from '../../shared/api.ts';
import { assert } from '../../shared/assert.ts';
import type { ChatError, Result } from '../../shared/errors.ts';
import { success } from '../../shared/errors.ts';
import type { AccountId, Address, SessionId } from '../../shared/ids.ts';
import {
  HOLD_DURING_VIEW_CHANGE_MS,
  PAUSE_MS,
  PEER_PROTOCOL,
  SNAPSHOT_INTERVAL_OPERATIONS,
} from '../../shared/limits.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';
import type { ClientTable } from '../replication/client-table.ts';
import type { Hello, Input, Output } from '../replication/messages.ts';
import { createReplica, step } from '../replication/replica.ts';
import {
  type Context,
  heardOf,
  isListed,
  isPrimary,
  type ReplicaConfig,
  type ReplicaState,
  selfOf,
} from '../replication/replica-state.ts';
import type { ChatState } from '../state/chat-state.ts';
import type { ChatReader, Notice } from '../state/reader.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';
import { describeCluster, describeStatus, roleOf, whyRefused } from './describe.ts';
import type { Committed, Engine, EngineListener, Submission } from './engine.ts';
import { LogReplies } from './log-replies.ts';
import { PendingReads } from './pending-reads.ts';
import type { Clock, PeerTransport } from './ports.ts';
import { Receipts } from './receipts.ts';
import type { RecoveredEngine } from './recovery.ts';
import { SessionKeys } from './session-keys.ts';
import { Submissions } from './submissions.ts';

/** A clock difference beyond which the machine must have slept: above the clocks' coarseness, below the lease's margin. */
const SLEPT_MS = 60;
/** How long a read may wait for its position or its confirmation. */
const READ_WAIT_MS = 2000;
/** How long a first server waits for addresses that neither answer nor refuse, before it starts a cluster of its own. */
const FORM_WAIT_MS = 3000;

export interface EngineParts {
  recovered: RecoveredEngine;
  config: ReplicaConfig;
  storage: ReplicaStorage;
  transport: PeerTransport;
  clock: Clock;
  /** Of the program, for `status`. */
  version: string;
  /** A sentence for the operator. */
  log(text: string): void;
  /** This server must end: its disk failed, or it must not go on. Nothing is acknowledged from now on. */
  onFatal(text: string): void;
}

/**
 * The engine over our own replication: drives the pure core and the pure state, gives the core its inputs one at a
 * time and performs its outputs in order. The only place where a decision meets the disk, the network and the clock.
 */
export class ReplicatedEngine implements Engine {
  readonly chat: ChatState;
  readonly #clients: ClientTable;
  readonly #state: ReplicaState;
  readonly #parts: EngineParts;
  readonly #keys: SessionKeys;
  readonly #submissions: Submissions;
  readonly #reads: PendingReads;
  readonly #receipts = new Receipts();
  readonly #logReplies: LogReplies;
  readonly #listeners: EngineListener[] = [];
  readonly #inbox: Input[] = [];
  readonly #refused = new Set<Address>();
  #writtenFile: ViewFile;
  #isWriting = false;
  #isPerforming = false;
  #isStopped = false;
  #isLeaving = false;
  #isFlushDue = false;
  #held: { submission: Submission; answer: (result: Result<Committed>) => void; untilMs: number }[] = [];
  #nextCheckId = 1;
  #lastTickMs: number;
  #clockDifferenceMs: number;
  #snapshotOp: number;
  #snapshotRows = 0;
  #isSnapshotting = false;
  #serves = false;
  #isChanged = false;
  #clusterText = '';
  #stopTicking = () => {};

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { recovered, config, clock } = parts;
    this.chat = recovered.chat;
    this.#clients = recovered.clients;
    this.#state = createReplica(recovered.replica, config, clock.monotonicMs());
    this.#writtenFile = this.#state.file;
    this.#keys = new SessionKeys(() => this.#state.sessionKey);
    this.#submissions = new Submissions(this.#clients, this.chat, this.#keys);
    this.#reads = new PendingReads(this.chat);
    this.#logReplies = new LogReplies(parts.storage, parts.transport);
    this.#lastTickMs = clock.monotonicMs();
    this.#clockDifferenceMs = clock.uptimeMs() - clock.monotonicMs();
    this.#snapshotOp = recovered.replica.snapshot?.op ?? 0;
  }

  /** R1: writes the new incarnation down, then meets the others. Resolves when that is done. */
  start(): Promise<void> {
    const { storage, transport, clock, config } = this.#parts;
    return new Promise((resolve) => {
      storage.writeViewFile(this.#state.file, (failure) => {
        if (failure) return this.#fail(failure);
        transport.start(
          (input) => this.#give(input),
          () => this.#hello(),
        );
        for (const address of this.#state.known) if (address !== this.#state.file.id) transport.dial(address);
        this.#stopTicking = clock.every(config.tickMs, () => this.#tick());
        resolve();
      });
    });
  }

  /**
   * R19b: starts a cluster of this one server, if its folder is empty and no cluster answers: every address that it
   * knows has refused, is a server without a cluster, or did not answer for a while.
   */
  formWhenAlone(clusterId: string, sessionKey: string): void {
    const startedAtMs = this.#nowMs;
    const stop = this.#parts.clock.every(this.#parts.config.tickMs, () => {
      const { file, known, links } = this.#state;
      const others = [...known].filter((address) => address !== file.id);
      const isKnown = others.every((address) => links.has(address) || this.#refused.has(address));
      if (file.base || this.#isStopped) stop();
      else if (isKnown || this.#nowMs - startedAtMs > FORM_WAIT_MS) {
        stop();
        this.#give({ type: 'form', clusterId, sessionKey });
      }
    });
  }

  submit(submission: Submission, answer: (result: Result<Committed>) => void): void {
    // While outputs wait for the disk, what the log holds is not applied yet: a request in it would pass for a new one.
    const canJudge = this.#isSettled && this.isPrimary() && isPrimary(this.#state);
    if (this.#held.length > 0 || !canJudge) {
      this.#holdOrRefuse(submission, answer);
      return;
    }
    this.#submissions.add(submission, answer);
    this.#flushSoon();
  }

  /** A view change that this server leads is over in a moment: nobody need be sent away for it. */
  #holdOrRefuse(submission: Submission, answer: (result: Result<Committed>) => void): void {
    const isInBetween = !this.#isSettled || this.#state.candidacy !== null;
    const isTakingOver = isInBetween && this.#state.complete && !this.#isLeaving;
    if (!isTakingOver && this.#held.length === 0) {
      answer({ ok: false, error: this.whyNotPrimary() });
      return;
    }
    this.#held.push({ submission, answer, untilMs: this.#nowMs + HOLD_DURING_VIEW_CHANGE_MS });
  }

  /** Everything that is asked for in one turn of the main loop, or while a batch is being written, is the next batch. */
  #flushSoon(): void {
    if (this.#isFlushDue || this.#submissions.isQueueEmpty) return;
    this.#isFlushDue = true;
    this.#parts.clock.soon(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  /** Only a core that has nothing else to do first is sure to take the drafts. */
  #flush(): void {
    const { log } = this.#state;
    const isReady = this.#isSettled && isPrimary(this.#state) && log.durableOp === log.endOp;
    if (!isReady || this.#submissions.isQueueEmpty) return;
    this.#give({ type: 'propose', drafts: this.#submissions.takeQueue() });
  }

  read<T>(seen: number | undefined, query: (chat: ChatReader) => T, answer: (result: Result<T>) => void): void {
    const { state, nowMs } = this.#context();
    const deadlineMs = nowMs + READ_WAIT_MS;
    if (isPrimary(state) || this.#isExtending) {
      this.#compareClocks();
      const checkId = this.#nextCheckId++;
      this.#reads.add({ position: seen ?? 0, checkId, deadlineMs }, query, answer);
      this.#give({ type: 'confirm-read', checkId });
      return;
    }
    if (roleOf(this.#context()) === 'waiting') {
      answer({ ok: false, error: this.whyNotPrimary() });
      return;
    }
    if ((seen ?? 0) <= this.chat.position) answer(success(query(this.chat)));
    else this.#reads.add({ position: seen ?? 0, checkId: null, deadlineMs }, query, answer);
  }

  received(account: AccountId, position: number): void {
    if (position > this.chat.received(account)) this.#receipts.note(account, position);
  }

  tokenFor(session: SessionId): string {
    return this.#keys.tokenFor(session);
  }

  sessionOf(token: string): SessionId | undefined {
    return this.#keys.sessionOf(token);
  }

  hasSessionKey(): boolean {
    return this.#state.sessionKey !== '';
  }

  isPrimary(): boolean {
    return this.#serves && !this.#isLeaving && !this.#isStopped;
  }

  /** Everything that the core has decided so far has been carried out. */
  get #isSettled(): boolean {
    return !this.#isWriting && !this.#isPerforming && this.#inbox.length === 0;
  }

  /**
   * The primary changes the list of its own view (a joiner, a lost backup): over in milliseconds, so nobody is told
   * that it stopped being the primary; requests and reads wait.
   */
  get #isExtending(): boolean {
    const { candidacy, file } = this.#state;
    return candidacy !== null && isListed(this.#state) && file.base?.members[0]?.id === file.id;
  }

  whyNotPrimary(): ChatError {
    return whyRefused(this.#context(), this.#isLeaving);
  }

  cluster(): Cluster {
    return describeCluster(this.#context());
  }

  status(): ServerStatus {
    return describeStatus(this.#context(), this.#parts.version);
  }

  subscribe(listener: EngineListener): void {
    this.#listeners.push(listener);
  }

  /** R23: see {@link Engine.leave}. The others notice a clean death when the process ends. */
  async leave(): Promise<void> {
    if (this.#isStopped) return;
    this.#isLeaving = true;
    this.#isChanged = true;
    this.#give({ type: 'leave' });
    const giveUpAtMs = this.#nowMs + this.#parts.config.heartbeatTimeoutMs;
    while (this.#submissions.inFlight > 0 && this.#nowMs < giveUpAtMs && !this.#isStopped) {
      await new Promise<void>((resolve) => this.#parts.clock.after(5, resolve));
    }
    // Until the end it acknowledges and answers pings: so the others hold its leases when it dies, and need not wait.
    await this.#saveSnapshot();
    this.#isStopped = true;
    this.#stopTicking();
    await new Promise<void>((resolve) => this.#parts.storage.close(() => resolve()));
  }

  // --- inputs and outputs --------------------------------------------------------------------------------------

  get #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }

  #context(): Context {
    return { state: this.#state, config: this.#parts.config, nowMs: this.#nowMs, outputs: [] };
  }

  #give(input: Input): void {
    if (this.#isStopped) return;
    if (input.type === 'refused') this.#refused.add(input.address);
    this.#inbox.push(input);
    this.#drain();
  }

  #drain(): void {
    // What a listener asks for while outputs are being performed comes after them.
    if (this.#isPerforming) return;
    while (!this.#isWriting && !this.#isStopped && this.#inbox.length > 0) {
      const input = this.#inbox.shift()!;
      this.#perform(step(this.#state, this.#parts.config, input, this.#nowMs), 0);
    }
    if (this.#isChanged && this.#isSettled) this.#announce();
  }

  #perform(outputs: readonly Output[], from: number): void {
    this.#isPerforming = true;
    for (let index = from; index < outputs.length && !this.#isStopped; index++) {
      const output = outputs[index]!;
      if (this.#writes(output, () => this.#perform(outputs, index + 1))) break;
      this.#performOne(output);
    }
    this.#isPerforming = false;
  }

  /** Outputs that everything after them waits for. */
  #writes(output: Output, next: () => void): boolean {
    const { storage } = this.#parts;
    const done = (failure?: StorageFailure) => {
      this.#isWriting = false;
      if (failure) return this.#fail(failure);
      next();
      this.#drain();
    };
    switch (output.type) {
      case 'write-view-file':
        this.#isWriting = true;
        storage.writeViewFile(output.file, (failure) => {
          if (!failure) this.#writtenFile = output.file;
          done(failure);
        });
        return true;
      case 'write-session-key':
        this.#isWriting = true;
        storage.writeSessionKey(output.key, done);
        return true;
      case 'cut-log':
        this.#isWriting = true;
        this.#parts.log(`Operations after ${output.afterOp} are set aside: ${output.reason}.`);
        storage.cutAfter(output.afterOp, output.reason, done);
        return true;
      default:
        return false;
    }
  }

  #performOne(output: Output): void {
    const { transport, log } = this.#parts;
    switch (output.type) {
      case 'append':
        this.#append(output.entries);
        break;
      case 'send':
        transport.send(output.to, output.message);
        break;
      case 'send-log-from-storage':
        this.#logReplies.answer(output, (failure) => this.#fail(failure));
        break;
      case 'commit':
        this.#apply(output.entries);
        break;
      case 'dial':
        transport.dial(output.address);
        break;
      case 'read-confirmed':
        this.#reads.confirm(output.checkId);
        break;
      case 'changed':
        this.#isChanged = true;
        break;
      case 'notice':
        log(output.text);
        break;
      case 'refuse-to-run':
        this.#stop(output.text);
        break;
    }
  }

  #append(entries: readonly LogEntry[]): void {
    const last = entries[entries.length - 1]!;
    this.#parts.storage.append(entries, (failure) => {
      if (failure) return this.#fail(failure);
      this.#give({ type: 'appended', op: last.op, chain: last.chain });
      this.#flush();
    });
  }

  #apply(entries: readonly LogEntry[]): void {
    const notices: Notice[] = [];
    for (const entry of entries) {
      assert(!this.#clients.wasExecuted(entry), `request ${entry.request} is executed twice`);
      const applied = this.chat.apply(entry);
      this.#clients.record(entry, applied.outcome);
      // Pushed before it is answered: a client that has its answer has seen what happened before it.
      if (applied.notices.length > 0) notices.push(...applied.notices);
      if (entry.event === 'cluster:complete') this.#isChanged = true;
    }
    if (notices.length > 0) for (const listener of this.#listeners) listener.onNotices(notices);
    for (const entry of entries) this.#answer(entry);
    this.#reads.answerReady();
    // A snapshot costs as much as its rows: with the interval growing alike, an operation's share stays the same.
    const intervalOperations = Math.max(SNAPSHOT_INTERVAL_OPERATIONS, 2 * this.#snapshotRows);
    if (this.chat.position - this.#snapshotOp >= intervalOperations) void this.#saveSnapshot();
  }

  #answer(entry: LogEntry): void {
    if (entry.client === '') return;
    const standing = this.#clients.standing(entry.client, entry.request, entry.asked, false);
    if (standing.type === 'executed') this.#submissions.onApplied(entry, standing.outcome);
  }

  // --- time ----------------------------------------------------------------------------------------------------

  #tick(): void {
    const { clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastTickMs > PAUSE_MS) this.#give({ type: 'paused', sleptUnnoticed: false });
    this.#lastTickMs = nowMs;
    this.#compareClocks();
    this.#isChanged = true;
    this.#give({ type: 'tick' });
    this.#receipts.flushWhenDue(nowMs, this.isPrimary(), (draft) => this.#give({ type: 'propose', drafts: [draft] }));
    this.#reads.refuseLate(nowMs, isPrimary(this.#state) || this.#isExtending, () => this.whyNotPrimary());
    this.#refuseHeld(nowMs);
  }

  /** A3: asked each tick, and before each read that may lean on leases. */
  #compareClocks(): void {
    const { clock } = this.#parts;
    const difference = clock.uptimeMs() - clock.monotonicMs();
    const sleptUnnoticed = Math.abs(difference - this.#clockDifferenceMs) > SLEPT_MS;
    this.#clockDifferenceMs = sleptUnnoticed ? difference : this.#clockDifferenceMs;
    if (sleptUnnoticed) this.#give({ type: 'paused', sleptUnnoticed });
  }

  #refuseHeld(nowMs: number): void {
    const isOver = this.#isSettled && this.#state.candidacy === null && !this.isPrimary();
    const refused = this.#held.filter(({ untilMs }) => isOver || nowMs >= untilMs);
    if (refused.length === 0) return;
    this.#held = this.#held.filter((held) => !refused.includes(held));
    for (const { answer } of refused) answer({ ok: false, error: this.whyNotPrimary() });
  }

  /** Tells the listeners what changed for them, once for each change, and only what has been carried out. */
  #announce(): void {
    this.#isChanged = false;
    const cluster = this.cluster();
    const serves = (isPrimary(this.#state) || this.#isExtending) && this.#state.complete;
    const wasPrimary = this.isPrimary();
    this.#serves = serves && !this.#isLeaving;
    if (this.isPrimary() !== wasPrimary) {
      for (const listener of this.#listeners) listener.onPrimaryChanged(this.isPrimary());
    }
    if (isPrimary(this.#state)) this.#resume();
    else if (!serves && this.#state.candidacy === null) this.#abandonSubmissions();
    const text = JSON.stringify(cluster);
    if (text === this.#clusterText) return;
    this.#clusterText = text;
    for (const listener of this.#listeners) listener.onClusterChanged(cluster);
  }

  /** This server is the primary of an installed view: what waited for that goes on. */
  #resume(): void {
    if (this.#reads.waitForConfirmation) this.#give({ type: 'confirm-read', checkId: this.#nextCheckId - 1 });
    this.#flushSoon();
    if (this.#held.length === 0) return;
    this.#parts.clock.soon(() => {
      const held = this.#held;
      this.#held = [];
      for (const { submission, answer } of held) this.submit(submission, answer);
    });
  }

  #abandonSubmissions(): void {
    if (this.#submissions.inFlight === 0 || this.#isLeaving) return;
    this.#submissions.abandonAll(this.whyNotPrimary());
  }

  // --- disk ----------------------------------------------------------------------------------------------------

  #saveSnapshot(): Promise<void> {
    const { floor } = this.#state.log;
    const op = this.chat.position;
    const entry = op === floor ? null : this.#state.log.entry(op);
    if (this.#isSnapshotting || op === this.#snapshotOp || !entry || op > this.#state.log.durableOp) {
      return Promise.resolve();
    }
    this.#isSnapshotting = true;
    this.#snapshotOp = op;
    const tables = [...this.chat.snapshot(), this.#clients.snapshot()];
    this.#snapshotRows = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    const { chain, view } = entry;
    const { complete } = this.#state;
    return new Promise((resolve) => {
      this.#parts.storage.writeSnapshot({ op, chain, view, complete, tables }, (failure) => {
        this.#isSnapshotting = false;
        if (failure) this.#fail(failure);
        resolve();
      });
    });
  }

  #hello(): Hello {
    const { log, complete } = this.#state;
    // Never what is about to be written: a crash may still undo it, and whoever hears of a view takes it for installed.
    const file = this.#writtenFile;
    return {
      protocol: PEER_PROTOCOL,
      clusterId: file.clusterId,
      complete,
      replicationFactor: this.#parts.config.replicationFactor,
      self: selfOf(this.#state),
      nonce: this.#parts.config.nonce,
      promised: file.promised,
      base: file.base,
      pending: file.pending,
      last: log.end,
      known: heardOf(this.#state),
    };
  }

  /** R19: a failed write is never tried again, because what the disk holds now is unknown. */
  #fail(failure: StorageFailure): void {
    this.#stop(failure.message);
  }

  #stop(text: string): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#stopTicking();
    this.#parts.onFatal(text);
  }
}
