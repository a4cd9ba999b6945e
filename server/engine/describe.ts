import type { Cluster, ServerRole, ServerStatus } from '../../shared/api.ts';
import type { ChatError } from '../../shared/errors.ts';
import { sameIncarnation } from '../../shared/views.ts';
import { readyLearners, waitingFor } from '../replication/membership.ts';
import {
  type Context,
  isDead,
  isListed,
  isNormal,
  isPrimary,
  type ReplicaState,
} from '../replication/replica-state.ts';

/** The primary as far as this replica knows one that lives. */
function livingPrimary(state: ReplicaState): string | null {
  const { base } = state.file;
  const primary = base?.members[0];
  if (!primary || isDead(state, primary)) return null;
  if (isNormal(state)) return primary.id;
  // In a view change there is none; to an outsider, the one that it is linked to.
  if (isListed(state)) return null;
  const linked = state.links.get(primary.id);
  return linked && sameIncarnation(linked.self, primary) ? primary.id : null;
}

/** What people and clients are told of the cluster. */
export function describeCluster(context: Context): Cluster {
  const { state, config } = context;
  const { base, clusterId } = state.file;
  const members = base?.members.map(({ id }) => id as string) ?? [];
  const spares = isPrimary(state) ? readyLearners(context).map(({ replica }) => replica.id as string) : [];
  const isSmall = members.length < config.replicationFactor;
  return {
    id: clusterId,
    epoch: base?.number.epoch ?? 0,
    view: base?.number.round ?? 0,
    primary: livingPrimary(state),
    members,
    spares,
    witnesses: base?.witnesses.map(({ id }) => id) ?? [],
    known: [...state.known].sort(),
    replicationFactor: config.replicationFactor,
    ...(isSmall
      ? {
          warning: `cluster size (${members.length}) is smaller than the replication factor (${config.replicationFactor})!`,
        }
      : {}),
  };
}

export function roleOf(context: Context): ServerRole {
  const { state } = context;
  const { base } = state.file;
  if (isPrimary(state)) return 'primary';
  if (isNormal(state)) return 'backup';
  const isFollowing = context.nowMs - state.primaryHeardAtMs < context.config.heartbeatTimeoutMs;
  if (!base || !isFollowing) return 'waiting';
  return base.members.length >= context.config.replicationFactor ? 'spare' : 'joining';
}

export function describeStatus(context: Context, version: string): ServerStatus {
  const cluster = describeCluster(context);
  return {
    address: context.state.file.id,
    role: roleOf(context),
    epoch: cluster.epoch,
    view: cluster.view,
    primary: cluster.primary,
    members: cluster.members,
    commit: context.state.commit,
    waitingFor: waitingFor(context.state, context.config.replicationFactor),
    cluster,
    version,
  };
}

/** Why a write is refused here and now, and where to go with it. */
export function whyRefused(context: Context, isLeaving: boolean): ChatError {
  const { state, config } = context;
  const cluster = describeCluster(context);
  const where = { epoch: cluster.epoch, view: cluster.view };
  const error = (code: ChatError['code'], message: string): ChatError => ({ code, message, definite: true, ...where });
  if (isLeaving) return error('unavailable', `The server ${state.file.id} is stopping; use another one.`);
  if (isPrimary(state)) {
    const missing = waitingFor(state, config.replicationFactor);
    return error('unavailable', `The cluster waits for ${missing}; start ${missing.startsWith('1 ') ? 'it' : 'them'}.`);
  }
  if (cluster.primary !== null && cluster.primary !== state.file.id) {
    const text = `The server ${state.file.id} is not the primary; ${cluster.primary} is.`;
    return { ...error('not-primary', text), primary: cluster.primary };
  }
  const reason = waitingFor(state, config.replicationFactor) || 'another primary';
  return error('unavailable', `There is no primary at the moment: ${state.file.id} waits for ${reason}.`);
}
