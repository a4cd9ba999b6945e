import { type Address, parseAddress } from '../../shared/ids.ts';
import { SHUTDOWN_MS } from '../../shared/limits.ts';
import { realClock } from '../engine/real-clock.ts';
import { recoverEngine } from '../engine/recovery.ts';
import { startPasswords } from '../network/passwords.ts';
import { copyFolder } from '../storage/copy-name.ts';
import { type FolderDatabase, openDatabase } from '../storage/database.ts';
import { DatabaseError, LogDamage } from '../storage/database-error.ts';
import { failureOf, isFull } from '../storage/files.ts';
import { databaseFolder } from '../storage/folder.ts';
import { beginFromCopy } from '../storage/restore.ts';
import { setDatabaseAside } from '../storage/set-aside.ts';
import { type LifeEnd, type LifeParts, progressReporter, ServerLife, type ServerRole } from './life.ts';
import { makeLog, type OperatorLog } from './log.ts';
import type { ReplicaOptions } from './options.ts';
import { RepairStage } from './repair.ts';
import { untilRoom } from './room.ts';
import { ServerError } from './server-error.ts';

type StartAtOnce = Extract<LifeEnd, { when: 'at once' }>;

/** A server that starts over, or on a log that it had to repair, so often within {@link OFTEN_MS} would do so for ever. */
const OFTEN = 3;
const OFTEN_MS = 60_000;

/**
 * Runs one server until it is told to stop, or has to. One that has to start over (R1, R19b, R20) sets its files aside and
 * joins as another disk at the same address, in the same process; one whose log is damaged repairs it (R26), and one whose
 * disk is full waits for room (R19), and starts again.
 *
 * @param role only says how to start on an empty folder: `primary` may start a cluster, `secondary` joins one, `witness` votes
 * @returns the exit status
 * @throws DatabaseError or ServerError with one sentence for the operator
 */
export async function runServer(role: ServerRole, port: number, options: ReplicaOptions): Promise<number> {
  const address = parseAddress(`${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`);
  if (!address) throw new ServerError(`--host ${options.host} is not a host name or address.`);
  const log = makeLog(options.quiet);
  const passwords = startPasswords();
  const main = databaseFolder(options.data, address);
  const folder = options.database === '' ? main : copyFolder(main, options.database);
  const signals = new StopSignals(log);
  const startedAnewAtMs: number[] = [];
  const join = options.join;
  let parts: LifeParts = {
    role,
    address,
    folder,
    options,
    join,
    passwords,
    log,
    checksAll: false,
    oldDamage: undefined,
  };
  try {
    const begun = await beginFromCopy(folder, address, role === 'primary');
    if (begun !== undefined) log(begun);
    for (;;) {
      const end = await liveOnce(parts, signals);
      if ('exitStatus' in end) return end.exitStatus;
      const hasWaited = 'startAgain' in end && end.when === 'with room' && (await roomFor(parts, signals));
      // Damage that was met, and its repair, are one reason.
      const isRepaired = parts.checksAll && 'startAgain' in end && end.when === 'at once' && !isMet(end);
      if (!hasWaited && !isRepaired) startedAnewAtMs.push(realClock.monotonicMs());
      const reason = 'startAgain' in end ? end.startAgain : end.startOver;
      if (isEndless(startedAnewAtMs)) throw new ServerError(endlessSentence(reason));
      if ('startOver' in end) parts = await startOver(parts, end, signals);
      else if (end.when === 'at once') parts = startAgain(parts, end);
      if (signals.isStopping) return 0;
    }
  } finally {
    await passwords.close();
  }
}

/** From the reading of the folder to the end of what began with it. @throws DatabaseError or ServerError */
async function liveOnce(parts: LifeParts, signals: StopSignals): Promise<LifeEnd> {
  const { role, address, folder, options, log, checksAll, oldDamage } = parts;
  const folderRole = role === 'witness' ? 'witness' : 'replica';
  let database: FolderDatabase | undefined;
  try {
    database = await openDatabase(folder, {
      address,
      role: folderRole,
      durability: options.durability,
      checksAll,
      oldDamage,
    });
    for (const repair of database.recovered.repairs) log(repair);
    const { heartbeatTimeoutMs } = options;
    const recovered = await recoverEngine(database, { address, heartbeatTimeoutMs }, progressReporter(log));
    return await live(new ServerLife(parts, database, recovered), signals, log);
  } catch (error) {
    if (error instanceof LogDamage) return repairLog(parts, database!, error, signals);
    if (!(error instanceof DatabaseError) || error.code !== 'full') throw error;
    log.error(error.message);
    return { startAgain: error.message, when: 'with room' };
  }
}

