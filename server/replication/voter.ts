import { compareViews, sameView } from '../../shared/ids.ts';
import { type Incarnation, sameIncarnation, type ViewRecord } from '../../shared/views.ts';
import { recordDeath } from './deaths.ts';
import { bindingMs, condemnLeftOut, sendPings } from './lease.ts';
import { copyUpTo, isCopied } from './log-copy.ts';
import type { PeerMessage } from './messages.ts';
import {
  type Context,
  isListed,
  memberOf,
  noteRound,
  notice,
  pendingAfter,
  type ReplicaState,
  selfOf,
  send,
  writeViewFile,
} from './replica-state.ts';
import { acceptAsWitness, politenessMs } from './witness.ts';

type StartViewChange = PeerMessage & { type: 'start-view-change' };
type Refusal = PeerMessage & { type: 'refuse' };

/** R8: promises a candidate, or refuses and says why. A probe is answered alike, but writes nothing. */
export function onStartViewChange(context: Context, from: Incarnation, ask: StartViewChange): void {
  const { state, config, nowMs } = context;
  if (state.leaving || (state.file.base && state.file.base.clusterId !== ask.base.clusterId)) return;
  if (!ask.probe) noteRound(state, ask.number);
  for (const one of ask.provenDead) recordDeath(context, one);
  const refusal = refusalOf(context, from, ask);
  if (refusal) {
    send(context, from.id, { type: 'refuse', number: ask.number, probe: ask.probe, ...refusal });
    return;
  }
  const heldBefore = heldViews(state).map((view) => view.number);
  const adopts = !state.file.base || compareViews(ask.base.number, state.file.base.number) > 0;
  const pending = adopts ? pendingAfter(state.file.pending, ask.base.number) : state.file.pending;
  if (!ask.probe) {
    state.promisedLists.push({ number: ask.number, members: ask.members });
    if (state.candidacy) state.candidacy = null;
    state.copy = null;
    state.retryAtMs = nowMs + state.retryDelayMs;
    const adopted = adopts ? { base: ask.base, clusterId: ask.base.clusterId } : {};
    writeViewFile(context, { promised: ask.number, pending, ...adopted });
  }
  const promise: PeerMessage & { type: 'promise' } = {
    type: 'promise',
    number: ask.number,
    probe: ask.probe,
    baseNumber: ask.base.number,
    heldBefore,
    pending,
    cleanDead: [...state.cleanDead.values()],
    last: state.log.end,
    synced: config.synced,
  };
  if (!ask.probe) state.lastPromise = { candidate: from.id, message: promise };
  send(context, from.id, promise);
}

function heldViews(state: ReplicaState): ViewRecord[] {
  return state.file.base ? [state.file.base, ...state.file.pending] : [...state.file.pending];
}

function refusalOf(
  context: Context,
  from: Incarnation,
  ask: StartViewChange,
): Pick<Refusal, 'reason' | 'promised' | 'base' | 'waitMs'> | null {
  const { state } = context;
  const { base, promised } = state.file;
  const because = (reason: Refusal['reason'], waitMs = 0) => ({ reason, promised, base, waitMs });
  if (base && compareViews(ask.base.number, base.number) < 0) return because('stale-base');
  if (compareViews(ask.number, promised) <= 0) return because('promised');
  if (context.config.role === 'witness') {
    const politeMs = politenessMs(context, from, ask.base);
    return politeMs > 0 ? because('primary-heard', politeMs) : null;
  }
  if (!ask.members.some((member) => sameIncarnation(member, selfOf(state)))) return because('not-listed');
  if (sameIncarnation(ask.base.members[0]!, from)) condemnLeftOut(context, ask.base, ask.members);
  const waitMs = bindingMs(context, ask.base, ask.members);
  return waitMs > 0 ? because('lease', waitMs) : null;
}

