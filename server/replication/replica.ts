import { type Address, NO_VIEW } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { type Incarnation, incarnationKey, type ViewFile } from '../../shared/views.ts';
import { isAcceptable, turnAwayCopy } from './admission.ts';
import { recordDeath, recordRefused, recordReplaced } from './deaths.ts';
import { force } from './force.ts';
import { onPing, onPong } from './lease.ts';
import { commitThrough, onFetchLog, onLogChunk } from './log-copy.ts';
import { form, know, onGossip, onJoinMe, onTurnedAway } from './membership.ts';
import type { Hello, Input, Output, PeerMessage } from './messages.ts';
import {
  acknowledge,
  commitWhenAcknowledged,
  confirmRead,
  onCommit,
  onPrepare,
  onPrepareOk,
  onReadCheck,
  onReadOk,
  propose,
  resend,
} from './normal-operation.ts';
import { OpLog } from './op-log.ts';
import {
  type Context,
  isNormal,
  isPrimary,
  noteRound,
  type ReplicaConfig,
  type ReplicaState,
  send,
} from './replica-state.ts';
import { considerViewChange, onPaused, onTick } from './timers.ts';
import { abandon, advance, noteProgress, onPromise, onRefuse, onViewOk } from './view-change.ts';
import { finishAccept, hearOfView, learnInstalled, onStartView, onStartViewChange } from './voter.ts';

/** What a replica finds on its disk when it starts, its incarnation already counted up and written (R1). */
export interface Recovered {
  readonly file: ViewFile;
  /** Everything up to it is committed and applied. */
  readonly snapshot: { op: number; chain: string; view: string } | null;
  /** The log after the snapshot. */
  readonly entries: readonly LogEntry[];
  /** Whether the cluster had reached its replication factor by the snapshot's operation. */
  readonly complete: boolean;
  readonly sessionKey: string;
}

/** A replica as it starts: nothing committed above its snapshot, no link, no lease. */
export function createReplica(recovered: Recovered, config: ReplicaConfig, nowMs: number): ReplicaState {
  const log = new OpLog(recovered.snapshot ?? undefined);
  log.append(recovered.entries);
  log.durableOp = log.endOp;
  const { file } = recovered;
  return {
    file: {
      ...file,
      largestHeartbeatTimeoutMs: Math.max(file.largestHeartbeatTimeoutMs, config.heartbeatTimeoutMs),
    },
    log,
    commit: log.floor,
    complete: recovered.complete,
    sessionKey: recovered.sessionKey,
    startedAtMs: nowMs,
    lastTickMs: nowMs,
    lastHeartbeatMs: nowMs,
    appendingSinceMs: null,
    leaving: false,
    grantedAtMs: new Map(),
    grantedBeforeStart: new Set(file.base?.members.map(incarnationKey)),
    leaseUntilMs: new Map(),
    sleptAtMs: Number.NEGATIVE_INFINITY,
    dead: new Map(),
    cleanDead: new Map(),
    condemnedUntilMs: new Map(),
    promisedLists: [],
    lastPromise: null,
    heardAtMs: new Map(),
    answeredAtMs: new Map(),
    links: new Map(),
    toldAtMs: new Map(),
    linked: new Map(),
    met: new Map(),
    known: new Set<Address>([file.id, ...config.knownAddresses, ...(file.base?.members.map(({ id }) => id) ?? [])]),
    candidacy: null,
    copy: null,
    retryAtMs: nowMs,
    retryDelayMs: config.retryMs,
    reasonSinceMs: null,
    highestRound: Math.max(file.promised.round, file.base?.number.round ?? 0),
    attempt: 0,
    witnessesRetryAtMs: nowMs,
    primaryHeardAtMs: Number.NEGATIVE_INFINITY,
    joinAskedAtMs: Number.NEGATIVE_INFINITY,
    acknowledged: new Map(),
    sent: new Map(),
    resentAtMs: new Map(),
    learners: new Map(),
    awaitingCommit: new Set(),
    readChecks: [],
    installedAtMs: nowMs,
  };
}

/** The content of `view.csv` on a folder that was never used: a new disk, in no cluster. */
export function newViewFile(self: Incarnation, heartbeatTimeoutMs: number): ViewFile {
  return {
    clusterId: '',
    ...self,
    promised: NO_VIEW,
    base: null,
    pending: [],
    largestHeartbeatTimeoutMs: heartbeatTimeoutMs,
  };
}

/**
 * The whole protocol: one input in, a list of outputs out, to be performed in order. Changes `state`, touches nothing
 * else; equal inputs at equal times give equal outputs.
 *
 * @param nowMs monotonic milliseconds; never lower than in the call before
 */
export function step(state: ReplicaState, config: ReplicaConfig, input: Input, nowMs: number): Output[] {
  const context: Context = { state, config, nowMs, outputs: [] };
  switch (input.type) {
    case 'tick':
      onTick(context);
      break;
    case 'paused':
      onPaused(context, input.sleptUnnoticed);
      break;
    case 'link-up':
      onLinkUp(context, input.peer);
      break;
    case 'link-down':
      onLinkDown(context, input.address);
      break;
    case 'refused':
      recordRefused(context, input.address);
      onDeath(context);
      break;
    case 'hello':
      meet(context, input.peer);
      break;
    case 'message':
      if (isAccepted(state, input.from, input.nonce)) onMessage(context, input.from, input.message);
      else if (input.message.type === 'join-me') turnAwayCopy(context, input.from, input.nonce);
      break;
    case 'propose':
      propose(context, input.drafts);
      break;
    case 'appended':
      onAppended(context, input);
      break;
    case 'confirm-read':
      confirmRead(context, input.checkId);
      break;
    case 'form':
      form(context, input);
      break;
    case 'force':
      force(context, input.sessionKey);
      break;
    case 'leave':
      state.leaving = true;
      // R23: what was only asked for is not begun.
      if (state.candidacy?.phase === 'probing') state.candidacy = null;
      break;
    case 'farewell':
      for (const address of state.links.keys()) send(context, address, { type: 'farewell' });
      break;
  }
  return context.outputs;
}

