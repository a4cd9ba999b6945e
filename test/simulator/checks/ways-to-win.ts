import type { Supporter } from '../../../server/replication/quorum.ts';
import { sameView } from '../../../shared/ids.ts';
import { type Incarnation, incarnationKey, sameIncarnation, type ViewRecord } from '../../../shared/views.ts';
import type { RuleNote } from './coverage-expected.ts';

/** R9: by which of W1, W2 and W3 these supporters win the view; worked out apart from `quorum.ts`. */
export function waysToWin(view: ViewRecord, supporters: readonly Supporter[]): RuleNote[] {
  const holds = ({ replica, heldBefore }: Supporter, member: Incarnation) =>
    replica?.disk === member.disk && heldBefore.some((number) => sameView(number, view.number));
  const missing = view.members.filter((member) => !supporters.some((supporter) => holds(supporter, member)));
  const isLive = (member: Incarnation) => supporters.some(({ replica }) => replica && sameIncarnation(replica, member));
  const clean = new Set(supporters.flatMap(({ cleanDead }) => cleanDead.map(incarnationKey)));
  const isCounted = (member: Incarnation) => isLive(member) || !clean.has(incarnationKey(member));
  const counted = view.members.filter(isCounted);
  const votingWitnesses = view.witnesses.filter(({ disk }) => supporters.some(({ witness }) => witness?.disk === disk));
  const votes = view.members.filter(isLive).length + votingWitnesses.length;
  const total = counted.length + view.witnesses.length;

  const ways: RuleNote[] = [];
  if (missing.length === 0) ways.push('R9 W1 decided');
  const hasMember = view.members.some(isLive);
  const isHalf = hasMember && 2 * votes === total && isLive(counted[0]!);
  if (hasMember && 2 * votes > total) ways.push('R9 W2 decided by a majority');
  if (isHalf) ways.push('R9 W2 decided by half with the first');
  if (ways.some((way) => way.startsWith('R9 W2')) && counted.length < view.members.length) {
    ways.push('R9 W2 decided with a cleanly dead one left out');
  }
  return ways.length > 0 ? ways : ['R9 W3 decided'];
}