/** R10: makes its log equal to the candidate's; the rest follows in {@link finishAccept}. */
export function onStartView(context: Context, from: Incarnation, ask: PeerMessage & { type: 'start-view' }): void {
  const { state } = context;
  const { record, end } = ask;
  const { base, promised } = state.file;
  if (base && base.clusterId !== record.clusterId) return;
  if (
    context.config.role === 'witness' ? compareViews(promised, record.number) > 0 : !sameView(promised, record.number)
  ) {
    return;
  }
  const mayReplace = !base || [record.baseNumber, ...record.over].some((number) => sameView(number, base.number));
  if (!mayReplace) return;
  if (state.file.pending.some((view) => sameView(view.number, record.number))) {
    send(context, from.id, { type: 'view-ok', number: record.number });
    return;
  }
  if (context.config.role === 'witness') {
    acceptAsWitness(context, from, record);
    return;
  }
  if (!record.members.some((member) => sameIncarnation(member, selfOf(state)))) return;
  // What is committed lies in the log of every view that may still be installed (I5): this one no longer may.
  if (end.op < state.commit) return;
  copyUpTo(context, {
    purpose: 'accept',
    source: from.id,
    number: record.number,
    end,
    record,
    sessionKey: ask.sessionKey,
  });
  finishAccept(context);
}

/** R10: log equal and durable, then the record, then the answer. */
export function finishAccept(context: Context): void {
  const { state, nowMs } = context;
  const copy = state.copy;
  if (copy?.purpose !== 'accept' || !isCopied(state, copy.end!)) return;
  if (!sameView(state.file.promised, copy.number)) {
    state.copy = null;
    return;
  }
  state.copy = null;
  state.retryAtMs = nowMs + state.retryDelayMs;
  if (copy.sessionKey !== state.sessionKey) {
    state.sessionKey = copy.sessionKey;
    context.outputs.push({ type: 'write-session-key', key: copy.sessionKey });
  }
  writeViewFile(context, { pending: [...state.file.pending, copy.record!] });
  send(context, copy.source, { type: 'view-ok', number: copy.number });
}

/** R12: a view that it had accepted is installed. Durable before anything is acknowledged or granted in it (H21). */
export function learnInstalled(context: Context, number: ViewRecord['number']): void {
  const { state, config, nowMs } = context;
  const record = state.file.pending.find((view) => sameView(view.number, number));
  if (!record) return;
  // R9, R11: what was asked from the old base is void, unless it has won this view as well.
  const hasWon = state.candidacy?.record?.over.some((won) => sameView(won, record.number)) ?? false;
  if (!hasWon) state.candidacy = null;
  state.copy = null;
  state.retryAtMs = nowMs;
  state.retryDelayMs = config.retryMs;
  state.attempt = 0;
  state.installedAtMs = nowMs;
  writeViewFile(context, { base: record, pending: pendingAfter(state.file.pending, record.number) });
  if (isListed(state)) sendPings(context);
}

/** R12, R13: hears that a view is installed. One that it did not accept puts it outside. */
export function hearOfView(context: Context, record: ViewRecord): void {
  const { state } = context;
  const { base, promised } = state.file;
  if (base && base.clusterId !== record.clusterId) return;
  noteRound(state, record.number);
  if (base && compareViews(record.number, base.number) <= 0) return;
  if (state.file.pending.some((view) => sameView(view.number, record.number))) {
    learnInstalled(context, record.number);
    return;
  }
  const wasListed = isListed(state);
  if (record.members.some((member) => sameIncarnation(member, selfOf(state)))) {
    // R1: only a copy of this folder can have accepted it.
    const text = `View ${record.number.round} lists this very start of ${state.file.id}, which never accepted it: its database folder is a copy, or was put back from an older state. Move it away and start again.`;
    context.outputs.push({ type: 'refuse-to-run', text });
    return;
  }
  state.candidacy = null;
  state.copy = null;
  state.learners.clear();
  writeViewFile(context, {
    clusterId: record.clusterId,
    base: record,
    promised: compareViews(promised, record.number) < 0 ? record.number : promised,
    pending: pendingAfter(state.file.pending, record.number),
  });
  if (wasListed && !memberOf(record, state.file.id)) {
    notice(context, `View ${record.number.round} goes on without this server; it joins again.`);
  }
}