/** Only from those whose hello was acceptable, as they are now: not from the dead, from copies, from other clusters. */
function isAccepted(state: ReplicaState, from: Incarnation, nonce: string): boolean {
  const met = state.met.get(from.disk);
  return met?.incarnation === from.incarnation && met.nonce === nonce && !state.dead.has(incarnationKey(from));
}

/** A member died: whoever waits for it, or was promised to it, need not wait any longer. */
function onDeath(context: Context): void {
  const { state, nowMs } = context;
  const { candidacy } = state;
  if (candidacy?.members.some((member) => state.dead.has(incarnationKey(member)))) abandon(context, nowMs);
  for (const one of state.dead.values()) {
    if (one.id === state.file.promised.candidate && !state.links.has(one.id) && !isNormal(state)) {
      state.retryAtMs = Math.min(state.retryAtMs, nowMs);
    }
  }
  considerViewChange(context);
}

/** What any hello tells, whoever dialed: its installed view, its cluster, whom it knows. */
function meet(context: Context, peer: Hello): boolean {
  if (!isAcceptable(context, peer)) return false;
  noteRound(context.state, peer.promised);
  know(context, peer.self.id);
  for (const address of peer.known) know(context, address);
  if (peer.base) hearOfView(context, peer.base);
  return true;
}

function onLinkUp(context: Context, peer: Hello): void {
  const { state, outputs, nowMs } = context;
  if (!meet(context, peer)) return;
  const { self } = peer;
  recordReplaced(context, peer);
  state.links.set(self.id, peer);
  state.toldAtMs.set(self.id, nowMs);
  state.linked.set(self.id, self);
  outputs.push({ type: 'changed' });
  resend(context, self.id);
  if (state.file.base?.members[0]?.id === self.id) acknowledge(context, false);
  // Whoever is back may be what the last attempts lacked.
  state.attempt = 0;
  onDeath(context);
}

function onLinkDown(context: Context, address: Address): void {
  context.state.links.delete(address);
  context.outputs.push({ type: 'changed' });
}

/** Durability is an input: only now may the entries be acknowledged, or counted (R3, R4). */
function onAppended(context: Context, input: { op: number; chain: string }): void {
  const { state, nowMs } = context;
  // What was cut since is no longer ours to report.
  if (state.log.chainAt(input.op) !== input.chain) return;
  state.log.durableOp = Math.max(state.log.durableOp, input.op);
  state.appendingSinceMs = state.log.durableOp < state.log.endOp ? nowMs : null;
  finishAccept(context);
  if (state.candidacy) advance(context);
  if (isPrimary(state)) commitWhenAcknowledged(context);
  else acknowledge(context, false);
}

function onMessage(context: Context, from: Incarnation, message: PeerMessage): void {
  switch (message.type) {
    case 'ping':
      learnInstalled(context, message.base);
      onPing(context, from, message);
      break;
    case 'pong':
      onPong(context, from, message);
      break;
    case 'gossip':
      onGossip(context, from, message);
      break;
    case 'prepare':
      learnInstalled(context, message.view);
      onPrepare(context, from, message);
      break;
    case 'prepare-ok':
      onPrepareOk(context, from, message);
      break;
    case 'commit':
      learnInstalled(context, message.view);
      onCommit(context, from, message);
      break;
    case 'start-view-change':
      onStartViewChange(context, from, message);
      break;
    case 'promise':
      onPromise(context, from, message);
      break;
    case 'refuse':
      if (message.base) hearOfView(context, message.base);
      onRefuse(context, from, message);
      break;
    case 'start-view':
      onStartView(context, from, message);
      break;
    case 'view-ok':
      onViewOk(context, from, message);
      break;
    case 'installed':
      hearOfView(context, message.record);
      break;
    case 'fetch-log':
      noteProgress(context, from);
      onFetchLog(context, from, message);
      break;
    case 'join-me':
      onJoinMe(context, from, message);
      break;
    case 'log-chunk':
      onChunk(context, from, message);
      break;
    case 'read-check':
      onReadCheck(context, from, message);
      break;
    case 'read-ok':
      onReadOk(context, from, message);
      break;
    case 'farewell':
      // R5c: its own word, given when it had stopped. Clean as any other death, if its lease is held.
      if (recordDeath(context, from)) onDeath(context);
      break;
    case 'turn-away':
      onTurnedAway(context, from, message);
      break;
    case 'relay':
      context.state.awaitingCommit.add(from.id);
      context.outputs.push({ type: 'hand-over', from, message });
      break;
    case 'relayed':
    case 'presence':
    case 'typing':
      context.outputs.push({ type: 'hand-over', from, message });
      break;
  }
}

function onChunk(context: Context, from: Incarnation, chunk: PeerMessage & { type: 'log-chunk' }): void {
  const { state, nowMs } = context;
  const purpose = state.copy?.purpose;
  const sharedOp = onLogChunk(context, from, chunk);
  if (sharedOp === undefined) return;
  if (purpose === 'join') commitThrough(context, Math.min(chunk.commit, sharedOp));
  state.retryAtMs = Math.max(state.retryAtMs, nowMs + state.retryDelayMs);
  finishAccept(context);
  if (state.candidacy) {
    noteProgress(context, from);
    advance(context);
  }
}
