import { compareViews, sameView, type ViewNumber } from '../../shared/ids.ts';
import { type Incarnation, incarnationKey, sameIncarnation, type ViewRecord } from '../../shared/views.ts';
import type { PeerMessage } from './messages.ts';
import {
  type Context,
  isListed,
  isNormal,
  isPrimary,
  memberOf,
  otherMembers,
  type ReplicaState,
  send,
} from './replica-state.ts';

/** L of R6: what a pong grants, shorter than what the granter waits by the clocks' drift and two ticks. */
export function leaseLengthMs(heartbeatTimeoutMs: number, tickMs: number): number {
  return Math.max(0, Math.floor((heartbeatTimeoutMs / 1.05 - 2 * tickMs) / 10) * 10);
}

/** R6c: how long a grant binds the granter: longer than the lease lasts for its holder, whatever the clocks' drift. */
function grantLengthMs(state: ReplicaState): number {
  return state.file.largestHeartbeatTimeoutMs;
}

/** R6a: pings go to all other data members, whatever the state of the view change; those to witnesses are for R16. */
export function sendPings(context: Context): void {
  const { state, nowMs } = context;
  if (isDiskHung(context)) return;
  const witnesses = isPrimary(state) ? state.file.base!.witnesses : [];
  for (const { id } of [...otherMembers(state), ...witnesses]) {
    send(context, id, { type: 'ping', base: state.file.base!.number, sentAtMs: nowMs });
  }
}

/** R7: a server whose own write hangs falls silent, so that the others can go on without it. */
function isDiskHung({ state, config, nowMs }: Context): boolean {
  return state.appendingSinceMs !== null && nowMs - state.appendingSinceMs > config.heartbeatTimeoutMs / 2;
}

/** R6a: answers, and thereby grants a lease, only where nothing stands against it. */
export function onPing(context: Context, from: Incarnation, ping: PeerMessage & { type: 'ping' }): void {
  const { state, config, nowMs } = context;
  state.heardAtMs.set(incarnationKey(from), nowMs);
  if (!mayGrant(context, from, ping.base)) return;
  const grantedBeforeMs = state.grantedAtMs.get(incarnationKey(from)) ?? Number.NEGATIVE_INFINITY;
  state.grantedAtMs.set(incarnationKey(from), nowMs);
  send(context, from.id, {
    type: 'pong',
    base: ping.base,
    echoMs: ping.sentAtMs,
    leaseMs: leaseLengthMs(config.heartbeatTimeoutMs, config.tickMs),
  });
  // A new member's first pings may reach others that have not learned the view: without its lease its death is not clean.
  const isFirstInAWhile = nowMs - grantedBeforeMs >= config.heartbeatIntervalMs;
  if (isFirstInAWhile && !holdsLeaseOf(context, from))
    send(context, from.id, { type: 'ping', base: ping.base, sentAtMs: nowMs });
}

function mayGrant(context: Context, to: Incarnation, base: ViewNumber): boolean {
  const { state, nowMs } = context;
  const own = state.file.base;
  if (isDiskHung(context)) return false;
  if (!own || !sameView(own.number, base) || !isListed(state)) return false;
  const member = memberOf(own, to.id);
  if (!member || !sameIncarnation(member, to)) return false;
  if ((state.condemnedUntilMs.get(incarnationKey(to)) ?? 0) > nowMs) return false;
  // H18: promises made before the base was learned count as well, if their number is above it.
  state.promisedLists = state.promisedLists.filter(({ number }) => compareViews(number, own.number) > 0);
  return state.promisedLists.every(({ members }) => members.some((listed) => sameIncarnation(listed, to)));
}

/** R6b: the lease counts from when the answered ping was sent. */
export function onPong(context: Context, from: Incarnation, pong: PeerMessage & { type: 'pong' }): void {
  const { state, nowMs } = context;
  const key = incarnationKey(from);
  state.heardAtMs.set(key, nowMs);
  // An answer may reach the next incarnation at this address: the lease was granted to the one that the base lists.
  if (!isListed(state) || !sameView(state.file.base!.number, pong.base)) return;
  state.answeredAtMs.set(key, nowMs);
  // A3: sent before a sleep that the clock did not count, so the lease may be over.
  if (pong.echoMs <= state.sleptAtMs) return;
  const until = pong.echoMs + pong.leaseMs;
  if (until > (state.leaseUntilMs.get(key) ?? 0)) state.leaseUntilMs.set(key, until);
}

export function holdsLeaseOf({ state, nowMs }: Context, member: Incarnation): boolean {
  return (state.leaseUntilMs.get(incarnationKey(member)) ?? 0) > nowMs;
}

/** R17a: with the leases of all other members, no view without this replica can have been installed. */
export function holdsAllLeases(context: Context): boolean {
  return otherMembers(context.state).every((member) => holdsLeaseOf(context, member));
}

/** R17: a member that has heard nothing of its primary for longer than the heartbeat time-out cannot speak for the cluster. */
export function hearsPrimary({ state, config, nowMs }: Context): boolean {
  const primary = state.file.base!.members[0]!;
  if (primary.id === state.file.id) return true;
  const heardAtMs = Math.max(state.heardAtMs.get(incarnationKey(primary)) ?? 0, state.installedAtMs);
  return nowMs - heardAtMs < config.heartbeatTimeoutMs;
}

/** The primary with the leases of all others, or a backup that hears its primary: as far as it can tell, the view works. */
export function isServing(context: Context): boolean {
  const { state } = context;
  if (!isNormal(state)) return false;
  return isPrimary(state) ? holdsAllLeases(context) : hearsPrimary(context);
}

/**
 * R6c: for how many milliseconds this replica still has to wait before it may promise a list that leaves out members of
 * `base`, because of what it granted them; 0 when nothing binds it.
 */
export function bindingMs(context: Context, base: ViewRecord, members: readonly Incarnation[]): number {
  const { state, config, nowMs } = context;
  if (config.role === 'witness') return 0;
  let waitMs = 0;
  for (const member of leftOut(context, base, members)) {
    const key = incarnationKey(member);
    if (state.dead.has(key)) continue;
    const grantedAt = Math.max(
      state.grantedAtMs.get(key) ?? Number.NEGATIVE_INFINITY,
      state.grantedBeforeStart.has(key) ? state.startedAtMs : Number.NEGATIVE_INFINITY,
    );
    waitMs = Math.max(waitMs, grantedAt + grantLengthMs(state) - nowMs);
  }
  return waitMs;
}

/**
 * R8: stops answering the pings of members that the primary wants to leave out, so that nobody is bound to them when it
 * asks again. Each time it asks: the grants of different voters run out at different times.
 */
export function condemnLeftOut(context: Context, base: ViewRecord, members: readonly Incarnation[]): void {
  const { state, config, nowMs } = context;
  for (const member of leftOut(context, base, members)) {
    state.condemnedUntilMs.set(incarnationKey(member), nowMs + 2 * config.heartbeatTimeoutMs);
  }
}

/** Other members of a view that a list does not have. */
function leftOut({ state }: Context, base: ViewRecord, members: readonly Incarnation[]): Incarnation[] {
  const isListed = (member: Incarnation) => members.some((listed) => sameIncarnation(listed, member));
  return base.members.filter((member) => member.id !== state.file.id && !isListed(member));
}
