import type { Address, DiskId } from '../../shared/ids.ts';
import type { ViewRecord } from '../../shared/views.ts';
import { standings, whyNotForced } from '../replication/force.ts';
import { holdsAllLeases } from '../replication/lease.ts';
import { type Context, heardOf, isPrimary } from '../replication/replica-state.ts';
import type { Clock } from './ports.ts';
import type { ReplicaDriver } from './replica-driver.ts';

/** A disk that has not written the view down by then is no longer waited for. */
const FORCE_WAIT_MS = 5000;
const POLL_MS = 5;

/** One server of the cluster, for an operator who has to decide whether to force (R20). */
export interface Standing {
  address: Address;
  /** False: nothing below is known. */
  isReached: boolean;
  /** The view that it knows to be installed; null when it knows none, or is not reached. */
  view: { epoch: number; round: number; members: Address[] } | null;
  /** Rounds of the views that it accepted and does not know to be installed. */
  pending: number[];
  /** Last operation in its log, committed or not. */
  lastOp: number;
  /** It is part of a view that serves, as far as it knows. */
  isServing: boolean;
}

/** What a server shows an operator before it is forced. */
export interface Standings {
  /** The server that was asked: the one that would be forced. */
  address: Address;
  /** It first, then the others. */
  servers: Standing[];
  /** Why it must not be forced, as a sentence; empty when an operator may. */
  whyNot: string;
}

/** What became of a forced view. */
export interface Forced {
  epoch: number;
  view: number;
  /** The last operation that is kept. */
  lastOp: number;
}

/**
 * R26: whether a server whose disk cannot be mended may give it up: this one is the primary and has everything that was ever
 * acknowledged, and no view that it knows lists that disk, so that nobody will wait for it.
 */
export function canDoWithout(context: Context, disk: DiskId): boolean {
  const { state } = context;
  const { base, pending } = state.file;
  const isNeeded = [...(base ? [base] : []), ...pending].some(({ members }) =>
    members.some((one) => one.disk === disk),
  );
  return isPrimary(state) && state.complete && holdsAllLeases(context) && !isNeeded;
}

/** R20: every data replica that this one knows of, as told last. */
export function describeStandings(context: Context): Standings {
  const { state } = context;
  const { base, pending } = state.file;
  const reached = standings(context).map(
    ({ id, base: installed, pending: accepted, last, serves }): Standing => ({
      address: id,
      isReached: true,
      view: installed && describeView(installed),
      pending: accepted.map(({ number }) => number.round),
      lastOp: last.op,
      isServing: serves,
    }),
  );
  const views = [...(base ? [base] : []), ...pending];
  const isWitness = (id: Address) =>
    state.links.get(id)?.role === 'witness' || views.some(({ witnesses }) => witnesses.some((one) => one.id === id));
  const expected = new Set([...views.flatMap(({ members }) => members.map(({ id }) => id)), ...heardOf(state)]);
  const missing = [...expected].filter((id) => !isWitness(id) && !reached.some(({ address }) => address === id));
  return {
    address: state.file.id,
    servers: [...reached, ...missing.sort().map(unreached)],
    whyNot: whyNotForced(context),
  };
}

function describeView({ number, members }: ViewRecord): NonNullable<Standing['view']> {
  return { epoch: number.epoch, round: number.round, members: members.map(({ id }) => id) };
}

function unreached(address: Address): Standing {
  return { address, isReached: false, view: null, pending: [], lastOp: 0, isServing: false };
}

/**
 * R20: has the core go on alone, and waits until that is on the disk.
 *
 * @param newSessionKey for a replica that never had one (R25)
 * @returns the new view, or the sentence that says why there is none
 */
export async function forceReplica(
  driver: ReplicaDriver,
  clock: Clock,
  newSessionKey: string,
): Promise<Forced | string> {
  const epochBefore = driver.state.file.promised.epoch;
  const { endOp } = driver.state.log;
  driver.give({ type: 'force', sessionKey: newSessionKey });
  const giveUpAtMs = clock.monotonicMs() + FORCE_WAIT_MS;
  while (!driver.isSettled && !driver.isStopped && clock.monotonicMs() < giveUpAtMs) {
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
  }
  const { base, id } = driver.state.file;
  const isForced = base !== null && base.number.epoch > epochBefore && base.number.candidate === id;
  if (isForced && driver.isSettled) return { epoch: base.number.epoch, view: base.number.round, lastOp: endOp };
  return whyNotForced(driver.context) || 'The view is not on the disk yet; look at the server with "server status".';
}
