import { holdsAllLeases } from '../../server/replication/lease.ts';
import { type Context, otherMembers } from '../../server/replication/replica-state.ts';
import { compareViews, type DiskId, formatView } from '../../shared/ids.ts';
import type { ViewFile } from '../../shared/views.ts';
import { Violation } from './checkers.ts';

/**
 * R17: without the leases of all others a primary answers a read only after each of them has spoken for it since the read was
 * asked for: none that had promised another view by then, or had begun another life, can have done so.
 *
 * @param context of the primary, when the read may be answered
 * @param whenAsked what was on each disk when it was asked for
 */
export function requireConfirmation(context: Context, whenAsked: ReadonlyMap<DiskId, ViewFile>): void {
  const { base, id } = context.state.file;
  if (holdsAllLeases(context)) return;
  for (const member of otherMembers(context.state)) {
    const then = whenAsked.get(member.disk);
    if (!then || then.incarnation < member.incarnation) continue;
    const isGone = then.incarnation > member.incarnation || compareViews(then.promised, base!.number) > 0;
    if (isGone)
      throw new Violation(
        `R17: ${id} confirms a read in ${formatView(base!.number)}, which ${member.id} had left when it was asked for`,
      );
  }
}
