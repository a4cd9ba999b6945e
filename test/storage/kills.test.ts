import type * as promises from 'node:fs/promises';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LOG_HEADER } from '../../server/storage/csv.ts';
import type { ReplicaStorage } from '../../server/storage/replica-storage.ts';
import { append, copyOf, openScanned, settled, snapshotAt, someEntries, temporaryFolder, viewFile } from './samples.ts';

/** Counts the steps that change the folder, and stops the program before one of them. */
const kill = vi.hoisted(() => ({ step: 0, at: Number.POSITIVE_INFINITY }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const counted = <Call extends (...args: never[]) => unknown>(call: Call, counts = (..._: Parameters<Call>) => true) =>
    ((...args: Parameters<Call>) => {
      // After its end a program does nothing more either.
      if (counts(...args) && kill.step++ >= kill.at) return Promise.reject(new Error('killed by the test'));
      return call(...args);
    }) as Call;
  return {
    ...real,
    open: counted(real.open, (_, flags) => flags !== 'r'),
    rename: counted(real.rename),
    rm: counted(real.rm),
    unlink: counted(real.unlink),
    truncate: counted(real.truncate),
  };
});

beforeEach(() => revive());

function revive(): void {
  Object.assign(kill, { step: 0, at: Number.POSITIVE_INFINITY });
}

const ALL = someEntries(9);

/** A database of several segments with a snapshot of op 3 and the view file of round 1. */
async function makeDatabase(): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder, { segmentOperations: 3 });
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, ALL);
  await settled((done) => storage.writeSnapshot(snapshotAt(ALL[2]!, 'old'), done));
  await close();
  return folder;
}

function start(folder: string) {
  return openScanned(folder, { segmentOperations: 3 });
}

/** What is there after a kill before each step of some work, and after none; each in a folder of its own. */
async function killedAtEachStep(work: (storage: ReplicaStorage) => Promise<unknown>): Promise<string[]> {
  const base = await makeDatabase();
  const folders: string[] = [];
  for (let at = 0; ; at++) {
    const folder = await copyOf(base);
    const { storage, close } = await start(folder);
    Object.assign(kill, { step: 0, at });
    await work(storage);
    const finished = kill.step <= at;
    revive();
    await close();
    folders.push(folder);
    if (finished) return folders;
  }
}

/** Starts on a folder, and on copies of it after each step of that start was the last one; all must find the same. */
async function recoverThroughKills(folder: string) {
  for (let at = 0; ; at++) {
    const copy = await copyOf(folder);
    Object.assign(kill, { step: 0, at });
    const interrupted = await start(copy).then(
      (database) => database.close(),
      () => undefined,
    );
    const finished = kill.step <= at;
    revive();
    expect(interrupted).toBeUndefined();
    const database = await start(copy);
    await database.close();
    if (finished) return database;
    const undisturbed = await start(await copyOf(folder));
    expect({ ...database.recovered, repairs: [] }).toEqual({ ...undisturbed.recovered, repairs: [] });
    expect(database.entries).toEqual(undisturbed.entries);
    await undisturbed.close();
  }
}

describe('a kill at each step', () => {
  it('of replacing the snapshot leaves the old one or the new one, whole', async () => {
    const next = snapshotAt(ALL[6]!, 'new');
    next.tables.pop();
    const folders = await killedAtEachStep((storage) => settled((done) => storage.writeSnapshot(next, done)));
    const found: number[] = [];
    for (const folder of folders) {
      const { recovered, entries } = await recoverThroughKills(folder);
      expect(recovered.snapshot).toEqual(recovered.snapshot?.op === 3 ? snapshotAt(ALL[2]!, 'old') : next);
      expect(recovered.repairs).toEqual([]);
      expect(entries).toEqual(ALL);
      found.push(recovered.snapshot!.op);
    }
    expect(new Set(found)).toEqual(new Set([3, 7]));
    expect(found).toEqual([...found].sort());
  });

  it('of replacing the snapshot leaves a folder in which the next one can be written', async () => {
    const folders = await killedAtEachStep((storage) =>
      settled((done) => storage.writeSnapshot(snapshotAt(ALL[6]!, 'new'), done)),
    );
    for (const folder of folders) {
      const { storage, close } = await start(folder);
      await settled((done) => storage.writeSnapshot(snapshotAt(ALL[8]!, 'next'), done));
      await close();
      expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([]);
      expect((await start(folder)).recovered.snapshot).toEqual(snapshotAt(ALL[8]!, 'next'));
    }
  });

  it('of replacing the view file leaves the old one or the new one', async () => {
    const folders = await killedAtEachStep((storage) => settled((done) => storage.writeViewFile(viewFile(2), done)));
    const found: number[] = [];
    for (const folder of folders) {
      const { recovered } = await recoverThroughKills(folder);
      const round = recovered.viewFile!.base!.number.round;
      expect(recovered.viewFile).toEqual(viewFile(round));
      found.push(round);
      expect(await readFile(join(folder, 'view.csv'), 'utf8')).toContain(`generation,${round}\n`);
    }
    expect(new Set(found)).toEqual(new Set([1, 2]));
    expect(found).toEqual([...found].sort());
  });

  it('of the very first view file leaves an empty folder or that view file', async () => {
    const found: (number | undefined)[] = [];
    for (let at = 0, finished = false; !finished; at++) {
      const folder = join(await temporaryFolder(), 'database');
      const { storage, close } = await start(folder);
      Object.assign(kill, { step: 0, at });
      await settled((done) => storage.writeViewFile(viewFile(1), done));
      finished = kill.step <= at;
      revive();
      await close();
      found.push((await start(folder)).recovered.viewFile?.base?.number.round);
    }
    expect(new Set(found)).toEqual(new Set([undefined, 1]));
  });

  it('R10: of cutting the log leaves a whole prefix, and all that is gone from it in quarantine', async () => {
    const folders = await killedAtEachStep((storage) => settled((done) => storage.cutAfter(4, 'a test', done)));
    const found: number[] = [];
    for (const folder of folders) {
      const { entries, storage, close } = await start(folder);
      expect(entries).toEqual(ALL.slice(0, entries.length));
      found.push(entries.length);
      if (entries.length < ALL.length) {
        const names = await readdir(join(folder, 'quarantine'));
        const aside = names.find((name) => name.startsWith('commit_log-cut'));
        const rows = ALL.slice(4).map((entry) => entry.row);
        expect(await readFile(join(folder, 'quarantine', aside!), 'utf8')).toBe(LOG_HEADER + rows.join(''));
      }
      await append(storage, ALL.slice(entries.length));
      await close();
      expect((await start(folder)).entries).toEqual(ALL);
    }
    expect(found[0]).toBe(9);
    expect(found.at(-1)).toBe(4);
  });
});
