import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create } from '../../client/one-shot/account-commands.ts';
import { type ExportOptions, exportAll } from '../../client/one-shot/export.ts';
import type { OneShotOptions } from '../../client/one-shot/session.ts';
import type { Output } from '../../client/output.ts';
import type { Message } from '../../shared/api.ts';
import { parseAddress } from '../../shared/ids.ts';
import type { LogEvent } from '../../shared/operations.ts';
import { roomBody } from '../../shared/room-body.ts';
import { Stage } from '../network/harness.ts';

const MESSAGES = 1203;
const ODD = ['=1+1', '+1', '-1', '@x', "'quoted'", 'a "b", c', 'two\nlines', 'tab\tinside', '\tfirst', '🙂'];

describe('client export', () => {
  let folder: string;
  let stage: Stage;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'understudy-client-'));
    stage = await Stage.open();
    for (const name of ['ana', 'bob', 'carol']) expect(await create(as(name).options, name)).toBe(0);
    const id = (name: string) => stage.engine.chat.accountByName(name)!.id;
    for (let count = 0; count < MESSAGES; count++) {
      const subject = id(count % 3 === 0 ? 'carol' : 'bob');
      const body = ODD[count] ?? `message ${count}`;
      stage.engine.applyFromPrimary({ event: 'message:send', id: `m${count}`, account: id('ana'), subject, body });
    }
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** @param onPiece awaited after each piece that is printed */
  function as(user: string, onPiece: (piece: number) => void = () => {}) {
    const printed: string[] = [];
    const notes: string[] = [];
    const output: Output = {
      line: (text) => printed.push(`${text}\n`),
      json: (value) => printed.push(`${JSON.stringify(value)}\n`),
      raw: (text) => printed.push(text),
      drained: async () => onPiece(printed.length),
      note: (text) => notes.push(text),
      isTerminal: false,
    };
    const servers = [parseAddress(new URL(stage.url).host)!];
    const login = { user, password: 'a password', stateFolder: join(folder, 'state') };
    const options: OneShotOptions = { servers, ...login, json: false, timeoutMs: 5000, output };
    return { options, notes, text: () => printed.join('') };
  }

  async function exported(what: ExportOptions): Promise<string> {
    const { options, notes, text } = as('ana');
    expect(await exportAll(options, what)).toBe(0);
    expect(notes).toEqual([]);
    return text();
  }

  it('writes all pages as CSV with a header, oldest first, and no cell is a formula', async () => {
    const rows: Record<string, string>[] = parse(await exported({ format: 'csv' }), { columns: true });
    expect(rows).toHaveLength(MESSAGES);
    const columns = ['position', 'id', 'at', 'from', 'to', 'body', 'room', 'edited_at', 'reply_to', 'reactions'];
    expect(Object.keys(rows[0]!)).toEqual(columns);
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: MESSAGES }, (_, count) => `m${count}`));
    for (const row of rows) for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    expect(rows.slice(0, ODD.length).map(({ body }) => body!.replace(/^'/, ''))).toEqual(ODD);
    expect(rows[0]!.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('writes JSON, one message a line, as the servers give it', async () => {
    const lines = (await exported({ format: 'json' })).trimEnd().split('\n');
    const messages = lines.map((line) => JSON.parse(line) as Message);
    expect(messages).toHaveLength(MESSAGES);
    expect(messages.slice(0, ODD.length).map(({ body }) => body)).toEqual(ODD);
  });

  it('has messages as they are now, what they answer, who reacted, and rooms since the account joined; with a room, all of it', async () => {
    const { chat } = stage.engine;
    const [ana, bob] = ['ana', 'bob'].map((name) => chat.accountByName(name)!.id);
    const done = (event: LogEvent, fields: object) => stage.engine.applyFromPrimary({ event, ...fields });
    const room = String(
      done('room:create', { account: bob, body: roomBody({ name: '#teams', nameKey: '#teams', topic: '' }) }).position,
    );
    done('message:send', { id: 'r1', account: bob, subject: room, body: 'before ana' });
    done('room:join', { account: ana, subject: room });
    done('message:send', { id: 'r2', account: bob, subject: `${room} r1`, body: 'after' });
    const edited = done('message:edit', { account: bob, subject: 'r2', body: 'afterwards' });
    done('message:react', { account: bob, subject: 'r2', body: '+1' });
    done('message:react', { account: ana, subject: 'r2', body: '+1' });
    done('message:react', { account: ana, subject: 'r2', body: '❤' });
    const all: Record<string, string>[] = parse(await exported({ format: 'csv' }), { columns: true });
    expect(all.map(({ id }) => id)).not.toContain('r1');
    expect(all.at(-1)).toMatchObject({
      ...{ id: 'r2', from: 'bob', to: '#teams', room: '#teams', body: 'afterwards', reply_to: 'r1' },
      ...{ edited_at: new Date(edited.at).toISOString(), reactions: "'+1=bob,ana ❤=ana" },
    });
    expect(all[0]).toMatchObject({ room: '', edited_at: '', reply_to: '', reactions: '' });
    const lines = (await exported({ format: 'json', other: '#TEAMS' })).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { id: 'r1', to: '#teams', body: 'before ana' },
      { id: 'r2', replyTo: 'r1', editedAt: edited.at, reactions: [{ by: ['bob', 'ana'] }, { reaction: '❤' }] },
    ]);
  });

  it('writes one conversation only; with somebody who is not there it ends with 1', async () => {
    const rows: Record<string, string>[] = parse(await exported({ format: 'csv', other: 'CAROL' }), { columns: true });
    expect(rows).toHaveLength(Math.ceil(MESSAGES / 3));
    expect(new Set(rows.map(({ to }) => to))).toEqual(new Set(['carol']));
    const { options, notes, text } = as('ana');
    expect(await exportAll(options, { format: 'csv', other: 'nobody' })).toBe(1);
    expect(notes).toEqual([expect.stringContaining('"nobody"')]);
    expect(text()).toBe('');
  });

  it('writes a file that appears when it is whole, and replaces none', async () => {
    const file = join(folder, 'all.csv');
    expect(await exported({ format: 'csv', file })).toBe('');
    expect(readFileSync(file, 'utf8')).toBe(await exported({ format: 'csv' }));
    const { options, notes } = as('ana');
    expect(await exportAll(options, { format: 'json', file })).toBe(2);
    expect(notes).toEqual([expect.stringContaining(`${file} exists already`)]);
    writeFileSync(join(folder, 'other.csv.new'), 'of an export that was cut short');
    await exported({ format: 'csv', file: join(folder, 'other.csv') });
    expect((await readdir(folder)).sort()).toEqual(['all.csv', 'other.csv', 'state']);
    expect(await exportAll(options, { format: 'csv', file: join(folder, 'no', 'x.csv') })).toBe(2);
    expect(notes.at(-1)).toContain('x.csv cannot be written');
  });

  it('that fails leaves no file', async () => {
    const file = join(folder, 'none.csv');
    const { options } = as('ana');
    expect(await exportAll({ ...options, password: 'another one', stateFolder: folder }, { format: 'csv', file })).toBe(
      1,
    );
    expect([existsSync(file), existsSync(`${file}.new`)]).toEqual([false, false]);
  });

  it('ends with 1 and says so when the servers go back to another state in the middle', async () => {
    const { engine } = stage;
    const { options, notes } = as('ana', (piece) => {
      if (piece !== 2) return;
      // The header and the first page are written; then an operator forces the cluster.
      const before = engine.cluster.bind(engine);
      engine.cluster = () => ({ ...before(), epoch: 1 });
      engine.setPrimary(false);
      engine.setPrimary(true);
    });
    expect(await exportAll(options, { format: 'csv' })).toBe(1);
    expect(notes).toEqual([expect.stringContaining('export again')]);
  });
});
