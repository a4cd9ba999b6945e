import { type Address, compareViews, parseView, sameView, type ViewNumber } from '../../shared/ids.ts';
import { type Incarnation, incarnationKey, sameIncarnation, type ViewRecord } from '../../shared/views.ts';
import { bindingGrant } from './lease.ts';
import { commitThrough, copyUpTo, isCopied } from './log-copy.ts';
import type { PeerMessage } from './messages.ts';
import { startView } from './normal-operation.ts';
import { proposalOver, type Supporter, winsView } from './quorum.ts';
import {
  type Candidacy,
  type Context,
  memberOf,
  noteRound,
  notice,
  pendingAfter,
  selfOf,
  send,
  writeViewFile,
} from './replica-state.ts';

/** R7: asks the voters of the base for a view of `members`, first only what they would say. */
export function startCandidacy(context: Context, base: ViewRecord, members: readonly Incarnation[]): void {
  const { state, nowMs } = context;
  const grant = bindingGrant(context, base, members);
  if (grant.waitMs > 0) {
    state.retryAtMs = nowMs + grant.waitMs;
    return;
  }
  const number: ViewNumber = {
    epoch: state.file.promised.epoch,
    round: Math.max(state.highestRound, state.file.promised.round) + 1,
    candidate: state.file.id,
  };
  noteRound(state, number);
  state.candidacy = {
    number,
    base,
    members,
    phase: 'probing',
    supporters: new Map(),
    accepted: new Set(),
    record: null,
    overRecords: [],
    end: null,
    progressAtMs: nowMs,
  };
  askVoters(context, state.candidacy);
  supportOneself(context, state.candidacy);
  advance(context);
}

function askVoters(context: Context, candidacy: Candidacy): void {
  const { state } = context;
  const provenDead = candidacy.base.members.filter((member) => state.dead.has(incarnationKey(member)));
  const voters = [...candidacy.members.map(({ id }) => id), ...candidacy.base.witnesses.map(({ id }) => id)];
  for (const voter of voters) {
    if (voter === state.file.id) continue;
    send(context, voter, {
      type: 'start-view-change',
      number: candidacy.number,
      probe: candidacy.phase === 'probing',
      base: candidacy.base,
      members: candidacy.members,
      provenDead,
    });
  }
}

/** The candidate is its own supporter; what it knows grows while it waits for the others, and stands still once its base has moved (R6d). */
function supportOneself({ state }: Context, candidacy: Candidacy): void {
  if (!state.file.base || !sameView(state.file.base.number, candidacy.base.number)) return;
  candidacy.supporters.set(state.file.id, {
    id: state.file.id,
    replica: selfOf(state),
    heldBefore: [candidacy.base.number, ...state.file.pending.map((view) => view.number)],
    pending: state.file.pending,
    cleanDead: [...state.cleanDead.values()],
    last: state.log.end,
  });
}

export function onPromise(context: Context, from: Incarnation, promise: PeerMessage & { type: 'promise' }): void {
  const { state } = context;
  const candidacy = state.candidacy;
  if (!candidacy || !sameView(candidacy.number, promise.number)) return;
  if (promise.probe !== (candidacy.phase === 'probing')) return;
  if (!sameView(promise.baseNumber, candidacy.base.number)) return;
  const witness = candidacy.base.witnesses.find(({ id, disk }) => id === from.id && disk === from.disk);
  const listed = candidacy.members.some((member) => sameIncarnation(member, from));
  if (!witness && !listed) return;
  const supporter: Supporter = {
    id: from.id,
    ...(witness ? { witness } : { replica: from }),
    heldBefore: promise.heldBefore,
    pending: promise.pending,
    cleanDead: promise.cleanDead,
    last: promise.last,
  };
  candidacy.supporters.set(from.id, supporter);
  advance(context);
}

