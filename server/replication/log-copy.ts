import { assert } from '../../shared/assert.ts';
import { type Address, NO_VIEW, parseView, sameView, type ViewNumber } from '../../shared/ids.ts';
import { LOG_TAIL_LENGTH } from '../../shared/limits.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { Incarnation } from '../../shared/views.ts';
import type { LogPosition, PeerMessage } from './messages.ts';
import type { OpLog } from './op-log.ts';
import { type Context, type LogCopy, notice, type ReplicaState, send } from './replica-state.ts';

/** Appends entries that follow the log, here and on disk. */
export function appendEntries(context: Context, entries: readonly LogEntry[]): void {
  const { state, outputs, nowMs } = context;
  if (entries.length === 0) return;
  state.log.append(entries);
  state.appendingSinceMs ??= nowMs;
  outputs.push({ type: 'append', entries });
}

/** R10, R13: what is cut off is set aside, never thrown away: it was perhaps promised to nobody, but somebody wrote it. */
function cutAfter(context: Context, op: number, reason: string): void {
  const { state, outputs } = context;
  if (state.log.endOp <= op) return;
  assert(op >= state.commit, `operation ${op + 1} is committed and cannot be set aside`);
  outputs.push({ type: 'cut-log', afterOp: op, reason });
  state.log.cutAfter(op);
  if (state.log.durableOp === state.log.endOp) state.appendingSinceMs = null;
}

/** Commits everything up to `op` that is in the log here. The caller knows that it is committed in the cluster. */
export function commitThrough(context: Context, op: number): void {
  const { state, config, outputs } = context;
  const through = Math.min(op, state.log.endOp);
  if (through <= state.commit) return;
  const entries: LogEntry[] = [];
  for (let next = state.commit + 1; next <= through; next++) {
    const entry = state.log.entry(next)!;
    if (entry.event === 'cluster:complete') state.complete = true;
    entries.push(entry);
  }
  state.commit = through;
  outputs.push({ type: 'commit', entries });
  // In steps, because each costs a move of the whole list.
  const isLong = state.log.length > 2 * LOG_TAIL_LENGTH;
  if (isLong || state.commit - state.log.floor > 2 * config.logTailEntries) {
    const tailAfter = state.log.tailAfter(state.commit, config.logTailEntries, LOG_TAIL_LENGTH);
    state.log.release(Math.min(tailAfter, state.log.durableOp));
  }
}

/** Asks the source for what follows our log; from the end first, which is almost always right. */
export function startCopy(context: Context, copy: Omit<LogCopy, 'askedAtMs'>): void {
  context.state.copy = { ...copy, askedAtMs: context.nowMs };
  askForMore(context, context.state.log.endOp);
}

function askForMore(context: Context, fromOp: number): void {
  const { state, nowMs } = context;
  const copy = state.copy!;
  copy.askedAtMs = nowMs;
  const chain = state.log.chainAt(fromOp)!;
  if (copy.purpose === 'join') {
    send(context, copy.source, { type: 'join-me', view: state.file.base!.number, fromOp, chain });
  } else {
    send(context, copy.source, { type: 'fetch-log', fromOp, chain });
  }
}

/** A question or its answer was lost with a connection: asks again. */
export function repeatLostQuestion(context: Context): void {
  const { state, config, nowMs } = context;
  const copy = state.copy;
  if (!copy || copy.purpose === 'join') return;
  if (nowMs - copy.askedAtMs >= config.retryMs) askForMore(context, state.log.endOp);
}

/** Answers a question for entries with those that are in memory, or has the storage answer it. */
export function sendLog(context: Context, to: Address, ask: { fromOp: number; chain: string }, end: number): void {
  const { state, outputs } = context;
  const { log } = state;
  const commit = Math.min(state.commit, end);
  const view = state.file.base?.number ?? NO_VIEW;
  if (ask.fromOp < log.floor) {
    outputs.push({ type: 'send-log-from-storage', to, view, fromOp: ask.fromOp, chain: ask.chain, end, commit });
    return;
  }
  const mismatch = ask.fromOp > end || log.chainAt(ask.fromOp) !== ask.chain;
  const entries = mismatch ? [] : log.slice(ask.fromOp + 1, end, context.config.logPieceLength);
  send(context, to, {
    type: 'log-chunk',
    view,
    fromOp: ask.fromOp,
    previousChain: ask.chain,
    entries,
    end,
    commit,
    mismatch,
  });
}

export function onFetchLog(context: Context, from: Incarnation, ask: PeerMessage & { type: 'fetch-log' }): void {
  sendLog(context, from.id, ask, context.state.log.endOp);
}

