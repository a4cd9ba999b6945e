import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { openDatabase } from '../../server/storage/database.ts';
import { LogDamage } from '../../server/storage/database-error.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { account, COMPACT, compact, contentsOf, message, PART, sealed, shorter } from './compaction-samples.ts';
import { ADDRESS, append, copyOf, openScanned, settled, temporaryFolder, viewFile } from './samples.ts';

const OPTIONS = { address: ADDRESS, durability: 'fsync', segmentOperations: 5 } as const;
const WHOLE = sealed(undefined, [account(1), ...[2, 3, 4, 5, 6, 7, 8].map(message), COMPACT, message(10), message(11)]);
const UP_TO = 9;
const REMAINS = new Map([1, 2, 4, 6, 7].map((op) => [op, op === 1 ? ('part' as const) : ('nothing' as const)]));
const SHORTER = shorter(WHOLE, REMAINS);

/** A database that is compacted, or not yet. */
async function database(isCompacted: boolean): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder, OPTIONS);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, WHOLE);
  if (isCompacted) await compact(storage, { upTo: UP_TO, remains: REMAINS });
  await close();
  return folder;
}

/** Starts, and repairs what is damaged with the rows of another server. @returns the rows it then has */
async function repaired(folder: string, peer: readonly LogEntry[]) {
  for (let isMended = false; ; isMended = true) {
    const { scan, storage, repair } = await openDatabase(folder, OPTIONS);
    const entries: LogEntry[] = [];
    try {
      await scan((some) => void entries.push(...some));
      return { entries, isMended };
    } catch (error) {
      if (!(error instanceof LogDamage)) throw error;
      const mending = await repair(error);
      for (let { missing } = mending; missing; { missing } = mending) {
        expect(await mending.take(peer[missing.after.op]?.row ?? '')).toBe(true);
      }
      await mending.finish('another server');
    } finally {
      await settled((done) => storage.close(done));
    }
  }
}

const logOf = (folder: string) => contentsOf(folder, /^(?!commit_log)|damaged|torn/);
const withoutRows = (entries: readonly LogEntry[]) => entries.map(({ op, chain, event }) => ({ op, chain, event }));

describe('R26: rows that differ only in their form are the same rows:', () => {
  for (const [what, isCompacted, peer] of [
    ['a log that is compacted is mended from one that is not', true, WHOLE],
    ['a log that is not compacted is mended from one that is', false, SHORTER],
  ] as const) {
    it(`${what}, wherever a byte has changed, and compacted anew`, async () => {
      const made = await database(isCompacted);
      const expected = await logOf(await database(true));
      const names = (await readdir(made)).filter((name) => /^commit_log.*\d\.csv$/.test(name));
      for (const name of names) {
        const { length } = await readFile(join(made, name));
        for (let at = 130; at < length; at += 97) {
          const folder = await copyOf(made);
          const damaged = await readFile(join(folder, name));
          damaged[at]! ^= 1;
          await writeFile(join(folder, name), damaged);
          const { entries, isMended } = await repaired(folder, peer);
          expect(withoutRows(entries), `${name} at ${at}`).toEqual(withoutRows(WHOLE));
          const { recovered, storage, close } = await openScanned(folder, OPTIONS);
          expect(recovered.compaction === null).toBe(isMended || !isCompacted);
          await compact(storage, { upTo: UP_TO, remains: REMAINS });
          await close();
          expect(await logOf(folder), `${name} at ${at}`).toEqual(expected);
          expect((await checkDatabase(folder)).damages).toEqual([]);
        }
      }
    });
  }

  it('a part that is left is told by the names in it', () => {
    expect(SHORTER[0]).toMatchObject({ body: PART, chain: WHOLE[0]!.chain });
  });
});
