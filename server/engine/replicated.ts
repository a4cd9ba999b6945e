import type { Cluster, ServerStatus } from '../../shared/api.ts';
import { assert } from '../../shared/assert.ts';
import { type ChatError, type Result, SERVER_STATE_CODES, success } from '../../shared/errors.ts';
import type { AccountId, Address, ConversationEnd } from '../../shared/ids.ts';
import {
  COMPACTION_INTERVAL_MS,
  HOLD_DURING_VIEW_CHANGE_MS,
  SNAPSHOT_INTERVAL_OPERATIONS,
} from '../../shared/limits.ts';
import { type LogEntry, type LogEvent, type Outcome, RELAYED_EVENTS } from '../../shared/operations.ts';
import type { Incarnation } from '../../shared/views.ts';
import type { ClientTable } from '../replication/client-table.ts';
import { holdsAllLeases } from '../replication/lease.ts';
import type { HandedOver } from '../replication/messages.ts';
import { createReplica } from '../replication/replica.ts';
import { type Context, isListed, isPrimary, type ReplicaState } from '../replication/replica-state.ts';
import type { ChatState } from '../state/chat-state.ts';
import type { ChatReader, HistoryChoice, HistoryPage, LogIn, Notice } from '../state/reader.ts';
import type { RowName } from '../storage/log-survey.ts';
import type { StorageFailure } from '../storage/replica-storage.ts';
import { Compaction } from './compaction.ts';
import { describeCluster, describeStatus, roleOf, whyRefused } from './describe.ts';
import type { Committed, Engine, EngineListener, Freshness, ServerNews, Submission } from './engine.ts';
import { formWhenAlone } from './formation.ts';
import { HeldSubmissions } from './held-submissions.ts';
import { HistoryPages } from './history-pages.ts';
import { leaveInOrder } from './leaving.ts';
import { readRowsAfter } from './log-rows.ts';
import { type Forced, forceReplica } from './operator.ts';
import { PendingReads } from './pending-reads.ts';
import { Receipts } from './receipts.ts';
import type { RecoveredEngine } from './recovery.ts';
import { RelayFollower } from './relay-follower.ts';
import { RelayPrimary } from './relay-primary.ts';
import { type DriverParts, ReplicaDriver } from './replica-driver.ts';
import { SessionKeys } from './session-keys.ts';
import { Snapshots } from './snapshots.ts';
import { type Judged, Submissions } from './submissions.ts';

/** How long a read may wait for its position or its confirmation. */
const READ_WAIT_MS = 2000;
const RELAYED: ReadonlySet<LogEvent> = new Set<LogEvent>(RELAYED_EVENTS);

export interface EngineParts extends DriverParts {
  recovered: RecoveredEngine;
  /** Of the program, for `status`. */
  version: string;
  /** A snapshot is written after so many operations at least; by default what `shared/limits.ts` says. */
  snapshotIntervalOperations?: number;
  /** What is deleted is removed from the files after so long at the latest; by default what `shared/limits.ts` says. */
  compactionIntervalMs?: number;
  /**
   * This server must not go on; `failure` is there when its disk is the reason, `isWrongUse` when it was started with options that its cluster
   * does not have. Nothing is acknowledged from now on.
   */
  onFatal(text: string, failure?: StorageFailure, isWrongUse?: boolean): void;
  /** As {@link onFatal}, but another disk at this address is to join: the database folder has to be set aside. */
  onStartOver(text: string): void;
}

