import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';
import { AssertionError } from '../../shared/assert.ts';
import type { Address } from '../../shared/ids.ts';
import {
  LOG_PIECE_LENGTH,
  LOG_TAIL_ENTRIES,
  RANK_DELAY_MS,
  TICK_MS,
  VIEW_CHANGE_RETRY_MAX_MS,
  VIEW_CHANGE_RETRY_MS,
} from '../../shared/limits.ts';
import { realClock } from '../engine/real-clock.ts';
import type { RecoveredEngine } from '../engine/recovery.ts';
import { ReplicatedEngine } from '../engine/replicated.ts';
import { makeSeal } from '../engine/sealing.ts';
import { attachGateway } from '../network/gateway.ts';
import { createHttpListener } from '../network/http.ts';
import { createMetrics } from '../network/metrics.ts';
import type { Passwords } from '../network/passwords.ts';
import type { OpenDatabase } from '../storage/database.ts';
import { listQuarantine } from '../storage/quarantine.ts';
import type { StorageFailure } from '../storage/replica-storage.ts';
import { Listener } from './listener.ts';
import type { OperatorLog } from './log.ts';
import { answerOperator } from './operator.ts';
import type { ReplicaOptions } from './options.ts';
import { reportRole } from './role-report.ts';
import { packageVersion } from './version.ts';

export type ServerRole = 'primary' | 'secondary' | 'witness';

export interface LifeParts {
  /** Only says how to start on an empty folder: `primary` may start a cluster, `secondary` joins one. */
  role: ServerRole;
  address: Address;
  folder: string;
  options: ReplicaOptions;
  /** Addresses to meet first. */
  join: readonly Address[];
  passwords: Passwords;
  log: OperatorLog;
}

/**
 * How an incarnation ended: with the process; so that another disk takes its place (R1); or so that the next one starts on
 * the same disk, at once or as soon as there is room on it.
 */
export type LifeEnd =
  | { exitStatus: number }
  | { startOver: string; known: Address[] }
  | { startAgain: string; when: 'at once' | 'with room' };

const OS_DURABILITY =
  'With --durability os, rows are written but not synced before they are acknowledged. Killing servers loses nothing; a power cut or a crash of the system on all machines at once may take back the last seconds of what was acknowledged.';

/** One incarnation of a server in this process, from what its folder held to its end. */
export class ServerLife {
  readonly ended: Promise<LifeEnd>;
  readonly #end: (end: LifeEnd) => void;
  readonly #parts: LifeParts;
  readonly #database: OpenDatabase;
  readonly #listener: Listener;
  readonly #engine: ReplicatedEngine;
  readonly #stopReporting: () => void;

