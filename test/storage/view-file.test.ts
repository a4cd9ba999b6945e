import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { append, openScanned, settled, snapshotAt, someEntries, temporaryFolder, viewFile } from './samples.ts';

/** A closed database whose view file was written so often, and the path of each of its copies. */
async function databaseWith(writes: number, entries = someEntries(2)) {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder);
  for (let round = 1; round <= writes; round++) await settled((done) => storage.writeViewFile(viewFile(round), done));
  await append(storage, entries);
  await close();
  return { folder, first: join(folder, 'view.csv'), second: join(folder, 'view-2.csv') };
}

describe('the view file', () => {
  it('is two equal files of keys and values that people can read', async () => {
    const { first, second } = await databaseWith(3);
    const content = await readFile(first, 'utf8');
    expect(content).toBe(await readFile(second, 'utf8'));
    expect(content).toMatch(/^key,value\nformat,1\ngeneration,3\ncluster,c1\naddress,localhost:1538\n/);
    expect(content).toMatch(/\npromised,0\/5\/localhost:1538\n[\s\S]*\nsha256,[0-9a-f]{64}\n$/);
  });

  for (const damaged of ['first', 'second'] as const) {
    const other = damaged === 'first' ? 'second' : 'first';
    it(`is repaired from the other when the ${damaged} copy is bad, empty or missing, and says so`, async () => {
      const places = await databaseWith(3);
      const whole = await readFile(places[other], 'utf8');
      for (const content of [
        whole.replace('0/5/', '0/4/'),
        '',
        whole.slice(0, 100),
        whole.replaceAll(',', ';'),
        undefined,
      ]) {
        if (content === undefined) await rm(places[damaged]);
        else await writeFile(places[damaged], content);
        const { recovered, close } = await openScanned(places.folder);
        await close();
        expect(recovered.viewFile).toEqual(viewFile(3));
        expect(recovered.repairs).toEqual([expect.stringContaining('was written anew from view')]);
        expect(await readFile(places[damaged], 'utf8')).toBe(whole);
      }
    });
  }

  it('R19: a write that a crash cut short at any byte leaves what was written before, or the whole of it', async () => {
    const before = await databaseWith(3);
    const old = await readFile(before.first, 'utf8');
    const written = await readFile((await databaseWith(12)).first, 'utf8');
    const lengths = Array.from({ length: Math.ceil(written.length / 13) }, (_, index) => 13 * index);
    for (const bytes of [...lengths, written.length]) {
      // In place: what was not written yet is as it was.
      await writeFile(before.first, written.slice(0, bytes) + old.slice(bytes));
      await writeFile(before.second, old);
      const { recovered, close } = await openScanned(before.folder);
      await close();
      const isWhole = written.slice(0, bytes) + old.slice(bytes) === written;
      expect(recovered.viewFile).toEqual(viewFile(isWhole ? 12 : 3));
    }
  });

  it('is the newer of two whole copies, in whichever place it stands', async () => {
    const old = await databaseWith(3);
    const content = await readFile(old.first, 'utf8');
    for (const place of ['first', 'second'] as const) {
      const places = await databaseWith(4);
      await writeFile(places[place], content);
      const { recovered, storage, close } = await openScanned(places.folder);
      expect(recovered.viewFile).toEqual(viewFile(4));
      expect(recovered.repairs).toHaveLength(1);
      await settled((done) => storage.writeViewFile(viewFile(5), done));
      await close();
      expect((await openScanned(places.folder)).recovered).toMatchObject({ viewFile: viewFile(5), repairs: [] });
    }
  });

  it('never starts from nothing when both copies are bad or lost', async () => {
    const places = await databaseWith(3);
    const whole = await readFile(places.first, 'utf8');
    const bad = whole.replace('incarnation,4', 'incarnation,3');
    const states = [
      [bad, bad],
      ['', undefined],
      [undefined, ''],
      ['', bad],
      [undefined, undefined],
    ];
    for (const [first, second] of states) {
      for (const [path, content] of [
        [places.first, first],
        [places.second, second],
      ] as const) {
        if (content === undefined) await rm(path!, { force: true });
        else await writeFile(path!, content);
      }
      const opening = openScanned(places.folder);
      await expect(opening).rejects.toMatchObject({ code: 'view-file-lost' });
      await expect(opening).rejects.toThrow('does not say any more what this server has promised');
    }
    await writeFile(places.second, whole);
    expect((await openScanned(places.folder)).recovered.viewFile).toEqual(viewFile(3));
  });

  it('is missed when only a snapshot shows that there was one', async () => {
    const all = someEntries(2);
    const { folder, first, second } = await databaseWith(1, all);
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeSnapshot(snapshotAt(all[1]!, 'two'), done));
    await close();
    await Promise.all([first, second, join(folder, 'commit_log-00000000000000000001.csv')].map((path) => rm(path)));
    await expect(openScanned(folder)).rejects.toMatchObject({ code: 'view-file-lost' });
  });

  it('is not chosen between two different ones of the same age', async () => {
    const places = await databaseWith(2);
    const { first } = await databaseWith(2);
    const { storage, close } = await openScanned(join(first, '..'));
    await settled((done) => storage.writeViewFile({ ...viewFile(9), incarnation: 7 }, done));
    await close();
    const opened = await openScanned(places.folder);
    await settled((done) => opened.storage.writeViewFile(viewFile(3), done));
    await opened.close();
    await writeFile(places.second, await readFile(first, 'utf8'));
    await expect(openScanned(places.folder)).rejects.toThrow('are both write 3 but differ');
  });
});