/** Looks whether the view change can take its next step, and takes it. */
export function advance(context: Context): void {
  const { state } = context;
  const candidacy = state.candidacy;
  if (!candidacy) return;
  supportOneself(context, candidacy);
  if (candidacy.phase === 'probing' || candidacy.phase === 'promising') collect(context, candidacy);
  if (candidacy.phase === 'fetching') propose(context, candidacy);
  if (candidacy.phase === 'proposing') installWhenAccepted(context, candidacy);
}

function collect(context: Context, candidacy: Candidacy): void {
  const { state, config, nowMs } = context;
  const supporters = [...candidacy.supporters.values()];
  const over = proposalOver(state.file.id, candidacy.base, candidacy.members, supporters);
  if (!over) {
    // Everybody would say yes and it is not enough: another list may be.
    const asked = candidacy.members.length + candidacy.base.witnesses.length;
    if (candidacy.phase === 'probing' && supporters.length === asked) abandon(context, nowMs + config.rankDelayMs);
    return;
  }
  if (candidacy.phase === 'probing') {
    promiseOneself(context, candidacy);
    return;
  }
  candidacy.overRecords = over;
  candidacy.phase = 'fetching';
  const ahead = furthestLog(candidacy, over);
  if (ahead.id === state.file.id) {
    state.copy = null;
    return;
  }
  copyUpTo(context, {
    purpose: 'propose',
    source: ahead.id,
    number: candidacy.number,
    end: ahead.last,
    record: null,
    sessionKey: '',
  });
}

/** The voters would agree: now the candidate promises itself, which stops it in its present view. */
function promiseOneself(context: Context, candidacy: Candidacy): void {
  const { state, nowMs } = context;
  if (bindingGrant(context, candidacy.base, candidacy.members).waitMs > 0) return;
  if (compareViews(candidacy.number, state.file.promised) <= 0) {
    abandon(context, nowMs);
    return;
  }
  candidacy.phase = 'promising';
  candidacy.progressAtMs = nowMs;
  candidacy.supporters.clear();
  state.promisedLists.push({ number: candidacy.number, members: candidacy.members });
  state.lastPromise = null;
  state.copy = null;
  state.retryAtMs = nowMs + state.retryDelayMs;
  writeViewFile(context, { promised: candidacy.number });
  supportOneself(context, candidacy);
  askVoters(context, candidacy);
  collect(context, candidacy);
}

/** R9: whoever is listed in a view to be won and has the highest last entry; the candidate itself among equals. */
function furthestLog(candidacy: Candidacy, over: readonly ViewRecord[]): Supporter {
  let best = candidacy.supporters.get(candidacy.number.candidate as Address)!;
  for (const supporter of candidacy.supporters.values()) {
    if (!supporter.replica || !over.some((view) => memberOf(view, supporter.id))) continue;
    if (isAhead(supporter.last, best.last)) best = supporter;
  }
  return best;
}

function isAhead(a: { view: string; op: number }, b: { view: string; op: number }): boolean {
  const order = compareViews(parseView(a.view)!, parseView(b.view)!);
  return order > 0 || (order === 0 && a.op > b.op);
}

/** R9: proposes once the candidate's own log is complete and durable. */
function propose(context: Context, candidacy: Candidacy): void {
  const { state } = context;
  const copy = state.copy;
  if (copy?.purpose === 'propose' && !isCopied(state, copy.end!)) return;
  if (state.log.durableOp < state.log.endOp) return;
  state.copy = null;
  candidacy.phase = 'proposing';
  candidacy.end = state.log.end;
  candidacy.record = {
    clusterId: candidacy.base.clusterId,
    number: candidacy.number,
    members: candidacy.members,
    witnesses: candidacy.overRecords[candidacy.overRecords.length - 1]!.witnesses,
    replicationFactor: context.config.replicationFactor,
    over: candidacy.overRecords.map((view) => view.number),
    baseNumber: candidacy.base.number,
  };
  candidacy.accepted.add(state.file.id);
  for (const member of [...candidacy.members, ...candidacy.record.witnesses]) {
    if (member.id !== state.file.id) sendStartView(context, member.id);
  }
}