  constructor(parts: LifeParts, database: OpenDatabase, recovered: RecoveredEngine) {
    const { address, options, log } = parts;
    const { promise, resolve } = withResolvers<LifeEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#parts = parts;
    this.#database = database;
    this.#listener = new Listener(address, {
      secret: options.secret,
      openRows: (rows, previousChain) => database.codec.open(rows, previousChain),
      log,
    });
    this.#engine = this.#makeEngine(recovered);
    this.#stopReporting = reportRole(this.#engine, log);
    this.#serve();
  }

  /** Listens, and meets the others. @throws ServerError with one sentence for the operator */
  async begin(): Promise<void> {
    const { role, address, folder, options, log } = this.#parts;
    await this.#listener.listen();
    log(`Server ${address} listens; its database is ${folder}.`);
    if (options.durability === 'os') log(OS_DURABILITY);
    await this.#engine.start();
    if (role === 'primary') this.#engine.formWhenAlone(randomUUID(), randomBytes(32).toString('hex'));
  }

  #makeEngine(recovered: RecoveredEngine): ReplicatedEngine {
    const { role, options, join, log } = this.#parts;
    const database = this.#database;
    const { heartbeatTimeoutMs } = options;
    return new ReplicatedEngine({
      recovered,
      config: {
        role: role === 'witness' ? 'witness' : 'replica',
        synced: options.durability === 'fsync',
        replicationFactor: options.replicationFactor,
        heartbeatTimeoutMs,
        heartbeatIntervalMs: options.heartbeatIntervalMs,
        tickMs: TICK_MS,
        rankDelayMs: RANK_DELAY_MS,
        retryMs: VIEW_CHANGE_RETRY_MS,
        retryMaxMs: VIEW_CHANGE_RETRY_MAX_MS,
        logPieceLength: LOG_PIECE_LENGTH,
        logTailEntries: LOG_TAIL_ENTRIES,
        trustRefused: options.trustRefused,
        knownAddresses: join,
        nonce: randomBytes(16).toString('hex'),
        seal: makeSeal({
          codec: database.codec,
          wallMs: realClock.wallMs,
          newNonce,
          lastTimeMs: () => this.#engine.lastTimeMs,
        }),
      },
      storage: database.storage,
      transport: this.#listener.transport,
      clock: realClock,
      version: packageVersion(),
      log,
      onFatal: (text, failure) => this.#onFatal(text, failure),
      onStartOver: (text) => this.#end({ startOver: text, known: this.#engine.cluster().known as Address[] }),
    });
  }

  /** R19: only what is known not to be on the disk may be tried anew, by another incarnation. */
  #onFatal(text: string, failure: StorageFailure | undefined): void {
    this.#parts.log.error(text);
    if (failure?.damaged) this.#end({ startAgain: text, when: 'at once' });
    else if (failure?.full) this.#end({ startAgain: text, when: 'with room' });
    else this.#end({ exitStatus: 1 });
  }

  #serve(): void {
    const { folder, passwords, log } = this.#parts;
    const engine = this.#engine;
    const metrics = createMetrics(engine);
    this.#listener.serveHttp(createHttpListener(engine, metrics, () => listQuarantine(folder)));
    this.#listener.transport.serveOperator((ask) => answerOperator(engine, ask, log));
    attachGateway(this.#listener.io.clients, engine, passwords, {
      metrics,
      onFault: (error, event) => {
        log.error(`A fault while serving ${event}: ${error instanceof Error ? error.stack : String(error)}`);
        // Only a broken assumption ends the server: a request that it cannot serve would be resent to the next one.
        if (error instanceof AssertionError) this.#end({ exitStatus: 1 });
      },
    });
  }

  /** R23: leaves in order; {@link ended} is resolved when nothing is left to do. */
  async leave(): Promise<void> {
    await this.#engine.leave();
    this.#end({ exitStatus: 0 });
  }

  /**
   * R1: ends what is left of an incarnation that goes no further, without ending the process. The listener is the last to go,
   * since a refused connection says that there is nothing left.
   *
   * @returns why its last writes failed, if they did: what the disk holds is not known then
   */
  async close(): Promise<StorageFailure | undefined> {
    this.#stopReporting();
    let failure: StorageFailure | undefined;
    await this.#listener.close(async () => {
      failure = await new Promise((resolve) => this.#database.storage.close(resolve));
    });
    return failure;
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Reading a large log takes a while: says how far it is, once a second. */
export function progressReporter(log: (text: string) => void): (op: number, lastOp: number) => void {
  let saidAtMs = realClock.monotonicMs();
  return (op, lastOp) => {
    const nowMs = realClock.monotonicMs();
    if (nowMs - saidAtMs < 1000) return;
    saidAtMs = nowMs;
    log(`Reading the log: ${Math.floor((100 * op) / Math.max(1, lastOp))} % of ${lastOp} operations.`);
  };
}

const NONCE_BYTES = 16;
const randomPool = Buffer.alloc(256 * NONCE_BYTES);
let poolUsed = randomPool.length;

/** 32 random hexadecimal digits; the system is asked for many at a time. */
function newNonce(): string {
  if (poolUsed === randomPool.length) {
    randomFillSync(randomPool);
    poolUsed = 0;
  }
  poolUsed += NONCE_BYTES;
  return randomPool.toString('hex', poolUsed - NONCE_BYTES, poolUsed);
}
