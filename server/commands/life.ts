import { randomBytes, randomUUID } from 'node:crypto';
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
import { createHttpListener, type FolderStatus } from '../network/http.ts';
import { createMetrics } from '../network/metrics.ts';
import type { Passwords } from '../network/passwords.ts';
import type { CopyManifest } from '../storage/copy-manifest.ts';
import type { FolderDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';
import { listCopies } from '../storage/named-copy.ts';
import type { OldDamage } from '../storage/old-damage.ts';
import { listQuarantine } from '../storage/quarantine.ts';
import type { StorageFailure } from '../storage/replica-storage.ts';
import { type BackupProgress, Backups } from './backups.ts';
import { Listener } from './listener.ts';
import type { OperatorLog } from './log.ts';
import { newNonce } from './nonces.ts';
import { OldRows } from './old-rows.ts';
import { answerOperator } from './operator.ts';
import type { ReplicaOptions } from './options.ts';
import { reportJoining, reportRole } from './role-report.ts';
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
  /** The start reads all rows of the log (R26). */
  checksAll: boolean;
  /** What is wrong before the snapshot and could not be repaired (R26). */
  oldDamage: OldDamage | undefined;
}

/**
 * How an incarnation ended: with the process; so that another disk takes its place (R1); or so that the next one starts on
 * the same disk, at once or as soon as there is room on it. `damage` says what is known of the log then (R26): rows of it that had been
 * whole are not, or rows that nothing depends on are not and could not be repaired.
 */
export type LifeEnd =
  | { exitStatus: number }
  | { startOver: string; known: Address[] }
  | { startAgain: string; when: 'with room' }
  | { startAgain: string; when: 'at once'; damage?: { met: true; known: Address[] } | { left: OldDamage } };

/** Exit status of a server that was started with options that it cannot be run with. */
export const WRONG_USE = 2;

const OS_DURABILITY =
  'With --durability os, rows are written but not synced before they are acknowledged. Killing servers loses nothing; a power cut or a crash of the system on all machines at once may take back the last seconds of what was acknowledged.';

/** One incarnation of a server in this process, from what its folder held to its end. */
export class ServerLife {
  readonly ended: Promise<LifeEnd>;
  readonly #end: (end: LifeEnd) => void;
  readonly #parts: LifeParts;
  readonly #database: FolderDatabase;
  readonly #listener: Listener;
  readonly #engine: ReplicatedEngine;
  readonly #oldRows: OldRows;
  readonly #stopReporting: () => void;
  /** The folder was empty. */
  readonly #isNew: boolean;

  constructor(parts: LifeParts, database: FolderDatabase, recovered: RecoveredEngine) {
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
    this.#isNew = recovered.replica.file.base === null;
    this.#oldRows = new OldRows({
      address,
      secret: options.secret,
      database,
      known: parts.oldDamage,
      others: () => [...new Set([...this.#known(), ...parts.join])].filter((one) => one !== address),
      onRepair: (failure) => this.#engine.endForRepair(failure),
      log,
    });
    this.#stopReporting = reportRole(this.#engine, log);
    this.#serve();
  }

  /** Listens, and meets the others. @throws ServerError with one sentence for the operator */
  async begin(): Promise<void> {
    const { role, address, folder, options, log } = this.#parts;
    await this.#listener.listen();
    log(`Server ${address} listens; its database is ${folder}.`);
    if (options.durability === 'os') log(OS_DURABILITY);
    if (role === 'primary' && this.#isNew) reportJoining(this.#engine, address, log);
    await this.#engine.start();
    void this.#oldRows.check();
    if (role === 'primary') this.#engine.formWhenAlone(randomUUID(), randomBytes(32).toString('hex'));
  }

  #makeEngine(recovered: RecoveredEngine): ReplicatedEngine {
    const { role, options, join, oldDamage, log } = this.#parts;
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
        ...(oldDamage && { damagedUpTo: oldDamage.lastOp }),
        trustRefused: options.trustRefused,
        knownAddresses: join,
        // Who knows the secret of this one belongs to it.
        ...(options.secret === '' && { joinsKnownOnly: true as const }),
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
      bearsDamage: (failure) => this.#oldRows.bears(failure),
      onFatal: (text, failure, isWrongUse) => this.#onFatal(text, failure, isWrongUse),
      onStartOver: (text) => this.#end({ startOver: text, known: this.#known() }),
    });
  }

  /** R19: only what is known not to be on the disk may be tried anew, by another incarnation. */
  #onFatal(text: string, failure: StorageFailure | undefined, isWrongUse = false): void {
    this.#parts.log.error(text);
    if (failure?.damaged) {
      this.#end({ startAgain: text, when: 'at once', damage: { met: true, known: this.#known() } });
    } else if (failure?.full) this.#end({ startAgain: text, when: 'with room' });
    else this.#end({ exitStatus: isWrongUse ? WRONG_USE : 1 });
  }

  #known(): Address[] {
    return this.#engine.cluster().known as Address[];
  }

  #serve(): void {
    const { folder, passwords, log } = this.#parts;
    const engine = this.#engine;
    const metrics = createMetrics(engine);
    this.#listener.serveHttp(createHttpListener(engine, metrics, () => this.#folderStatus()));
    const backups = new Backups(folder, (name, progress) => this.#backUp(name, progress), log);
    this.#listener.transport.serveOperator((ask) => answerOperator({ engine, backups, log }, ask));
    attachGateway(this.#listener.io.clients, engine, passwords, {
      metrics,
      onFault: (error, event) => {
        log.error(`A fault while serving ${event}: ${error instanceof Error ? error.stack : String(error)}`);
        // Only a broken assumption ends the server: a request that it cannot serve would be resent to the next one.
        if (error instanceof AssertionError) this.#end({ exitStatus: 1 });
      },
    });
  }

  async #folderStatus(): Promise<FolderStatus> {
    const { damage } = this.#oldRows;
    return { ...(await folderStatus(this.#parts.folder)), ...(damage === '' ? {} : { damage }) };
  }

  #backUp(name: string, progress: BackupProgress): Promise<CopyManifest> {
    const { role, address } = this.#parts;
    if (role === 'witness') throw new DatabaseError('copy', `${address} is a witness and holds nothing to copy.`);
    // What is applied is committed: nothing that another view might not have gets into a copy.
    const upTo = this.#engine.chat.position;
    if (upTo === 0) throw new DatabaseError('copy', `${address} does not know yet what of its log counts; try again.`);
    const ask = { name, address, clusterId: this.#engine.cluster().id, onSize: progress.onSize };
    return this.#database.makeCopy(upTo, ask, progress.onBytes);
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
    this.#oldRows.stop();
    let failure: StorageFailure | undefined;
    await this.#listener.close(async () => {
      failure = await new Promise((resolve) => this.#database.storage.close(resolve));
    });
    return failure;
  }
}

/** What lies in a server's folder, and beside it. */
export async function folderStatus(folder: string): Promise<FolderStatus> {
  const [quarantine, copies] = await Promise.all([listQuarantine(folder), listCopies(folder)]);
  return { quarantine, copies };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Reading a large database takes a while: says how far it is, once a second. */
export function progressReporter(log: (text: string) => void): (op: number, lastOp: number) => void {
  let saidAtMs = realClock.monotonicMs();
  return (op, lastOp) => {
    const nowMs = realClock.monotonicMs();
    if (nowMs - saidAtMs < 1000) return;
    saidAtMs = nowMs;
    log(`Reading the database: ${Math.floor((100 * op) / Math.max(1, lastOp))} % of ${lastOp} operations.`);
  };
}
