import { beforeAll, describe, expect, it } from 'vitest';
import { openRows, readRow } from '../../server/storage/csv.ts';
import { readKeyedFile } from '../../server/storage/keyed-file.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { seededRandom } from '../../shared/random.ts';
import { type FuzzCase, type FuzzOutcome, judge } from './fuzz-case.ts';
import { type FuzzBase, makeFuzzBase, SETTING_ASIDE } from './fuzz-database.ts';
import { mutate, resealed } from './mutations.ts';

/**
 * Files of a database, damaged in every way that a seed brings. `npm test` does some; `FUZZ_FOLDERS=5000 FUZZ_SEED=x npm run fuzz`
 * does more, and `FUZZ_FIRST=n FUZZ_FOLDERS=1` the one that failed.
 */
const FOLDERS = Number(process.env.FUZZ_FOLDERS ?? 40);
const FIRST = Number(process.env.FUZZ_FIRST ?? 0);
const SEED = process.env.FUZZ_SEED ?? 'fuzz';
const TEXTS = 3 * FOLDERS;
/** Far more than a case takes: what takes longer never ends. */
const CASE_MS = 20_000;
/** Much more than the files have together, in KiB: whoever needs more has believed a number in one of them. */
const MEMORY_KIB = 600 * 1024;

let base: FuzzBase;

beforeAll(async () => {
  base = await makeFuzzBase();
});

/** Files that end with their own digest. */
const isKeyed = (name: string) => /(view|view-2|snapshot|copy|setting_aside)\.csv$/.test(name);

function caseOf(number: number): { what: string; one: FuzzCase } {
  const random = seededRandom(`${SEED}-${number}`);
  const files = new Map([...base.files, ['database/setting_aside.csv', Buffer.from(SETTING_ASIDE)]]);
  // The log has a few files and is what matters most.
  const file = random.pick([...files.keys()]);
  const others = [...files].filter(([name]) => name !== file).map(([, bytes]) => bytes);
  if (random.chance(0.03)) return { what: `${file} is gone`, one: { file, bytes: undefined, isForged: false } };
  const mutation = mutate(files.get(file)!, others, random);
  const isForged = isKeyed(file) && random.chance(0.3);
  const { what, bytes } = isForged ? resealed(mutation) : mutation;
  return { what: `${file}: ${what}`, one: { file, bytes, isForged } };
}

/** @throws Error that says how to see it again */
async function judged(number: number): Promise<FuzzOutcome> {
  const { what, one } = caseOf(number);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it is not over after ${CASE_MS} ms`)), CASE_MS);
  });
  try {
    return await Promise.race([judge(base, one), tooLong]);
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`FUZZ_SEED=${SEED} FUZZ_FIRST=${number} FUZZ_FOLDERS=1, ${what}\n${reason}`);
  } finally {
    clearTimeout(timer);
  }
}

describe('damaged files', () => {
  it('of a database or a copy: it opens with exactly what was there, or says which file is wrong; so do check, restore and repair', {
    timeout: 30_000 + FOLDERS * 1000,
  }, async () => {
    const outcomes: Partial<Record<FuzzOutcome, number>> = {};
    const failures: string[] = [];
    for (let number = FIRST; number < FIRST + FOLDERS && failures.length < 10; number++) {
      try {
        const outcome = await judged(number);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    expect(failures.join('\n\n')).toBe('');
    if (FOLDERS >= 40) expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(['opened', 'refused', 'repaired']));
    // A damaged folder that a copy can be put in the place of all the same is rare.
    if (FOLDERS >= 1000) expect(Object.keys(outcomes)).toHaveLength(5);
    if (FOLDERS > 40) console.log(`${SEED}, cases ${FIRST} to ${FIRST + FOLDERS - 1}: ${JSON.stringify(outcomes)}`);
    expect(process.resourceUsage().maxRSS).toBeLessThan(MEMORY_KIB);
  });

  it('of the log, read as rows: what is taken was there, in its place, and the rest is named', () => {
    const rows = Buffer.from(base.entries.map(({ row }) => row).join(''));
    const others = [...base.files.values()];
    for (let number = FIRST; number < FIRST + TEXTS; number++) {
      const { what, bytes } = mutate(rows, others, seededRandom(`${SEED}-rows-${number}`));
      const end = bytes.lastIndexOf(10) + 1;
      const { entries, damage } = openRows(bytes.subarray(0, end), GENESIS_CHAIN, 0);
      const taken = entries.map(({ row }) => row).join('');
      expect(rows.toString().startsWith(taken), `${SEED}-rows-${number}: ${what}`).toBe(true);
      expect(damage === undefined, `${SEED}-rows-${number}: ${what}`).toBe(Buffer.byteLength(taken) === end);
      readRow(bytes.subarray(0, bytes.indexOf(10) + 1));
    }
  });

  it('of the log, written in another way: it is no longer the row that was written', () => {
    const rows = base.entries.map(({ row }) => row);
    const open = (bytes: Buffer) => openRows(bytes, GENESIS_CHAIN, 0).entries.length;
    expect(open(Buffer.from(rows.join('')))).toBe(rows.length);
    for (const [index, row] of rows.entries()) {
      const before = Buffer.from(rows.slice(0, index).join(''));
      const quoted = Buffer.from(row.replace(/,(?=[^,"]*,)([^,"]*),/, ',"$1",'));
      expect(open(Buffer.concat([before, quoted])), row).toBe(index);
      const at = Buffer.from(row).indexOf('\uFFFD');
      if (at === -1) continue;
      const bytes = Buffer.from(row);
      for (const same of [Buffer.of(0xff), Buffer.of(0xf0, 0x9f, 0x92)]) {
        const other = Buffer.concat([bytes.subarray(0, at), same, bytes.subarray(at + 3)]);
        expect(other.toString()).toBe(row);
        expect(open(Buffer.concat([before, other])), row).toBe(index);
      }
    }
  });

  it('of keys and values: every change is noticed', () => {
    const files = [...base.files].filter(([name]) => isKeyed(name));
    for (let number = FIRST; number < FIRST + TEXTS; number++) {
      const random = seededRandom(`${SEED}-keys-${number}`);
      const [name, bytes] = random.pick(files);
      const mutation = mutate(bytes, [], random);
      const read = readKeyedFile(name, mutation.bytes.toString());
      expect('rows' in read, `${SEED}-keys-${number}: ${mutation.what}`).toBe(mutation.bytes.equals(bytes));
      readKeyedFile(name, resealed(mutation).bytes.toString());
    }
  });
});
