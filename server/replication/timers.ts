import { type Incarnation, incarnationKey, sameIncarnation, type ViewRecord } from '../../shared/views.ts';
import { sendPings } from './lease.ts';
import { repeatLostQuestion } from './log-copy.ts';
import { askToJoin, gossipTo, isGone, linkedIncarnation, readyLearners } from './membership.ts';
import { sendCommit } from './normal-operation.ts';
import {
  type Context,
  isDead,
  isListed,
  isNormal,
  isPrimary,
  memberOf,
  otherMembers,
  selfOf,
} from './replica-state.ts';
import { abandonWhenStuck, advance, startCandidacy } from './view-change.ts';
import { betterWitnesses } from './witness.ts';

/** Gossip goes out once in so many heartbeat intervals. */
export const HEARTBEATS_PER_GOSSIP = 5;

/** What the passing of time brings about. Called every `tickMs`, and after every event that may be a reason to act. */
export function onTick(context: Context): void {
  const { state, config, nowMs } = context;
  state.lastTickMs = nowMs;
  if (nowMs - state.lastHeartbeatMs >= config.heartbeatIntervalMs) {
    // Not with heartbeats of certain numbers: ticks make them longer than their interval, and may skip these every time.
    const periodMs = HEARTBEATS_PER_GOSSIP * config.heartbeatIntervalMs;
    const isGossipDue = Math.floor(nowMs / periodMs) !== Math.floor(state.lastHeartbeatMs / periodMs);
    state.lastHeartbeatMs = nowMs;
    sendPings(context);
    sendCommit(context);
    if (isGossipDue) {
      for (const address of state.links.keys()) gossipTo(context, address);
    }
  }
  abandonWhenStuck(context);
  repeatLostQuestion(context);
  askToJoin(context);
  considerViewChange(context);
}

/** R22: after a pause silence has to be observed anew; leases run out by the clock, where it counted on. */
export function onPaused({ state, nowMs }: Context, sleptUnnoticed: boolean): void {
  if (sleptUnnoticed) {
    state.leaseUntilMs.clear();
    state.sleptAtMs = nowMs;
  }
  for (const heard of [state.heardAtMs, state.answeredAtMs]) {
    for (const key of heard.keys()) heard.set(key, nowMs);
  }
  state.installedAtMs = nowMs;
  state.primaryHeardAtMs = nowMs;
}

/** R7: is there a reason for another view, and is it this replica's turn to ask for it? */
export function considerViewChange(context: Context): void {
  const { state, config, nowMs } = context;
  const { base } = state.file;
  if (!base || state.leaving || config.role === 'witness' || !memberOf(base, state.file.id)) return;
  if (state.candidacy) {
    advance(context);
    return;
  }
  const witnesses = betterWitnesses(context, base);
  const members = isListed(state)
    ? nextMembers(context, base, witnesses !== undefined)
    : returningMembers(context, base);
  if (!members) {
    state.reasonSinceMs = null;
    return;
  }
  state.reasonSinceMs ??= nowMs;
  const turnAtMs = Math.max(state.reasonSinceMs, state.retryAtMs) + politenessMs(context, base);
  if (nowMs >= turnAtMs) startCandidacy(context, base, members, witnesses);
}

/**
 * The list that a member of the base proposes; undefined while it has no reason to.
 *
 * @param wantsWitnesses there is a reason besides the members
 */
function nextMembers(context: Context, base: ViewRecord, wantsWitnesses: boolean): Incarnation[] | undefined {
  const { state, config } = context;
  const others = otherMembers(state);
  const living = others.filter((member) => isLiving(context, member));
  const joiners = isPrimary(state) && base.members.length < config.replicationFactor ? readyLearners(context) : [];
  const isStuck = !isNormal(state);
  if (living.length === others.length && joiners.length === 0 && !isStuck && !wantsWitnesses) return undefined;
  const members = [selfOf(state), ...living];
  // What the living alone cannot win may be won with the disks of those that came back (W1).
  if (state.attempt % 2 === 1) {
    for (const member of others) {
      const returned = state.links.get(member.id)?.self;
      if (returned?.disk === member.disk && isGone(state, member)) members.push(returned);
    }
  }
  if (isStuck) return members;
  // Whoever came back may ask to join, too, and must not be listed twice: its vote would count twice.
  const added = joiners.filter(({ replica }) => !members.some(({ id }) => id === replica.id));
  const room = Math.max(0, config.replicationFactor - members.length);
  return [...members, ...added.slice(0, room).map(({ replica }) => replica)];
}

/** R15: the list that a restarted member of the base proposes when no primary takes it in: everybody who is back. */
function returningMembers(context: Context, base: ViewRecord): Incarnation[] | undefined {
  const { state, config, nowMs } = context;
  if (memberOf(base, state.file.id)!.disk !== state.file.disk) return undefined;
  const others = base.members.filter(({ id }) => id !== state.file.id);
  const back = others.map(({ id }) => linkedIncarnation(state, id)).filter((one) => one !== undefined);
  const quietSinceMs = Math.max(state.primaryHeardAtMs, state.startedAtMs);
  // With all disks here nothing can be missing; otherwise a primary that is still there gets time to answer.
  const isAllBack = back.length === others.length && back.every((one) => !base.members.some(sameAs(one)));
  if (!isAllBack && nowMs - quietSinceMs < config.retryMs) return undefined;
  return [selfOf(state), ...back];
}

function sameAs(one: Incarnation): (other: Incarnation) => boolean {
  return (other) => sameIncarnation(one, other);
}

/** Neither proven dead nor silent for longer than the heartbeat time-out. */
function isLiving(context: Context, member: Incarnation): boolean {
  const { state, config, nowMs } = context;
  if (isDead(state, member) || isGone(state, member)) return false;
  const key = incarnationKey(member);
  // A primary counts only answers to its own pings: a backup that it cannot reach stalls every commit, heard or not.
  const heardAtMs = Math.max(
    state.answeredAtMs.get(key) ?? 0,
    isPrimary(state) ? 0 : (state.heardAtMs.get(key) ?? 0),
    state.installedAtMs,
  );
  return nowMs - heardAtMs < config.heartbeatTimeoutMs;
}

/** R7: how long this replica leaves it to others; first of all to the primary, as long as it lives. */
function politenessMs(context: Context, base: ViewRecord): number {
  const { state, config } = context;
  const isLedByOther = isNormal(state) && !isPrimary(state) && isLiving(context, base.members[0]!);
  return rank(context, base) * config.rankDelayMs + (isLedByOther ? config.heartbeatTimeoutMs : 0);
}

/** How many others come before this replica in the order of the base. */
function rank(context: Context, base: ViewRecord): number {
  const { state } = context;
  const place = base.members.findIndex(({ id }) => id === state.file.id);
  const isPresent = (member: Incarnation) => (isListed(state) ? isLiving(context, member) : state.links.has(member.id));
  const earlier = base.members.slice(0, place).filter(isPresent).length;
  if (isListed(state)) return earlier;
  // Whoever was there all the time goes before those that came back.
  const stayed = base.members.slice(place + 1).filter((member) => {
    const linked = state.links.get(member.id)?.self;
    return linked !== undefined && sameIncarnation(linked, member);
  }).length;
  return earlier + stayed;
}
