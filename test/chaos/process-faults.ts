import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseFolder } from '../../server/storage/folder.ts';
import type { Random } from '../../shared/random.ts';
import { logSegments } from '../support/cluster.ts';
import { type Fault, pause, type Scene, shuffled } from './faults.ts';
import type { Keeper } from './keeper.ts';

/** A server whose disk is full takes no part from its next write on; under load that is soon. */
const NOTICES_FULL_DISK_MS = 15_000;

/** What happens to processes and disks. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'kill -9 of the primary',
    weight: 6,
    left: 'go on',
    befall: async ({ keeper }) => keeper.kill(await keeper.leader()),
  },
  {
    name: 'kill -9 of a backup',
    weight: 3,
    left: 'go on',
    befall: async ({ keeper }, random) => keeper.kill(keeper.backupOf(await keeper.leader(), random)),
  },
  {
    name: 'kill -9 of two',
    weight: 5,
    left: 'may wait',
    befall: ({ keeper }, random) => killSome(keeper, random, 2),
  },
  {
    name: 'kill -9 of a primary and the next',
    weight: 4,
    left: 'may wait',
    befall: async ({ keeper }, random) => {
      const first = await keeper.leader();
      const other = keeper.backupOf(first, random);
      await keeper.kill(first);
      await pause(random.between(0, 600));
      const next = await keeper.leader();
      await keeper.kill(next === first ? other : next);
    },
  },
  {
    name: 'kill -9 of all',
    weight: 5,
    left: 'none',
    befall: ({ keeper }, random) => killSome(keeper, random, keeper.all.length),
  },
  {
    name: 'kill -9 in a loop',
    weight: 3,
    left: 'may wait',
    befall: async ({ keeper }, random) => {
      const { index } = random.pick(keeper.all);
      for (let round = random.between(2, 5); round > 0; round--) {
        await keeper.kill(index);
        keeper.start(index);
        await pause(random.between(100, 1200));
      }
      await keeper.kill(index);
    },
  },
  {
    name: 'SIGSTOP of the primary',
    weight: 3,
    left: 'go on',
    befall: async ({ keeper }, random) => stopAWhile(keeper, random, await keeper.leader()),
  },
  {
    name: 'SIGSTOP of a backup',
    weight: 2,
    left: 'go on',
    befall: async ({ keeper }, random) => stopAWhile(keeper, random, keeper.backupOf(await keeper.leader(), random)),
  },
  {
    name: 'SIGTERM of one',
    weight: 2,
    left: 'go on',
    befall: ({ keeper }, random) => keeper.terminate(random.pick(keeper.all).index),
  },
  {
    name: 'SIGTERM of all',
    weight: 1,
    left: 'none',
    befall: async ({ keeper }, random) => {
      const ends: Promise<void>[] = [];
      for (const { index } of shuffled(keeper.all, random)) {
        ends.push(keeper.terminate(index));
        await pause(random.between(0, 300));
      }
      await Promise.all(ends);
    },
  },
  { name: 'a flipped bit on a disk', weight: 3, left: 'go on', befall: flipBit },
  { name: 'processes in disorder', weight: 4, left: 'none', befall: ({ keeper }, random) => disorder(keeper, random) },
];

export const DISK_FAULTS: readonly Fault[] = [{ name: 'a full disk', weight: 2, left: 'go on', befall: fillDisk }];

/** At once, or one shortly after the other: before, during and after the view change that the first one causes. */
async function killSome(keeper: Keeper, random: Random, count: number): Promise<void> {
  const gapMs = random.chance(0.3) ? 0 : random.between(1, 400);
  const ends: Promise<void>[] = [];
  for (const { index } of shuffled(keeper.all, random).slice(0, count)) {
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
    stops.push(...(await oneOfAll(keeper, random)));
    await pause(random.between(0, 700));
  }
  for (const { index } of keeper.all) keeper.resume(index);
  await Promise.all(stops);
}

/** One step of disorder. @returns what goes on meanwhile */
export async function oneOfAll(keeper: Keeper, random: Random): Promise<Promise<void>[]> {
  const { index } = random.pick(keeper.all);
  const drawn = random.fraction();
  if (drawn < 0.35) await keeper.kill(index);
  else if (drawn < 0.5) keeper.pause(index);
  else if (drawn < 0.6) keeper.resume(index);
  else if (drawn < 0.7) return [keeper.terminate(index)];
  else keeper.start(index);
  return [];
}

/** R26: anywhere in one server's log. Only while the others have everything that is in it: what nobody has cannot be repaired. */
async function flipBit({ keeper, isWhole }: Scene, random: Random): Promise<void> {
  const { index, address, dataFolder } = random.pick(keeper.replicas);
  await keeper.kill(index);
  if (!isWhole) return;
  const folder = databaseFolder(dataFolder, address);
  const path = join(folder, random.pick(logSegments(folder)));
  const bytes = readFileSync(path);
  const at = random.between(0, bytes.length);
  bytes[at]! ^= 1 << random.between(0, 8);
  writeFileSync(path, bytes);
  keeper.note(`${address} has another bit at byte ${at} of its log`);
}

/** The server waits for room from its next write on; sometimes it is killed, and started again before there is any. */
async function fillDisk(scene: Scene, random: Random): Promise<void> {
  const { keeper } = scene;
  const { index, disk } = scene.disk!;
  const { address } = keeper.all[index]!;
  const pagesLeft = random.between(0, 32);
  const isStartedFull = random.chance(0.4);
  keeper.note(`${address} has a full disk, but for ${pagesLeft} pages`);
  disk.fill(pagesLeft);
  const isSilent = await keeper.expectSilence(index, NOTICES_FULL_DISK_MS);
  if (!isSilent && scene.isWhole) keeper.problems.push(`${address} went on although its disk was full`);
  if (!isSilent || !isStartedFull) return;
  await keeper.kill(index);
  keeper.start(index);
  await keeper.expectSilence(index, NOTICES_FULL_DISK_MS);
}
