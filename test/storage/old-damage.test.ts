import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOG_HEADER } from '../../server/storage/csv.ts';
import { type DatabaseOptions, type FolderDatabase, openDatabase } from '../../server/storage/database.ts';
import { LogDamage } from '../../server/storage/database-error.ts';
import type { OldDamage } from '../../server/storage/old-damage.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { COMPACT, compact, sealed } from './compaction-samples.ts';
import {
  ADDRESS,
  append,
  openScanned,
  readEntries,
  readRows,
  settled,
  snapshotAt,
  someEntries,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const SEGMENT_OPERATIONS = 14;
const SNAPSHOT_OP = 60;
const ALL = someEntries(90);

/** Several segments; the snapshot ends inside one of them. */
async function newDatabase(): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, ALL);
  await settled((done) => storage.writeSnapshot(snapshotAt(ALL[SNAPSHOT_OP - 1]!, 'tables'), done));
  await close();
  return folder;
}

async function segmentsOf(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^commit_log-\d+\.csv$/.test(name)).sort();
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = await segmentsOf(folder);
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, index) => [name, contents[index]!]));
}

/** Changes the rows of one segment, the one with that op. */
async function change(folder: string, op: number, to: (row: string) => string): Promise<void> {
  for (const [name, content] of Object.entries(await contentOf(folder))) {
    const rows = content.slice(LOG_HEADER.length).split(/(?<=\n)/);
    const index = rows.findIndex((row) => row.startsWith(`${op},`));
    if (index === -1) continue;
    rows[index] = to(rows[index]!);
    await writeFile(join(folder, name), LOG_HEADER + rows.join(''));
  }
}

const flipped = (row: string) => row.replace('message ', 'massage ');
const garbage = (row: string) => '#'.repeat(row.length);
const merged = (row: string) => `${row.slice(0, -1)} `;

type Opened = {
  database: FolderDatabase;
  found: LogEntry[];
  damage: LogDamage | undefined;
  close: () => Promise<unknown>;
};

async function open(folder: string, options: Partial<DatabaseOptions> = {}): Promise<Opened> {
  const database = await openDatabase(folder, {
    address: ADDRESS,
    durability: 'os',
    segmentOperations: SEGMENT_OPERATIONS,
    ...options,
  });
  const found: LogEntry[] = [];
  const damage = await database
    .scan((some) => void found.push(...some))
    .then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof LogDamage) return error;
        throw error;
      },
    );
  return { database, found, damage, close: () => settled((done) => database.storage.close(done)) };
}

/** Repairs with the rows of another server until a start finds nothing. @returns how often it had to */
async function repairAll(folder: string): Promise<number> {
  for (let count = 0; ; count++) {
    const { database, damage, close } = await open(folder, { checksAll: true });
    try {
      if (!damage) return count;
      const repair = await database.repair(damage);
      for (let { missing } = repair; missing; { missing } = repair) {
        expect(await repair.take(ALL[missing.after.op]!.row)).toBe(true);
      }
      await repair.finish('localhost:2538');
    } finally {
      await close();
    }
  }
}

async function oldDamageIn(folder: string): Promise<OldDamage | undefined> {
  const { database, damage, close } = await open(folder, { checksAll: true });
  const repair = await database.repair(damage!);
  const found = repair.oldDamage(SNAPSHOT_OP);
  await repair.close();
  await close();
  return found;
}

const KINDS = { 'another text': flipped, garbage, 'no line feed': merged };

