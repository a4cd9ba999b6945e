import { hash } from 'node:crypto';
import { appendFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { queueTable } from '../../server/engine/queue-table.ts';
import { CLIENT_TABLE, ClientTable } from '../../server/replication/client-table.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { DAMAGES_SHOWN } from '../../server/storage/check-report.ts';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import { accountBody } from '../../shared/account-body.ts';
import type { AccountId, ClientId } from '../../shared/ids.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import {
  ADDRESS,
  append,
  CLIENT,
  draft,
  NONCE,
  openScanned,
  settled,
  TIME,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const OTHER_CLIENT = '3f0e6f1e-1f0b-4d0e-9a53-6a3c2b6b7f12' as ClientId;
const MESSAGES = 40;
/** Small, so that the log has several files. */
const SEGMENT_OPERATIONS = 14;
const OPERATIONS = MESSAGES + 2;

function account(client: ClientId, username: string): EntryDraft {
  const body = accountBody({ username, nameKey: username, passwordHash: 'scrypt$16384$8$1$AA$AA' });
  return draft({ client, event: 'account:create', id: '', account: '', subject: '', body });
}

function entries(): LogEntry[] {
  const messages = Array.from({ length: MESSAGES }, (_, index) =>
    draft({ request: index + 2, id: `m${index}`, account: '1' as AccountId, subject: '2', body: `message ${index}` }),
  );
  const drafts = [account(CLIENT, 'ana'), account(OTHER_CLIENT, 'bob'), ...messages];
  const place = { firstOp: 1, previousChain: GENESIS_CHAIN, view: `0/1/${ADDRESS}`, time: TIME };
  return makeEntryCodec().seal(drafts, place, () => NONCE);
}

describe('checking a database', () => {
  let folder: string;
  let log: LogEntry[];

  beforeEach(async () => {
    folder = join(await temporaryFolder(), `database@${ADDRESS}`);
    log = entries();
    const { storage, close } = await openScanned(folder, { segmentOperations: SEGMENT_OPERATIONS });
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await settled((done) => storage.writeViewFile(viewFile(2), done));
    await append(storage, log);
    const chat = new ChatState();
    const clients = new ClientTable();
    const covered = log.slice(0, -5);
    for (const entry of covered) clients.record(entry, chat.apply(entry).outcome);
    const { op, chain, view } = covered.at(-1)!;
    const { before, rows } = chat.takeIndexRows();
    const longTables = [
      { ...CLIENT_TABLE, pieces: clients.pieces(), rowsBefore: null },
      { ...MESSAGE_INDEX, pieces: [[...rows]], rowsBefore: before },
      queueTable(chat.queue(), storage, () => false),
    ];
    const snapshot = { op, chain, view, complete: true, tables: chat.snapshot(), longTables };
    await settled((done) => storage.writeSnapshot(snapshot, done));
    await close();
  });

  const segments = async () => (await readdir(folder)).filter((name) => name.startsWith('commit_log-')).sort();

  /** Changes the lines of the segment at that place. */
  async function edit(place: number, change: (lines: string[]) => string[]): Promise<string> {
    const name = (await segments()).at(place)!;
    const path = join(folder, name);
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
    await writeFile(path, `${change(lines).join('\n')}\n`);
    return path;
  }

  async function damages(): Promise<string[]> {
    return (await checkDatabase(folder)).damages.map(({ what }) => what);
  }

  it('says what is there, and one hash, the same for whoever has the same operations', async () => {
    const report = await checkDatabase(folder);
    expect(report).toMatchObject({
      address: ADDRESS,
      lastOp: OPERATIONS,
      chain: log.at(-1)!.chain,
      messages: MESSAGES,
      snapshotOp: OPERATIONS - 5,
      damages: [],
      notes: [],
    });
    expect(report.segments).toBeGreaterThan(2);
    expect((await checkDatabase(folder, { atOp: 7 })).chainAt).toBe(log[6]!.chain);
    expect((await checkDatabase(folder, { atOp: OPERATIONS + 1 })).chainAt).toBeUndefined();
  });

  it('changes nothing, whatever it finds', async () => {
    await appendFile(join(folder, (await segments()).at(-1)!), 'torn');
    await rm(join(folder, 'view-2.csv'));
    await writeFile(join(folder, 'user_table.csv'), 'damaged');
    const contents = async () => {
      const names = await readdir(folder);
      const states = names.map(async (name) => `${name} ${(await stat(join(folder, name))).mtimeMs}`);
      return Promise.all(states);
    };
    const before = await contents();
    await checkDatabase(folder);
    expect(await contents()).toEqual(before);
  });

  it.each<[what: string, change: (lines: string[]) => string[], words: string[]]>([
    ['a changed text', (lines) => lines.with(3, lines[3]!.replace('message ', 'massage ')), ['line 4', 'digest']],
    ['a missing row', (lines) => lines.toSpliced(3, 1), ['line 4', 'is missing']],
    ['a row put in twice', (lines) => lines.toSpliced(3, 0, lines[2]!), ['line 4', 'stands in its place']],
    ['a row that was cut short', (lines) => lines.with(3, lines[3]!.slice(0, 40)), ['line 4', 'cells']],
    [
      'a date that a spreadsheet wrote',
      (lines) => lines.with(3, lines[3]!.replace(/2024-\S+?Z/, '5/1/2024 10:00')),
      ['line 4', 'spreadsheet'],
    ],
  ])('%s is one damage, with file and line, and what follows is still judged', async (_, change, words) => {
    const path = await edit(1, change);
    const found = await damages();
    expect(found).toHaveLength(1);
    for (const word of [path, ...words]) expect(found[0]).toContain(word);
    const { lastOp, chain } = await checkDatabase(folder);
    expect(chain).toBe(log[lastOp - 1]!.chain);
    expect(lastOp).toBeLessThan(OPERATIONS);
    await edit(-1, (lines) => lines.with(1, lines[1]!.replace('message ', 'massage ')));
    expect(await damages()).toHaveLength(2);
  });

  it('rows that changed places are damages, and the first of them is named', async () => {
    await edit(0, (lines) => [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)]);
    const found = await damages();
    expect(found[0]).toMatch(/line 2: op 1 is missing, op 2 stands in its place/);
  });

  it('many damages are counted, and only the first are told', async () => {
    for (const place of [0, 1, 2]) {
      await edit(place, (lines) => [lines[0]!, ...lines.slice(1).map((line) => line.replace('message ', 'massage '))]);
    }
    const report = await checkDatabase(folder);
    expect(report.damages).toHaveLength(DAMAGES_SHOWN);
    expect(report.moreDamages).toBeGreaterThan(0);
  });

  it('a missing file of the log is named by the operations that were in it', async () => {
    const [first, second, third] = await segments();
    await rm(join(folder, second!));
    const from = Number(/\d+/.exec(second!)![0]);
    const to = Number(/\d+/.exec(third!)![0]) - 1;
    const found = await damages();
    expect(found).toEqual([expect.stringContaining(`ops ${from} to ${to} are missing`)]);
    await rm(join(folder, first!));
    expect((await checkDatabase(folder)).lastOp).toBe(0);
  });

  it('a file that a spreadsheet has saved is known by its first line', async () => {
    const path = await edit(1, (lines) => lines.map((line) => line.replaceAll(',', ';')));
    const found = await damages();
    expect(found).toEqual([expect.stringContaining(path)]);
    expect(found[0]).toContain('semicolons, as if a spreadsheet had saved it');
  });

  it('a torn last row, as a crash leaves it, is no damage', async () => {
    const path = join(folder, (await segments()).at(-1)!);
    await appendFile(path, `${OPERATIONS + 1},0/1/${ADDRESS},20`);
    const report = await checkDatabase(folder);
    expect(report).toMatchObject({ damages: [], lastOp: OPERATIONS });
    expect(report.notes).toEqual([expect.stringContaining(`the file ends inside the row after op ${OPERATIONS}`)]);
    const { recovered } = await openScanned(folder);
    expect(recovered.repairs).toHaveLength(1);
  });

  it('other bytes after the last row are damage: rows that were acknowledged may have stood there', async () => {
    await appendFile(join(folder, (await segments()).at(-1)!), 'torn');
    const report = await checkDatabase(folder);
    expect(report).toMatchObject({ lastOp: OPERATIONS, tornBytes: 0, notes: [] });
    expect(report.damages).toMatchObject([{ what: expect.stringContaining(`what follows op ${OPERATIONS}`) }]);
  });

  it('what the next start puts right by itself is no damage: a bit of the last line feed, and of a first line', async () => {
    const names = await segments();
    const last = join(folder, names.at(-1)!);
    await writeFile(last, `${(await readFile(last, 'utf8')).slice(0, -1)}K`);
    await edit(1, (lines) => lines.with(0, lines[0]!.replace('op', 'oq')));
    const report = await checkDatabase(folder);
    expect(report).toMatchObject({ damages: [], lastOp: OPERATIONS, chain: log.at(-1)!.chain, tornBytes: 0 });
    expect(report.notes).toHaveLength(2);
    const { recovered, close } = await openScanned(folder);
    expect(recovered.repairs).toHaveLength(2);
    await close();
    expect(await checkDatabase(folder)).toMatchObject({ damages: [], notes: [], lastOp: OPERATIONS });
  });

  it('R25: a session key of which a bit changed is damage', async () => {
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeSessionKey('0123456789abcdef'.repeat(4), done));
    await close();
    expect(await damages()).toEqual([]);
    const path = join(folder, 'session_key');
    await writeFile(path, (await readFile(path, 'utf8')).replace('0', '1'));
    expect(await damages()).toEqual([expect.stringContaining(`${path} is damaged`)]);
  });

  it('rows that are missing at the end are noticed when the snapshot has them', async () => {
    for (const name of (await segments()).slice(1)) await rm(join(folder, name));
    expect(await damages()).toEqual([expect.stringContaining('rows of the log are missing')]);
  });

  it('one copy of the view file is enough; without any it is damaged', async () => {
    await writeFile(join(folder, 'view.csv'), 'key,value\n');
    expect(await checkDatabase(folder)).toMatchObject({ damages: [], notes: [expect.stringContaining('view.csv')] });
    await rm(join(folder, 'view-2.csv'));
    expect(await damages()).toEqual([expect.stringContaining('does not say what its server has promised')]);
  });

  it('a table that is not whole, and a missing one, are damages; the log is not', async () => {
    await appendFile(join(folder, 'sessions.csv'), '9,9,9\n');
    await rm(join(folder, 'user_table.csv'));
    const report = await checkDatabase(folder);
    expect(report.damages.map(({ what }) => what).sort()).toEqual([
      expect.stringContaining('sessions.csv'),
      expect.stringContaining('user_table.csv'),
    ]);
    expect(report.lastOp).toBe(OPERATIONS);
    expect(report.damages[0]!.advice).toContain('Nothing is lost');
  });

  it('a table between its write and its rename is whole', async () => {
    await rename(join(folder, 'sessions.csv'), join(folder, 'sessions.csv.new'));
    expect(await damages()).toEqual([]);
  });

  it.each([
    ['user_table', (text: string) => text.replace('bob', 'eve'), 'line 3: op 2 of the log'],
    ['sessions', (text: string) => text.replace(/^2,/m, '5,'), 'line 3: op 5 of the log'],
    ['message_index', (text: string) => text.replace('6,sent', '6,left'), 'line 5: op 6 of the log'],
    ['queued_messages', (text: string) => text.replace('message 3', 'message 4'), 'op 6 of the log'],
    ['client_table', (text: string) => text.replace(CLIENT, OTHER_CLIENT), 'of the log'],
  ])(
    'the table %s with another content, and digests that fit it, does not agree with the log',
    async (name, change, words) => {
      const path = join(folder, `${name}.csv`);
      const before = await readFile(path, 'utf8');
      const after = change(before);
      expect(after).not.toBe(before);
      await writeFile(path, after);
      const manifest = (await readFile(join(folder, 'snapshot.csv'), 'utf8')).replace(
        hash('sha256', before),
        hash('sha256', after),
      );
      const covered = manifest.slice(0, manifest.lastIndexOf('sha256,'));
      await writeFile(join(folder, 'snapshot.csv'), `${covered}sha256,${hash('sha256', covered)}\n`);
      const found = await damages();
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`${name}.csv, `);
      expect(found[0]).toContain(words);
    },
  );

  it('a snapshot of another log is noticed', async () => {
    const path = join(folder, 'snapshot.csv');
    const manifest = (await readFile(path, 'utf8')).replace(log.at(-6)!.chain, 'f'.repeat(64));
    const covered = manifest.slice(0, manifest.lastIndexOf('sha256,'));
    await writeFile(path, `${covered}sha256,${hash('sha256', covered)}\n`);
    expect(await damages()).toEqual([expect.stringContaining('snapshot.csv was made from another op')]);
  });

  it('a folder under the name of another server is told', async () => {
    const other = folder.replace('1538', '2538');
    await rename(folder, other);
    expect((await checkDatabase(other)).damages[0]!.what).toContain(`is the database of ${ADDRESS}`);
  });

  it('a folder that is no database is refused, and the ones in it are named', async () => {
    await expect(checkDatabase(join(folder, '..'))).rejects.toThrow(`database@${ADDRESS}`);
    await expect(checkDatabase(join(folder, 'nowhere'))).rejects.toThrow("can't be read");
  });
});
