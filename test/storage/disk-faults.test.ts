import type * as fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { StorageFailure } from '../../server/storage/replica-storage.ts';
import { append, openScanned, settled, someEntries, temporaryFolder, viewFile } from './samples.ts';

/** What the disk does to the next calls, and which calls reached it. */
const disk = vi.hoisted(() => ({
  writes: [] as number[],
  syncs: 0,
  writeFailure: undefined as string | undefined,
  syncFailure: undefined as string | undefined,
  shortBy: 0,
  held: undefined as (() => void)[] | undefined,
}));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const error = (code: string) => Object.assign(new Error(`${code}: the test says so`), { code });
  const write = (fd: number, bytes: Buffer, offset: number, length: number, position: number, done: Done) => {
    disk.writes.push(length);
    if (disk.writeFailure) return done(error(disk.writeFailure), 0);
    real.write(fd, bytes, offset, length - disk.shortBy, position, done);
  };
  const fdatasync = (fd: number, done: (failure: Error | null) => void) => {
    disk.syncs++;
    if (disk.syncFailure) return done(error(disk.syncFailure));
    if (disk.held) disk.held.push(() => real.fdatasync(fd, done));
    else real.fdatasync(fd, done);
  };
  return { ...real, default: real, write, fdatasync };
});

type Done = (failure: Error | null, written: number) => void;

beforeEach(() => {
  Object.assign(disk, {
    writes: [],
    syncs: 0,
    writeFailure: undefined,
    syncFailure: undefined,
    shortBy: 0,
    held: undefined,
  });
});

async function openWith(count: number, durability: 'fsync' | 'os' = 'fsync') {
  const folder = join(await temporaryFolder(), 'database');
  const database = await openScanned(folder, { durability });
  await settled((done) => database.storage.writeViewFile(viewFile(1), done));
  await append(database.storage, someEntries(count));
  disk.writes = [];
  disk.syncs = 0;
  return { ...database, folder };
}

describe('group commit', () => {
  it('puts what arrives during a write into one next write and fsync, and reports in order, after the fsync', async () => {
    const all = someEntries(20);
    const { storage } = await openWith(1);
    const reported: number[] = [];
    disk.held = [];
    storage.append(all.slice(1, 2), () => reported.push(2));
    await vi.waitUntil(() => disk.held!.length === 1);
    const last = Promise.all(
      all.slice(2).map((entry) => settled((done) => storage.append([entry], done)).then(() => reported.push(entry.op))),
    );
    expect(reported).toEqual([]);
    disk.held.shift()!();
    await vi.waitUntil(() => disk.held!.length === 1);
    expect(reported).toEqual([2]);
    disk.held.shift()!();
    await last;
    expect(reported).toEqual(all.slice(1).map((entry) => entry.op));
    expect(disk.writes).toEqual([all[1]!, all.slice(2)].flat(0).map(lengthOf));
    expect(disk.syncs).toBe(2);
  });
});

describe('A1: durability', () => {
  it.each(['fsync', 'os'] as const)(
    '%s: says whether an append waits for the disk; either way it is written',
    async (durability) => {
      const all = someEntries(5);
      const { storage, folder, close } = await openWith(1, durability);
      for (const entry of all.slice(1)) await append(storage, [entry]);
      expect(disk.syncs).toBe(durability === 'fsync' ? 4 : 0);
      expect(disk.writes).toHaveLength(4);
      await close();
      expect((await openScanned(folder)).entries).toEqual(all);
    },
  );
});

describe('R19: a disk that fails', () => {
  const faults = [
    { name: 'a failed write', fault: { writeFailure: 'EIO' }, full: false },
    { name: 'a full disk', fault: { writeFailure: 'ENOSPC' }, full: true },
    { name: 'a short write', fault: { shortBy: 7 }, full: true },
    { name: 'a failed fdatasync', fault: { syncFailure: 'EIO' }, full: false },
    { name: 'an fdatasync that finds no room', fault: { syncFailure: 'ENOSPC' }, full: false },
    { name: 'a write beyond a limit', fault: { writeFailure: 'EFBIG', shortBy: 0 }, full: false },
  ];
  for (const { name, fault, full } of faults) {
    it(`${name} is reported with the file, never retried, and ends all writing`, async () => {
      const all = someEntries(6);
      const { storage, folder, close } = await openWith(2);
      Object.assign(disk, fault);
      const failures: (StorageFailure | undefined)[] = [];
      const note = (failure?: StorageFailure) => void failures.push(failure);
      storage.append(all.slice(2, 3), note);
      storage.append(all.slice(3, 4), note);
      await vi.waitUntil(() => failures.length === 2);
      Object.assign(disk, { writeFailure: undefined, syncFailure: undefined, shortBy: 0 });
      const calls = disk.writes.length + disk.syncs;
      failures.push(await settled((done) => storage.append(all.slice(4, 5), done)));
      failures.push(await settled((done) => storage.writeViewFile(viewFile(2), done)));
      expect(new Set(failures).size).toBe(1);
      expect(failures[0]).toMatchObject({
        full,
        message: expect.stringContaining('commit_log-00000000000000000001.csv'),
      });
      expect(disk.writes.length + disk.syncs).toBe(calls);
      expect(await close()).toEqual(failures[0]);
      const after = await openScanned(folder);
      expect(after.entries).toEqual(all.slice(0, after.entries.length));
      expect(after.entries.length).toBeGreaterThanOrEqual(2);
      expect(after.recovered.viewFile).toEqual(viewFile(1));
    });
  }

  it('leaves no half row behind when the disk was full, so that the next start needs no room for it', async () => {
    const { storage, folder, close } = await openWith(2);
    disk.shortBy = 7;
    await settled((done) => storage.append(someEntries(3).slice(2), done));
    await close();
    disk.shortBy = 0;
    const { entries, recovered } = await openScanned(folder);
    expect(entries).toHaveLength(2);
    expect(recovered.repairs).toEqual([]);
  });
});

function lengthOf(entries: { row: string } | { row: string }[]): number {
  return Buffer.byteLength(
    [entries]
      .flat()
      .map((entry) => entry.row)
      .join(''),
  );
}
