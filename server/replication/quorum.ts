import { type Address, compareViews, formatView, sameView, type ViewNumber } from '../../shared/ids.ts';
import {
  type Incarnation,
  incarnationKey,
  sameIncarnation,
  type ViewRecord,
  type Witness,
} from '../../shared/views.ts';
import type { LogPosition } from './messages.ts';

/** A voter that promised (or would promise) a candidate, with what it said (R8). */
export interface Supporter {
  readonly id: Address;
  /** Absent for a witness. */
  readonly replica?: Incarnation;
  readonly witness?: Witness;
  readonly heldBefore: readonly ViewNumber[];
  readonly pending: readonly ViewRecord[];
  readonly cleanDead: readonly Incarnation[];
  readonly last: LogPosition;
  /** What it writes is synced: only then a set by W3 is sure to share a disk with others. */
  readonly synced: boolean;
}

/**
 * R9: may these supporters leave view `view` behind? W1: all its disks are here. W2: a majority of its voters, its
 * cleanly dead members not counted; half is enough with the first of the others. W3: with witnesses, so many synced
 * disks and witnesses that every other winning set shares one with them.
 *
 * Two sets that win the same view always share a voter, or a member that must accept both (PROTOCOL.md, "Why it is safe").
 */
export function winsView(view: ViewRecord, supporters: readonly Supporter[]): boolean {
  const replicas = supporters.filter((supporter) => supporter.replica !== undefined);
  const supportingWitnesses = view.witnesses.flatMap((witness) =>
    supporters.filter(({ witness: voter }) => voter?.id === witness.id && voter.disk === witness.disk),
  );
  const witnesses = supportingWitnesses.length;

  // A disk that did not hold the view before this view change lost what it knew of it: it may only join.
  const disks = view.members.flatMap((member) =>
    replicas.filter(
      ({ replica, heldBefore }) =>
        replica!.id === member.id &&
        replica!.disk === member.disk &&
        heldBefore.some((held) => sameView(held, view.number)),
    ),
  );
  if (disks.length === view.members.length) return true;

  const isLive = (member: Incarnation) => replicas.some(({ replica }) => sameIncarnation(replica!, member));
  const cleanDead = new Set(supporters.flatMap((supporter) => supporter.cleanDead.map(incarnationKey)));
  const live = view.members.filter(isLive);
  const counted = view.members.filter((member) => isLive(member) || !cleanDead.has(incarnationKey(member)));
  if (live.length > 0) {
    const votes = live.length + witnesses;
    const total = counted.length + view.witnesses.length;
    if (2 * votes > total) return true;
    if (2 * votes === total && isLive(counted[0]!)) return true;
  }

  const syncedDisks = disks.filter(({ synced }) => synced).length;
  const syncedWitnesses = supportingWitnesses.filter(({ synced }) => synced).length;
  const witnessCount = view.witnesses.length;
  if (witnessCount < 2 || syncedDisks === 0) return false;
  return view.members.length - syncedDisks + 2 * (witnessCount - syncedWitnesses) < witnessCount;
}

/**
 * R9: a pending view can never be installed when one of its members supports the candidate without having accepted it:
 * that member now never will. Only data members count; the silence of a witness proves nothing, nor does that of
 * another disk at a member's address, which cannot know what the lost one had accepted.
 */
export function isVoid(pending: ViewRecord, supporters: readonly Supporter[]): boolean {
  return supporters.some(
    ({ replica, pending: accepted }) =>
      replica !== undefined &&
      pending.members.some((member) => member.id === replica.id && member.disk === replica.disk) &&
      !accepted.some((view) => sameView(view.number, pending.number)),
  );
}

/** R9: the views that a candidate has to win: its base, and what its supporters accepted after it and may be installed. */
export function viewsToWin(base: ViewRecord, supporters: readonly Supporter[]): ViewRecord[] {
  const found = new Map<string, ViewRecord>();
  for (const supporter of supporters) {
    for (const view of supporter.pending) {
      if (compareViews(view.number, base.number) > 0 && !isVoid(view, supporters)) {
        found.set(formatView(view.number), view);
      }
    }
  }
  return [base, ...[...found.values()].sort((a, b) => compareViews(a.number, b.number))];
}

/**
 * R9: the views over which `candidate` may propose with these supporters; undefined when they are not enough.
 *
 * @param members the list that it proposes; all of them have to be among the supporters
 */
export function proposalOver(
  candidate: Address,
  base: ViewRecord,
  members: readonly Incarnation[],
  supporters: readonly Supporter[],
): ViewRecord[] | undefined {
  const supports = (member: Incarnation) =>
    supporters.some(({ replica }) => replica !== undefined && sameIncarnation(replica, member));
  if (!members.every(supports)) return undefined;
  const over = viewsToWin(base, supporters);
  const mayPropose = over.every(
    (view) => view.members.some((member) => member.id === candidate) && winsView(view, supporters),
  );
  return mayPropose ? over : undefined;
}