export function sendStartView(context: Context, to: Address): void {
  const { state } = context;
  const { record, end } = state.candidacy!;
  send(context, to, { type: 'start-view', record: record!, end: end!, sessionKey: state.sessionKey });
}

export function onViewOk(context: Context, from: Incarnation, ok: PeerMessage & { type: 'view-ok' }): void {
  const candidacy = context.state.candidacy;
  if (!candidacy?.record || !sameView(candidacy.number, ok.number)) return;
  const isWitness = candidacy.record.witnesses.some(({ id, disk }) => id === from.id && disk === from.disk);
  if (!isWitness && !candidacy.record.members.some((member) => sameIncarnation(member, from))) return;
  candidacy.accepted.add(from.id);
  candidacy.progressAtMs = context.nowMs;
  advance(context);
}

/** R11: everybody listed has accepted, and the acceptors win every view that may be installed: the view exists once this is written. */
function installWhenAccepted(context: Context, candidacy: Candidacy): void {
  const { state, nowMs } = context;
  const record = candidacy.record!;
  const { base, promised } = state.file;
  if (!sameView(promised, candidacy.number)) return;
  if (!base || ![candidacy.base.number, ...record.over].some((number) => sameView(number, base.number))) return;
  if (!record.members.every(({ id }) => candidacy.accepted.has(id))) return;
  const acceptors = [...candidacy.supporters.values()].filter(({ id }) => candidacy.accepted.has(id));
  const wins = candidacy.overRecords.every((view) => winsView(view, acceptors));
  if (!wins) return;
  state.candidacy = null;
  state.retryDelayMs = context.config.retryMs;
  state.attempt = 0;
  state.installedAtMs = nowMs;
  writeViewFile(context, { base: record, pending: pendingAfter(state.file.pending, record.number) });
  commitThrough(context, candidacy.end!.op);
  startView(context, record, candidacy.end!.op);
}

export function onRefuse(context: Context, from: Incarnation, refusal: PeerMessage & { type: 'refuse' }): void {
  const { state, config, nowMs } = context;
  noteRound(state, refusal.promised);
  const candidacy = state.candidacy;
  if (!candidacy || !sameView(candidacy.number, refusal.number)) return;
  if (candidacy.phase === 'fetching' || candidacy.phase === 'proposing') return;
  if (refusal.probe !== (candidacy.phase === 'probing')) return;
  switch (refusal.reason) {
    case 'lease':
      abandon(context, nowMs + refusal.waitMs + config.tickMs);
      break;
    case 'promised':
      abandon(context, nowMs + config.tickMs);
      break;
    case 'stale-base':
    case 'not-listed':
      notice(context, `${from.id} refuses view ${candidacy.number.round}: ${refusal.reason}.`);
      abandon(context, nowMs + config.rankDelayMs);
      break;
  }
}

/** A voter that copies the log, or fetches it for us, is at work: the attempt is not stuck. */
export function noteProgress({ state, nowMs }: Context, from: Incarnation): void {
  if (state.candidacy?.supporters.has(from.id)) state.candidacy.progressAtMs = nowMs;
}

/** R13: an attempt that nobody answers is given up, and the next waits longer. */
export function abandonWhenStuck(context: Context): void {
  const { state, config, nowMs } = context;
  const candidacy = state.candidacy;
  if (!candidacy || nowMs - candidacy.progressAtMs < state.retryDelayMs) return;
  if (candidacy.phase !== 'probing') state.retryDelayMs = Math.min(2 * state.retryDelayMs, config.retryMaxMs);
  abandon(context, nowMs);
}

/** Gives the attempt up; the next one waits until then, and may try another list. */
export function abandon({ state }: Context, retryAtMs: number): void {
  if (state.candidacy?.phase === 'probing') state.attempt += 1;
  state.candidacy = null;
  if (state.copy?.purpose === 'propose') state.copy = null;
  state.retryAtMs = retryAtMs;
}
