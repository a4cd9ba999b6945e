import { describe, expect, it, onTestFinished } from 'vitest';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import { seededRandom } from '../../shared/random.ts';
import { describeReplicaStorage } from '../contracts/replica-storage.ts';
import { ADDRESS, append, readRows, settled, someEntries } from '../storage/samples.ts';
import { SimulatedDisk } from './disk.ts';
import { Life } from './life.ts';
import { drawRates } from './rates.ts';
import { openSimulated, SimulatedStorage } from './storage.ts';
import { World } from './world.ts';

const watcher = { atStep: () => {}, onViewFile: () => {}, onRead: () => {}, onCut: () => {} };

/** A disk in a world whose time passes by itself, an event at each turn of the loop. */
function makeDisk() {
  const world = new World(false);
  let isOver = false;
  const turn = () => {
    if (isOver) return;
    world.queue.next(world.queue.nowMs);
    world.queue.next(world.queue.nowMs + 10_000);
    setImmediate(turn);
  };
  setImmediate(turn);
  onTestFinished(() => {
    isOver = true;
  });
  const disk = new SimulatedDisk(ADDRESS, 1, 1500);
  const random = seededRandom('a disk');
  const start = async () => {
    // Whatever is under way has ended before anything starts again.
    while (world.queue.size > 0) await new Promise((resolve) => setImmediate(resolve));
    const storage = new SimulatedStorage(new Life(world), disk, random.fork(), drawRates(random.fork()), watcher);
    const database = openSimulated(disk, storage, makeEntryCodec());
    await database.scan(() => {});
    const { recovered, readLongTable } = database;
    return { storage, recovered, readLongTable, entries: [...disk.entries] };
  };
  return { disk, start };
}

describeReplicaStorage('the simulated disk', async () => makeDisk());

describe('the simulated disk, when it is fitful', () => {
  it('now and then fails to give single rows, and goes on', async () => {
    const all = someEntries(5);
    const { disk, start } = makeDisk();
    const { storage } = await start();
    await append(storage, all);
    disk.isFitful = true;
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, () =>
        readRows(storage, [2, 4]).then(
          (entries) => entries.length,
          () => 'failed',
        ),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set([2, 'failed']));
    expect(await settled((done) => storage.append(someEntries(6).slice(5), done))).toBeUndefined();
  });
});
