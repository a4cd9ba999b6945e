import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { ServerStatus } from '../../shared/api.ts';
import { AssertionError } from '../../shared/assert.ts';
import { type Address, parseAddress, splitAddress } from '../../shared/ids.ts';
import {
  RANK_DELAY_MS,
  SHUTDOWN_MS,
  TICK_MS,
  VIEW_CHANGE_RETRY_MAX_MS,
  VIEW_CHANGE_RETRY_MS,
} from '../../shared/limits.ts';
import { realClock } from '../engine/real-clock.ts';
import { recoverEngine } from '../engine/recovery.ts';
import { ReplicatedEngine } from '../engine/replicated.ts';
import { attachGateway } from '../network/gateway.ts';
import { createHttpListener } from '../network/http.ts';
import { createIo, PEERS_PATH } from '../network/io.ts';
import { createMetrics } from '../network/metrics.ts';
import { startPasswords } from '../network/passwords.ts';
import { resolveHost } from '../network/peer-link.ts';
import { PeerNetwork } from '../network/peers.ts';
import { openDatabase } from '../storage/database.ts';
import { databaseFolder } from '../storage/folder.ts';
import { makeLog } from './log.ts';
import type { ReplicaOptions } from './options.ts';
import { packageVersion } from './version.ts';

/** What a server waits for is told when it has waited so long. */
const MOMENT_MS = 500;

/** A server that cannot start or go on; its message is the sentence for the operator. */
export class ServerError extends Error {}

/**
 * Runs one replica until it is told to stop, or has to.
 *
 * @param role only says how to start on an empty folder: `primary` may start a cluster, `secondary` joins one
 * @returns the exit status
 */
export async function runServer(role: 'primary' | 'secondary', port: number, options: ReplicaOptions): Promise<number> {
  const address = parseAddress(`${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`);
  if (!address) throw new ServerError(`--host ${options.host} is not a host name or address.`);
  const log = makeLog(options.quiet);
  const folder = databaseFolder(options.data, address);
  const database = await openDatabase(folder, { address, durability: options.durability });
  for (const repair of database.recovered.repairs) log(repair);
  const recovered = await recoverEngine(
    database,
    { address, heartbeatTimeoutMs: options.heartbeatTimeoutMs },
    progressReporter(log),
  );

  let onRequest: RequestListener = (_request, response) => response.writeHead(503).end();
  const httpServer = createServer((request, response) => onRequest(request, response));
  const io = createIo(httpServer);
  const transport = new PeerNetwork(io.peers, address, {
    path: PEERS_PATH,
    secret: options.secret,
    openRows: (rows, previousChain) => database.codec.open(rows, previousChain),
    log,
  });
  const end = withResolvers<number>();
  let lastTimeMs = recovered.replica.entries.at(-1)?.time ?? 0;
  const engine = new ReplicatedEngine({
    recovered,
    config: {
      replicationFactor: options.replicationFactor,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs,
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      tickMs: TICK_MS,
      rankDelayMs: RANK_DELAY_MS,
      retryMs: VIEW_CHANGE_RETRY_MS,
      retryMaxMs: VIEW_CHANGE_RETRY_MAX_MS,
      trustRefused: options.trustRefused,
      knownAddresses: options.join,
      nonce: randomBytes(16).toString('hex'),
      seal: (drafts, place) => {
        lastTimeMs = Math.max(lastTimeMs, realClock.wallMs());
        return database.codec.seal(drafts, { ...place, time: lastTimeMs }, newNonce);
      },
    },
    storage: database.storage,
    transport,
    clock: realClock,
    version: packageVersion(),
    log,
    onFatal: (text) => {
      log.error(text);
      end.resolve(1);
    },
  });
  const metrics = createMetrics(engine);
  onRequest = createHttpListener(engine, metrics);
  const passwords = startPasswords();
  attachGateway(io.clients, engine, passwords, {
    metrics,
    onFault: (error, event) => {
      log.error(`A fault while serving ${event}: ${error instanceof Error ? error.stack : String(error)}`);
      // Only a broken assumption ends the server: a request that it cannot serve would be resent to the next one.
      if (error instanceof AssertionError) end.resolve(1);
    },
  });
  reportRole(engine, log);
  stopOnSignals(log, () => engine.leave().then(() => end.resolve(0)));
  await listen(httpServer, address);
  log(`Server ${address} listens; its database is ${folder}.`);
  await engine.start();
  if (role === 'primary') engine.formWhenAlone(randomUUID(), randomBytes(32).toString('hex'));

  const status = await end.promise;
  await passwords.close();
  return status;
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

/** Reading a large log takes a while: says how far it is, once a second. */
function progressReporter(log: (text: string) => void): (op: number, lastOp: number) => void {
  let saidAtMs = realClock.monotonicMs();
  return (op, lastOp) => {
    const nowMs = realClock.monotonicMs();
    if (nowMs - saidAtMs < 1000) return;
    saidAtMs = nowMs;
    log(`Reading the log: ${Math.floor((100 * op) / Math.max(1, lastOp))} % of ${lastOp} operations.`);
  };
}

/** One line whenever this server's part in the cluster changes; what is over in a moment is not worth one. */
function reportRole(engine: ReplicatedEngine, log: (text: string) => void): void {
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  const say = () => {
    const text = roleSentence(engine.status());
    if (text === said) return;
    said = text;
    log(text);
  };
  const saySoon = () => {
    clearTimeout(timer);
    if (engine.status().role === 'waiting') timer = setTimeout(say, MOMENT_MS);
    else say();
  };
  engine.subscribe({ onNotices: () => {}, onClusterChanged: saySoon, onPrimaryChanged: saySoon });
}

function roleSentence({ role, view, members, primary, waitingFor }: ServerStatus): string {
  const waits = waitingFor === '' ? '' : ` Waiting for ${waitingFor}.`;
  switch (role) {
    case 'primary':
      return `Primary of view ${view}: ${members.join(', ')}.${waits}`;
    case 'backup':
      return `Backup of ${primary ?? members[0]} in view ${view}: ${members.join(', ')}.${waits}`;
    case 'spare':
      return `Spare: view ${view} (${members.join(', ')}) is full; this server follows.`;
    case 'joining':
      return `Joining view ${view} of ${primary ?? members[0]} as a backup.`;
    default:
      return `Waiting for ${waitingFor || 'the others'}.`;
  }
}

/** The first signal leaves in order, the second at once; both are safe. */
function stopOnSignals(log: (text: string) => void, leave: () => Promise<void>): void {
  let isLeaving = false;
  const onSignal = () => {
    if (isLeaving) process.exit(130);
    isLeaving = true;
    log('Stopping.');
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    void leave();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
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