async function live(life: ServerLife, signals: StopSignals, log: OperatorLog): Promise<LifeEnd> {
  signals.leads(() => life.leave());
  await life.begin();
  const end = await life.ended;
  if ('exitStatus' in end) return end;
  if ('startOver' in end) log.error(end.startOver);
  const failure = await life.close();
  // What the disk holds is not known then, and setting it aside would write more.
  if (failure && 'startOver' in end) throw new ServerError(failure.message);
  return end;
}

async function repairLog(
  parts: LifeParts,
  database: FolderDatabase,
  damage: LogDamage,
  signals: StopSignals,
): Promise<LifeEnd> {
  const stage = await RepairStage.begin(parts, database, damage);
  signals.leads(async () => stage.leave());
  try {
    const end = await stage.run();
    if ('startOver' in end) parts.log.error(end.startOver);
    return end;
  } catch (error) {
    const { message, full } = failureOf(error, `Repairing the log in ${parts.folder}`);
    if (!full) throw new ServerError(message);
    parts.log.error(message);
    return { startAgain: message, when: 'with room' };
  } finally {
    await stage.close();
  }
}

function roomFor({ address, folder, log }: LifeParts, signals: StopSignals): Promise<boolean> {
  return untilRoom(address, folder, log, () => signals.isStopping);
}

/** What the next life on the same disk has to know of the last one. */
function startAgain(parts: LifeParts, { damage }: StartAtOnce): LifeParts {
  if (!damage) return { ...parts, checksAll: false, oldDamage: undefined };
  if ('left' in damage) return { ...parts, checksAll: false, oldDamage: damage.left };
  const join = others(parts.address, [...parts.join, ...damage.known]);
  return { ...parts, join, checksAll: true, oldDamage: undefined };
}

function isMet({ damage }: StartAtOnce): boolean {
  return damage !== undefined && 'met' in damage;
}

async function startOver(
  parts: LifeParts,
  end: Extract<LifeEnd, { startOver: string }>,
  signals: StopSignals,
): Promise<LifeParts> {
  const { role, address, folder, options, log } = parts;
  const where = await setDatabaseAside(folder, end.startOver).catch(async (error: unknown) => {
    if (!isFull(error)) throw error;
    await roomFor(parts, signals);
    return setDatabaseAside(folder, end.startOver);
  });
  log(`${folder} was set aside in ${where}, nothing of it is lost; ${address} joins again with an empty folder.`);
  return {
    ...parts,
    checksAll: false,
    oldDamage: undefined,
    role: role === 'witness' ? role : 'secondary',
    join: others(address, [...options.join, ...end.known]),
  };
}

function others(self: Address, addresses: readonly Address[]): Address[] {
  return [...new Set(addresses)].filter((one) => one !== self);
}

/**
 * Whether starting over again would hardly end it.
 *
 * @param startedOverAtMs the moments at which it was done, ascending, the last one now
 */
export function isEndless(startedOverAtMs: readonly number[]): boolean {
  const oldest = startedOverAtMs.at(-OFTEN);
  return oldest !== undefined && startedOverAtMs.at(-1)! - oldest <= OFTEN_MS;
}

function endlessSentence(reason: string): string {
  return `This server had to start over ${OFTEN} times within a minute, the last time because of this: ${reason} Check its disk, and whether another server uses its address or a copy of its folder, then start it again.`;
}

/** The first signal leaves in order, the second ends the process at once; both are safe. */
class StopSignals {
  isStopping = false;
  readonly #log: OperatorLog;
  #leave: (() => Promise<void>) | undefined;

  constructor(log: OperatorLog) {
    this.#log = log;
  }

  /** @param leave what the first signal calls from now on */
  leads(leave: () => Promise<void>): void {
    // Node takes back what `nohup` asks for, so that a hang-up ends it anyway: better with a farewell.
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
    if (!this.#leave) for (const signal of signals) process.on(signal, () => this.#onSignal(signal));
    this.#leave = leave;
    if (this.isStopping) void leave();
  }

  #onSignal(signal: NodeJS.Signals): void {
    // The shell and the system may both tell that the terminal is closed.
    if (this.isStopping && signal === 'SIGHUP') return;
    if (this.isStopping) process.exit(130);
    this.isStopping = true;
    this.#log('Stopping.');
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    void this.#leave?.();
  }
}