describe('R26: damage before the snapshot', () => {
  it('R24: stays as it is when the rest of the log is compacted, which is not finished then', async () => {
    const folder = await newDatabase();
    await change(folder, 20, garbage);
    await change(folder, 27, flipped);
    const oldDamage = await oldDamageIn(folder);
    const { database, close } = await open(folder, { oldDamage });
    await append(database.storage, sealed(ALL.at(-1), [COMPACT]));
    const before = await contentOf(folder);
    const remains = new Map(ALL.map(({ op }) => [op, 'nothing' as const]));
    const ended = await compact(database.storage, { upTo: ALL.length + 1, remains });
    expect(ended).toEqual({ report: undefined, failure: undefined });
    const [, damaged] = await segmentsOf(folder);
    const after = await contentOf(folder);
    for (const [name, content] of Object.entries(after)) {
      if (name === damaged) expect(content).toBe(before[name]);
      else expect(content).not.toContain('message ');
    }
    expect((await readRows(database.storage, [19, 29])).map(({ body }) => body)).toEqual(['message 19', '']);
    await close();
    expect(await readdir(folder)).not.toContain('compaction.csv');
  });

  for (const [kind, to] of Object.entries(KINDS)) {
    it(`${kind}: a start does not meet it; the check meets it at its place, and the next start repairs it`, async () => {
      const folder = await newDatabase();
      const whole = await contentOf(folder);
      await change(folder, 7, to);
      const first = await open(folder);
      expect(first.damage).toBeUndefined();
      expect(first.found).toEqual(ALL.slice(SNAPSHOT_OP));
      const damage = await first.database.verify(async () => true).catch((error: unknown) => error);
      expect(damage).toBeInstanceOf(LogDamage);
      await first.close();
      const second = await open(folder, { checksAll: true });
      expect(second.damage?.place).toEqual((damage as LogDamage).place);
      expect(second.damage?.place).toMatchObject({ segment: 0, op: 6, chain: ALL[5]!.chain });
      await second.close();
      expect(await repairAll(folder)).toBe(1);
      expect(await contentOf(folder)).toEqual(whole);
    });
  }

  it('is read by nobody: the failure says that it is damage, not that the disk failed', async () => {
    const folder = await newDatabase();
    await change(folder, 7, flipped);
    const { database, close } = await open(folder);
    const { storage } = database;
    for (const read of [
      (done: (entries: LogEntry[], failure?: object) => void) => storage.read(1, 100_000, done),
      (done: (entries: LogEntry[], failure?: object) => void) => storage.readRows([7, 20], done),
    ]) {
      const failure = await new Promise((resolve) => read((_entries, failed) => resolve(failed)));
      expect(failure).toMatchObject({ full: false, damaged: { op: 7 } });
    }
    await close();
  });

  it.each([SNAPSHOT_OP - 1, SNAPSHOT_OP, SNAPSHOT_OP + 1])(
    'at the seam, op %i: its place is known, and it is repaired together with all before it',
    async (op) => {
      for (const to of Object.values(KINDS)) {
        const folder = await newDatabase();
        const whole = await contentOf(folder);
        await change(folder, op, to);
        await change(folder, 3, flipped);
        const oldDamage = await oldDamageIn(folder);
        // A row whose chain still stands there, with the snapshot's row hanging on it, is before the snapshot.
        if (op < SNAPSHOT_OP && to === flipped) {
          const { found, damage, close } = await open(folder, { oldDamage });
          expect([damage, found]).toEqual([undefined, ALL.slice(SNAPSHOT_OP)]);
          await close();
        } else expect(oldDamage).toBeUndefined();
        expect(await repairAll(folder)).toBe(1);
        expect(await contentOf(folder)).toEqual(whole);
      }
    },
  );

  it('a start that meets damage after the snapshot mends what is damaged before it, too', async () => {
    const folder = await newDatabase();
    const whole = await contentOf(folder);
    await change(folder, 3, merged);
    await change(folder, 80, flipped);
    const { database, damage, close } = await open(folder);
    expect(damage?.place.op).toBe(79);
    const repair = await database.repair(damage!);
    expect(repair.damage.place.op).toBe(2);
    for (let { missing } = repair; missing; { missing } = repair) await repair.take(ALL[missing.after.op]!.row);
    await repair.finish('localhost:2538');
    await close();
    expect(await contentOf(folder)).toEqual(whole);
  });

  it('a segment that is missing is found at the start, and repaired', async () => {
    const folder = await newDatabase();
    const whole = await contentOf(folder);
    await rm(join(folder, Object.keys(whole)[1]!));
    const { damage, close } = await open(folder);
    expect(damage?.what).toContain('is missing');
    expect(damage?.place.op).toBe(Number(Object.keys(whole)[1]!.slice(11, 31)) - 1);
    await close();
    expect(await repairAll(folder)).toBe(1);
    expect(await contentOf(folder)).toEqual(whole);
  });
});

