import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOG_HEADER } from '../../server/storage/csv.ts';
import { openDatabase } from '../../server/storage/database.ts';
import { LogDamage } from '../../server/storage/database-error.ts';
import type { LogRepair } from '../../server/storage/log-repair.ts';
import type { LogEntry } from '../../shared/operations.ts';
import {
  ADDRESS,
  append,
  copyOf,
  entriesAfter,
  openScanned,
  settled,
  someEntries,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const SEGMENT_OPERATIONS = 5;
const PEER = 'localhost:2538';
/** So many bytes of rows does another server send at a time. */
const PIECE_LENGTH = 900;

async function databaseWith(entries: readonly LogEntry[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, entries);
  await close();
  return folder;
}

async function segmentsOf(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^commit_log-\d+\.csv$/.test(name)).sort();
}

/** SHA-256 of each segment. */
async function digests(folder: string): Promise<Record<string, string>> {
  const names = await segmentsOf(folder);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return Object.fromEntries(
    names.map((name, index) => [name, createHash('sha256').update(files[index]!).digest('hex')]),
  );
}

/** What another server answers that has these rows. */
function rowsAfter(entries: readonly LogEntry[], op: number): string {
  let rows = '';
  for (const entry of entries.slice(op)) {
    if (rows !== '' && rows.length + entry.row.length > PIECE_LENGTH) break;
    rows += entry.row;
  }
  return rows;
}

/** Takes all that is missing from a server with these rows. @returns whether that was enough */
async function fill(repair: LogRepair, peer: readonly LogEntry[]): Promise<boolean> {
  for (let { missing } = repair; missing; { missing } = repair) {
    const rows = rowsAfter(peer, missing.after.op);
    if (rows === '' || !(await repair.take(rows))) return false;
  }
  return true;
}

interface Outcome {
  /** What was wrong at each start; none when the log was whole. */
  damages: LogDamage[];
  said: string[];
  /** What one start after the other repaired without asking anybody. */
  repairs: string[];
  entries: LogEntry[] | undefined;
}

/** Starts on a folder until its log is whole, or cannot be repaired. */
async function startRepairing(folder: string, peer: readonly LogEntry[]): Promise<Outcome> {
  const outcome: Outcome = { damages: [], said: [], repairs: [], entries: undefined };
  for (let tries = 1; tries <= 3; tries++) {
    const database = await openDatabase(folder, {
      address: ADDRESS,
      durability: 'fsync',
      segmentOperations: SEGMENT_OPERATIONS,
    });
    outcome.repairs.push(...database.recovered.repairs);
    const entries: LogEntry[] = [];
    try {
      await database.scan((some) => void entries.push(...some));
      return { ...outcome, entries };
    } catch (error) {
      if (!(error instanceof LogDamage)) throw error;
      outcome.damages.push(error);
      const repair = await database.repair(error);
      if (!(await fill(repair, peer))) {
        await repair.startAgain();
        return outcome;
      }
      outcome.said.push(await repair.finish(PEER));
    } finally {
      await settled((done) => database.storage.close(done));
    }
  }
  return outcome;
}

/** Bodies of all kinds, in several segments, the last of which has more than one row. */
function sampleLog(): LogEntry[] {
  const bodies = ['plain', 'with, "quotes"', 'a line\nbreak', '=1+1', 'é 🙂', 'x'.repeat(300), ''];
  return entriesAfter(
    undefined,
    Array.from({ length: 23 }, (_, index) => (index % 7 === 6 ? '' : `${index} ${bodies[index % 7]}`)),
  );
}

