import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase } from '../../server/storage/check-database.ts';
import type { CopyManifest } from '../../server/storage/copy-manifest.ts';
import { copyFolder, whyNoCopyName } from '../../server/storage/copy-name.ts';
import { listCopies } from '../../server/storage/named-copy.ts';
import type { LogEntry } from '../../shared/operations.ts';
import {
  ADDRESS,
  append,
  entriesAfter,
  openScanned,
  settled,
  someEntries,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const SEGMENT_OPERATIONS = 7;
const OPERATIONS = 40;

type Opened = Awaited<ReturnType<typeof openScanned>>;

describe('a named copy', () => {
  let folder: string;
  let database: Opened;
  let log: LogEntry[];

  beforeEach(async () => {
    folder = join(await temporaryFolder(), `database@${ADDRESS}`);
    log = someEntries(OPERATIONS);
    database = await open();
    await settled((done) => database.storage.writeViewFile(viewFile(1), done));
    await append(database.storage, log);
  });

  const open = () => openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });

  function copy(name: string, upTo = OPERATIONS, onBytes: (bytes: number) => void = () => {}): Promise<CopyManifest> {
    return database.makeCopy(upTo, { name, address: ADDRESS, clusterId: 'c1', onSize: () => {} }, onBytes);
  }

  const segmentsIn = async (where: string) => (await readdir(where)).filter((name) => /^commit_log-.*csv$/.test(name));

  async function contentOf(where: string): Promise<string> {
    const names = (await segmentsIn(where)).sort();
    return (await Promise.all(names.map((name) => readFile(join(where, name), 'utf8')))).join('');
  }

  it('holds the operations up to the one that was asked for, whatever is appended meanwhile', async () => {
    for (const upTo of [1, 7, OPERATIONS - 1, OPERATIONS]) {
      const copying = copy(`at-${upTo}`, upTo);
      const more = entriesAfter(log.at(-1), ['later', 'and later']);
      log.push(...more);
      await append(database.storage, more);
      expect(await copying).toMatchObject({ operations: upTo, chain: log[upTo - 1]!.chain, clusterId: 'c1' });
      const report = await checkDatabase(copyFolder(folder, `at-${upTo}`));
      expect(report).toMatchObject({ damages: [], notes: [], lastOp: upTo, address: ADDRESS });
      expect(report.copy?.name).toBe(`at-${upTo}`);
    }
  });

  it('shares the full files of the log and has a file of its own for the rest', async () => {
    await copy('shared');
    const names = (await segmentsIn(folder)).sort();
    expect(names.length).toBeGreaterThan(2);
    const inode = async (where: string, name: string) => (await stat(join(where, name))).ino;
    for (const name of names) {
      const isShared = (await inode(folder, name)) === (await inode(copyFolder(folder, 'shared'), name));
      expect(isShared, name).toBe(name !== names.at(-1));
    }
  });

  it('keeps what the database gives up, although they share files', async () => {
    await copy('kept');
    const before = await contentOf(copyFolder(folder, 'kept'));
    for (const op of [OPERATIONS - 2, 12, 1]) {
      await settled((done) => database.storage.cutAfter(op, 'test', done));
      await append(database.storage, entriesAfter(log[op - 1], ['instead of it']));
      expect(await contentOf(copyFolder(folder, 'kept'))).toBe(before);
    }
    expect((await checkDatabase(copyFolder(folder, 'kept'))).damages).toEqual([]);
    await database.close();
    expect((await open()).entries.map(({ body }) => body)).toEqual(['message 1', 'instead of it']);
  });

  it('has the snapshot with it, unless that is newer than the copy', async () => {
    const { op, chain, view } = log[19]!;
    const tables = [{ name: 'user_table', columns: ['account'], rows: [] }];
    await settled((done) => database.storage.writeSnapshot({ op, chain, view, complete: true, tables }, done));
    await copy('newer', 19);
    await copy('older', 20);
    expect((await checkDatabase(copyFolder(folder, 'newer'))).snapshotOp).toBeNull();
    expect((await checkDatabase(copyFolder(folder, 'older'))).snapshotOp).toBe(20);
    expect(await readdir(copyFolder(folder, 'older'))).toEqual(
      expect.arrayContaining(['snapshot.csv', 'user_table.csv']),
    );
  });

  it('R25: holds neither the session key nor what the server has promised', async () => {
    await settled((done) => database.storage.writeSessionKey('a secret', done));
    await copy('plain');
    const names = await readdir(copyFolder(folder, 'plain'));
    expect(names.filter((name) => !name.startsWith('commit_log-'))).toEqual(['copy.csv']);
    expect((await stat(copyFolder(folder, 'plain'))).mode & 0o777).toBe(0o700);
  });

  it('is listed with when, how much and how far, the newest first; what is not whole is not', async () => {
    await copy('first', 3);
    await copy('second', 5);
    await mkdir(copyFolder(folder, 'by-hand'));
    await writeFile(join(copyFolder(folder, 'second'), 'copy.csv'), 'key,value\nname,second\n');
    expect(await listCopies(folder)).toEqual([
      { name: 'first', operations: 3, bytes: expect.any(Number), madeAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
  });

  it('is refused under a name that is taken, and the one that has it stays', async () => {
    await copy('once', 3);
    await expect(copy('once', 5)).rejects.toThrow('choose another name');
    expect((await listCopies(folder)).map(({ operations }) => operations)).toEqual([3]);
  });

  it.each(['', 'a b', '../up', 'a/b', '-x', '.x', 'grün', 'x.new', 'y'.repeat(65)])(
    'can not be called %j',
    async (name) => {
      expect(whyNoCopyName(name)).not.toBe('');
      await expect(copy(name)).rejects.toThrow(whyNoCopyName(name));
    },
  );

  it('that ends in the middle leaves nothing behind, and the database goes on', async () => {
    const failing = copy('half', OPERATIONS, () => {
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    await append(database.storage, entriesAfter(log.at(-1), ['on']));
    let closed: Promise<unknown> | undefined;
    const closing = copy('late', OPERATIONS, () => {
      closed ??= database.close();
    });
    await expect(closing).rejects.toThrow('stopping');
    await closed;
    expect((await readdir(join(folder, '..'))).sort()).toEqual([`database@${ADDRESS}`]);
  });

  it('that was being made when the process died is removed by the next start', async () => {
    await copy('whole');
    await database.close();
    const half = `${copyFolder(folder, 'half')}.new`;
    await mkdir(half);
    await writeFile(join(half, 'commit_log-00000000000000000001.csv'), 'op,');
    const { recovered } = await open();
    expect(recovered.repairs).toEqual([expect.stringContaining('The copy half was not finished')]);
    expect((await readdir(join(folder, '..'))).sort()).toEqual([`database@${ADDRESS}`, `database@${ADDRESS}-whole`]);
  });

  it('with less or more in it than it says is damaged', async () => {
    await copy('short', OPERATIONS - 1);
    const where = copyFolder(folder, 'short');
    const last = (await segmentsIn(where)).sort().at(-1)!;
    const text = await readFile(join(where, last), 'utf8');
    await writeFile(join(where, last), text.slice(0, -10));
    expect((await checkDatabase(where)).damages[0]!.what).toContain(
      `up to ${OPERATIONS - 1}, but the log in it is whole up to`,
    );
    await writeFile(join(where, last), text + log.at(-1)!.row);
    expect((await checkDatabase(where)).damages).toHaveLength(1);
    await rm(join(where, last));
    expect((await checkDatabase(where)).damages).toHaveLength(1);
  });
});
