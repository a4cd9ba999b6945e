import { isPrimary } from '../../server/replication/replica-state.ts';
import type { Coverage } from './checks/coverage.ts';
import type { FaultKind } from './faults.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** In which state a fault met the cluster. */
export function noteFault(
  coverage: Coverage,
  kind: FaultKind,
  servers: readonly SimulatedServer[],
  replicationFactor: number,
): void {
  coverage.note(`fault ${kind} while ${phaseOf(servers, replicationFactor)}`);
}

function phaseOf(servers: readonly SimulatedServer[], replicationFactor: number): string {
  const states = servers.map(({ state }) => state);
  const primary = states.find((state) => state && isPrimary(state));
  if (states.some((state) => state?.candidacy)) return 'a view changes';
  if (!primary) return 'there is no primary';
  if (!primary.complete) return 'it is not complete';
  return primary.file.base!.members.length < replicationFactor ? 'a member is missing' : 'all is well';
}
