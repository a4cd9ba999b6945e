import type * as promises from 'node:fs/promises';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  account,
  COMPACT,
  compact,
  contentsOf,
  filesWith,
  idOf,
  message,
  SECRET,
  sealed,
  shorter,
} from './compaction-samples.ts';
import { append, copyOf, openScanned, settled, temporaryFolder, viewFile } from './samples.ts';

/** Counts the steps that change the folder, and stops the program before one of them, or lets one of them fail. */
const kill = vi.hoisted(() => ({ step: 0, at: Number.POSITIVE_INFINITY, error: 'KILLED', isOnce: false }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const fails = () => {
    const step = kill.step++;
    return kill.isOnce ? step === kill.at : step >= kill.at;
  };
  const error = () => Object.assign(new Error(`${kill.error}: by the test`), { code: kill.error });
  const counted = <Call extends (...args: never[]) => unknown>(call: Call, counts = (..._: Parameters<Call>) => true) =>
    ((...args: Parameters<Call>) => (counts(...args) && fails() ? Promise.reject(error()) : call(...args))) as Call;
  const open: typeof real.open = async (...args) => {
    const [path, flags] = args;
    if (flags !== 'r' && fails()) throw error();
    const file = await real.open(...args);
    // Of syncing a folder, or a new file, nothing is known when it fails.
    if (flags !== 'r' || !String(path).endsWith('.csv')) {
      const sync = file.sync.bind(file);
      file.sync = async () => {
        if (fails()) throw error();
        return sync();
      };
    }
    return file;
  };
  return {
    ...real,
    open,
    rename: counted(real.rename),
    rm: counted(real.rm),
    unlink: counted(real.unlink),
    truncate: counted(real.truncate),
  };
});

beforeEach(() => revive());

function revive(): void {
  Object.assign(kill, { step: 0, at: Number.POSITIVE_INFINITY, error: 'KILLED', isOnce: false });
}

const messages = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const ALL = sealed(undefined, [account(1), ...messages(2, 10), COMPACT, message(12)]);
const OTHERS = sealed(ALL[11], messages(20, 22));
const PLAN = {
  upTo: 11,
  remains: new Map([1, 2, 3, 7, 8, 9].map((op) => [op, 'nothing' as const])),
  deleted: [2, 3, 7, 8, 9, 20, 22].map(idOf),
};
/** What must not be found any more. */
const DELETED = [2, 3, 7, 8, 9, 20, 22].map((number) => `${SECRET} ${number}\\n`);

const start = (folder: string) => openScanned(folder, { segmentOperations: 4 });

/** Several segments, and rows of another view in quarantine. */
async function makeDatabase(): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await start(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, [...ALL, ...OTHERS]);
  await settled((done) => storage.cutAfter(12, 'a test', done));
  await close();
  return folder;
}

/** All files but those that tell when something was. */
const filesOf = (folder: string) => contentsOf(folder, /^(lock|reserve|compaction|view)/);

async function expectCompacted(folder: string, expected: Map<string, string>): Promise<void> {
  const { storage, entries, recovered, close } = await start(folder);
  expect(recovered.repairs).toEqual([]);
  expect(entries.map(({ op, chain }) => ({ op, chain }))).toEqual(ALL.map(({ op, chain }) => ({ op, chain })));
  expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([]);
  expect((await compact(storage, PLAN)).report).toMatchObject({ op: PLAN.upTo });
  await close();
  expect(await filesOf(folder)).toEqual(expected);
}

describe('R24: compaction that is interrupted', () => {
  it('by a kill before each step leaves a whole log, and the next one ends with the same bytes', async () => {
    const made = await makeDatabase();
    const undisturbed = await copyOf(made);
    const first = await start(undisturbed);
    expect((await compact(first.storage, PLAN)).report).toMatchObject({ rows: 8 });
    await first.close();
    const expected = await filesOf(undisturbed);
    for (const text of DELETED) expect(await filesWith(undisturbed, text)).toEqual([]);
    expect((await start(undisturbed)).entries).toEqual(shorter(ALL, PLAN.remains));
    for (let at = 0; ; at++) {
      const folder = await copyOf(made);
      const { storage, close } = await start(folder);
      Object.assign(kill, { step: 0, at });
      await compact(storage, PLAN);
      const isFinished = kill.step <= at;
      revive();
      await close();
      await expectCompacted(folder, expected);
      if (!isFinished) continue;
      expect(at).toBeGreaterThan(15);
      return;
    }
  });

  it.each(['ENOSPC', 'EIO'])('by %s gives up quietly, or ends as a failed sync of the log does', async (error) => {
    const made = await makeDatabase();
    let quiet = 0;
    for (let at = 0; ; at++) {
      const folder = await copyOf(made);
      const { storage, close } = await start(folder);
      Object.assign(kill, { step: 0, at, error, isOnce: true });
      const { report, failure } = await compact(storage, PLAN);
      const isFinished = kill.step <= at;
      revive();
      if (!failure) {
        quiet++;
        expect(await settled((done) => storage.append(OTHERS, done))).toBeUndefined();
        // A list that counts already is put in its place by the next start.
        const left = (await readdir(folder)).filter((name) => name.endsWith('.new'));
        if (!report) expect(left.filter((name) => name !== 'queued_messages.csv.new')).toEqual([]);
      }
      await close();
      const again = await start(folder);
      expect(again.entries.slice(0, 12).map(({ chain }) => chain)).toEqual(ALL.map(({ chain }) => chain));
      expect((await compact(again.storage, PLAN)).report).toMatchObject({ op: PLAN.upTo });
      for (const text of DELETED.slice(0, 5)) expect(await filesWith(folder, text)).toEqual([]);
      if (isFinished) break;
    }
    expect(quiet).toBeGreaterThan(8);
  });

  it('leaves nothing that the next start does not remove', async () => {
    const made = await makeDatabase();
    const names: string[] = [];
    for (let at = 0; at < 30; at++) {
      const folder = await copyOf(made);
      const { storage, close } = await start(folder);
      Object.assign(kill, { step: 0, at });
      await compact(storage, PLAN);
      revive();
      await close();
      names.push(...(await readdir(folder)).filter((name) => name.endsWith('.new')));
      const { close: closeAgain } = await start(folder);
      await closeAgain();
      const left = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.new'));
      expect(left).toEqual([]);
    }
    expect(names.length).toBeGreaterThan(0);
    expect(await readFile(join(made, 'view.csv'), 'utf8')).toContain('generation,1');
  });
});
