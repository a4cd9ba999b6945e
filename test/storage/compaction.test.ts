import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { LOG_HEADER } from '../../server/storage/csv.ts';
import { openDatabase } from '../../server/storage/database.ts';
import type { LogEntry, Remains } from '../../shared/operations.ts';
import {
  account,
  COMPACT,
  compact,
  contentsOf,
  filesWith,
  message,
  PART,
  SECRET,
  sealed,
  shorter,
} from './compaction-samples.ts';
import {
  ADDRESS,
  append,
  copyOf,
  openScanned,
  readEntries,
  settled,
  snapshotAt,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const SEGMENT_OPERATIONS = 5;
const open = (folder: string) => openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });
const messages = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const ALL = sealed(undefined, [account(1), ...messages(2, 17), COMPACT, ...messages(19, 24)]);
const UP_TO = 18;
const SEGMENTS = [1, 6, 11, 16, 19, 21].map((op) => `commit_log-${String(op).padStart(20, '0')}.csv`);
/** All bodies but those of the third segment. */
const REMAINS = new Map<number, Remains>(
  ALL.filter(({ op }) => op <= UP_TO && (op < 11 || op > 15)).map(({ op }) => [op, op === 1 ? 'part' : 'nothing']),
);

async function databaseWith(entries: readonly LogEntry[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await open(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, entries);
  await close();
  return folder;
}

/** The segments of a log and what is in them. */
const logOf = (folder: string) => contentsOf(folder, /^(?!commit_log)/);

const rowsOf = (entries: readonly LogEntry[]) => entries.map(({ row }) => row).join('');

describe('the files of the log', () => {
  it('R24: end with a number of operations, and with each compaction, also right after a start', async () => {
    const folder = await databaseWith(ALL);
    expect([...(await logOf(folder)).keys()]).toEqual(SEGMENTS);
    const piecemeal = await databaseWith([]);
    for (const entry of ALL) {
      const { storage, close } = await open(piecemeal);
      await append(storage, [entry]);
      await close();
    }
    expect(await logOf(piecemeal)).toEqual(await logOf(folder));
  });

  it('R24: that end elsewhere are read, and the last of them is continued', async () => {
    const folder = await databaseWith([]);
    const cuts = [0, 2, 9];
    for (const [index, from] of cuts.entries()) {
      const name = `commit_log-${String(from + 1).padStart(20, '0')}.csv`;
      await writeFile(join(folder, name), LOG_HEADER + rowsOf(ALL.slice(from, cuts[index + 1] ?? 12)));
    }
    const { storage, entries, close } = await open(folder);
    expect(entries).toEqual(ALL.slice(0, 12));
    await append(storage, ALL.slice(12));
    await compact(storage, { upTo: UP_TO, remains: REMAINS });
    await close();
    expect([...(await logOf(folder)).keys()].map((name) => Number(name.slice(11, 31)))).toEqual([1, 3, 10, 16, 19, 21]);
    expect((await open(folder)).entries).toEqual(shorter(ALL, REMAINS));
  });
});

describe('compaction', () => {
  it('R24: leaves equal files on two replicas, of which one got some rows without their bodies', async () => {
    const one = await databaseWith(ALL);
    const other = await databaseWith([...shorter(ALL.slice(0, 8), REMAINS), ...ALL.slice(8)]);
    for (const folder of [one, other]) {
      const { storage, close } = await open(folder);
      expect((await compact(storage, { upTo: UP_TO, remains: REMAINS })).report).toBeDefined();
      await close();
    }
    expect(await logOf(one)).toEqual(await logOf(other));
    expect(rowsOf((await open(one)).entries)).toBe(rowsOf(shorter(ALL, REMAINS)));
  });

  it('R24: leaves no removed text in any file of the folder', async () => {
    const folder = await databaseWith(ALL.slice(0, UP_TO));
    expect(await filesWith(folder, SECRET)).not.toEqual([]);
    const { storage, close } = await open(folder);
    const remains = new Map(ALL.map(({ op }) => [op, op === 1 ? ('part' as const) : ('nothing' as const)]));
    await compact(storage, { upTo: UP_TO, remains });
    expect(await filesWith(folder, SECRET)).toEqual([]);
    expect(await filesWith(folder, PART)).toEqual([SEGMENTS[0]]);
    await close();
    expect(await filesWith(folder, SECRET)).toEqual([]);
  });

  it('R24: does not touch a segment in which nothing changes, nor the one that is written to', async () => {
    const folder = await databaseWith(ALL);
    await mkdir(join(folder, '..', 'links'));
    for (const name of SEGMENTS) await link(join(folder, name), join(folder, '..', 'links', name));
    const { storage } = await open(folder);
    await compact(storage, { upTo: UP_TO, remains: REMAINS });
    const changed: string[] = [];
    for (const name of SEGMENTS) {
      const [here, there] = await Promise.all([
        readFile(join(folder, name)),
        readFile(join(folder, '..', 'links', name)),
      ]);
      if (!here.equals(there)) changed.push(name);
    }
    expect(changed).toEqual([SEGMENTS[0], SEGMENTS[1], SEGMENTS[3]]);
  });

  it('R24: stops at a row that does not match its digest, as any reading does, and changes nothing of its segment', async () => {
    const folder = await databaseWith(ALL);
    const { storage } = await open(folder);
    const path = join(folder, SEGMENTS[1]!);
    const damaged = (await readFile(path, 'utf8')).replace('second line', 'seconb line');
    await writeFile(path, damaged);
    const { report, failure } = await compact(storage, { upTo: UP_TO, remains: REMAINS });
    expect(report).toBeUndefined();
    expect(failure).toMatchObject({ full: false, damaged: { op: 6 } });
    expect(await readFile(path, 'utf8')).toBe(damaged);
    expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([]);
    await append(storage, sealed(ALL.at(-1), [message(25)]));
  });

  it('R24: is looked at anew when its notes are damaged, missing, or of a log that was longer', async () => {
    const folder = await databaseWith(ALL);
    const first = await open(folder);
    await compact(first.storage, { upTo: UP_TO, remains: REMAINS });
    await first.close();
    const path = join(folder, 'compaction.csv');
    const content = await readFile(path);
    for (let bit = 0; bit < content.length * 8; bit += 7) {
      const damaged = Buffer.from(content);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(path, damaged);
      const { recovered, close } = await open(folder);
      expect(recovered.compaction).toBeNull();
      expect(recovered.repairs).toEqual([]);
      await close();
    }
    await writeFile(path, content);
    expect((await open(await copyOf(folder))).recovered.compaction).toMatchObject({ op: UP_TO });
    const cut = await copyOf(folder);
    for (const name of SEGMENTS.slice(3)) await writeFile(join(cut, name), '');
    const { recovered, storage } = await openDatabase(cut, { address: ADDRESS, durability: 'fsync' });
    expect(recovered.compaction).toBeNull();
    expect(await readdir(cut)).not.toContain('compaction.csv');
    await settled((done) => storage.close(done));
  });

  it('R24: goes on beside a check of all rows, which finds nothing wrong', async () => {
    const many = sealed(undefined, [...messages(1, 300), COMPACT]);
    const folder = await databaseWith(many);
    const before = await open(folder);
    await settled((done) => before.storage.writeSnapshot(snapshotAt(many.at(-1)!, 'all'), done));
    await before.close();
    const { storage, verify } = await open(folder);
    let pauses = 0;
    const verified = verify(async () => {
      pauses++;
      await new Promise((resolve) => setImmediate(resolve));
      return true;
    });
    const remains = new Map(many.map(({ op }) => [op, op % 3 === 0 ? ('all' as const) : ('nothing' as const)]));
    const { report } = await compact(storage, { upTo: 301, remains });
    expect(report).toMatchObject({ rows: 200 });
    await verified;
    expect(pauses).toBeGreaterThan(50);
    expect(rowsOf(await readEntries(storage, 1, 10_000_000))).toBe(rowsOf(shorter(many, remains)));
  });

  it('R24: goes on beside everything else, whenever it is asked for', async () => {
    const folder = await databaseWith(ALL.slice(0, UP_TO));
    const { storage, makeCopy, close } = await open(folder);
    const ask = { name: 'copy', address: ADDRESS, clusterId: 'c', onSize: () => {} };
    const compacted = compact(storage, { upTo: UP_TO, remains: REMAINS });
    const copied = makeCopy(UP_TO, ask, () => {});
    const reads: Promise<LogEntry[]>[] = [];
    for (const entry of ALL.slice(UP_TO)) {
      await append(storage, [entry]);
      reads.push(readEntries(storage, 1, 10_000_000));
    }
    await settled((done) => storage.writeSnapshot(snapshotAt(ALL[19]!, 'some'), done));
    for (const read of reads) {
      const found = await read;
      expect(found.map(({ chain }) => chain)).toEqual(ALL.slice(0, found.length).map(({ chain }) => chain));
    }
    expect((await compacted).report).toMatchObject({ op: UP_TO });
    await copied;
    const copy = `${folder}-copy`;
    expect((await checkDatabase(copy)).damages).toEqual([]);
    expect(await readdir(copy)).not.toContain('compaction.csv');
    const before = await contentsOf(copy);
    const again = makeCopy(UP_TO, { ...ask, name: 'other' }, () => {});
    await compact(storage, { upTo: UP_TO, remains: new Map(ALL.slice(0, UP_TO).map(({ op }) => [op, 'nothing'])) });
    await again;
    expect(await contentsOf(copy)).toEqual(before);
    expect((await checkDatabase(`${folder}-other`)).damages).toEqual([]);
    await close();
    expect(await checkDatabase(folder)).toMatchObject({
      shortenedRows: UP_TO - 1,
      removedBodies: UP_TO - 2,
    });
  });

  it('R24: ends when the storage closes, and a later one ends with the same files', async () => {
    const many = sealed(undefined, [...messages(1, 300), COMPACT]);
    const remains = new Map(many.map(({ op }) => [op, 'nothing' as const]));
    const undisturbed = await databaseWith(many);
    const first = await open(undisturbed);
    await compact(first.storage, { upTo: 301, remains });
    const folder = await databaseWith(many);
    const { storage, close } = await open(folder);
    const compacted = compact(storage, { upTo: 301, remains });
    await close();
    expect(await compacted).toEqual({ report: undefined, failure: undefined });
    const again = await open(folder);
    expect(again.entries.map(({ chain }) => chain)).toEqual(many.map(({ chain }) => chain));
    expect((await compact(again.storage, { upTo: 301, remains })).report).toMatchObject({ op: 301 });
    expect(await logOf(folder)).toEqual(await logOf(undisturbed));
  });
});
