import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { copyFolder } from '../../server/storage/copy-name.ts';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import { lockFolder } from '../../server/storage/lock.ts';
import { addressOfDatabase, beginFromCopy, restoreCopy, wholeCopy } from '../../server/storage/restore.ts';
import type { EntryDraft, LogEntry } from '../../shared/operations.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import {
  ADDRESS,
  append,
  draft,
  entriesAfter,
  NONCE,
  openScanned,
  settled,
  TIME,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const SEGMENT_OPERATIONS = 7;
const OPERATIONS = 30;
const COPIED = 20;

/** A log that begins with its view's record, as a true one does. */
function aLog(): LogEntry[] {
  const own: EntryDraft = {
    event: 'cluster:view',
    client: '',
    request: 0,
    asked: '',
    id: '',
    account: '',
    subject: '',
    body: '',
  };
  const view = { ...own, subject: `2/7/${ADDRESS}`, body: JSON.stringify({ replicationFactor: 5 }) };
  const messages = Array.from({ length: OPERATIONS - 1 }, (_, index) =>
    draft({ request: index + 1, body: `message ${index}` }),
  );
  const place = { firstOp: 1, previousChain: GENESIS_CHAIN, view: `2/7/${ADDRESS}`, time: TIME };
  return makeEntryCodec().seal([view, ...messages], place, () => NONCE);
}

