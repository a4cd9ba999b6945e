import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOG_HEADER, openRows } from '../../server/storage/csv.ts';
import { setDatabaseAside } from '../../server/storage/set-aside.ts';
import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import {
  account,
  COMPACT,
  compact,
  contentsOf,
  editOf,
  filesWith,
  idOf,
  message,
  SECRET,
  sealed,
} from './compaction-samples.ts';
import { append, draft, openScanned, settled, temporaryFolder, viewFile } from './samples.ts';

const ALL = sealed(undefined, [account(1), account(2), ...[3, 4, 5, 6, 7].map(message), COMPACT]);
const PLAN = {
  upTo: 8,
  // Message 4 is deleted; message 6 was refused when it was applied; the first account is gone, the second one's name stays.
  remains: new Map([
    [1, 'nothing' as const],
    [2, 'part' as const],
    [4, 'nothing' as const],
    [6, 'nothing' as const],
  ]),
  deleted: [idOf(4)],
};
/** The texts that have to go, as they stand in files. */
const TEXTS = [4, 6].map((number) => `${SECRET.replaceAll('"', '""')} ${number}\\n`);
const HASH = `""passwordHash"":""${SECRET.replaceAll('"', '')}""`;

const rowsOf = (entries: readonly LogEntry[]) => entries.map(({ row }) => row).join('');

async function databaseWith(entries: readonly LogEntry[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  const { storage, close } = await openScanned(folder);
  await settled((done) => storage.writeViewFile(viewFile(1), done));
  await append(storage, entries);
  await close();
  return folder;
}

/** Compacts a database in whose quarantine these files lie. @returns what is in its quarantine then */
async function afterCompaction(files: Record<string, string | Buffer>): Promise<Map<string, string>> {
  const folder = await databaseWith(ALL);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, 'quarantine', name, '..'), { recursive: true });
    await writeFile(join(folder, 'quarantine', name), content);
  }
  const { storage, close } = await openScanned(folder);
  expect((await compact(storage, PLAN)).report).toMatchObject({ op: PLAN.upTo });
  const quarantine = await contentsOf(join(folder, 'quarantine'));
  expect((await compact(storage, PLAN)).report).toMatchObject({ rows: 0 });
  expect(await contentsOf(join(folder, 'quarantine'))).toEqual(quarantine);
  await close();
  return quarantine;
}

const NAME = 'commit_log-00000000000000000001-damaged-at-9-2026-01-05T09.00.00.000Z.csv';

