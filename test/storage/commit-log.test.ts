import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOG_HEADER } from '../../server/storage/csv.ts';
import type { LogEntry } from '../../shared/operations.ts';
import {
  append,
  entriesAfter,
  openScanned,
  readEntries,
  settled,
  someEntries,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const FIRST_SEGMENT = 'commit_log-00000000000000000001.csv';

/** A closed database with these entries. */
async function databaseWith(entries: readonly LogEntry[], segmentOperations?: number): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder, segmentOperations ? { segmentOperations } : {});
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, entries);
  await close();
  return folder;
}

function segmentsOf(folder: string): Promise<string[]> {
  return readdir(folder).then((names) => names.filter((name) => name.startsWith('commit_log')).sort());
}

/** What the files in quarantine hold, without the list of reasons. */
async function quarantined(folder: string): Promise<string[]> {
  const names = (await readdir(join(folder, 'quarantine'))).filter((name) => name !== 'quarantine.csv').sort();
  return Promise.all(names.map((name) => readFile(join(folder, 'quarantine', name), 'utf8')));
}

describe('the log on disk', () => {
  it('R24: is the header and the rows as they went over the wire, nothing else', async () => {
    const all = someEntries(3);
    const folder = await databaseWith(all);
    expect(await readFile(join(folder, FIRST_SEGMENT), 'utf8')).toBe(
      LOG_HEADER + all.map((entry) => entry.row).join(''),
    );
  });

  it('R24: is cut into the same files however the entries arrived', async () => {
    const all = someEntries(30);
    const contents = async (pieces: number, cutFirst: boolean) => {
      const folder = join(await temporaryFolder(), 'database');
      const { storage } = await openScanned(folder, { segmentOperations: 5 });
      for (let start = 0; start < all.length; start += pieces) {
        await append(storage, all.slice(start, start + pieces));
        if (!cutFirst) continue;
        await settled((done) => storage.cutAfter(start, 'a test', done));
        await append(storage, all.slice(start, start + pieces));
      }
      const names = await segmentsOf(folder);
      return Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]));
    };
    const together = await contents(30, false);
    expect(together.length).toBeGreaterThan(3);
    expect(await contents(1, false)).toEqual(together);
    expect(await contents(7, true)).toEqual(together);
  });

  it('R19: recovers to a prefix from a file torn at every byte of its last rows', async () => {
    const all = entriesAfter(undefined, ['one', 'two', 'three, "é" \n', 'four']);
    const folder = await databaseWith(all);
    const path = join(folder, FIRST_SEGMENT);
    const whole = await readFile(path);
    const ends = all.map((_, index) => Buffer.byteLength(LOG_HEADER + rowsOf(all.slice(0, index + 1))));
    for (let length = ends[1]!; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const database = await openScanned(folder);
      const kept = ends.filter((end) => end <= length).length;
      expect(database.entries, `torn at byte ${length}`).toEqual(all.slice(0, kept));
      expect(database.recovered.repairs.length, `torn at byte ${length}`).toBe(ends.includes(length) ? 0 : 1);
      await database.close();
    }
  });

  it('R19: recovers from a file torn at every byte of its first line', async () => {
    const folder = await databaseWith(someEntries(1));
    const path = join(folder, FIRST_SEGMENT);
    for (let length = 0; length <= LOG_HEADER.length; length++) {
      await writeFile(path, LOG_HEADER.slice(0, length));
      const database = await openScanned(folder);
      expect(database.entries).toEqual([]);
      await append(database.storage, someEntries(1));
      await database.close();
      expect(await readFile(path, 'utf8')).toBe(LOG_HEADER + someEntries(1)[0]!.row);
    }
  });

  it('R19: cuts NULs off the end, keeps what was cut, says so, and goes on', async () => {
    const all = someEntries(3);
    const folder = await databaseWith(all.slice(0, 2));
    const path = join(folder, FIRST_SEGMENT);
    const whole = await readFile(path);
    await writeFile(path, Buffer.concat([whole, Buffer.alloc(5000)]));
    const first = await openScanned(folder);
    expect(first.recovered.repairs).toEqual([
      expect.stringContaining('after op 2, which was never acknowledged: 5000 bytes'),
    ]);
    expect(await quarantined(folder)).toEqual([]);
    await first.close();
    await writeFile(path, Buffer.concat([whole, Buffer.from(all[2]!.row.slice(0, 50)), Buffer.alloc(100)]));
    const second = await openScanned(folder);
    expect(second.recovered.repairs).toEqual([expect.stringContaining('kept in quarantine/')]);
    expect(await quarantined(folder)).toEqual([LOG_HEADER + all[2]!.row.slice(0, 50)]);
    await append(second.storage, all.slice(2));
    await second.close();
    expect((await openScanned(folder)).entries).toEqual(all);
  });

  it('takes a file of nothing but NULs for one that was never written', async () => {
    const folder = await databaseWith(someEntries(1));
    await writeFile(join(folder, FIRST_SEGMENT), Buffer.alloc(10_000));
    expect((await openScanned(folder)).entries).toEqual([]);
  });

  it('puts right a last line feed of which a bit changed: the row before it was acknowledged', async () => {
    const all = someEntries(3);
    const folder = await databaseWith(all);
    const path = join(folder, FIRST_SEGMENT);
    const whole = await readFile(path);
    for (let bit = 0; bit < 8; bit++) {
      await writeFile(path, Buffer.concat([whole.subarray(0, -1), Buffer.of(10 ^ (1 << bit))]));
      const database = await openScanned(folder);
      expect(database.entries).toEqual(all);
      expect(database.recovered.repairs).toHaveLength(1);
      await database.close();
    }
  });

  it('R19: stops at a damaged row with file, line, op and what to do, and passes on what is before it', async () => {
    const all = someEntries(5);
    const folder = await databaseWith(all);
    const path = join(folder, FIRST_SEGMENT);
    await writeFile(path, (await readFile(path, 'utf8')).replace('message 3', 'massage 3'));
    const opening = openScanned(folder);
    await expect(opening).rejects.toMatchObject({ code: 'damaged' });
    await expect(opening).rejects.toThrow(`${path}, line 4: op 3 does not match its digest`);
    await expect(opening).rejects.toThrow('Otherwise put back a copy of the file.');
  });

  it('R19: stops at a missing row and at a missing segment', async () => {
    const all = someEntries(12);
    const folder = await databaseWith(all, 4);
    const [, second, third] = await segmentsOf(folder);
    const thirdOp = Number(third!.slice(11, 31));
    await rename(join(folder, second!), join(folder, 'elsewhere.csv'));
    await expect(openScanned(folder)).rejects.toThrow(`begins with op ${thirdOp}`);
    const other = await databaseWith(all);
    const path = join(other, FIRST_SEGMENT);
    await writeFile(path, (await readFile(path, 'utf8')).replace(all[4]!.row, ''));
    await expect(openScanned(other)).rejects.toThrow('line 6: op 5 is missing, op 6 stands in its place');
  });

  it('refuses a file that a spreadsheet saved, with that hint', async () => {
    const folder = await databaseWith(someEntries(2));
    const path = join(folder, FIRST_SEGMENT);
    const whole = await readFile(path, 'utf8');
    const saved = `\uFEFF${whole.replaceAll(',', ';').replaceAll('\n', '\r\n')}`;
    await writeFile(path, saved);
    const opening = openScanned(folder);
    await expect(opening).rejects.toMatchObject({ code: 'foreign-file' });
    await expect(opening).rejects.toThrow('as if a spreadsheet had saved it');
    expect(await readFile(path, 'utf8')).toBe(saved);
  });

  it('R10: keeps what was cut off, from several segments, with the reason', async () => {
    const all = someEntries(12);
    const folder = await databaseWith(all, 4);
    const database = await openScanned(folder, { segmentOperations: 4 });
    await settled((done) => database.storage.cutAfter(2, 'view 0/7 has other entries', done));
    expect(await quarantined(folder)).toEqual([LOG_HEADER + rowsOf(all.slice(2))]);
    const reasons = await readFile(join(folder, 'quarantine', 'quarantine.csv'), 'utf8');
    expect(reasons).toMatch(
      /^time,file,reason\n[^,]+,commit_log-cut-after-0{19}2-[^,]+\.csv,view 0\/7 has other entries\n$/,
    );
    expect(await segmentsOf(folder)).toEqual([FIRST_SEGMENT]);
  });

  it('does not read past memory: passes a log on in pieces, and reads any place of it', async () => {
    const all = entriesAfter(
      undefined,
      Array.from({ length: 900 }, (_, index) => `${index} ${'ü'.repeat(index % 400)}`),
    );
    const folder = await databaseWith(all, 150);
    const database = await openScanned(folder, { segmentOperations: 150 });
    expect(database.entries).toEqual(all);
    for (const op of [1, 2, 137, 138, 450, 899, 900]) {
      const read = await readEntries(database.storage, op, 3000);
      expect(read).toEqual(all.slice(op - 1, op - 1 + read.length));
      expect(read.length).toBeGreaterThan(0);
    }
    const pieces: number[] = [];
    await database.close();
    const again = await openScanned(folder, { segmentOperations: 150 });
    await again.scan((entries) => pieces.push(entries.length));
    expect(Math.max(...pieces)).toBeLessThan(500);
  });

  it('does not answer a read from a row that was damaged since the start', async () => {
    const all = someEntries(5);
    const folder = await databaseWith(all);
    const database = await openScanned(folder);
    const path = join(folder, FIRST_SEGMENT);
    await writeFile(path, (await readFile(path, 'utf8')).replace('message 3', 'massage 3'));
    await expect(readEntries(database.storage, 2, 10_000)).rejects.toThrow('op 3 does not match its digest');
    expect(await readEntries(database.storage, 4, 10_000)).toEqual(all.slice(3));
    await rm(path);
  });
});

function rowsOf(entries: readonly LogEntry[]): string {
  return entries.map((entry) => entry.row).join('');
}