describe('R26: a server that goes on with damage before the snapshot', () => {
  const damages: Record<string, { lost: number[]; befall: (folder: string) => Promise<void> }> = {
    ...Object.fromEntries(
      Object.entries(KINDS).map(([kind, to]) => [kind, { lost: [7, 8, 9], befall: (folder) => change(folder, 7, to) }]),
    ),
    'two rows': {
      lost: [7, 8, 9, 40, 41, 42],
      befall: async (folder) => {
        await change(folder, 7, merged);
        await change(folder, 40, garbage);
      },
    },
    'a whole segment': {
      lost: [],
      befall: async (folder) => rm(join(folder, (await segmentsOf(folder))[1]!)),
    },
  };

  it.each(Object.entries(damages))(
    '%s: starts with what follows the snapshot, and serves all rows that are whole',
    async (name, { lost, befall }) => {
      const folder = await newDatabase();
      const firstOps = (await segmentsOf(folder)).map((segment) => Number(segment.slice(11, 31)));
      await befall(folder);
      const oldDamage = await oldDamageIn(folder);
      expect(oldDamage?.holes.length).toBe(name === 'two rows' ? 2 : 1);
      const { database, found, damage, close } = await open(folder, { oldDamage });
      expect(damage).toBeUndefined();
      expect(found).toEqual(ALL.slice(SNAPSHOT_OP));
      await database.verify(async () => true);
      const isLost = ({ op }: LogEntry) =>
        name === 'a whole segment' ? op >= firstOps[1]! && op <= firstOps[2]! + 1 : lost.includes(op);
      for (const entry of ALL.filter((one) => !isLost(one))) {
        expect(await readRows(database.storage, [entry.op])).toEqual([entry]);
      }
      const { after } = oldDamage!.holes[0]!;
      await expect(readRows(database.storage, [after.op + 1])).rejects.toThrow('nothing is served from it');
      await expect(readEntries(database.storage, after.op + 1, 1000)).rejects.toThrow('nothing is served from it');
      const next = someEntries(95).slice(90);
      await append(database.storage, next);
      expect(await readRows(database.storage, [95])).toEqual([next[4]]);
      await close();
      expect((await open(folder, { oldDamage })).found).toHaveLength(95 - SNAPSHOT_OP);
    },
  );

  it('finds whole rows in a long file, however much of it is damaged', async () => {
    const all = someEntries(3000);
    const snapshotOp = 2990;
    const folder = join(await temporaryFolder(), 'database');
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await append(storage, all);
    await settled((done) => storage.writeSnapshot(snapshotAt(all[snapshotOp - 1]!, 'tables'), done));
    await close();
    const path = join(folder, (await segmentsOf(folder))[0]!);
    const bytes = await readFile(path);
    expect(bytes.length).toBeGreaterThan(500_000);
    const [from, to] = [500, 2900].map((op) => bytes.indexOf(`\n${op},`));
    // Short lines, so that there are many more of them than rows were there.
    for (let at = from! + 1; at < to!; at++) bytes[at] = at % 9 === 0 ? 10 : 35;
    await writeFile(path, bytes);
    const options = { segmentOperations: 100_000 };
    const first = await open(folder, { ...options, checksAll: true });
    expect(first.damage?.place.op).toBe(499);
    const repair = await first.database.repair(first.damage!);
    const oldDamage = repair.oldDamage(snapshotOp);
    expect(oldDamage?.holes).toMatchObject([{ after: { op: 499 }, until: { op: 2900 } }]);
    await repair.close();
    await first.close();
    const second = await open(folder, { ...options, oldDamage });
    expect(second.damage).toBeUndefined();
    expect(second.found).toEqual(all.slice(snapshotOp));
    for (const op of [1, 2, 250, 497, 498, 499, 2902, 2903, 2950, 2989, 2990, 2991, 3000]) {
      expect(await readRows(second.database.storage, [op])).toEqual([all[op - 1]]);
    }
    await expect(readRows(second.database.storage, [1700])).rejects.toThrow('nothing is served from it');
    await second.close();
    // Without having been told: the start says so, or goes round it.
    const third = await open(folder, options);
    expect(third.damage?.place.op ?? 499).toBe(499);
    await third.close();
  });

  it('is not possible when rows are damaged from the snapshot on, or missing at the end', async () => {
    for (const op of [SNAPSHOT_OP, SNAPSHOT_OP + 1, ALL.length]) {
      const folder = await newDatabase();
      await change(folder, op, garbage);
      expect(await oldDamageIn(folder), `op ${op}`).toBeUndefined();
    }
  });
});
