import type { Clock, PeerTransport } from '../../server/engine/ports.ts';
import { ReplicatedEngine } from '../../server/engine/replicated.ts';
import { ClientTable } from '../../server/replication/client-table.ts';
import { newViewFile } from '../../server/replication/replica.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import type {
  CompactionPlan,
  CompactionReport,
  ReplicaStorage,
  WhenDurable,
} from '../../server/storage/replica-storage.ts';
import type { Address, DiskId } from '../../shared/ids.ts';
import { LOG_PIECE_LENGTH, LOG_TAIL_ENTRIES } from '../../shared/limits.ts';
import type { LogEntry, NewSnapshot } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';

/** Sooner than a real server would, so that a test need not let an hour pass. */
export const COMPACTION_INTERVAL_MS = 20_000;

/** An engine of one server (replication factor 1) whose time and disk move only when the test says so. */
export class SingleServer {
  nowMs = 1000;
  sleptMs = 0;
  readonly engine: ReplicatedEngine;
  readonly entries: LogEntry[] = [];
  readonly logged: string[] = [];
  fatal = '';
  snapshot: NewSnapshot | null = null;
  /** What the last compaction did, as the next life will find it. */
  compaction: CompactionReport | null = null;
  /** While true nothing becomes durable. */
  isDiskHeld = false;
  diskFailure: { message: string; full: boolean } | undefined;
  readonly #heldWrites: (() => void)[] = [];
  readonly #soon: (() => void)[] = [];
  readonly #timers: { everyMs: number; dueMs: number; run: () => void }[] = [];

  viewFile: ViewFile | null = null;

  /** What the storage was asked to remove; a test says when it is done. */
  readonly compactions: { plan: CompactionPlan; done: Parameters<ReplicaStorage['compact']>[1] }[] = [];

  /** @param before the server's earlier life, crashed: its rows and its view file are there, nothing else */
  constructor(before?: SingleServer) {
    const codec = makeEntryCodec();
    const self = { id: 'localhost:1538' as Address, disk: 'disk' as DiskId, incarnation: 1 };
    const file = before?.viewFile ? { ...before.viewFile, incarnation: 2 } : newViewFile(self, 1500);
    const sessionKey = before ? 'session key' : '';
    this.entries.push(...(before?.entries ?? []));
    this.engine = new ReplicatedEngine({
      recovered: {
        replica: { file, snapshot: null, entries: [...this.entries], complete: false, sessionKey },
        chat: new ChatState(),
        clients: new ClientTable(),
        lastTimeMs: 0,
        compaction: before?.compaction ?? null,
      },
      config: {
        role: 'replica',
        synced: true,
        replicationFactor: 1,
        heartbeatTimeoutMs: 1500,
        heartbeatIntervalMs: 100,
        tickMs: 20,
        rankDelayMs: 200,
        retryMs: 500,
        retryMaxMs: 4000,
        logPieceLength: LOG_PIECE_LENGTH,
        logTailEntries: LOG_TAIL_ENTRIES,
        trustRefused: true,
        knownAddresses: [],
        nonce: 'nonce',
        seal: (drafts, place) => codec.seal(drafts, { ...place, time: this.nowMs }, () => '0'.repeat(32)),
      },
      storage: this.#storage(),
      transport: noPeers,
      clock: this.#clock(),
      version: 'test',
      compactionIntervalMs: COMPACTION_INTERVAL_MS,
      log: (text) => this.logged.push(text),
      onFatal: (text) => {
        this.fatal = text;
      },
      onStartOver: (text) => {
        this.fatal = text;
      },
    });
  }

  /** Forms a cluster of one and waits until it serves. */
  async start(): Promise<this> {
    await this.engine.start();
    this.engine.formWhenAlone('cluster', 'session key');
    this.advance(5000);
    return this;
  }

  /** Lets time pass in small steps, and everything that is due happen. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    while (this.nowMs < untilMs) {
      this.nowMs += 10;
      for (const timer of [...this.#timers]) {
        if (timer.dueMs > this.nowMs) continue;
        timer.dueMs = this.nowMs + timer.everyMs;
        timer.run();
      }
      this.settle();
    }
  }

  /** Runs what waits for the next turn of the loop, without time passing. */
  settle(): void {
    for (let run = this.#soon.shift(); run; run = this.#soon.shift()) run();
  }

  releaseDisk(): void {
    this.isDiskHeld = false;
    this.releaseOneWrite();
    for (let write = this.#heldWrites.shift(); write; write = this.#heldWrites.shift()) write();
    this.settle();
  }

  /** Lets the write that has waited longest become durable. */
  releaseOneWrite(): void {
    this.#heldWrites.shift()?.();
    this.settle();
  }

  #write(done: WhenDurable, work: () => void): void {
    const finish = () => {
      if (!this.diskFailure) work();
      done(this.diskFailure);
    };
    if (this.isDiskHeld) this.#heldWrites.push(finish);
    else finish();
  }

  #storage(): ReplicaStorage {
    return {
      append: (entries, done) => this.#write(done, () => void this.entries.push(...entries)),
      cutAfter: (_op, _reason, done) => this.#write(done, () => {}),
      writeViewFile: (file, done) =>
        this.#write(done, () => {
          this.viewFile = file;
        }),
      writeSessionKey: (_key, done) => this.#write(done, () => {}),
      writeSnapshot: (snapshot, done) =>
        this.#write(done, () => {
          this.snapshot = snapshot;
        }),
      compact: (plan, done) => void this.compactions.push({ plan, done }),
      read: (fromOp, _maxLength, done) => done(this.entries.slice(fromOp - 1)),
      readRows: (ops, done) =>
        this.#write(
          () => done(ops.map((op) => this.entries[op - 1]!)),
          () => {},
        ),
      close: (done) => this.#write(done, () => {}),
    };
  }

  #clock(): Clock {
    return {
      monotonicMs: () => this.nowMs,
      uptimeMs: () => this.nowMs + this.sleptMs,
      wallMs: () => this.nowMs,
      every: (everyMs, run) => {
        const timer = { everyMs, dueMs: this.nowMs + everyMs, run };
        this.#timers.push(timer);
        return () => void this.#timers.splice(this.#timers.indexOf(timer), 1);
      },
      after: (delayMs, run) => {
        const timer = { everyMs: Number.POSITIVE_INFINITY, dueMs: this.nowMs + delayMs, run };
        this.#timers.push(timer);
        return () => void this.#timers.splice(this.#timers.indexOf(timer), 1);
      },
      soon: (run) => void this.#soon.push(run),
    };
  }
}

const noPeers: PeerTransport = { start: () => {}, dial: () => {}, dialAgain: () => {}, send: () => {} };
