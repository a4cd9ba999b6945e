import { type Address, compareViews, type ViewNumber } from '../../shared/ids.ts';
import type { ViewRecord } from '../../shared/views.ts';
import { isServing } from './lease.ts';
import { commitThrough } from './log-copy.ts';
import type { LogPosition } from './messages.ts';
import { startView } from './normal-operation.ts';
import { type Context, isAhead, noteRound, notice, writeViewFile } from './replica-state.ts';
import { HEARTBEATS_PER_GOSSIP } from './timers.ts';

/** What an operator has to know of a replica before forcing one (R20). */
export interface ReplicaStanding {
  readonly id: Address;
  readonly base: ViewRecord | null;
  readonly pending: readonly ViewRecord[];
  readonly last: LogPosition;
  /** As far as it can tell, its view works. */
  readonly serves: boolean;
}

/** Every data replica that this one hears, itself first. A connection may stand for long after the other end was cut off. */
export function standings(context: Context): ReplicaStanding[] {
  const { state, config, nowMs } = context;
  const { id, base, pending } = state.file;
  // How it stands is told more seldom than that it lives, and with a long heartbeat interval less than once in a time-out.
  const patienceMs = config.heartbeatTimeoutMs + 2 * HEARTBEATS_PER_GOSSIP * config.heartbeatIntervalMs;
  const isHeard = (address: Address) => nowMs - (state.toldAtMs.get(address) ?? 0) < patienceMs;
  const others = [...state.links.values()].filter(({ role, self }) => role === 'replica' && isHeard(self.id));
  return [
    { id, base, pending, last: state.log.end, serves: isServing(context) },
    ...others.map((peer) => ({
      id: peer.self.id,
      base: peer.base,
      pending: peer.pending,
      last: peer.last,
      serves: peer.serves,
    })),
  ];
}

/** R20: why this replica must not go on alone now, as a sentence; empty when an operator may say so. */
export function whyNotForced(context: Context): string {
  const { state, config } = context;
  const { id, base } = state.file;
  if (config.role === 'witness') return `${id} is a witness and holds no data; force a server that does.`;
  if (!base) return `${id} belongs to no cluster yet; start one with "server primary", or join one.`;
  if (isServing(context)) return `${id} serves in view ${base.number.round}; there is nothing to force.`;
  if (state.leaving) return `${id} is stopping.`;
  if (state.log.durableOp < state.log.endOp) return `${id} is still writing; try again in a moment.`;
  for (const other of standings(context).slice(1)) {
    if (other.serves) return `${other.id} runs and serves in view ${other.base!.number.round}; ${id} will join it.`;
    const order = other.base ? compareViews(other.base.number, base.number) : -1;
    if (order > 0) return `${other.id} knows of a later view (${other.base!.number.round}); force that one instead.`;
    if (order === 0 && isAhead(other.last, state.log.end)) {
      return `${other.id} has a longer log (up to operation ${other.last.op}); force that one instead.`;
    }
  }
  return '';
}

/**
 * R20: goes on alone in a new epoch, with what is in the log here. Operations that others acknowledged without this
 * replica are lost (H16): outside of what is promised, unless it was a member of the last view.
 *
 * @param newSessionKey for a replica that was never a member and so has none: without a key nobody could log in (R25)
 */
export function force(context: Context, newSessionKey: string): void {
  const { state, config, nowMs, outputs } = context;
  const why = whyNotForced(context);
  if (why !== '') {
    notice(context, `Not forced: ${why}`);
    return;
  }
  const { base, promised, id, disk, incarnation } = state.file;
  const number: ViewNumber = {
    epoch: Math.max(promised.epoch, base!.number.epoch) + 1,
    round: Math.max(state.highestRound, promised.round) + 1,
    candidate: id,
  };
  noteRound(state, number);
  const record: ViewRecord = {
    clusterId: base!.clusterId,
    number,
    members: [{ id, disk, incarnation }],
    witnesses: [],
    replicationFactor: config.replicationFactor,
    over: [],
    baseNumber: base!.number,
  };
  state.candidacy = null;
  state.copy = null;
  state.installedAtMs = nowMs;
  notice(
    context,
    `Forced by the operator: view ${number.round} of epoch ${number.epoch}, alone, up to operation ${state.log.endOp}.`,
  );
  if (state.sessionKey === '') {
    state.sessionKey = newSessionKey;
    outputs.push({ type: 'write-session-key', key: newSessionKey });
  }
  writeViewFile(context, { promised: number, base: record, pending: [] });
  const { endOp } = state.log;
  commitThrough(context, endOp);
  startView(context, record, endOp);
}
