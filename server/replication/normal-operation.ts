import { type Address, formatView, sameView } from '../../shared/ids.ts';
import type { EntryDraft, LogEntry } from '../../shared/operations.ts';
import { type Incarnation, sameIncarnation, type ViewRecord } from '../../shared/views.ts';
import { holdsAllLeases, sendPings } from './lease.ts';
import { appendEntries, commitThrough } from './log-copy.ts';
import type { PeerMessage } from './messages.ts';
import { type Context, isNormal, isPrimary, memberOf, otherMembers, type ReplicaState, send } from './replica-state.ts';

const OWN_ENTRY = { client: '', request: 0, asked: '', id: '', account: '' } as const;

/** R11: the first acts of the primary of a new view. Everything up to `endOp` is on the disks of all members. */
export function startView(context: Context, record: ViewRecord, endOp: number): void {
  const { state } = context;
  state.acknowledged.clear();
  state.sent.clear();
  state.resentAtMs.clear();
  state.readChecks = [];
  state.awaitingCommit.clear();
  for (const member of otherMembers(state)) {
    state.acknowledged.set(member.id, endOp);
    state.sent.set(member.id, endOp);
    state.learners.delete(member.id);
  }
  for (const address of state.links.keys()) send(context, address, { type: 'installed', record });
  sendPings(context);
  const body = JSON.stringify(record);
  const drafts: EntryDraft[] = [{ ...OWN_ENTRY, event: 'cluster:view', subject: formatView(record.number), body }];
  if (!state.complete && record.members.length >= record.replicationFactor) {
    drafts.push({ ...OWN_ENTRY, event: 'cluster:complete', subject: String(record.replicationFactor), body: '' });
  }
  propose(context, drafts);
}

/** R3: gives the drafts their places, appends them and forwards them. Only the primary in status normal is asked. */
export function propose(context: Context, drafts: readonly EntryDraft[]): void {
  const { state, config } = context;
  if (!isPrimary(state) || drafts.length === 0) return;
  const { op, chain } = state.log.end;
  const view = formatView(state.file.base!.number);
  appendEntries(context, config.seal(drafts, { firstOp: op + 1, previousChain: chain, view }));
  for (const member of otherMembers(state)) forward(context, member.id);
}

/** Sends a backup what it has not been sent yet. */
function forward(context: Context, to: Address): void {
  const { state, config } = context;
  if (!state.links.has(to)) return;
  let sent = state.sent.get(to) ?? state.log.endOp;
  while (sent < state.log.endOp) {
    if (sent < state.log.floor) return;
    const entries = state.log.slice(sent + 1, state.log.endOp, config.logPieceLength);
    sendPrepare(context, to, sent, entries);
    sent += entries.length;
  }
  state.sent.set(to, sent);
}

function sendPrepare(context: Context, to: Address, afterOp: number, entries: LogEntry[]): void {
  const { state } = context;
  send(context, to, {
    type: 'prepare',
    view: state.file.base!.number,
    previousChain: state.log.chainAt(afterOp)!,
    firstOp: afterOp + 1,
    entries,
    commit: state.commit,
  });
}

/** After a link was made anew, or when a backup says that something is missing: sends again from what it acknowledged. */
export function resend(context: Context, to: Address): void {
  const { state, nowMs } = context;
  if (!isPrimary(state) || !state.acknowledged.has(to)) return;
  state.sent.set(to, state.acknowledged.get(to)!);
  state.resentAtMs.set(to, nowMs);
  forward(context, to);
}

/** R3: a backup appends what follows its log, in the view that it is in. */
export function onPrepare(context: Context, from: Incarnation, prepare: PeerMessage & { type: 'prepare' }): void {
  const { state } = context;
  if (!isBackupOf(state, from, prepare.view)) return;
  const { log } = state;
  const next = prepare.entries.findIndex((entry) => entry.op > log.endOp);
  if (next >= 0) {
    const previousChain = prepare.entries[next - 1]?.chain ?? prepare.previousChain;
    const follows = prepare.entries[next]!.op === log.endOp + 1 && previousChain === log.end.chain;
    if (!follows) {
      acknowledge(context, true);
      return;
    }
    appendEntries(context, prepare.entries.slice(next));
  } else {
    acknowledge(context, false);
  }
  commitThrough(context, prepare.commit);
}

/** The sender is the primary of the view that this replica is a backup in, now and by promise. */
function isBackupOf(state: ReplicaState, from: Incarnation, view: ViewRecord['number']): boolean {
  const { base } = state.file;
  if (!base || !isNormal(state) || !sameView(base.number, view)) return false;
  return sameIncarnation(base.members[0]!, from) && base.members[0]!.id !== state.file.id;
}

