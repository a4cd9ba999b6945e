import { type Address, compareViews, NO_VIEW, sameView, type ViewNumber } from '../../shared/ids.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { type Incarnation, incarnationKey, sameIncarnation, sameWitness, type ViewRecord } from '../../shared/views.ts';
import { isUninvited } from './admission.ts';
import { isServing } from './lease.ts';
import { sendLog, startCopy } from './log-copy.ts';
import type { PeerMessage } from './messages.ts';
import { startView } from './normal-operation.ts';
import {
  type Context,
  heardOf,
  isDead,
  isListed,
  isNormal,
  isPrimary,
  type Learner,
  memberOf,
  type ReplicaState,
  selfOf,
  send,
  writeViewFile,
} from './replica-state.ts';
import { hearOfView } from './voter.ts';

/** A learner whose log is behind by at most so many operations is caught up: the view change copies the rest. */
export const CAUGHT_UP_OPERATIONS = 2000;

/** R19b: a cluster of one, on an empty folder. It serves nothing before it has reached its replication factor. */
export function form(context: Context, input: { clusterId: string; sessionKey: string }): void {
  const { state, config, outputs } = context;
  if (state.file.base) return;
  const number: ViewNumber = { epoch: 0, round: 1, candidate: state.file.id };
  const record: ViewRecord = {
    clusterId: input.clusterId,
    number,
    members: [selfOf(state)],
    witnesses: [],
    replicationFactor: config.replicationFactor,
    over: [],
    baseNumber: NO_VIEW,
  };
  state.sessionKey = input.sessionKey;
  outputs.push({ type: 'write-session-key', key: input.sessionKey });
  writeViewFile(context, { clusterId: input.clusterId, promised: number, base: record, pending: [] });
  state.installedAtMs = context.nowMs;
  startView(context, record, 0);
}

/** R14, R16: an outsider asks the primary, as far as it knows one, for what follows its log; a witness, for its vote. */
export function askToJoin(context: Context): void {
  const { state, config, nowMs } = context;
  const { base } = state.file;
  if (!base || isListed(state) || state.candidacy || state.leaving) return;
  const primary = base.members[0]!.id;
  const isOther = primary !== state.file.id && state.links.has(primary);
  if (!isOther || nowMs - state.joinAskedAtMs < config.heartbeatIntervalMs) return;
  if (config.role === 'witness') {
    if (base.witnesses.some((witness) => sameWitness(witness, state.file))) return;
    state.joinAskedAtMs = nowMs;
    send(context, primary, { type: 'join-me', view: base.number, fromOp: 0, chain: GENESIS_CHAIN });
    return;
  }
  if (state.copy && state.copy.purpose !== 'join') return;
  state.joinAskedAtMs = nowMs;
  startCopy(context, {
    purpose: 'join',
    source: primary,
    number: base.number,
    end: null,
    record: null,
    sessionKey: '',
  });
}

/** R14, R21: remembers who follows and how far it is, and sends it the committed part of the log. */
export function onJoinMe(context: Context, from: Incarnation, ask: PeerMessage & { type: 'join-me' }): void {
  const { state, nowMs } = context;
  if (!isPrimary(state)) {
    gossipTo(context, from.id);
    return;
  }
  if (state.file.base!.members.some((member) => sameIncarnation(member, from))) return;
  const link = state.links.get(from.id);
  // Only its hello says whether it can hold data; it asks again.
  if (!link || !sameIncarnation(link.self, from)) return;
  if (link.role === 'witness') {
    state.heardAtMs.set(incarnationKey(from), nowMs);
    return;
  }
  const isPrefix = ask.fromOp < state.log.floor || state.log.chainAt(ask.fromOp) === ask.chain;
  const op = isPrefix ? Math.min(ask.fromOp, state.commit) : 0;
  // It takes nothing as committed before it knows of the view in which that may be.
  if (!sameView(ask.view, state.file.base!.number)) gossipTo(context, from.id);
  state.learners.set(from.id, { replica: from, op, heardAtMs: nowMs });
  sendLog(context, from.id, ask, state.commit);
}

