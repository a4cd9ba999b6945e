import type { ReplicaState } from '../../server/replication/replica-state.ts';
import { type Incarnation, incarnationKey } from '../../shared/views.ts';

/**
 * Time, made finite. The clock of every replica stands still at {@link NOW_MS}, and what the passing of time would
 * bring about is a move of its own that edits the times a replica remembers: a lease that ran out, a grant that binds
 * no more, a member that was silent for E, a retry that is due. Between moves every remembered time is put to one of a
 * few values, so that states which differ only by when something happened are one state. The real code decides all else.
 *
 * - **Leases** are held as long as they may be: pings of members with the same base are answered at once (`onPing`
 *   decides), and a lease ends only where somebody needs it to: x's grant to s ends when x wants to promise a list
 *   without s (R6c), and s's lease ends just before, which is all that A3 and L < E say. A lease held longer only
 *   allows more (clean deaths, reads), so nothing is lost by this.
 * - **Silence** is no state: "x has heard nothing from y for E" is part of the move in which x asks for another view.
 * - **Retries, ranks, quiet times, the attempt's parity** are free choices of that move; nothing starts by itself. It
 *   includes its probe, which is asked and answered at once; or (`--probes granted`) every probe is answered with yes.
 * - **Messages** arrive in any order, as late as may be, or never; only to the life that they were sent to. This is
 *   more than one connection allows, and all that several in a row do. Links between two that run do not end.
 * - **Crashes** happen between moves, and within one before each write; or, all else done, with appended rows lost.
 *   Otherwise rows are durable at once (`--slow-disks`: by a move).
 * - **News** of an installed view is a move: any server that knows it may tell any other, a crashed one included. Who
 *   follows a primary has heard of its view (`--late-news`: perhaps not).
 *
 * Added by this: deaths are clean and reads go on longer than any clock would let them; messages overtake each other.
 * Left out: clocks and drift, so whether L is short enough; idle commit numbers; read checks; refusals, which only
 * save time; rows copied piece by piece (a whole copy is part of the move that needs it); connections that stand one way
 * only; links lost between the living, and what is sent again then; hung disks, pauses, leaving, forced views,
 * emptied folders, snapshots, spares, changes of witnesses, clients' tables, `--trust-refused never`.
 */
export const NOW_MS = 1_000_000;
const LONG_AGO_MS = 0;
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** Longer ago than a retry (R15 needs no more quiet), less than E (grants of the life before still bind, R6c). */
export const STARTED_MS = NOW_MS - 1000;

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** Puts every remembered time to what it means between two moves. */
export function standStill(state: ReplicaState, retryMs: number): void {
  state.lastTickMs = NOW_MS;
  state.lastHeartbeatMs = NOW_MS;
  state.appendingSinceMs = state.log.durableOp < state.log.endOp ? NOW_MS : null;
  state.condemnedUntilMs.clear();
  state.heardAtMs.clear();
  state.answeredAtMs.clear();
  state.resentAtMs.clear();
  state.installedAtMs = NOW_MS;
  state.retryAtMs = NEVER_MS;
  state.reasonSinceMs = NEVER_MS;
  state.retryDelayMs = retryMs;
  state.attempt = 0;
  state.witnessesRetryAtMs = NEVER_MS;
  state.primaryHeardAtMs = LONG_AGO_MS;
  state.joinAskedAtMs = NOW_MS;
  if (state.candidacy) state.candidacy.progressAtMs = NOW_MS;
  if (state.copy) state.copy.askedAtMs = NOW_MS;
  for (const learner of state.learners.values()) learner.heardAtMs = NOW_MS;
}

/** The next tick finds these members silent for E, all others not, and nothing that would have to be waited for. */
export function makeDue(state: ReplicaState, silent: readonly Incarnation[], attempt: number): void {
  const { base } = state.file;
  for (const member of base?.members ?? []) {
    const isSilent = silent.some(({ id }) => id === member.id);
    for (const times of [state.heardAtMs, state.answeredAtMs]) {
      times.set(incarnationKey(member), isSilent ? LONG_AGO_MS : NOW_MS);
    }
  }
  state.installedAtMs = LONG_AGO_MS;
  state.reasonSinceMs = LONG_AGO_MS;
  state.retryAtMs = LONG_AGO_MS;
  state.attempt = attempt;
  if (state.candidacy) state.candidacy.progressAtMs = LONG_AGO_MS;
}

/** Whether the last tick was stopped by a grant that still binds (R6c), and by nothing else. */
export function waitsForGrant(state: ReplicaState): boolean {
  return state.retryAtMs > NOW_MS && state.retryAtMs < NEVER_MS;
}

/** The next tick asks the primary for what follows the log (R14). */
export function makeJoinDue(state: ReplicaState): void {
  state.joinAskedAtMs = LONG_AGO_MS;
}

/** E has passed since the last grants to these, in this life or, by the start, in an earlier one. */
export function endGrants(state: ReplicaState, members: readonly Incarnation[]): void {
  for (const member of members) {
    const key = incarnationKey(member);
    state.grantedAtMs.delete(key);
    if (state.grantedBeforeStart.has(key)) (state as Mutable<ReplicaState>).startedAtMs = LONG_AGO_MS;
  }
}

/** Whether what an earlier life granted can still bind. */
export function boundByEarlierLife(state: ReplicaState): boolean {
  return state.startedAtMs > LONG_AGO_MS;
}

/** The leases that a disk's lives up to this one granted have run out here. */
export function endLeases(state: ReplicaState, granter: Incarnation): void {
  for (let incarnation = 1; incarnation <= granter.incarnation; incarnation++) {
    state.leaseUntilMs.delete(incarnationKey({ ...granter, incarnation }));
  }
}
