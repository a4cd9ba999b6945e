import { rmSync } from 'node:fs';
import type * as promises from 'node:fs/promises';
import { cp, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { copyFolder } from '../../server/storage/copy-name.ts';
import { beginFromCopy, restoreCopy, wholeCopy } from '../../server/storage/restore.ts';
import { ADDRESS, append, openScanned, settled, someEntries, temporaryFolder, viewFile } from './samples.ts';

/** Counts the steps that change the disk, and stops the program before one of them. */
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
    link: counted(real.link),
    mkdir: counted(real.mkdir),
    rename: counted(real.rename),
    rm: counted(real.rm),
    unlink: counted(real.unlink),
    truncate: counted(real.truncate),
  };
});

const SEGMENT_OPERATIONS = 3;
const OPERATIONS = 12;
const COPIED = 8;

function revive(): void {
  Object.assign(kill, { step: 0, at: Number.POSITIVE_INFINITY });
}

beforeEach(revive);

const open = (folder: string) => openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });

/** A data folder with a database and, unless there is to be none, a copy of an earlier state of it. */
async function dataFolder(withCopy: boolean): Promise<string> {
  const data = await temporaryFolder();
  const folder = join(data, `database@${ADDRESS}`);
  const { storage, makeCopy, close } = await open(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, someEntries(OPERATIONS));
  if (withCopy) await makeCopy(COPIED, ask(), () => {});
  await close();
  return data;
}

const ask = () => ({ name: 'good', address: ADDRESS, clusterId: 'c1', onSize: () => {} });

/** The process is gone, and its locks are nobody's. */
async function bury(data: string): Promise<void> {
  revive();
  const names = await readdir(data, { recursive: true });
  for (const name of names) if (/(^|[/\\])lock(\.|$)/.test(name)) rmSync(join(data, name), { force: true });
}

/** Does some work on copies of a data folder, and kills it before each of its steps; the last time not at all. */
async function killedAtEachStep(
  base: string,
  work: (folder: string) => Promise<unknown>,
  check: (folder: string, isFinished: boolean) => Promise<void>,
): Promise<number> {
  for (let at = 0; ; at++) {
    const data = await mkdtemp(join(base, 'killed-'));
    const folder = join(data, `database@${ADDRESS}`);
    await cp(join(base, `database@${ADDRESS}`), folder, { recursive: true });
    await cp(copyFolder(join(base, `database@${ADDRESS}`), 'good'), copyFolder(folder, 'good'), {
      recursive: true,
    }).catch(() => undefined);
    Object.assign(kill, { step: 0, at });
    await work(folder).catch(() => undefined);
    const isFinished = kill.step <= at;
    await bury(data);
    await check(folder, isFinished);
    if (isFinished) return at;
  }
}

const unfinished = async (folder: string) =>
  (await readdir(join(folder, '..'))).filter((name) => name.endsWith('.new'));

describe('a process that is killed at any step', () => {
  it('of making a copy leaves none, or a whole one; the next start clears away the rest', async () => {
    const base = await dataFolder(false);
    const work = async (folder: string) => {
      const { makeCopy, close } = await open(folder);
      await makeCopy(COPIED, ask(), () => {}).finally(() => close());
    };
    const steps = await killedAtEachStep(base, work, async (folder, isFinished) => {
      const names = await readdir(join(folder, '..'));
      const isThere = names.includes(`database@${ADDRESS}-good`);
      if (isThere)
        expect(await checkDatabase(copyFolder(folder, 'good'))).toMatchObject({ damages: [], lastOp: COPIED });
      if (isFinished) expect(isThere).toBe(true);
      const { entries, close } = await open(folder);
      expect(entries).toHaveLength(OPERATIONS);
      expect(await unfinished(folder)).toEqual([]);
      await close();
    });
    expect(steps).toBeGreaterThan(8);
  });

  it('of restoring one leaves the old database or the new one, also to the next restore', async () => {
    const base = await dataFolder(true);
    const found = new Set<number>();
    const restore = async (folder: string) => restoreCopy(folder, 'good', await wholeCopy(folder, 'good'));
    const steps = await killedAtEachStep(base, restore, async (folder, isFinished) => {
      const started = await open(folder);
      found.add(started.entries.length);
      expect(started.entries).toHaveLength(isFinished ? COPIED : started.entries.length);
      expect(started.recovered.viewFile?.clusterId === 'c1').toBe(started.entries.length === OPERATIONS);
      expect(await unfinished(folder)).toEqual([]);
      await started.close();
      expect(await checkDatabase(copyFolder(folder, 'good'))).toMatchObject({ damages: [], lastOp: COPIED });
      await restore(folder);
      const { entries, close } = await open(folder);
      expect(entries).toHaveLength(COPIED);
      await close();
    });
    expect(steps).toBeGreaterThan(10);
    expect([...found].sort()).toEqual([OPERATIONS, COPIED].sort());
  });

  it('of restoring one, and then restored at once, ends with what was copied and nothing half-made', async () => {
    const base = await dataFolder(true);
    const restore = async (folder: string) => restoreCopy(folder, 'good', await wholeCopy(folder, 'good'));
    await killedAtEachStep(base, restore, async (folder) => {
      await restore(folder);
      expect(await unfinished(folder)).toEqual([]);
      const { entries, close } = await open(folder);
      expect(entries).toHaveLength(COPIED);
      await close();
      const kept = (await readdir(join(folder, '..'))).filter((name) => name.includes('-replaced-'));
      const ends = await Promise.all(kept.map((name) => checkDatabase(join(folder, '..', name))));
      // Whatever was replaced, the old database is still there.
      expect(ends.map(({ lastOp }) => lastOp)).toContain(OPERATIONS);
    });
  });

  it('of starting on a copy leaves a copy, or the database of a new cluster', async () => {
    const base = await dataFolder(true);
    const begin = (folder: string) => beginFromCopy(copyFolder(folder, 'good'), ADDRESS, true);
    await killedAtEachStep(base, begin, async (folder) => {
      await begin(folder);
      const { entries, recovered, close } = await open(copyFolder(folder, 'good'));
      expect(entries).toHaveLength(COPIED);
      expect(recovered.repairs).toEqual([]);
      expect(recovered.viewFile?.base?.members).toHaveLength(1);
      await close();
    });
  });
});