/** Learners that may become members now, the furthest first, then by address. */
export function readyLearners(context: Context): Learner[] {
  const { state, config, nowMs } = context;
  const isReady = (learner: Learner) =>
    nowMs - learner.heardAtMs < 5 * config.heartbeatIntervalMs &&
    state.commit - learner.op <= CAUGHT_UP_OPERATIONS &&
    // A view that waits for rows which this server cannot give would never begin.
    (config.damagedUpTo === undefined || learner.op > config.damagedUpTo) &&
    !isDead(state, learner.replica) &&
    sameIncarnation(state.links.get(learner.replica.id)?.self ?? selfOf(state), learner.replica);
  return [...state.learners.values()]
    .filter(isReady)
    .sort((a, b) => b.op - a.op || (a.replica.id < b.replica.id ? -1 : 1));
}

/** What every server tells all others now and then, and outsiders when they ask the wrong one. */
export function gossipTo(context: Context, to: Address): void {
  const { state } = context;
  const { base, promised, pending } = state.file;
  const serves = isServing(context);
  send(context, to, { type: 'gossip', base, known: heardOf(state), promised, pending, last: state.log.end, serves });
}

export function onGossip(context: Context, from: Incarnation, gossip: PeerMessage & { type: 'gossip' }): void {
  const { state, nowMs } = context;
  const { base, promised, pending, last, serves } = gossip;
  for (const address of gossip.known) know(context, address);
  if (base && isUninvited(context, from.id, base.clusterId)) return;
  const link = state.links.get(from.id);
  if (link && sameIncarnation(link.self, from)) {
    state.toldAtMs.set(from.id, nowMs);
    state.links.set(from.id, { ...link, base, promised, pending, last, serves });
  }
  if (base) hearOfView(context, base);
}

/** Adds an address to those this server dials and tells others about. */
export function know(context: Context, address: Address): void {
  const { state } = context;
  if (state.known.has(address)) return;
  state.known.add(address);
  if (address !== state.file.id) context.outputs.push({ type: 'dial', address });
}

/**
 * R1: the primary says that this folder is a copy, or an old one put back. Its files are set aside and another disk joins:
 * only a running primary may say so, because elsewhere these data may be the last there are.
 */
export function onTurnedAway(context: Context, from: Incarnation, message: PeerMessage & { type: 'turn-away' }): void {
  const { state, config } = context;
  const { base } = state.file;
  // A hello that arrives late may be that of an earlier life here.
  if (!sameIncarnation(message.whom, selfOf(state)) || message.nonce !== config.nonce) return;
  if (isNormal(state) || (base && compareViews(message.view, base.number) < 0)) return;
  const text = `The primary ${from.id} knows a later start of ${state.file.id}: its database folder is a copy, or was put back from an older state.`;
  context.outputs.push({ type: 'start-over', text });
}

/** In words, with names: what this replica waits for; empty when it serves. */
export function waitingFor(state: ReplicaState, replicationFactor: number): string {
  const { base } = state.file;
  if (!base) return 'a server of the cluster to join';
  if (isNormal(state)) {
    const missing = replicationFactor - base.members.length;
    if (state.complete) return '';
    if (missing <= 0) return 'the other servers to store that the cluster is complete';
    return `${missing} more server${missing === 1 ? '' : 's'} before the cluster is complete`;
  }
  if (isListed(state) && !sameView(state.file.promised, base.number)) return 'the end of a view change';
  const absent = base.members.filter(({ id }) => id !== state.file.id && !state.links.has(id)).map(({ id }) => id);
  if (!memberOf(base, state.file.id)) return `the primary ${base.members[0]!.id}, to join`;
  return absent.length > 0 ? `${absent.join(' and ')}, which may hold more` : 'the other servers, to agree on a view';
}

/** Incarnations that this replica's links stand to. */
export function linkedIncarnation(state: ReplicaState, id: Address): Incarnation | undefined {
  return id === state.file.id ? selfOf(state) : state.links.get(id)?.self;
}

/** Whether that incarnation is known to be gone: dead, or another one answers at its address. */
export function isGone(state: ReplicaState, one: Incarnation): boolean {
  const linked = linkedIncarnation(state, one.id);
  return state.dead.has(incarnationKey(one)) || (linked !== undefined && !sameIncarnation(linked, one));
}
