import type * as promises from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../server/storage/database.ts';
import { LogDamage } from '../../server/storage/database-error.ts';
import { ADDRESS, append, openScanned, settled, someEntries, temporaryFolder, viewFile } from './samples.ts';

/** What the disk does not give back any more; a file that takes the place of another one stands elsewhere on it. */
const bad = vi.hoisted(() => ({ inode: 0, from: 0, to: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const open = async (...args: Parameters<typeof real.open>) => {
    const file = await real.open(...args);
    const { ino } = await file.stat();
    if (ino !== bad.inode) return file;
    const read = file.read.bind(file) as (...place: [Buffer, number, number, number]) => Promise<unknown>;
    const failing = (buffer: Buffer, offset: number, length: number, position: number) =>
      position < bad.to && position + length > bad.from
        ? Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }))
        : read(buffer, offset, length, position);
    return Object.assign(file, { read: failing });
  };
  return { ...real, default: real, open };
});

const { readFile, stat } = await vi.importActual<typeof promises>('node:fs/promises');
const FIRST_SEGMENT = 'commit_log-00000000000000000001.csv';

describe('R26: pages that the disk does not give back', () => {
  it.each([1, 2, 5])('page %i of a segment: its rows come from another server, and only they', async (page) => {
    const all = someEntries(120);
    const folder = join(await temporaryFolder(), 'database');
    const path = join(folder, FIRST_SEGMENT);
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await append(storage, all);
    const whole = await readFile(path);
    expect(whole.length).toBeGreaterThan(7 * 4096);
    Object.assign(bad, { inode: (await stat(path)).ino, from: page * 4096, to: (page + 1) * 4096 });
    const op = Number.parseInt(whole.toString('utf8', whole.lastIndexOf('\n', page * 4096) + 1), 10);
    // While it serves: nothing is answered, and the next start has something to repair.
    const failure = await new Promise((resolve) => storage.read(op, 10, (_entries, failed) => resolve(failed)));
    expect(failure).toMatchObject({
      damaged: { op: expect.any(Number) },
      message: expect.stringContaining('nothing is served from it'),
    });
    await close();

    const database = await openDatabase(folder, { address: ADDRESS, durability: 'fsync' });
    const damage = await database.scan(() => {}).catch((error: unknown) => error);
    expect(damage).toBeInstanceOf(LogDamage);
    expect((damage as LogDamage).what).toContain(`${path}, line `);
    const repair = await database.repair(damage as LogDamage);
    const fetched: number[] = [];
    for (let { missing } = repair; missing; { missing } = repair) {
      const [next] = all.slice(missing.after.op);
      expect(await repair.take(next!.row)).toBe(true);
      fetched.push(next!.op);
    }
    await repair.finish('localhost:2538');
    await settled((done) => database.storage.close(done));
    expect(fetched.length).toBeLessThan(20);
    expect(await readFile(path)).toEqual(whole);
    expect((await openScanned(folder)).entries).toEqual(all);
  });
});
