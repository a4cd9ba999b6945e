import type { FaultKind, PlannedFault } from './faults.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** Whether a disk may lose something now: only while all replicas are members of one view. Copies bear losses, the last one's not. */
export function canBeHarmed(
  victim: SimulatedServer,
  kind: FaultKind,
  servers: readonly SimulatedServer[],
  replicationFactor: number,
): boolean {
  const replicas = servers.filter(({ role }) => role === 'replica');
  const isWhole = replicas.every(({ state }) => {
    const { base, pending } = state?.file ?? { base: null, pending: [] };
    return base?.members.length === replicationFactor && pending.length === 0 && state!.complete;
  });
  const rounds = new Set(replicas.map(({ state }) => state?.file.base?.number.round));
  // What a witness forgets nobody else knows; another disk in its place is another witness (R16).
  const isPossible = victim.role === 'replica' || kind === 'emptyFolder';
  return isWhole && rounds.size === 1 && replicationFactor > 1 && isPossible;
}

/**
 * R20: whether another replica is left that an operator can force when this one's folder is lost. A forced view that is lost itself
 * is not taken back: clients that have heard of its epoch believe no earlier one.
 */
export function isExpendable(victim: SimulatedServer, servers: readonly SimulatedServer[]): boolean {
  const others = servers.filter((server) => server !== victim && server.role === 'replica');
  const epoch = victim.disk.file.base?.number.epoch ?? 0;
  const isLeft = others.some(({ disk }) => (disk.file.base?.number.epoch ?? -1) >= epoch && disk.entries.length > 0);
  return victim.role === 'replica' && isLeft;
}

/** Harms the disk of a server that is down. @returns what became of it */
export function harmDisk(victim: SimulatedServer, { kind, choice }: PlannedFault): string {
  const { disk } = victim;
  switch (kind) {
    case 'loseRows': {
      // H20: rows that were synced are gone, as after a power cut on a disk that lies.
      const kept = Math.floor(choice * (disk.entries.length + 1));
      const lost = disk.entries.length - kept;
      disk.loseAfter(kept);
      return `loses ${lost} synced rows`;
    }
    case 'oldFolder':
      return disk.putCopyBack(choice * choice)
        ? `gets its folder of start ${disk.file.incarnation} back`
        : 'keeps its folder';
    case 'flippedBit':
      disk.isDamaged = true;
      return 'has a row that does not match its digest';
    default:
      victim.emptyFolder();
      return 'loses its folder';
  }
}