describe('restoring a copy', () => {
  let folder: string;
  let log: LogEntry[];

  const open = () => openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });
  const beside = async () =>
    (await readdir(dirname(folder))).sort().map((name) => name.replace(`database@${ADDRESS}`, 'X'));

  beforeEach(async () => {
    folder = join(await temporaryFolder(), `database@${ADDRESS}`);
    log = aLog();
    const { storage, makeCopy, close } = await open();
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await settled((done) => storage.writeSessionKey('the old key', done));
    await append(storage, log);
    const { op, chain, view } = log[9]!;
    const tables = [{ name: 'user_table', columns: ['account'], rows: [] }];
    await settled((done) => storage.writeSnapshot({ op, chain, view, complete: true, tables }, done));
    await makeCopy(COPIED, { name: 'good', address: ADDRESS, clusterId: 'c1', onSize: () => {} }, () => {});
    await close();
  });

  const restore = async (name: string) => restoreCopy(folder, name, await wholeCopy(folder, name));

  it('puts it in place, keeps what was there, and leaves the copy as it is', async () => {
    const { keptAs, ...restored } = await restore('good');
    expect(restored).toMatchObject({ address: ADDRESS, operations: COPIED });
    expect(await beside()).toEqual(['X', 'X-good', `X-${keptAs}`]);
    expect(keptAs).toMatch(/^replaced-\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\dZ$/);
    expect((await checkDatabase(copyFolder(folder, 'good'))).damages).toEqual([]);
    expect((await checkDatabase(copyFolder(folder, keptAs!))).lastOp).toBe(OPERATIONS);
    const { storage, entries, recovered } = await open();
    expect(entries.map(({ op }) => op)).toEqual(log.slice(0, COPIED).map(({ op }) => op));
    expect(recovered).toMatchObject({ repairs: [], snapshot: { op: 10 } });
    // What the database gets from now on is not in the copy.
    await append(
      storage,
      entriesAfter(
        log[COPIED - 1],
        Array.from({ length: 20 }, () => 'new'),
      ),
    );
    expect(await checkDatabase(copyFolder(folder, 'good'))).toMatchObject({ damages: [], lastOp: COPIED });
  });

  it('makes it the database of a new cluster of this server alone, above every view in its log', async () => {
    const { clusterId } = await restore('good');
    const { recovered, disk } = await open();
    const { viewFile: file, sessionKey } = recovered;
    expect(file).toMatchObject({ clusterId, id: ADDRESS, disk, incarnation: 1, pending: [] });
    expect(file?.base).toMatchObject({
      clusterId,
      number: { epoch: 2, round: 8, candidate: ADDRESS },
      members: [{ id: ADDRESS, disk, incarnation: 1 }],
      witnesses: [],
      replicationFactor: 5,
    });
    expect([clusterId, disk]).not.toContain(viewFile(1).clusterId);
    expect(disk).not.toBe(viewFile(1).disk);
    expect(sessionKey).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(folder, 'session_key'))).mode & 0o777).toBe(0o600);
  });

  it('twice makes two clusters: nothing of the first is taken for the second', async () => {
    const [first, second] = [await restore('good'), await restore('good')];
    expect(second.clusterId).not.toBe(first.clusterId);
    expect(await beside()).toHaveLength(4);
  });

  it('works where the database is lost, and from a folder that was copied by hand', async () => {
    await cp(folder, copyFolder(folder, 'by-hand'), { recursive: true });
    await rm(folder, { recursive: true });
    expect(await restore('by-hand')).toMatchObject({ operations: OPERATIONS, keptAs: undefined });
    expect(await beside()).toEqual(['X', 'X-by-hand', 'X-good']);
    const { entries, recovered } = await open();
    expect(entries).toHaveLength(OPERATIONS);
    expect(recovered.viewFile?.clusterId).not.toBe('c1');
  });

  it('is refused while a server runs, on the database or on the copy', async () => {
    const report = await wholeCopy(folder, 'good');
    const release = lockFolder(folder);
    await expect(restoreCopy(folder, 'good', report)).rejects.toThrow(`pid ${process.pid}`);
    release();
    const copyRelease = lockFolder(copyFolder(folder, 'good'));
    await expect(wholeCopy(folder, 'good')).rejects.toThrow(`pid ${process.pid}`);
    copyRelease();
    expect(await beside()).toEqual(['X', 'X-good']);
  });

  it('of a name that there is not lists those that there are', async () => {
    await expect(wholeCopy(folder, 'god')).rejects.toThrow('has no copy "god"; there is good.');
    await rm(copyFolder(folder, 'good'), { recursive: true });
    await expect(wholeCopy(folder, 'god')).rejects.toThrow('it has none');
    for (const name of [`database@${ADDRESS}-good`, 'database', 'database@LOCALHOST:1538', 'data']) {
      expect(() => addressOfDatabase(join('data', name))).toThrow('data/database@localhost:1538');
    }
  });

  it('that is not whole is refused, with the reason, and nothing is changed', async () => {
    const copy = copyFolder(folder, 'good');
    const [name] = (await readdir(copy))
      .filter((one) => one.startsWith('commit_log-'))
      .sort()
      .slice(-1);
    const text = await readFile(join(copy, name!), 'utf8');
    for (const spoilt of [text.replace('message 18', 'massage 18'), text.slice(0, -3), `${text}${log[COPIED]!.row}`]) {
      expect(spoilt).not.toBe(text);
      await writeFile(join(copy, name!), spoilt);
      await expect(wholeCopy(folder, 'good')).rejects.toThrow('is not whole, so it is not restored');
    }
    expect(await beside()).toEqual(['X', 'X-good']);
  });

  it('that ends in the middle leaves the database as it was', async () => {
    const report = await wholeCopy(folder, 'good');
    await rm(join(copyFolder(folder, 'good'), 'snapshot.csv'));
    await rm(join(copyFolder(folder, 'good'), 'user_table.csv'));
    await mkdir(join(copyFolder(folder, 'good'), 'snapshot.csv'));
    await expect(restoreCopy(folder, 'good', report)).rejects.toThrow();
    expect(await beside()).toEqual(['X', 'X-good']);
    expect((await open()).entries).toHaveLength(OPERATIONS);
  });

  describe('cut short by a crash', () => {
    /** The state after the first steps of a restore: laid out, whole, the old one aside. */
    async function afterSteps(steps: number): Promise<void> {
      await restore('good');
      const [aside] = (await readdir(dirname(folder))).filter((name) => name.includes('-replaced-'));
      await rename(folder, `${folder}.${steps < 2 ? 'restoring' : 'restored'}.new`);
      if (steps < 3) await rename(join(dirname(folder), aside!), folder);
    }

    it.each([1, 2])(
      'before the old database was moved (%i): the next start goes on with the old one',
      async (steps) => {
        await afterSteps(steps);
        expect((await open()).entries).toHaveLength(OPERATIONS);
        expect(await beside()).toEqual(['X', 'X-good']);
      },
    );

    it('after the old database was moved: the next start finishes it', async () => {
      await afterSteps(3);
      expect((await open()).entries).toHaveLength(COPIED);
      expect((await beside()).filter((name) => name.endsWith('.new'))).toEqual([]);
    });

    it.each([1, 2, 3])('at any step (%i): the next restore does all of it', async (steps) => {
      await afterSteps(steps);
      await restore('good');
      expect((await open()).entries).toHaveLength(COPIED);
      expect((await beside()).filter((name) => name.endsWith('.new'))).toEqual([]);
    });

    it('a start in the middle of a restore that goes on is refused', async () => {
      await afterSteps(3);
      lockFolder(`${folder}.restored.new`);
      await expect(open()).rejects.toThrow(`is being restored by process ${process.pid}`);
      await rm(join(`${folder}.restored.new`, 'lock'));
      expect((await open()).entries).toHaveLength(COPIED);
    });
  });
});

describe('starting on a copy itself', () => {
  it('makes it the database of a new cluster, once; only who begins a cluster may', async () => {
    const folder = join(await temporaryFolder(), `database@${ADDRESS}`);
    const { storage, makeCopy, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await append(storage, aLog());
    await makeCopy(COPIED, { name: 'trial', address: ADDRESS, clusterId: 'c1', onSize: () => {} }, () => {});
    await close();
    const trial = copyFolder(folder, 'trial');
    await expect(beginFromCopy(trial, ADDRESS, false)).rejects.toThrow('server primary');
    await expect(openScanned(trial)).rejects.toThrow('view');
    expect(await beginFromCopy(trial, ADDRESS, true)).toContain(`up to ${COPIED}`);
    const { entries, recovered, close: closeTrial } = await openScanned(trial);
    expect(entries).toHaveLength(COPIED);
    await closeTrial();
    expect(await beginFromCopy(trial, ADDRESS, true)).toBeUndefined();
    expect((await openScanned(trial)).recovered.viewFile).toEqual(recovered.viewFile);
    expect(await beginFromCopy(folder, ADDRESS, true)).toBeUndefined();
    expect(await beginFromCopy(join(folder, 'nowhere'), ADDRESS, true)).toBeUndefined();
  });
});
