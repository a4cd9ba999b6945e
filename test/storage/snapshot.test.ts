import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../shared/operations.ts';
import {
  append,
  entriesAfter,
  openScanned,
  settled,
  snapshotAt,
  someEntries,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const ALL = someEntries(8);

async function databaseWith(snapshot: Snapshot): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, ALL);
  const failure = await settled((done) => storage.writeSnapshot(snapshot, done));
  expect(failure).toBeUndefined();
  await close();
  return folder;
}

describe('the snapshot', () => {
  it('is a CSV file for each table, and one that names them with their digests', async () => {
    const folder = await databaseWith(snapshotAt(ALL[4]!, 'five'));
    expect(await readFile(join(folder, 'user_table.csv'), 'utf8')).toBe(
      'account,username\n1,five =1+1\n2,"line\\nbreak, ""quoted"""\n',
    );
    const manifest = await readFile(join(folder, 'snapshot.csv'), 'utf8');
    expect(manifest).toMatch(
      /^key,value\nformat,2\nop,5\nchain,[0-9a-f]{64}\nview,0\/1\/localhost:1538\ncomplete,true\n/,
    );
    expect(manifest).toMatch(/\ntable,user_table 2 [0-9a-f]{64} 57 5\n[\s\S]*\nsha256,[0-9a-f]{64}\n$/);
  });

  it('gives back any text in any table', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !value.includes('\0'));
    const rows = fc.sample(fc.tuple(text, text), { numRuns: 3000, seed: 1538 });
    const snapshot = { ...snapshotAt(ALL[4]!, 'five'), tables: [{ name: 'texts', columns: ['a', 'b'], rows }] };
    const { recovered } = await openScanned(await databaseWith(snapshot));
    expect(recovered.snapshot).toEqual(snapshot);
  });

  it('is left out and set aside when a table was changed, and the log is used instead', async () => {
    for (const change of [
      (text: string) => text.replaceAll(',', ';'),
      (text: string) => text.replace('five', 'six'),
      () => '',
    ]) {
      const folder = await databaseWith(snapshotAt(ALL[4]!, 'five'));
      const path = join(folder, 'user_table.csv');
      await writeFile(path, change(await readFile(path, 'utf8')));
      const { recovered, entries } = await openScanned(folder);
      expect(recovered.snapshot).toBeNull();
      expect(recovered.repairs).toEqual([
        expect.stringContaining('user_table.csv does not match its digest in snapshot.csv'),
      ]);
      expect(entries).toEqual(ALL);
      expect((await readdir(join(folder, 'quarantine'))).some((name) => name.startsWith('snapshot-'))).toBe(true);
    }
  });

  it('is left out when the log no longer reaches it, and tells up to where rows are missing', async () => {
    const folder = await databaseWith(snapshotAt(ALL[4]!, 'five'));
    const path = join(folder, 'commit_log-00000000000000000001.csv');
    const content = await readFile(path, 'utf8');
    await writeFile(path, content.slice(0, content.indexOf(ALL[3]!.row)));
    const database = await openScanned(folder);
    expect(database).toMatchObject({ lastOp: 3, missingUpTo: 5, recovered: { snapshot: null } });
    expect(database.recovered.repairs).toEqual([expect.stringContaining('contains op 5 while the log ends at op 3')]);
  });

  it('is refused when it was made from another log', async () => {
    const folder = await databaseWith(snapshotAt(entriesAfter(ALL[3], ['another five'])[0]!, 'five'));
    await expect(openScanned(folder)).rejects.toThrow('snapshot.csv was made from another op 5');
  });

  it('lets the main loop turn while it is written', async () => {
    const folder = join(await temporaryFolder(), 'database');
    const { storage } = await openScanned(folder);
    await append(storage, ALL);
    const rows = Array.from({ length: 20_000 }, (_, index) => [String(index), 'some text']);
    const snapshot = { ...snapshotAt(ALL[4]!, 'five'), tables: [{ name: 'large', columns: ['a', 'b'], rows }] };
    let turns = 0;
    let written = false;
    const countTurn = () => {
      turns++;
      if (!written) setImmediate(countTurn);
    };
    setImmediate(countTurn);
    await settled((done) => storage.writeSnapshot(snapshot, done));
    written = true;
    expect(turns).toBeGreaterThanOrEqual(20);
  });
});
