import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeKeyedFile } from '../../server/storage/keyed-file.ts';
import { listQuarantine } from '../../server/storage/quarantine.ts';
import { setDatabaseAside } from '../../server/storage/set-aside.ts';
import { append, copyOf, openScanned, settled, someEntries, temporaryFolder, viewFile } from './samples.ts';

const REASON = 'it is a copy, or "old"';

async function closedDatabase(): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await settled((done) => storage.writeSessionKey('key', done));
  await append(storage, someEntries(5));
  await close();
  return folder;
}

/** All files below a folder but those of a running process, with their content. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) found[entry.name] = await readFile(join(folder, entry.name), 'utf8');
  }
  return found;
}

async function expectSetAside(folder: string, before: Record<string, string>): Promise<void> {
  const opened = await openScanned(folder);
  expect(opened.recovered.viewFile).toBeNull();
  expect(opened.entries).toEqual([]);
  expect(opened.disk).not.toBe(viewFile(1).disk);
  await opened.close();
  const { count, newest } = await listQuarantine(folder);
  expect(count).toBe(1);
  const { reserve: _, ...moved } = before;
  expect(await filesIn(join(folder, 'quarantine', newest[0]!))).toEqual(moved);
  expect(await readFile(join(folder, 'quarantine', 'quarantine.csv'), 'utf8')).toContain('"it is a copy, or ""old"""');
}

describe('a database that is set aside', () => {
  it('R1: is whole in the quarantine, with the reason, and the folder is another disk', async () => {
    const folder = await closedDatabase();
    const before = await filesIn(folder);
    const where = await setDatabaseAside(folder, REASON);
    expect(where).toMatch(/^quarantine\/database-\d{4}-\d\d-\d\dT/);
    await expectSetAside(folder, before);
  });

  it('R1: a crash in between leaves a folder that the next start finishes emptying, whatever was moved so far', async () => {
    const whole = await closedDatabase();
    const before = await filesIn(whole);
    const done = await copyOf(whole);
    const name = (await setDatabaseAside(done, REASON)).replace('quarantine/', '');
    const target = (folder: string) => join(folder, 'quarantine', name);
    const movable = Object.keys(await filesIn(target(done)));
    for (let left = 1; left <= movable.length; left++) {
      const folder = await copyOf(done);
      // As it was before the last `left` files were moved.
      for (const file of movable.slice(-left)) await rename(join(target(folder), file), join(folder, file));
      await writeFile(
        join(folder, 'setting_aside.csv'),
        writeKeyedFile([
          ['name', name],
          ['reason', REASON],
        ]),
      );
      const { recovered, close } = await openScanned(folder);
      expect(recovered.repairs).toEqual([expect.stringContaining(`set aside in quarantine/${name}: ${REASON}`)]);
      await close();
      await expectSetAside(folder, before);
    }
  });

  it('is not touched while another process has it', async () => {
    const folder = await closedDatabase();
    const { close } = await openScanned(folder);
    const before = await filesIn(folder);
    await expect(setDatabaseAside(folder, REASON)).rejects.toMatchObject({ code: 'in-use' });
    expect(await filesIn(folder)).toEqual(before);
    await close();
  });
});

describe('the quarantine', () => {
  it('lists the newest three by the time in their names', async () => {
    const folder = await closedDatabase();
    const names = ['b-2026-01-02T00.00.00.000Z.csv', 'a-2026-01-04T00.00.00.000Z', 'c-2026-01-03T00.00.00.000Z.csv'];
    for (const name of [...names, 'z-2026-01-01T00.00.00.000Z.csv', 'quarantine.csv']) {
      await writeFile(join(folder, 'quarantine', name), '');
    }
    expect(await listQuarantine(folder)).toEqual({
      path: join(folder, 'quarantine'),
      count: 4,
      newest: [names[1], names[2], names[0]],
    });
  });
});
