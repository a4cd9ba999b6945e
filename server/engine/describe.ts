import type { Cluster, ServerRole, ServerStatus } from '../../shared/api.ts';
import type { ChatError } from '../../shared/errors.ts';
import { sameView } from '../../shared/ids.ts';
import { sameIncarnation, sameWitness, type ViewRecord } from '../../shared/views.ts';
import { hearsPrimary } from '../replication/lease.ts';
import { CAUGHT_UP_OPERATIONS, readyLearners, waitingFor } from '../replication/membership.ts';
import type { Hello } from '../replication/messages.ts';
import {
  type Context,
  heardOf,
  isDead,
  isListed,
  isNormal,
  isPrimary,
  memberOf,
  type ReplicaState,
} from '../replication/replica-state.ts';

/** The primary as far as this replica knows one that lives. */
function livingPrimary(context: Context): string | null {
  const { state } = context;
  const { base } = state.file;
  const primary = base?.members[0];
  if (!primary || isDead(state, primary)) return null;
  if (isNormal(state)) return hearsPrimary(context) ? primary.id : null;
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
  const spares = sparesOf(context);
  const isSmall = members.length < config.replicationFactor;
  return {
    id: clusterId,
    epoch: base?.number.epoch ?? 0,
    view: base?.number.round ?? 0,
    primary: livingPrimary(context),
    members,
    spares,
    witnesses: base?.witnesses.map(({ id }) => id) ?? [],
    known: heardOf(state),
    replicationFactor: config.replicationFactor,
    ...(isSmall
      ? {
          warning: `cluster size (${members.length}) is smaller than the replication factor (${config.replicationFactor})!`,
        }
      : {}),
  };
}

/** Replicas that follow and stand ready: the primary knows it by their questions, all others by what they tell of themselves. */
function sparesOf(context: Context): string[] {
  const { state, config } = context;
  const { base } = state.file;
  if (isPrimary(state)) return readyLearners(context).map(({ replica }) => replica.id);
  if (!base || !livingPrimary(context)) return [];
  const told = [...state.links.values()].filter((peer) => isFollowing(context, base, peer)).map(({ self }) => self.id);
  const isOne = config.role === 'replica' && roleOf(context) === 'spare';
  return (isOne ? [...told, state.file.id] : told).sort();
}

function isFollowing({ state }: Context, base: ViewRecord, { self, role, base: its, last }: Hello): boolean {
  return (
    role === 'replica' &&
    !memberOf(base, self.id) &&
    its !== null &&
    sameView(its.number, base.number) &&
    state.commit - last.op <= CAUGHT_UP_OPERATIONS
  );
}

export function roleOf(context: Context): ServerRole {
  const { state } = context;
  const { base } = state.file;
  if (context.config.role === 'witness') return 'witness';
  if (isPrimary(state)) return 'primary';
  if (isNormal(state) && hearsPrimary(context)) return 'backup';
  if (isListed(state)) return 'waiting';
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
    waitingFor: whatItWaitsFor(context),
    cluster,
    version,
    durability: context.config.synced ? 'fsync' : 'os',
  };
}

function whatItWaitsFor(context: Context): string {
  const { state, config } = context;
  const role = roleOf(context);
  if (role === 'spare') return '';
  if (role === 'witness') return whatAWitnessWaitsFor(state);
  if (!isNormal(state) || hearsPrimary(context)) return waitingFor(state, config.replicationFactor);
  const [primary, ...others] = state.file.base!.members.map(({ id }) => id);
  const away = others.filter((id) => id !== state.file.id && !state.links.has(id));
  return `the primary ${primary}, which is silent${away.length > 0 ? `, or for ${away.join(' or ')}` : ''}`;
}

/** R16: empty when it has a vote. */
function whatAWitnessWaitsFor({ file, links }: ReplicaState): string {
  const { base } = file;
  if (!base) return 'a server of the cluster to join';
  if (base.witnesses.some((witness) => sameWitness(witness, file))) return '';
  const takesIn = `the primary ${base.members[0]!.id} to take it in`;
  if (base.witnesses.length > 0) {
    const names = base.witnesses.map(({ id }) => id);
    return names.includes(file.id) ? takesIn : `a place: the view has its witnesses, ${names.join(' and ')}`;
  }
  const hasOther = [...links.values()].some(({ role }) => role === 'witness');
  return hasOther ? takesIn : 'a second witness';
}

/** Why a write is refused here and now, and where to go with it. */
export function whyRefused(context: Context, isLeaving: boolean): ChatError {
  const { state, config } = context;
  const cluster = describeCluster(context);
  const where = { epoch: cluster.epoch, view: cluster.view };
  const error = (code: ChatError['code'], message: string): ChatError => ({ code, message, definite: true, ...where });
  if (isLeaving) return error('unavailable', `The server ${state.file.id} is stopping; use another one.`);
  const missing = waitingFor(state, config.replicationFactor);
  if (isPrimary(state) && missing === '') {
    const others = cluster.members.filter((member) => member !== state.file.id).join(' and ');
    const what = others === '' ? 'is about to begin its view' : `does not reach ${others} at the moment`;
    return error('unavailable', `The primary ${state.file.id} ${what}; try again.`);
  }
  if (isPrimary(state)) {
    return error('unavailable', `The cluster is not complete yet: it waits for ${missing}.`);
  }
  if (cluster.primary !== null && cluster.primary !== state.file.id) {
    const text = `The server ${state.file.id} is not the primary; ${cluster.primary} is.`;
    return { ...error('not-primary', text), primary: cluster.primary };
  }
  const reason = whatItWaitsFor(context) || 'another primary';
  return error('unavailable', `There is no primary at the moment: ${state.file.id} waits for ${reason}.`);
}
