import type { Random } from '../../shared/random.ts';
import type { Crowd } from './crowd.ts';
import type { SmallDisk } from './disk.ts';
import type { Keeper } from './keeper.ts';
import type { Machine, Network } from './network.ts';

/** All that a fault can touch. */
export interface Scene {
  keeper: Keeper;
  crowds: readonly Crowd[];
  /** Undefined on plain loopback. */
  links: Links | undefined;
  disk: { index: number; disk: SmallDisk } | undefined;
  /** All servers were one view when the fault began. */
  isWhole: boolean;
}

/** The network, and who is where in it. */
export interface Links {
  network: Network;
  /** By the servers' indices. */
  servers: readonly Machine[];
  /** By the crowds' indices. */
  users: readonly Machine[];
}

/** What befalls a cluster. Whom (by what it is then: primary, backup) and for how long is drawn. */
export interface Fault {
  name: string;
  /** How often it is drawn, beside the others. */
  weight: number;
  /**
   * What becomes of the servers that are left, if the cluster was whole before: they surely go on, or may wait for one
   * that is gone, or nothing can be said.
   */
  left: 'go on' | 'may wait' | 'none';
  /** It cuts servers from each other. */
  isPartition?: true;
  befall(scene: Scene, random: Random): Promise<void>;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * One of the faults, the more often the heavier. What cannot be done here is drawn as well and then replaced, so that a
 * seed stands for the same faults on every machine, but for those.
 */
export function drawFault(faults: readonly Fault[], isPossible: (fault: Fault) => boolean, random: Random): Fault {
  const lots = faults.flatMap((fault) => Array<Fault>(fault.weight).fill(fault));
  for (;;) {
    const drawn = random.pick(lots);
    if (isPossible(drawn)) return drawn;
  }
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length), 1)[0]!);
}