/**
 * Takes a piece of the source's log: skips what is here already, sets aside what differs, appends the rest.
 *
 * @returns up to which operation our log is now known to be the source's; undefined when the chunk tells nothing
 */
export function onLogChunk(
  context: Context,
  from: Incarnation,
  chunk: PeerMessage & { type: 'log-chunk' },
): number | undefined {
  const { state, nowMs } = context;
  const copy = state.copy;
  if (!copy || copy.source !== from.id) return undefined;
  // R13: only once the view is its base has a learner broken with what it promised before; else it might have to give back what it took for committed.
  if (copy.purpose === 'join' && !sameView(chunk.view, state.file.base!.number)) return undefined;
  if (copy.purpose === 'join') state.primaryHeardAtMs = nowMs;
  if (chunk.mismatch) {
    // Late: what was asked about has been replaced since.
    if (state.log.chainAt(chunk.fromOp) !== chunk.previousChain) return undefined;
    // Up to the commit number all logs are equal (I5), so one step down is enough.
    if (chunk.fromOp > state.commit) askForMore(context, state.commit);
    else onCommittedDiffers(context, from, chunk.fromOp, chunk.view);
    return undefined;
  }
  if (chunk.fromOp >= state.log.floor && state.log.chainAt(chunk.fromOp) !== chunk.previousChain) return undefined;
  const firstNew = chunk.entries.findIndex((entry) => !isHere(state.log, entry));
  if (firstNew >= 0 && chunk.entries[firstNew]!.op <= state.commit) {
    onCommittedDiffers(context, from, chunk.entries[firstNew]!.op, chunk.view);
    return undefined;
  }
  if (firstNew >= 0) takeEntries(context, from, chunk.entries.slice(firstNew));
  const sharedOp = chunk.entries[chunk.entries.length - 1]?.op ?? chunk.fromOp;
  if (copy.end && reaches(state, copy.end)) cutAfter(context, copy.end.op, `not in the log of ${from.id}`);
  else if (chunk.entries.length > 0 && sharedOp < (copy.end?.op ?? chunk.end)) askForMore(context, sharedOp);
  return sharedOp;
}

/**
 * R20: an operator has forced a view without what was committed here, which is then set aside. Within one epoch only somebody who put an old
 * folder back can make two such logs (R1): what is committed stays.
 */
function onCommittedDiffers(context: Context, from: Incarnation, op: number, view: ViewNumber): void {
  const { state, outputs } = context;
  const text = `The log of ${from.id} differs from ours at operation ${op}, which is committed here`;
  const wasForced = view.epoch > (parseView(state.log.end.view)?.epoch ?? 0);
  if (!wasForced) {
    notice(context, `${text}: was an old folder put back there? Then move it away and start that server again.`);
  } else if (state.copy!.purpose === 'join') {
    outputs.push({ type: 'start-over', text: `${text}: its view was forced without it.` });
  } else {
    notice(context, `${text}.`);
  }
}

function isHere(log: OpLog, { op, chain }: LogEntry): boolean {
  return op <= log.floor || log.chainAt(op) === chain;
}

function takeEntries(context: Context, from: Incarnation, entries: readonly LogEntry[]): void {
  cutAfter(context, entries[0]!.op - 1, `another entry in the log of ${from.id}`);
  appendEntries(context, entries);
}

/** Whether the log contains that position, with the same history. */
export function reaches(state: ReplicaState, end: LogPosition): boolean {
  return state.log.endOp >= end.op && state.log.chainAt(end.op) === end.chain;
}

/** Whether the copy is done and durable: the log ends exactly there. */
export function isCopied(state: ReplicaState, end: LogPosition): boolean {
  return state.log.endOp === end.op && state.log.end.chain === end.chain && state.log.durableOp >= end.op;
}

/** Starts a copy that ends at `end`, or cuts at once when the log already contains it. */
export function copyUpTo(context: Context, copy: Omit<LogCopy, 'askedAtMs'> & { end: LogPosition }): void {
  const { state } = context;
  if (reaches(state, copy.end)) {
    state.copy = { ...copy, askedAtMs: context.nowMs };
    cutAfter(context, copy.end.op, `not in the log of ${copy.source}`);
    return;
  }
  // Asking from above the source's end would be answered with a mismatch: save that round trip.
  state.copy = { ...copy, askedAtMs: context.nowMs };
  askForMore(context, state.log.endOp > copy.end.op ? state.commit : state.log.endOp);
}