describe('R24: compaction of the quarantine', () => {
  it('removes the bodies that the log has lost, and leaves all other rows byte for byte', async () => {
    const content = (await afterCompaction({ [NAME]: LOG_HEADER + rowsOf(ALL) })).get(NAME)!;
    const { entries, damage } = openRows(Buffer.from(content.slice(LOG_HEADER.length)), GENESIS_CHAIN, 0);
    expect(damage).toBeUndefined();
    for (const [index, entry] of entries.entries()) {
      const isGone = PLAN.remains.has(entry.op);
      expect(entry).toEqual(
        isGone
          ? { ...ALL[index]!, nonce: '', body: '', removedDigest: entry.removedDigest, row: entry.row }
          : ALL[index],
      );
    }
  });

  it('goes by the id of a message in rows of another view, and by the request of an account', async () => {
    const others = sealed(ALL[1], [account(9), message(5), message(4), message(30)], '0/7/localhost:2538');
    const aside = 'commit_log-cut-after-00000000000000000002-2026-01-05T09.00.00.000Z.csv';
    const content = (await afterCompaction({ [aside]: LOG_HEADER + rowsOf(others) })).get(aside)!;
    const lines = content.slice(LOG_HEADER.length).split(/(?<=\n)/);
    expect(lines.map((line, index) => line === others[index]!.row)).toEqual([true, true, false, true]);
    expect(lines[2]).not.toContain('sesame');
  });

  it('leaves no removed text in a row of which any byte has changed, or that was torn anywhere', async () => {
    const log = Buffer.from(LOG_HEADER + rowsOf(ALL));
    const startOf = (op: number) => Buffer.byteLength(LOG_HEADER + rowsOf(ALL.slice(0, op - 1)));
    const files: Record<string, Buffer> = {};
    const nameOf = (what: string, at: number) => NAME.replace('.csv', `-${what}-${at}.csv`);
    for (let at = LOG_HEADER.length; at < log.length; at += log[at + 1] === 10 ? 1 : 7) {
      const changed = Buffer.from(log);
      changed[at]! ^= 1 << (at % 7);
      files[nameOf('changed', at)] = changed;
      files[nameOf('torn', at)] = log.subarray(0, at);
      if (log[at] === 10) files[nameOf('joined', at)] = Buffer.concat([log.subarray(0, at), log.subarray(at + 1)]);
    }
    const kept = [3, 5, 7];
    for (const [name, content] of await afterCompaction(files)) {
      const [, what, digits] = /-(changed|torn|joined)-(\d+)\.csv$/.exec(name) ?? [];
      if (what === undefined) continue;
      const at = Number(digits);
      const left = kept.filter((op) => what !== 'torn' || startOf(op) < at);
      // A byte that has changed can hide one of the two words, not both.
      for (const word of ['sesame', 'second']) {
        expect(content.split(word).length - 1, `${word} in ${name}`).toBeLessThanOrEqual(left.length);
      }
      // Of a row next to the change nobody knows whether it is the one that has changed.
      const isFar = (op: number) => startOf(op) > at + ALL[op - 2]!.row.length || startOf(op + 1) <= at;
      for (const op of left.filter(isFar)) expect(content, name).toContain(ALL[op - 1]!.row);
      expect(content.slice(0, LOG_HEADER.length)).toBe(LOG_HEADER);
    }
  });

  it('cleans a whole database that was set aside, with the lists that people read', async () => {
    const folder = await databaseWith(ALL);
    await writeFile(
      join(folder, 'user_table.csv'),
      `account,username,name_key,password_hash\n1,ana,ana,hash1\n2,ana,ana,hash2\n3,"b,b",bb,hash3\n`,
    );
    await writeFile(
      join(folder, 'queued_messages.csv'),
      `position,id,from,to,at,body\n3,${idOf(3)},a,b,1,stays\n4,${idOf(4)},a,b,1,goes\n`,
    );
    await writeFile(join(folder, 'queued_messages.csv.new'), `position,id,from,to,at,body\n4,${idOf(4)},a,b,1,goes`);
    const aside = await setDatabaseAside(folder, 'a test');
    await mkdir(join(folder, aside, 'quarantine', 'database-old'), { recursive: true });
    await writeFile(join(folder, aside, 'quarantine', 'database-old', NAME), LOG_HEADER + rowsOf(ALL));
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(2), done));
    await append(storage, ALL);
    expect((await compact(storage, PLAN)).report).toMatchObject({ rows: 4 + 4 + 4 + 2 + 2 });
    await close();
    for (const text of [...TEXTS, 'goes', 'hash1', 'hash2']) expect(await filesWith(folder, text)).toEqual([]);
    expect(await readFile(join(folder, aside, 'user_table.csv'), 'utf8')).toBe(
      `account,username,name_key,password_hash\n3,"b,b",bb,hash3\n`,
    );
    expect(await readFile(join(folder, aside, 'queued_messages.csv'), 'utf8')).toBe(
      `position,id,from,to,at,body\n3,${idOf(3)},a,b,1,stays\n`,
    );
    expect(await filesWith(folder, HASH)).toEqual([]);
  });

  it('goes by the messages that were edited since, and by those that edits and reactions are about', async () => {
    const folder = await databaseWith(ALL);
    const react = draft({ event: 'message:react', id: '', subject: idOf(4), body: SECRET });
    const others = sealed(
      ALL[1],
      [message(9), editOf(9), message(10), editOf(10), editOf(4), react],
      '0/7/localhost:2538',
    );
    const rows = LOG_HEADER + rowsOf(others);
    await mkdir(join(folder, 'quarantine', 'database-old'), { recursive: true });
    const old = (name: string) => join(folder, 'quarantine', 'database-old', name);
    const aside = 'commit_log-cut-after-00000000000000000002-2026-01-05T09.00.00.000Z.csv';
    await writeFile(old(aside), rows);
    await writeFile(old('reactions.csv'), `op,message,account,reaction\n8,${idOf(4)},3,goes\n8,${idOf(10)},3,stays\n`);
    await writeFile(old('queued_messages.csv'), `position,id,from,to,at,body\n3,${idOf(9)},a,b,1,goes\n`);
    const { storage, close } = await openScanned(folder);
    // The edit that is in force stands at op 6: here that is one of message 10, which was edited once more.
    const edited = new Map([
      [idOf(9), 4],
      [idOf(10), 20],
    ]);
    expect((await compact(storage, { ...PLAN, edited })).report).toMatchObject({ rows: 4 + 5 + 1 + 1 });
    await close();
    const lines = (await readFile(old(aside), 'utf8')).slice(LOG_HEADER.length).split(/(?<=\n)/);
    expect(lines.map((line, index) => line === others[index]!.row)).toEqual([false, true, false, false, false, false]);
    expect(await filesWith(folder, 'goes')).toEqual([]);
    expect(await readFile(old('reactions.csv'), 'utf8')).toContain('stays');
  });

  it('goes by rooms and settings of which the log has lost something', async () => {
    const at = (event: LogEntry['event'], account: string, subject: string, body: string) =>
      draft({ event, id: '', account: account as LogEntry['account'], subject, body });
    const body = JSON.stringify({ name: '#sesame', nameKey: '#sesame', topic: '' });
    const more = [
      ...[at('room:create', '1', '', body), at('room:create', '1', '', body), at('room:topic', '1', '2', SECRET)],
      ...[at('account:profile', '7', '', SECRET), at('room:create', '1', '', body), COMPACT],
    ];
    const entries = sealed(undefined, more);
    const folder = await databaseWith(entries);
    await writeFile(join(folder, 'rooms.csv'), `room,name\n1,#sesame\n2,#sesame\n5,#stays\n`);
    await writeFile(join(folder, 'user_table.csv'), `account,username\n7,sesame\n8,stays\n`);
    const aside = await setDatabaseAside(folder, 'a test');
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(2), done));
    await append(storage, entries);
    const remains = new Map([1, 3, 4].map((op) => [op, 'nothing' as const]));
    expect((await compact(storage, { upTo: 6, remains })).report).toMatchObject({ rows: 3 + 3 + 2 + 1 });
    await close();
    expect(await readFile(join(folder, aside, 'rooms.csv'), 'utf8')).toBe('room,name\n5,#stays\n');
    expect(await readFile(join(folder, aside, 'user_table.csv'), 'utf8')).toBe('account,username\n8,stays\n');
  });

  it('finds a torn row, and rows that were cut off, where the server itself has put them', async () => {
    const folder = await databaseWith(ALL.slice(0, 3));
    const path = join(folder, (await readdir(folder)).find((name) => name.startsWith('commit_log'))!);
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.from(ALL[3]!.row.slice(0, -70))]));
    const { storage, recovered, close } = await openScanned(folder);
    expect(recovered.repairs).toHaveLength(1);
    await append(storage, ALL.slice(3));
    const others = sealed(ALL.at(-1), [message(4), message(8)], '0/9/localhost:2538');
    await append(storage, others);
    await settled((done) => storage.cutAfter(8, 'a test', done));
    expect(await filesWith(folder, TEXTS[0]!)).toHaveLength(3);
    expect((await compact(storage, PLAN)).report).toMatchObject({ rows: 4 + 1 + 1 });
    await close();
    expect(await filesWith(folder, TEXTS[0]!)).toEqual([]);
    expect(await filesWith(folder, TEXTS[1]!)).toEqual([]);
  });

  it('takes away what was half-written, and does not list it', async () => {
    const unfinished = `${NAME}.compacting.new`;
    const quarantine = await afterCompaction({ [NAME]: LOG_HEADER, [unfinished]: rowsOf(ALL) });
    expect([...quarantine.keys()]).toEqual([NAME]);
  });
});