/** The engine over our own replication: what the log says is applied here, and whoever asked is answered. */
export class ReplicatedEngine implements Engine {
  readonly chat: ChatState;
  readonly #clients: ClientTable;
  readonly #state: ReplicaState;
  readonly #driver: ReplicaDriver;
  readonly #parts: EngineParts;
  readonly #keys: SessionKeys;
  readonly #submissions: Submissions;
  readonly #reads: PendingReads;
  readonly #pages: HistoryPages;
  readonly #snapshots: Snapshots;
  readonly #compaction: Compaction;
  readonly #receipts = new Receipts();
  readonly #listeners: EngineListener[] = [];
  readonly #held = new HeldSubmissions();
  readonly #follower: RelayFollower;
  readonly #relay: RelayPrimary;
  /** Messages that are no business of the core, until it is settled. */
  #handedOver: { from: Incarnation; message: HandedOver }[] = [];
  #wasFull = false;
  #isLeaving = false;
  #isFlushDue = false;
  #nextCheckId = 1;
  #serves = false;
  #announced: Cluster;
  #announcedText = '';

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { recovered, config, clock, storage } = parts;
    this.chat = recovered.chat;
    this.#clients = recovered.clients;
    this.#state = createReplica(recovered.replica, config, clock.monotonicMs());
    this.#keys = new SessionKeys(() => this.#state.sessionKey);
    this.#submissions = new Submissions(
      this.#clients,
      this.chat,
      this.#keys,
      () => this.#state.file.base?.members.length ?? 0,
    );
    this.#reads = new PendingReads(this.chat, () => this.#mayAnswer);
    const isOver = () => this.#driver.isStopped;
    this.#snapshots = new Snapshots({
      state: this.#state,
      chat: this.chat,
      clients: this.#clients,
      storage,
      op: recovered.replica.snapshot?.op ?? 0,
      intervalOperations: parts.snapshotIntervalOperations ?? SNAPSHOT_INTERVAL_OPERATIONS,
      isOver,
    });
    this.#compaction = new Compaction({
      chat: this.chat,
      storage,
      report: recovered.compaction,
      intervalMs: parts.compactionIntervalMs ?? COMPACTION_INTERVAL_MS,
      saveSnapshot: async (op) => {
        if (this.#snapshots.wholeOp < op) await this.#saveSnapshot('whole');
        return this.#snapshots.wholeOp >= op;
      },
      isOver: () => isOver() || this.#isLeaving,
      onFailure: (failure) => this.#driver.fail(failure),
      log: (text) => parts.log(text),
    });
    this.#pages = new HistoryPages({
      chat: this.chat,
      storage,
      rowInMemory: (position) => this.#state.log.entry(position),
      mayAnswer: () => this.#mayAnswer,
      isOver,
      onDamage: (failure) => this.#driver.readFailed(failure),
      log: (text) => parts.log(text),
    });
    this.#driver = new ReplicaDriver(this.#state, parts, {
      onCommit: (entries) => this.#apply(entries),
      onReadConfirmed: (checkId) => this.#onConfirmed(checkId),
      onHandedOver: (from, message) => {
        this.#handedOver.push({ from, message });
        this.#driver.lookAgain();
      },
      onLink: (address, isUp) => this.#onLink(address, isUp),
      onDurable: () => this.#flush(),
      onSettled: () => this.#look(),
      onFatal: (text, failure, isWrongUse) => parts.onFatal(text, failure, isWrongUse),
      onStartOver: (text) => parts.onStartOver(text),
    });
    const around = {
      context: () => this.#driver.context,
      chat: this.chat,
      send: (to: Address, message: HandedOver) => this.#driver.send(to, message),
      soon: (run: () => void) => clock.soon(() => !this.#driver.isStopped && run()),
    };
    this.#follower = new RelayFollower({
      ...around,
      isSettled: () => this.#driver.isSettled,
      submissions: this.#submissions,
      takeMarks: (nowMs) => this.#receipts.takeWhenDue(nowMs),
      whyNotPrimary: () => this.whyNotPrimary(),
    });
    this.#relay = new RelayPrimary({
      ...around,
      leads: () => isPrimary(this.#state) || this.#isExtending,
      submit: (submission, answer) => this.#submitHere(submission, answer),
      confirm: (answer) =>
        this.read(
          undefined,
          (chat) => chat.position,
          (result) => answer(result.ok ? result.value : undefined),
        ),
      received: (account, position) => this.received(account, position),
      markRead: (account, end, position) => this.markRead(account, end, position),
    });
    this.#announced = describeCluster(this.#driver.context);
  }

  /** R1: writes the new incarnation down, then meets the others. Resolves when that is done. */
  start(): Promise<void> {
    return this.#driver.start();
  }

  /** R19b: see {@link formWhenAlone}. */
  formWhenAlone(clusterId: string, sessionKey: string): void {
    formWhenAlone(this.#driver, this.#parts, { clusterId, sessionKey });
  }

  submit(submission: Submission, answer: (result: Result<Committed>) => void): void {
    if (this.isPrimary()) this.#takeOver();
    const isPassedOn = submission.spread === true && RELAYED.has(submission.event);
    if (isPassedOn && !this.isPrimary() && this.isFull()) this.#follower.submit(submission, answer);
    else this.#submitHere(submission, answer);
  }

  /** R28: what this server had passed on to the primary before it became that itself; before anything that is asked now. */
  #takeOver(): void {
    for (const { submission, answers } of this.#follower.takeRequests()) {
      this.#submitHere(submission, (result) => {
        const isOpen = !result.ok && SERVER_STATE_CODES.has(result.error.code);
        const told = isOpen ? { ok: false as const, error: { ...result.error, definite: false } } : result;
        for (const answer of answers) answer(told);
      });
    }
    for (const read of this.#follower.takeReads()) {
      this.read(
        'latest',
        (chat) => chat.position,
        (result) => (result.ok ? read.answerAt(result.value) : read.fail(result.error)),
      );
    }
  }

  #submitHere(submission: Judged, answer: (result: Result<Committed>) => void): void {
    if (!this.#held.isEmpty || !this.#canJudge || !holdsAllLeases(this.#driver.context)) {
      this.#holdOrRefuse(submission, answer);
      return;
    }
    this.#submissions.add(submission, answer);
    this.#flushSoon();
  }

  /** While outputs wait for the disk, what the log holds is not applied yet: a request in it would pass for a new one. */
  get #canJudge(): boolean {
    return this.#driver.isSettled && this.isPrimary() && isPrimary(this.#state);
  }

  /** A view change that this server leads is over in a moment, and leases come back: nobody need be sent away for it. */
  #holdOrRefuse(submission: Submission, answer: (result: Result<Committed>) => void): void {
    const isInBetween = !this.#driver.isSettled || this.#state.candidacy !== null || this.#canJudge;
    const isTakingOver = isInBetween && this.#state.complete && !this.#isLeaving && !this.#driver.isStopped;
    if (!isTakingOver && this.#held.isEmpty) {
      answer({ ok: false, error: this.whyNotPrimary() });
      return;
    }
    this.#held.add(submission, answer, this.#driver.nowMs + HOLD_DURING_VIEW_CHANGE_MS);
    if (this.#canJudge) this.#driver.lookAgain();
  }

  #onConfirmed(checkId: number): void {
    this.#reads.confirm(checkId);
    this.#held.confirm(checkId);
    if (!this.#held.isEmpty) this.#driver.lookAgain();
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
    const isReady = this.#driver.isSettled && isPrimary(this.#state) && log.durableOp === log.endOp;
    if (!isReady || this.#submissions.isQueueEmpty) return;
    const drafts = this.#submissions.takeQueue();
    if (drafts.length > 0) this.#driver.give({ type: 'propose', drafts });
  }

  read<T>(seen: Freshness, query: (chat: ChatReader) => T, answer: (result: Result<T>) => void): void {
    const wait = { position: seen === 'latest' ? 0 : (seen ?? 0), deadlineMs: this.#driver.nowMs + READ_WAIT_MS };
    if (isPrimary(this.#state) || this.#isExtending) {
      const checkId = this.#nextCheckId++;
      this.#reads.add({ ...wait, checkId }, query, answer);
      this.#driver.give({ type: 'confirm-read', checkId });
      return;
    }
    const role = roleOf(this.#driver.context);
    if (role === 'waiting' || role === 'witness' || (seen === 'latest' && !this.#follower.isFollowing))
      answer({ ok: false, error: this.whyNotPrimary() });
    else if (seen === 'latest') {
      const answerAt = (position: number) => this.#reads.add({ ...wait, position, checkId: null }, query, answer);
      this.#follower.read({ answerAt, fail: (error) => answer({ ok: false, error }) }, wait.deadlineMs);
    } else if (wait.position <= this.chat.position && this.#mayAnswer) answer(success(query(this.chat)));
    else this.#reads.add({ ...wait, checkId: null }, query, answer);
  }

  /** R27. A primary has nobody to get the rest from: what it still lacks was lost when it was forced to go on alone. */
  get #mayAnswer(): boolean {
    return this.chat.isWhole || isPrimary(this.#state) || this.#isExtending;
  }

  readHistory(
    seen: number | undefined,
    choose: (chat: ChatReader) => Result<HistoryChoice>,
    answer: (result: Result<HistoryPage>) => void,
  ): void {
    this.read(
      seen,
      () => undefined,
      (result) => (result.ok ? this.#pages.answer(choose, answer) : answer(result)),
    );
  }

  received(account: AccountId, position: number): void {
    if (position > this.chat.received(account)) this.#receipts.note(account, position);
  }

  markRead(account: AccountId, end: ConversationEnd, position: number): void {
    if (position > this.chat.readUpTo(account, end)) this.#receipts.noteRead(account, end, position);
  }

  /** The replica as it is now, for questions: whoever asks changes nothing. */
  get replica(): Context {
    return this.#driver.context;
  }

  /**
   * R20: an operator says that this server goes on alone.
   *
   * @param newSessionKey a random one, for a server that never had one
   * @returns the new view, or why there is none, as a sentence
   */
  force(newSessionKey: string): Promise<Forced | string> {
    return forceReplica(this.#driver, this.#parts.clock, newSessionKey);
  }

  /**
   * R27: has what was deleted removed from the files now.
   *
   * @returns false when there is nothing to remove, or why this server cannot have it done
   */
  compact(): boolean | ChatError {
    return this.isPrimary() ? this.#compaction.ask() : this.whyNotPrimary();
  }

  /** R26: rows for a server that mends its log. @returns CSV; empty when this one has none that follow */
  async rowsAfter(after: RowName): Promise<string> {
    if (this.#driver.isStopped) return '';
    const { storage, config } = this.#parts;
    const found = await readRowsAfter(storage, after, config.logPieceLength);
    if (typeof found === 'string') return found;
    this.#driver.readFailed(found);
    return '';
  }

  /** Ends it because rows are damaged that had been whole, so that the next start repairs them. */
  endForRepair(failure: StorageFailure): void {
    this.#driver.fail(failure);
  }

  /** Of the last entry in the log, whoever appended it; no later one may have a lower time. */
  get lastTimeMs(): number {
    const { log } = this.#state;
    return log.entry(log.endOp)?.time ?? this.#parts.recovered.lastTimeMs;
  }

  tokenFor(logIn: LogIn): string {
    return this.#keys.tokenFor(logIn);
  }

  logInOf(token: string): LogIn | undefined {
    return this.#keys.logInOf(token);
  }

  hasSessionKey(): boolean {
    return this.#state.sessionKey !== '';
  }

  isPrimary(): boolean {
    return this.#serves && !this.#isLeaving && !this.#driver.isStopped;
  }

  isFull(): boolean {
    if (this.#isLeaving || this.#driver.isStopped) return false;
    if (this.isPrimary()) return true;
    // What was asked of it as the primary, and has no answer yet, must not be overtaken by what it passes on.
    return this.#submissions.inFlight === 0 && this.#held.isEmpty && this.#follower.isFull(this.#driver.nowMs);
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
    return whyRefused(this.#driver.context, this.#isLeaving);
  }

  /** What is announced: a view that is decided but not yet written down does not exist (R11), and nobody is sent there. */
  cluster(): Cluster {
    return this.#driver.isSettled ? describeCluster(this.#driver.context) : this.#announced;
  }

  status(): ServerStatus {
    const status = describeStatus(this.#driver.context, this.#parts.version);
    return status.role === 'witness' ? status : { ...status, compaction: this.#compaction.status() };
  }

  subscribe(listener: EngineListener): void {
    this.#listeners.push(listener);
  }

  tellServers(news: ServerNews, to?: string): void {
    for (const [address, { role }] of this.#state.links) {
      if (role === 'replica' && (to === undefined || to === address)) this.#driver.send(address, news);
    }
  }

  #onLink(address: Address, isUp: boolean): void {
    if (isUp) this.#follower.onLinkUp(address);
    for (const listener of this.#listeners) listener.onServerLink?.(address, isUp);
  }

  /** R23: see {@link Engine.leave}. */
  leave(): Promise<void> {
    return leaveInOrder(this.#driver, this.#parts, {
      save: () => this.#saveSnapshot('quick'),
      onLeaving: () => {
        this.#isLeaving = true;
        this.#driver.lookAgain();
      },
      isUnderWay: () => this.#submissions.inFlight > 0 || this.#follower.underWay > 0,
    });
  }

  #apply(entries: readonly LogEntry[]): void {
    const notices: Notice[] = [];
    const outcomes: Outcome[] = [];
    for (const entry of entries) {
      assert(!this.#clients.wasExecuted(entry), `request ${entry.request} is executed twice`);
      const applied = this.chat.apply(entry);
      this.#clients.record(entry, applied.outcome);
      outcomes.push(applied.outcome);
      notices.push(...applied.notices);
      if (entry.event === 'cluster:complete') this.#driver.lookAgain();
    }
    // Pushed before it is answered: a client that has its answer has seen what happened before it.
    if (notices.length > 0) for (const listener of this.#listeners) listener.onNotices(notices);
    for (const [index, entry] of entries.entries()) {
      this.#submissions.onApplied(entry, outcomes[index]!);
      this.#follower.onApplied(entry, outcomes[index]!);
    }
    this.#follower.answerReady();
    this.#flushSoon();
    this.#reads.answerReady();
    if (this.#snapshots.isDue) void this.#saveSnapshot('usual');
  }

  async #saveSnapshot(what: Parameters<Snapshots['save']>[0]): Promise<void> {
    const failure = await this.#snapshots.save(what);
    if (failure) this.#driver.fail(failure);
  }

  /** Looks at what has become of this server, and does what is due; each tick, and whenever something changed. */
  #look(): void {
    const { nowMs } = this.#driver;
    const serves = (isPrimary(this.#state) || this.#isExtending) && this.#state.complete;
    this.#announce(serves);
    const handedOver = this.#handedOver;
    this.#handedOver = [];
    for (const { from, message } of handedOver) {
      if (message.type === 'relay') this.#relay.onRelay(from, message);
      else if (message.type === 'relayed') this.#follower.onRelayed(from, message);
      else for (const listener of this.#listeners) listener.onServerNews?.(from.id, message);
    }
    this.#follower.look(this.isPrimary());
    if (this.isPrimary()) this.#takeOver();
    this.#announceFull();
    if (isPrimary(this.#state)) this.#resume();
    else if (!serves && this.#state.candidacy === null) this.#abandonSubmissions();
    this.#receipts.flushWhenDue(nowMs, this.isPrimary() && isPrimary(this.#state), (drafts) =>
      this.#driver.give({ type: 'propose', drafts }),
    );
    this.#compaction.decideWhenDue(nowMs, this.isPrimary() && isPrimary(this.#state), (draft) =>
      this.#driver.give({ type: 'propose', drafts: [draft] }),
    );
    this.#compaction.runWhenDue(nowMs);
    this.#reads.refuseLate(nowMs, isPrimary(this.#state) || this.#isExtending, () => this.whyNotPrimary());
    this.#held.refuse(nowMs, this.#state.candidacy === null && !this.isPrimary(), () => this.whyNotPrimary());
  }

  /** Tells the listeners what changed for them, once for each change, and only what has been carried out. */
  #announce(serves: boolean): void {
    const wasPrimary = this.isPrimary();
    this.#serves = serves && !this.#isLeaving;
    if (this.isPrimary() !== wasPrimary) {
      for (const listener of this.#listeners) listener.onPrimaryChanged(this.isPrimary());
    }
    const cluster = this.cluster();
    const text = JSON.stringify(cluster);
    if (text === this.#announcedText) return;
    this.#announced = cluster;
    this.#announcedText = text;
    for (const listener of this.#listeners) listener.onClusterChanged(cluster);
  }

  #announceFull(): void {
    const isFull = this.isFull();
    if (isFull === this.#wasFull) return;
    this.#wasFull = isFull;
    for (const listener of this.#listeners) listener.onFullChanged?.(isFull);
  }

  /** This server is the primary of an installed view: what waited for that goes on. */
  #resume(): void {
    this.#releaseHeld();
    const isHeldUp = !this.#held.isEmpty && this.#canJudge;
    if (isHeldUp) this.#held.coverWith(this.#nextCheckId++);
    if (this.#reads.waitForConfirmation || isHeldUp) {
      this.#driver.give({ type: 'confirm-read', checkId: this.#nextCheckId - 1 });
    }
    this.#flushSoon();
  }

  #releaseHeld(): void {
    if (this.#held.isEmpty || !this.#canJudge) return;
    for (const { submission, answer } of this.#held.take(holdsAllLeases(this.#driver.context))) {
      this.#submissions.add(submission, answer);
    }
  }

  #abandonSubmissions(): void {
    if (this.#submissions.inFlight === 0 || this.#isLeaving) return;
    this.#submissions.abandonAll(this.whyNotPrimary());
  }
}
