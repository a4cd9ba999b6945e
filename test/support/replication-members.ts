import type { PeerMessage } from '../../server/replication/messages.ts';
import type { Incarnation, ViewRecord } from '../../shared/views.ts';
import { LEASE_MS, LoneReplica, numberOf, one, TIMEOUT_MS, view } from './replication-fixtures.ts';

/** View 1 of A, B and C, to which the members below belong. */
export const view0 = view(1, 'A1 B1 C1');

/** A ping of a member of that view. */
export function ping(base: ViewRecord, sentAtMs = 0): PeerMessage {
  return { type: 'ping', base: base.number, sentAtMs };
}

/** A question for a promise (R8), not a probe. */
export function ask(round: number, candidate: string, members: string, base = view0, provenDead: Incarnation[] = []) {
  return {
    type: 'start-view-change',
    number: numberOf(round, candidate),
    probe: false,
    base,
    members: members.split(' ').map(one),
    provenDead,
  } satisfies PeerMessage;
}

/** B of view 1 [A B C], connected to both others, long enough after its start that its own past binds it no more. */
export function backup(base = view0): LoneReplica {
  const replica = new LoneReplica('B1', { base });
  for (const { id } of base.members) if (id !== replica.self.id) replica.meet(`${id[0]!.toUpperCase()}1`);
  replica.nowMs += TIMEOUT_MS;
  return replica;
}

/** A of view 1 [A B C], which holds the leases of both others from now on. */
export function primaryWithLeases(): LoneReplica {
  const replica = new LoneReplica('A1', { base: view0 });
  for (const other of ['B1', 'C1']) {
    replica.meet(other);
    replica.hear(other, { type: 'pong', base: view0.number, echoMs: replica.nowMs, leaseMs: LEASE_MS });
  }
  return replica;
}