/** Cumulative: everything up to the durable end of the log. */
export function acknowledge(context: Context, isMissingSome: boolean): void {
  const { state } = context;
  if (!isNormal(state) || isPrimary(state)) return;
  const { number, members } = state.file.base!;
  send(context, members[0]!.id, {
    type: 'prepare-ok',
    view: number,
    op: state.log.durableOp,
    resend: isMissingSome,
  });
}

export function onPrepareOk(context: Context, from: Incarnation, ok: PeerMessage & { type: 'prepare-ok' }): void {
  const { state, config, nowMs } = context;
  if (!isPrimary(state) || !sameView(state.file.base!.number, ok.view)) return;
  const member = memberOf(state.file.base!, from.id);
  if (!member || !sameIncarnation(member, from)) return;
  const before = state.acknowledged.get(from.id) ?? 0;
  if (ok.op > before && ok.op <= state.log.endOp) state.acknowledged.set(from.id, ok.op);
  // Entries under way make a backup ask more than once; one answer in a while is enough.
  const resentAtMs = state.resentAtMs.get(from.id) ?? Number.NEGATIVE_INFINITY;
  if (ok.resend && nowMs - resentAtMs >= config.heartbeatIntervalMs) resend(context, from.id);
  commitWhenAcknowledged(context);
}

/** R4: an operation is committed when every member of the view has it on disk, this one included. */
export function commitWhenAcknowledged(context: Context): void {
  const { state } = context;
  if (!isPrimary(state)) return;
  let op = state.log.durableOp;
  for (const member of otherMembers(state)) op = Math.min(op, state.acknowledged.get(member.id) ?? 0);
  const before = state.commit;
  commitThrough(context, op);
  if (state.commit === before) return;
  // Backups learn it with the next Prepare; when none is due, at once, so that they serve fresh reads.
  const isIdle = state.commit === state.log.endOp;
  for (const { id } of otherMembers(state)) if (isIdle || state.awaitingCommit.has(id)) tellCommit(context, id);
}

/** Tells the backups the commit number while nothing else does; also how they notice that something got lost. */
export function sendCommit(context: Context): void {
  const { state } = context;
  if (!isPrimary(state)) return;
  for (const { id } of otherMembers(state)) tellCommit(context, id);
}

function tellCommit(context: Context, to: Address): void {
  const { file, commit, log } = context.state;
  send(context, to, { type: 'commit', view: file.base!.number, commit, end: log.endOp });
}

export function onCommit(context: Context, from: Incarnation, commit: PeerMessage & { type: 'commit' }): void {
  const { state } = context;
  if (!isBackupOf(state, from, commit.view)) return;
  commitThrough(context, commit.commit);
  if (commit.end > state.log.endOp) acknowledge(context, true);
}

/** R17: is this the primary at some moment after now? Leases say so at once; else every member is asked. */
export function confirmRead(context: Context, checkId: number): void {
  const { state } = context;
  if (!isPrimary(state)) return;
  const others = otherMembers(state);
  if (others.length === 0 || holdsAllLeases(context)) {
    context.outputs.push({ type: 'read-confirmed', checkId });
    return;
  }
  state.readChecks.push({ checkId, waitingFor: new Set(others.map(({ id }) => id)) });
  for (const { id } of others) send(context, id, { type: 'read-check', view: state.file.base!.number, checkId });
}

export function onReadCheck(context: Context, from: Incarnation, check: PeerMessage & { type: 'read-check' }): void {
  if (!isBackupOf(context.state, from, check.view)) return;
  send(context, from.id, { type: 'read-ok', view: check.view, checkId: check.checkId });
}

export function onReadOk(context: Context, from: Incarnation, ok: PeerMessage & { type: 'read-ok' }): void {
  const { state } = context;
  if (!isPrimary(state) || !sameView(state.file.base!.number, ok.view)) return;
  const member = memberOf(state.file.base!, from.id);
  if (!member || !sameIncarnation(member, from)) return;
  const check = state.readChecks.find(({ checkId }) => checkId === ok.checkId);
  check?.waitingFor.delete(from.id);
  if (!check || check.waitingFor.size > 0) return;
  // What was asked earlier is answered by the later confirmation too.
  state.readChecks = state.readChecks.filter(({ checkId }) => checkId > check.checkId);
  context.outputs.push({ type: 'read-confirmed', checkId: check.checkId });
}
