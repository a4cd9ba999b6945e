import type { Random } from '../../shared/random.ts';
import { pause } from '../support/cluster.ts';
import type { Keeper } from './keeper.ts';

/** What befalls a cluster. Whom and how long is drawn; who is the primary then, is not. */
export interface Fault {
  name: string;
  /** How often it is drawn, beside the others. */
  weight: number;
  /**
   * What becomes of the servers that are left, if the cluster was whole before: they surely go on, they do unless a
   * death goes unnoticed for longer than a lease, or there are none.
   */
  left: 'go on' | 'may wait' | 'none';
  befall(keeper: Keeper, random: Random): Promise<void>;
}

const SERVERS = [0, 1, 2] as const;

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill -9 of the primary',
    weight: 4,
    left: 'go on',
    befall: async (keeper) => keeper.kill(await keeper.primary()),
  },
  {
    name: 'kill -9 of a backup',
    weight: 2,
    left: 'go on',
    befall: async (keeper, random) => keeper.kill(((await keeper.primary()) + random.between(1, 3)) % 3),
  },
  {
    name: 'kill -9 of two',
    weight: 3,
    left: 'may wait',
    befall: (keeper, random) => killSome(keeper, random, 2),
  },
  {
    name: 'kill -9 of a primary and the next',
    weight: 2,
    left: 'may wait',
    befall: async (keeper, random) => {
      const first = await keeper.primary();
      await keeper.kill(first);
      await pause(random.between(0, 600));
      const next = await keeper.primary();
      await keeper.kill(next === first ? (first + 1) % 3 : next);
    },
  },
  {
    name: 'kill -9 of all three',
    weight: 3,
    left: 'none',
    befall: (keeper, random) => killSome(keeper, random, 3),
  },
  {
    name: 'kill -9 in a loop',
    weight: 2,
    left: 'may wait',
    befall: async (keeper, random) => {
      const victim = random.pick(SERVERS);
      for (let round = random.between(2, 5); round > 0; round--) {
        await keeper.kill(victim);
        keeper.start(victim);
        await pause(random.between(100, 1200));
      }
      await keeper.kill(victim);
    },
  },
  {
    name: 'SIGSTOP of the primary',
    weight: 3,
    left: 'go on',
    befall: async (keeper, random) => stopAWhile(keeper, random, await keeper.primary()),
  },
  {
    name: 'SIGSTOP of a backup',
    weight: 2,
    left: 'go on',
    befall: async (keeper, random) => stopAWhile(keeper, random, ((await keeper.primary()) + 1) % 3),
  },
  {
    name: 'SIGTERM of one',
    weight: 2,
    left: 'go on',
    befall: (keeper, random) => keeper.terminate(random.pick(SERVERS)),
  },
  {
    name: 'SIGTERM of all three',
    weight: 1,
    left: 'none',
    befall: async (keeper, random) => {
      const ends: Promise<void>[] = [];
      for (const index of shuffled(SERVERS, random)) {
        ends.push(keeper.terminate(index));
        await pause(random.between(0, 300));
      }
      await Promise.all(ends);
    },
  },
  { name: 'everything in disorder', weight: 4, left: 'none', befall: disorder },
];

/** One of the faults, the more often the heavier. */
export function drawFault(random: Random): Fault {
  return random.pick(FAULTS.flatMap((fault) => Array<Fault>(fault.weight).fill(fault)));
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length), 1)[0]!);
}

/** At once, or one shortly after the other: before, during and after the view change that the first one causes. */
async function killSome(keeper: Keeper, random: Random, count: number): Promise<void> {
  const gapMs = random.chance(0.3) ? 0 : random.between(1, 400);
  const ends: Promise<void>[] = [];
  for (const index of shuffled(SERVERS, random).slice(0, count)) {
    ends.push(keeper.kill(index));
    if (gapMs > 0) await pause(gapMs);
  }
  await Promise.all(ends);
}

/** Shorter and longer than the heartbeat timeout. */
async function stopAWhile(keeper: Keeper, random: Random, index: number): Promise<void> {
  keeper.pause(index);
  await pause(random.between(50, 2500));
  if (random.chance(0.2)) await keeper.kill(index);
  else keeper.resume(index);
}

/** Several faults before the cluster has recovered from the first. */
async function disorder(keeper: Keeper, random: Random): Promise<void> {
  const stops: Promise<void>[] = [];
  for (let step = random.between(4, 12); step > 0; step--) {
    const index = random.pick(SERVERS);
    const drawn = random.fraction();
    if (drawn < 0.35) await keeper.kill(index);
    else if (drawn < 0.5) keeper.pause(index);
    else if (drawn < 0.6) keeper.resume(index);
    else if (drawn < 0.7) stops.push(keeper.terminate(index));
    else keeper.start(index);
    await pause(random.between(0, 700));
  }
  for (const index of SERVERS) keeper.resume(index);
  await Promise.all(stops);
}
