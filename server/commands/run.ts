import { type Address, parseAddress } from '../../shared/ids.ts';
import { SHUTDOWN_MS } from '../../shared/limits.ts';
import { realClock } from '../engine/real-clock.ts';
import { startPasswords } from '../network/passwords.ts';
import { copyFolder } from '../storage/copy-name.ts';
import { databaseFolder } from '../storage/folder.ts';
import { beginFromCopy } from '../storage/restore.ts';
import { setDatabaseAside } from '../storage/set-aside.ts';
import { type LifeParts, ServerError, ServerLife, type ServerRole } from './life.ts';
import { makeLog, type OperatorLog } from './log.ts';
import type { ReplicaOptions } from './options.ts';

/** A server that starts over so often within {@link OFTEN_MS} would do so for ever. */
const OFTEN = 3;
const OFTEN_MS = 60_000;

/**
 * Runs one server until it is told to stop, or has to. One that has to start over (R1, R19b, R20) sets its files aside and
 * joins as another disk at the same address, in the same process.
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
  const startedOverAtMs: number[] = [];
  let parts: LifeParts = { role, address, folder, options, join: options.join, passwords, log };
  try {
    const begun = await beginFromCopy(folder, address, role === 'primary');
    if (begun !== undefined) log(begun);
    for (;;) {
      const life = await ServerLife.begin(parts, (ready) => signals.leads(() => ready.leave()));
      const end = await life.ended;
      if ('exitStatus' in end) return end.exitStatus;
      log.error(end.startOver);
      await life.close();
      startedOverAtMs.push(realClock.monotonicMs());
      if (isEndless(startedOverAtMs)) throw new ServerError(endlessSentence(end.startOver));
      const where = await setDatabaseAside(folder, end.startOver);
      log(`${folder} was set aside in ${where}, nothing of it is lost; ${address} joins again with an empty folder.`);
      if (signals.isStopping) return 0;
      parts = {
        ...parts,
        role: role === 'witness' ? role : 'secondary',
        join: others(address, [...options.join, ...end.known]),
      };
    }
  } finally {
    await passwords.close();
  }
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
  return `This server had to start over ${OFTEN} times within a minute, the last time because of this: ${reason} Find out which other server uses its address or a copy of its folder, then start it again.`;
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
    if (!this.#leave) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal());
    this.#leave = leave;
    if (this.isStopping) void leave();
  }

  #onSignal(): void {
    if (this.isStopping) process.exit(130);
    this.isStopping = true;
    this.#log('Stopping.');
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    void this.#leave?.();
  }
}
