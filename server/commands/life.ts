import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { AssertionError } from '../../shared/assert.ts';
import { type Address, splitAddress } from '../../shared/ids.ts';
import {
  LOG_PIECE_LENGTH,
  LOG_TAIL_ENTRIES,
  RANK_DELAY_MS,
  TICK_MS,
  VIEW_CHANGE_RETRY_MAX_MS,
  VIEW_CHANGE_RETRY_MS,
} from '../../shared/limits.ts';
import { realClock } from '../engine/real-clock.ts';
import { recoverEngine } from '../engine/recovery.ts';
import { ReplicatedEngine } from '../engine/replicated.ts';
import { makeSeal } from '../engine/sealing.ts';
import { attachGateway } from '../network/gateway.ts';
import { createHttpListener, type FolderStatus } from '../network/http.ts';
import { createIo, type Io, PEERS_PATH } from '../network/io.ts';
import { createMetrics } from '../network/metrics.ts';
import type { Passwords } from '../network/passwords.ts';
import { resolveHost } from '../network/peer-link.ts';
import { PeerNetwork } from '../network/peers.ts';
import type { CopyManifest } from '../storage/copy-manifest.ts';
import { type OpenFolderDatabase, openDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';
import { listCopies } from '../storage/named-copy.ts';
import { listQuarantine } from '../storage/quarantine.ts';
import { type BackupProgress, Backups } from './backups.ts';
import type { OperatorLog } from './log.ts';
import { newNonce } from './nonces.ts';
import { OldRows } from './old-rows.ts';
import { answerOperator } from './operator.ts';
import type { ReplicaOptions } from './options.ts';
import { reportRole } from './role-report.ts';
import { packageVersion } from './version.ts';

/** A server that cannot start or go on; its message is the sentence for the operator. */
export class ServerError extends Error {}

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

/** How an incarnation ended: with the process, or so that another disk takes its place (R1). */
export type LifeEnd = { exitStatus: number } | { startOver: string; known: Address[] };

/** One incarnation of a server in this process, from the reading of its folder to its end. */
export class ServerLife {
  readonly ended: Promise<LifeEnd>;
  readonly #end: (end: LifeEnd) => void;
  readonly #parts: LifeParts;
  readonly #database: OpenFolderDatabase;
  readonly #httpServer: HttpServer;
  readonly #io: Io;
  readonly #transport: PeerNetwork;
  readonly #oldRows: OldRows;
  readonly #sockets = new Set<Socket>();
  #engine!: ReplicatedEngine;
  #stopReporting = () => {};

  private constructor(parts: LifeParts, database: OpenFolderDatabase) {
    const { address, options, log } = parts;
    const { promise, resolve } = withResolvers<LifeEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#parts = parts;
    this.#database = database;
    this.#oldRows = new OldRows(database, log);
    this.#httpServer = createServer((request, response) => this.#onRequest(request, response));
    this.#httpServer.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#io = createIo(this.#httpServer);
    this.#transport = new PeerNetwork(this.#io.peers, address, {
      path: PEERS_PATH,
      secret: options.secret,
      openRows: (rows, previousChain) => database.codec.open(rows, previousChain),
      log,
    });
  }

  #onRequest: RequestListener = (_request, response) => response.writeHead(503).end();

  /**
   * Reads the folder, listens, and meets the others.
   *
   * @param onReady called once it can be asked to leave, before it listens
   * @throws DatabaseError or ServerError with one sentence for the operator
   */
  static async begin(parts: LifeParts, onReady: (life: ServerLife) => void): Promise<ServerLife> {
    const { role, address, folder, options, log } = parts;
    const folderRole = role === 'witness' ? 'witness' : 'replica';
    const database = await openDatabase(folder, { address, role: folderRole, durability: options.durability });
    for (const repair of database.recovered.repairs) log(repair);
    const life = new ServerLife(parts, database);
    await life.#makeEngine();
    onReady(life);
    await listen(life.#httpServer, address);
    log(`Server ${address} listens; its database is ${folder}.`);
    await life.#engine.start();
    void life.#oldRows.check();
    if (role === 'primary') life.#engine.formWhenAlone(randomUUID(), randomBytes(32).toString('hex'));
    return life;
  }

  async #makeEngine(): Promise<void> {
    const { role, address, folder, options, join, log } = this.#parts;
    const database = this.#database;
    const { heartbeatTimeoutMs } = options;
    const recovered = await recoverEngine(database, { address, heartbeatTimeoutMs }, progressReporter(log));
    this.#engine = new ReplicatedEngine({
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
      transport: this.#transport,
      clock: realClock,
      version: packageVersion(),
      log,
      onFatal: (text) => {
        log.error(text);
        this.#end({ exitStatus: 1 });
      },
      onStartOver: (text) => this.#end({ startOver: text, known: this.#engine.cluster().known as Address[] }),
    });
    this.#stopReporting = reportRole(this.#engine, log);
    this.#serve(folder);
  }

  #serve(folder: string): void {
    const { passwords, log } = this.#parts;
    const engine = this.#engine;
    const metrics = createMetrics(engine);
    this.#onRequest = createHttpListener(engine, metrics, () => this.#folderStatus(folder));
    const backups = new Backups(folder, (name, progress) => this.#backUp(name, progress), log);
    this.#transport.serveOperator((ask) => answerOperator({ engine, backups, log }, ask));
    attachGateway(this.#io.clients, engine, passwords, {
      metrics,
      onFault: (error, event) => {
        log.error(`A fault while serving ${event}: ${error instanceof Error ? error.stack : String(error)}`);
        // Only a broken assumption ends the server: a request that it cannot serve would be resent to the next one.
        if (error instanceof AssertionError) this.#end({ exitStatus: 1 });
      },
    });
  }

  async #folderStatus(folder: string): Promise<FolderStatus> {
    const { damage } = this.#oldRows;
    const [quarantine, copies] = await Promise.all([listQuarantine(folder), listCopies(folder)]);
    return { quarantine, copies, ...(damage === '' ? {} : { damage }) };
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
   * @throws ServerError when its last writes failed: what the disk holds is not known then
   */
  async close(): Promise<void> {
    this.#stopReporting();
    this.#oldRows.stop();
    this.#transport.close();
    await this.#io.close();
    const failure = await new Promise<{ message: string } | undefined>((resolve) =>
      this.#database.storage.close(resolve),
    );
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#httpServer.close(closed));
    if (failure) throw new ServerError(failure.message);
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function listen(httpServer: HttpServer, address: Address): Promise<void> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve, reject) => {
    httpServer.once('error', (error: NodeJS.ErrnoException) => reject(new ServerError(listenProblem(error, address))));
    httpServer.listen({ host: resolveHost(host), port, exclusive: true }, () => resolve());
  });
}

function listenProblem(error: NodeJS.ErrnoException, address: Address): string {
  const { port } = splitAddress(address);
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is in use by another program; stop that one or choose another port.`;
  }
  if (error.code === 'EACCES') return `Port ${port} may not be used without special rights; choose one above 1023.`;
  return `${address} can't be listened on (${error.message}); check --host and the port.`;
}

/** Reading a large database takes a while: says how far it is, once a second. */
function progressReporter(log: (text: string) => void): (op: number, lastOp: number) => void {
  let saidAtMs = realClock.monotonicMs();
  return (op, lastOp) => {
    const nowMs = realClock.monotonicMs();
    if (nowMs - saidAtMs < 1000) return;
    saidAtMs = nowMs;
    log(`Reading the database: ${Math.floor((100 * op) / Math.max(1, lastOp))} % of ${lastOp} operations.`);
  };
}
