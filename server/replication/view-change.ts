import { type Address, compareViews, sameView, type ViewNumber } from '../../shared/ids.ts';
import {
  type Incarnation,
  incarnationKey,
  sameIncarnation,
  sameWitness,
  type ViewRecord,
  type Witness,
} from '../../shared/views.ts';
import { bindingMs, condemnLeftOut } from './lease.ts';
import { commitThrough, copyUpTo, isCopied } from './log-copy.ts';
import type { PeerMessage } from './messages.ts';
import { startView } from './normal-operation.ts';
import { proposalOver, type Supporter, winsView } from './quorum.ts';
import {
  type Candidacy,
  type Context,
  isAhead,
  isPrimary,
  memberOf,
  noteRound,
  notice,
  pendingAfter,
  selfOf,
  send,
  writeViewFile,
} from './replica-state.ts';

/**
 * R7: asks the voters of the base for a view of `members`, first only what they would say.
 *
 * @param newWitnesses with which the primary replaces those of its view; null to keep them
 */
export function startCandidacy(
  context: Context,
  base: ViewRecord,
  members: readonly Incarnation[],
  newWitnesses: readonly Witness[] | null = null,
): void {
  const { state, nowMs } = context;
  if (isPrimary(state)) condemnLeftOut(context, base, members);
  const bindsForMs = bindingMs(context, base, members);
  if (bindsForMs > 0) {
    state.retryAtMs = nowMs + bindsForMs;
    return;
  }
  const number: ViewNumber = {
    epoch: state.file.promised.epoch,
    round: Math.max(state.highestRound, state.file.promised.round) + 1,
    candidate: state.file.id,
  };
  state.candidacy = {
    number,
    base,
    members,
    phase: 'probing',
    supporters: new Map(),
    newWitnesses,
    askedWitnesses: new Map(),
    unwillingWitnesses: new Set(),
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
  for (const { id } of candidacy.members) if (id !== context.state.file.id) ask(context, candidacy, id);
  askWitnesses(context, candidacy);
}

/** Those of every view that may have to be won; a promise can tell of more. */
function askWitnesses(context: Context, candidacy: Candidacy): void {
  const reported = [...candidacy.supporters.values()].flatMap(({ pending }) => pending);
  for (const view of [candidacy.base, ...context.state.file.pending, ...reported]) {
    for (const witness of view.witnesses) {
      if (candidacy.askedWitnesses.has(witness.id)) continue;
      candidacy.askedWitnesses.set(witness.id, witness);
      ask(context, candidacy, witness.id);
    }
  }
}

function ask(context: Context, candidacy: Candidacy, voter: Address): void {
  const { dead } = context.state;
  send(context, voter, {
    type: 'start-view-change',
    number: candidacy.number,
    probe: candidacy.phase === 'probing',
    base: candidacy.base,
    members: candidacy.members,
    provenDead: candidacy.base.members.filter((member) => dead.has(incarnationKey(member))),
  });
}

/** The candidate is its own supporter; what it knows grows while it waits for the others, and stands still once its base has moved (R6d). */
function supportOneself({ state, config }: Context, candidacy: Candidacy): void {
  if (!state.file.base || !sameView(state.file.base.number, candidacy.base.number)) return;
  candidacy.supporters.set(state.file.id, {
    id: state.file.id,
    replica: selfOf(state),
    heldBefore: [candidacy.base.number, ...state.file.pending.map((view) => view.number)],
    pending: state.file.pending,
    cleanDead: [...state.cleanDead.values()],
    last: state.log.end,
    synced: config.synced,
  });
}

export function onPromise(context: Context, from: Incarnation, promise: PeerMessage & { type: 'promise' }): void {
  const { state } = context;
  const candidacy = state.candidacy;
  if (!candidacy || !sameView(candidacy.number, promise.number)) return;
  if (promise.probe !== (candidacy.phase === 'probing')) return;
  if (!sameView(promise.baseNumber, candidacy.base.number)) return;
  const asked = candidacy.askedWitnesses.get(from.id);
  const witness = asked && sameWitness(asked, from) ? asked : undefined;
  const listed = candidacy.members.some((member) => sameIncarnation(member, from));
  if (!witness && !listed) return;
  const supporter: Supporter = {
    id: from.id,
    ...(witness ? { witness } : { replica: from }),
    heldBefore: promise.heldBefore,
    pending: promise.pending,
    cleanDead: promise.cleanDead,
    last: promise.last,
    synced: promise.synced,
  };
  candidacy.supporters.set(from.id, supporter);
  candidacy.unwillingWitnesses.delete(from.id);
  askWitnesses(context, candidacy);
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
    // Everybody has answered and it is not enough: another list may be.
    const asked = candidacy.members.length + candidacy.askedWitnesses.size;
    const answered = supporters.length + candidacy.unwillingWitnesses.size;
    if (candidacy.phase === 'probing' && answered === asked) {
      const waitMs = config.rankDelayMs * 2 ** state.attempt;
      abandon(context, nowMs + Math.min(waitMs, 2 * config.retryMs));
    }
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
  if (bindingMs(context, candidacy.base, candidacy.members) > 0) return;
  if (compareViews(candidacy.number, state.file.promised) <= 0) {
    abandon(context, nowMs);
    return;
  }
  // Only now is the number used up: whoever waits for long asks again and again with the same one.
  noteRound(state, candidacy.number);
  candidacy.phase = 'promising';
  candidacy.progressAtMs = nowMs;
  candidacy.supporters.clear();
  candidacy.askedWitnesses.clear();
  candidacy.unwillingWitnesses.clear();
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
    witnesses: candidacy.newWitnesses ?? candidacy.overRecords[candidacy.overRecords.length - 1]!.witnesses,
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
  const isWitness = candidacy.record.witnesses.some((witness) => sameWitness(witness, from));
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
  const needed = [...record.members, ...newWitnessesOf(record, candidacy.overRecords)];
  if (!needed.every(({ id }) => candidacy.accepted.has(id))) return;
  const acceptors = [...candidacy.supporters.values()].filter(({ id }) => candidacy.accepted.has(id));
  const wins = candidacy.overRecords.every((view) => winsView(view, acceptors));
  if (!wins) return;
  state.candidacy = null;
  state.retryAtMs = nowMs;
  state.retryDelayMs = context.config.retryMs;
  state.attempt = 0;
  state.installedAtMs = nowMs;
  writeViewFile(context, { base: record, pending: pendingAfter(state.file.pending, record.number) });
  commitThrough(context, candidacy.end!.op);
  startView(context, record, candidacy.end!.op);
}

/** R11: a witness that is not one of every view that was won knows nothing of the record before it has accepted it. */
function newWitnessesOf(record: ViewRecord, over: readonly ViewRecord[]): Witness[] {
  const isOld = (witness: Witness) => over.every((view) => view.witnesses.some((one) => sameWitness(one, witness)));
  return record.witnesses.filter((witness) => !isOld(witness));
}

export function onRefuse(context: Context, from: Incarnation, refusal: PeerMessage & { type: 'refuse' }): void {
  const { state, config, nowMs } = context;
  noteRound(state, refusal.promised);
  const candidacy = state.candidacy;
  if (!candidacy || !sameView(candidacy.number, refusal.number)) return;
  if (candidacy.phase === 'fetching' || candidacy.phase === 'proposing') return;
  if (refusal.probe !== (candidacy.phase === 'probing')) return;
  if (candidacy.askedWitnesses.has(from.id)) {
    candidacy.unwillingWitnesses.add(from.id);
    collect(context, candidacy);
    return;
  }
  switch (refusal.reason) {
    case 'lease':
    case 'primary-heard':
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
  const waitMs = jitterMs(context, candidacy.number.round);
  if (candidacy.phase !== 'probing') state.retryDelayMs = Math.min(2 * state.retryDelayMs, config.retryMaxMs);
  abandon(context, nowMs + waitMs);
}

/** R7: a quarter of the retry delay at most, another one for each candidate and try, so that two do not meet for ever. */
function jitterMs({ state, config }: Context, round: number): number {
  let hash = round;
  for (const digit of config.nonce) hash = (Math.imul(hash, 31) + digit.codePointAt(0)!) >>> 0;
  return ((hash % 1000) / 1000) * (state.retryDelayMs / 4);
}

/** Gives the attempt up; the next one waits until then, and may try another list. */
export function abandon({ state, config }: Context, retryAtMs: number): void {
  if (state.candidacy?.phase === 'probing') state.attempt += 1;
  if (state.candidacy?.newWitnesses) state.witnessesRetryAtMs = retryAtMs + config.retryMaxMs;
  state.candidacy = null;
  if (state.copy?.purpose === 'propose') state.copy = null;
  state.retryAtMs = retryAtMs;
}