describe('R26: a damaged log is mended with rows of another server', () => {
  const all = sampleLog();
  const ofLog = async (change: (rows: string[]) => string[]) => {
    const folder = await databaseWith(all);
    const wholeDigests = await digests(folder);
    for (const name of await segmentsOf(folder)) await rm(join(folder, name));
    // Rows that were moved are cut into files as the true ones are: by their places.
    const names = Object.keys(wholeDigests);
    const firstOps = names.map((name) => Number(name.slice(11, 31)));
    const changed = change(all.map(({ row }) => row));
    const missing = all.length - changed.length;
    for (const [index, name] of names.entries()) {
      const from = firstOps[index]! - 1;
      const to = (firstOps[index + 1] ?? all.length + 1) - 1;
      const isLast = index === names.length - 1;
      const rows = changed.slice(from, isLast ? undefined : to);
      if (rows.length > 0) await writeFile(join(folder, name), LOG_HEADER + rows.join(''));
    }
    return { folder, wholeDigests, missing };
  };

  const expectMended = async (folder: string, wholeDigests: Record<string, string>, outcome: Outcome) => {
    expect(outcome.entries).toEqual(all);
    expect(await digests(folder)).toEqual(wholeDigests);
  };

  it('any single flipped bit is noticed; afterwards the files are what they were, byte for byte', async () => {
    const original = await databaseWith(all);
    const wholeDigests = await digests(original);
    const files = await Promise.all(
      Object.keys(wholeDigests).map(async (name) => ({ name, size: (await readFile(join(original, name))).length })),
    );
    expect(files.length).toBeGreaterThan(4);
    const someBit = fc
      .constantFrom(...files)
      .chain(({ name, size }) => fc.record({ name: fc.constant(name), bit: fc.nat(size * 8 - 1) }));
    await fc.assert(
      fc.asyncProperty(someBit, async ({ name, bit }) => {
        const folder = await copyOf(original);
        const bytes = await readFile(join(folder, name));
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        await writeFile(join(folder, name), bytes);
        const outcome = await startRepairing(folder, all);
        expect(outcome.said.length + outcome.repairs.length).toBeGreaterThan(0);
        await expectMended(folder, wholeDigests, outcome);
      }),
      { numRuns: 100, seed: 26 },
    );
  });

  it('a bit of any byte of the last row, and of the line feed before it', async () => {
    const short = someEntries(3);
    const original = await databaseWith(short);
    const [name] = await segmentsOf(original);
    const bytes = await readFile(join(original, name!));
    const folder = await copyOf(original);
    const from = bytes.length - Buffer.byteLength(short[2]!.row) - 1;
    for (let byte = from; byte < bytes.length; byte++) {
      const bit = byte * 8 + (byte % 8);
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(join(folder, name!), changed);
      const { entries } = await startRepairing(folder, short);
      expect(entries, `bit ${bit}`).toEqual(short);
      expect(await readFile(join(folder, name!)), `bit ${bit}`).toEqual(bytes);
    }
  });

  it('a row dropped, there twice, or swapped with another, wherever they stand', async () => {
    const place = fc.nat(all.length - 1);
    const change = fc.oneof(
      // Without the last one it is an older log, which is whole.
      fc.record({ what: fc.constant('drop' as const), one: fc.nat(all.length - 2), other: place }),
      fc.record({ what: fc.constantFrom('copy' as const, 'swap' as const), one: place, other: place }),
    );
    await fc.assert(
      fc.asyncProperty(change, async ({ what, one, other }) => {
        const { folder, wholeDigests } = await ofLog((rows) => {
          if (what === 'drop') return rows.toSpliced(one, 1);
          if (what === 'copy') return rows.toSpliced(other, 0, rows[one]!);
          return rows.with(one, rows[other]!).with(other, rows[one]!);
        });
        const isChanged = what !== 'swap' || one !== other;
        const outcome = await startRepairing(folder, all);
        expect(outcome.damages.length > 0).toBe(isChanged);
        await expectMended(folder, wholeDigests, outcome);
      }),
      { numRuns: 50, seed: 26 },
    );
  });

  it('a segment that is missing, cut short, or empty', async () => {
    const original = await databaseWith(all);
    const wholeDigests = await digests(original);
    const names = Object.keys(wholeDigests);
    for (const name of names.slice(0, -1)) {
      const whole = await readFile(join(original, name));
      for (const length of [undefined, 0, 20, LOG_HEADER.length, whole.length - 200, whole.length - 1]) {
        const folder = await copyOf(original);
        if (length === undefined) await rm(join(folder, name));
        else await writeFile(join(folder, name), whole.subarray(0, length));
        await expectMended(folder, wholeDigests, await startRepairing(folder, all));
      }
    }
    const folder = await copyOf(original);
    await rename(join(folder, names.at(-1)!), join(folder, 'commit_log-00000000000000009999.csv'));
    await expectMended(folder, wholeDigests, await startRepairing(folder, all));
  });

  it('rows between two places that are both damaged, and both', async () => {
    const folder = await databaseWith(all);
    const wholeDigests = await digests(folder);
    for (const name of Object.keys(wholeDigests)) {
      const text = await readFile(join(folder, name), 'utf8');
      await writeFile(join(folder, name), text.replaceAll('plain', 'plane').replaceAll('xx', 'xy'));
    }
    const outcome = await startRepairing(folder, all);
    await expectMended(folder, wholeDigests, outcome);
    expect(outcome.said).toHaveLength(1);
  });

  it('keeps what was there in quarantine/, says file, operations and whose rows they are, and leaves nothing behind', async () => {
    const folder = await databaseWith(all);
    const [name] = await segmentsOf(folder);
    const damaged = (await readFile(join(folder, name!), 'utf8')).replace('1 with', '1 witx');
    await writeFile(join(folder, name!), damaged);
    const { said } = await startRepairing(folder, all);
    expect(said).toEqual([
      expect.stringMatching(
        new RegExp(
          `^The log is repaired in ${name}: operation 2 came from ${PEER}; what was there is kept in quarantine/commit_log-0{19}1-damaged-at-2-`,
        ),
      ),
    ]);
    const aside = (await readdir(join(folder, 'quarantine'))).filter((one) => one.startsWith('commit_log'));
    expect(await readFile(join(folder, 'quarantine', aside[0]!), 'utf8')).toBe(damaged);
    const reasons = await readFile(join(folder, 'quarantine', 'quarantine.csv'), 'utf8');
    expect(reasons).toContain('op 2 does not match its digest');
    expect(reasons).toContain(`Repaired with operation 2 of ${PEER}.`);
    expect((await readdir(folder)).filter((one) => one.endsWith('.new'))).toEqual([]);
  });

  it('takes no rows that do not fit at both ends, and changes nothing then', async () => {
    const folder = await databaseWith(all);
    const [name] = await segmentsOf(folder);
    const path = join(folder, name!);
    const damaged = (await readFile(path, 'utf8')).replace('1 with', '1 witx');
    await writeFile(path, damaged);
    const others = [...all.slice(0, 1), ...entriesAfter(all[0], ['other 2', 'other 3', 'other 4'])];
    for (const peer of [others, all.slice(0, 1), []]) {
      const { entries, damages } = await startRepairing(folder, peer);
      expect(entries).toBeUndefined();
      expect(damages[0]!.message).toContain('line 3: op 2 does not match its digest');
      expect(await readFile(path, 'utf8')).toBe(damaged);
    }
    expect((await startRepairing(folder, all)).entries).toEqual(all);
  });

  it.each(['\n', '#'])(
    'never goes on without rows at the end of the log that it cannot tell, ending in %j',
    async (end) => {
      const short = someEntries(4);
      const folder = await databaseWith(short);
      const [name] = await segmentsOf(folder);
      const path = join(folder, name!);
      const garbage = Buffer.from(`${'#'.repeat(short[3]!.row.length - 1)}${end}`);
      const whole = await readFile(path);
      const damaged = Buffer.concat([whole.subarray(0, whole.length - garbage.length), garbage]);
      await writeFile(path, damaged);
      for (const peer of [short, short.slice(0, 3), someEntries(9)]) {
        expect((await startRepairing(folder, peer)).entries).toBeUndefined();
        expect(await readFile(path)).toEqual(damaged);
      }
    },
  );

  it('a crash between any two renames leaves a log that the next start repairs', async () => {
    const original = await databaseWith(all);
    const wholeDigests = await digests(original);
    const names = Object.keys(wholeDigests);
    // Segments 2 and 3 are damaged; of the new ones, any number from the last on is in place.
    for (const placed of [0, 1, 2]) {
      const folder = await copyOf(original);
      for (const name of names.slice(1, 3)) {
        const bytes = await readFile(join(folder, name));
        bytes[LOG_HEADER.length + 40]! ^= 1;
        const isPlaced = names.indexOf(name) > 2 - placed;
        if (!isPlaced) await writeFile(join(folder, name), bytes);
        await writeFile(join(folder, `${name}.new`), 'half written');
      }
      const outcome = await startRepairing(folder, all);
      expect(outcome.damages.length).toBe(placed === 2 ? 0 : 1);
      await expectMended(folder, wholeDigests, outcome);
      expect((await readdir(folder)).filter((one) => one.endsWith('.new'))).toEqual([]);
    }
  });

  it('a server that repairs its own log has whole rows for others, and none that are damaged', async () => {
    const folder = await databaseWith(all);
    const [name] = await segmentsOf(folder);
    const path = join(folder, name!);
    await writeFile(path, (await readFile(path, 'utf8')).replace('1 with', '1 witx'));
    const database = await openDatabase(folder, {
      address: ADDRESS,
      durability: 'fsync',
      segmentOperations: SEGMENT_OPERATIONS,
    });
    const damage = await database.scan(() => {}).catch((error: unknown) => error);
    const repair = await database.repair(damage as LogDamage);
    for (const op of [0, ...all.slice(2, -1).map((entry) => entry.op)]) {
      expect(
        all
          .slice(op)
          .map(({ row }) => row)
          .join(''),
      ).toContain(await repair.rowsAfter(op, PIECE_LENGTH));
      expect((await repair.rowsAfter(op, PIECE_LENGTH)).startsWith(all[op]!.row)).toBe(true);
    }
    expect(await repair.rowsAfter(1, PIECE_LENGTH)).toBe('');
    expect(await repair.rowsAfter(all.length, PIECE_LENGTH)).toBe('');
    await settled((done) => database.storage.close(done));
  });
});
