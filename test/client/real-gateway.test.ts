import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importIrc } from '../../client/import-irc.ts';
import * as accounts from '../../client/one-shot/account-commands.ts';
import { exportAll } from '../../client/one-shot/export.ts';
import * as messages from '../../client/one-shot/message-commands.ts';
import * as rooms from '../../client/one-shot/room-commands.ts';
import type { OneShotOptions } from '../../client/one-shot/session.ts';
import { openChat } from '../../client/open-chat.ts';
import type { Output } from '../../client/output.ts';
import { runRepl } from '../../client/repl.ts';
import { safeText } from '../../client/terminal-safe.ts';
import type { Result } from '../../shared/errors.ts';
import { type Address, parseAddress } from '../../shared/ids.ts';
import { Stage, until } from '../network/harness.ts';

let stateFolder: string;
let stage: Stage;
let server: Address;

beforeEach(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'understudy-client-'));
});

afterEach(async () => {
  await rm(stateFolder, { recursive: true, force: true });
});

/** A gateway of the test's own. */
async function open(): Promise<void> {
  stage = await Stage.open();
  server = parseAddress(new URL(stage.url).host)!;
}

class Lines implements Output {
  readonly lines: string[] = [];
  readonly isTerminal = false;
  line(text: string): void {
    this.lines.push(safeText(text));
  }
  json(value: object): void {
    this.lines.push(JSON.stringify(value));
  }
  raw(text: string): void {
    this.lines.push(text);
  }
  async drained(): Promise<void> {}
  note(text: string): void {
    this.lines.push(text);
  }
}

function as(user: string | undefined, json = false): OneShotOptions & { output: Lines } {
  const output = new Lines();
  return { servers: [server], user, password: 'a password', json, timeoutMs: 5000, stateFolder, output };
}

async function account(username: string): Promise<void> {
  expect(await accounts.create(as(undefined), username)).toBe(0);
}

describe('commands that do one thing', () => {
  it('create, send, list, show and export, and end with 0, or 1 when refused', async () => {
    await open();
    await account('ana');
    await account('bob');
    expect(await accounts.create(as(undefined), 'ANA')).toBe(1);
    expect(await messages.send(as('ana'), 'bob', '=1+1,"\n\u001b[2J')).toBe(0);
    expect(await messages.send(as('ana'), 'nobody', 'hello')).toBe(1);
    const listed = as('bob', true);
    expect(await accounts.list(listed, 'a*')).toBe(0);
    expect(listed.output.lines.map((line) => JSON.parse(line).username)).toEqual(['ana']);
    const shown = as('bob');
    expect(await messages.history(shown, 'ana', 10)).toBe(0);
    expect(shown.output.lines).toMatchObject([expect.stringContaining('ana -> bob: =1+1,"␊␛[2J')]);
    const exported = as('bob');
    expect(await exportAll(exported, { format: 'csv' })).toBe(0);
    expect(exported.output.lines.join('')).toContain(`ana,bob,"'=1+1,""\n\u001b[2J"`);
    expect(await accounts.deleteAccount(as('bob'))).toBe(0);
    const left = as('ana');
    await accounts.list(left, undefined);
    expect(left.output.lines).toEqual(['ana (online)']);
  });

  it('have rooms, edits, reactions, search, blocks, names, settings and passwords', async () => {
    await open();
    for (const name of ['ana', 'bob', 'eve']) await account(name);
    expect(await rooms.createRoom(as('ana'), 'teams', 'who plays')).toBe(0);
    expect(await rooms.createRoom(as('bob'), '#Teams')).toBe(1);
    expect(await messages.send(as('bob'), '#teams', 'hello')).toBe(1);
    expect(await rooms.joinRoom(as('bob'), 'teams')).toBe(0);
    expect(await rooms.joinRoom(as('eve'), '#teams')).toBe(0);
    expect(await rooms.setTopic(as('bob'), 'teams', 'mine')).toBe(1);
    expect(await rooms.setTopic(as('ana'), 'teams', 'who plays whom')).toBe(0);
    const sent = as('bob', true);
    expect(await messages.send(sent, '#teams', 'the first')).toBe(0);
    const { id } = JSON.parse(sent.output.lines[0]!);
    expect(await messages.send(as('ana'), '#teams', 'the answer', id)).toBe(0);
    expect(await messages.edit(as('bob'), id, 'the first, edited')).toBe(0);
    expect(await messages.edit(as('ana'), id, 'mine')).toBe(1);
    expect(await messages.react(as('ana'), id, '+1')).toBe(0);
    expect(await messages.react(as('eve'), id, '+1')).toBe(0);
    expect(await messages.react(as('eve'), id, '+1', false)).toBe(0);
    const shown = as('eve');
    expect(await messages.history(shown, '#TEAMS', 10)).toBe(0);
    expect(shown.output.lines).toEqual([
      expect.stringMatching(/ bob -> #teams: the first, edited {2}\[.*\] \(edited\) {2}\+1 ana$/),
      expect.stringContaining(`(answers ${id})`),
    ]);
    const found = as('eve', true);
    expect(await messages.search(found, 'FIRST', '#teams', 10)).toBe(0);
    expect(found.output.lines.map((line) => JSON.parse(line).id)).toEqual([id]);
    expect(await rooms.removeMember(as('ana'), 'teams', 'eve')).toBe(0);
    expect(await rooms.joinRoom(as('eve'), 'teams')).toBe(1);
    expect(await rooms.readmitMember(as('ana'), 'teams', 'eve')).toBe(0);
    expect(await rooms.joinRoom(as('eve'), 'teams')).toBe(0);
    expect(await rooms.leaveRoom(as('eve'), 'teams')).toBe(0);
    const listed = as('eve');
    expect(await rooms.listRooms(listed, 't*')).toBe(0);
    expect(await rooms.listMembers(listed, 'teams')).toBe(0);
    expect(listed.output.lines).toEqual([
      '#teams  2 members, of ana: who plays whom',
      expect.stringContaining('ana'),
      expect.stringContaining('bob'),
    ]);
    expect(await accounts.block(as('ana'), 'eve')).toBe(0);
    expect(await messages.send(as('eve'), 'ana', 'hello?')).toBe(1);
    expect(await accounts.name(as('ana'), 'Ana Maria')).toBe(0);
    const settings = as('ana');
    expect(await accounts.settings(settings)).toBe(0);
    expect(settings.output.lines.slice(0, 3)).toEqual(['Username: ana', 'Display name: Ana Maria', 'Blocked: eve']);
    expect(await accounts.block(as('ana'), 'eve', false)).toBe(0);
    expect(await messages.send(as('eve'), 'ana', 'hello!')).toBe(0);
    const unread = as('ana');
    expect(await accounts.conversations(unread)).toBe(0);
    expect(unread.output.lines).toEqual([
      expect.stringMatching(/^eve.* {2}1 unread$/),
      '#teams  1 unread: who plays whom',
    ]);
    expect(await messages.deleteMessage(as('ana'), id)).toBe(0);
    expect(await rooms.deleteRoom(as('ana'), 'teams')).toBe(0);
    expect(await messages.history(as('bob'), '#teams', 10)).toBe(1);
    expect(await accounts.changePassword(as('ana'), 'another password')).toBe(0);
    expect(await accounts.logOutEverywhere({ ...as('ana'), password: 'another password' })).toBe(0);
    expect(await accounts.list(as('ana'), undefined)).toBe(1);
    expect(await accounts.list({ ...as('ana'), password: 'another password' }, undefined)).toBe(0);
  });

  it('tail shows one conversation, and ends with 1 where nothing can ever come', async () => {
    await open();
    for (const name of ['ana', 'bob']) await account(name);
    await rooms.createRoom(as('ana'), 'teams');
    expect(await messages.tail(as('bob'), '#teams', Promise.resolve())).toBe(1);
    expect(await messages.tail(as('bob'), 'nobody', Promise.resolve())).toBe(1);
    const shown = as('ana');
    const tailed = messages.tail(
      shown,
      '#teams',
      until(() => shown.output.lines.length >= 1),
    );
    // What is sent before it listens is not shown.
    while (shown.output.lines.length === 0) {
      await messages.send({ ...as('ana'), stateFolder: join(stateFolder, 'other') }, 'bob', 'not there');
      await messages.send({ ...as('ana'), stateFolder: join(stateFolder, 'other') }, '#teams', 'there');
    }
    expect(await tailed).toBe(0);
    for (const line of shown.output.lines) expect(line).toContain('ana -> #teams: there');
  });

  it('refuse what is wrong in itself with the very words of the servers', async () => {
    await open();
    const ana = await openChat({ servers: [server], stateFolder, username: null, giveUpAfterMs: 5000 });
    ana.start();
    expect(await ana.createAccount('ana', 'a password')).toMatchObject({ ok: true });
    const socket = await stage.account('other');
    const wrong: [Promise<Result<unknown>>, string, object][] = [
      [ana.createRoom('room'), 'room:create', { room: 'room' }],
      [ana.joinRoom('#two words'), 'room:join', { room: '#two words' }],
      [ana.createRoom('#room', 'two\nlines'), 'room:create', { room: '#room', topic: 'two\nlines' }],
      [ana.setTopic('#room', 'x'.repeat(2000)), 'room:topic', { room: '#room', topic: 'x'.repeat(2000) }],
      [ana.setDisplayName('\u200b'), 'account:profile', { displayName: '\u200b' }],
      [ana.setDisplayName('x'.repeat(65)), 'account:profile', { displayName: 'x'.repeat(65) }],
      [ana.setDisplayName('a\u202eb'), 'account:profile', { displayName: 'a\u202eb' }],
      [ana.react('m1', 'a b'), 'message:react', { id: 'm1', reaction: 'a b' }],
      [ana.unreact('m1', 'x'.repeat(65)), 'message:unreact', { id: 'm1', reaction: 'x'.repeat(65) }],
      [ana.react('no id', '+1'), 'message:react', { id: 'no id', reaction: '+1' }],
      [ana.editMessage('no id', 'x'), 'message:edit', { id: 'no id', body: 'x' }],
      [ana.editMessage('m1', 'x'.repeat(20_000)), 'message:edit', { id: 'm1', body: 'x'.repeat(20_000) }],
      [ana.removeFromRoom('#room', '-x'), 'room:remove', { room: '#room', username: '-x' }],
      [ana.block('-x'), 'account:block', { username: '-x' }],
      [ana.changePassword('a password', 'short'), 'account:password', { password: 'a password', newPassword: 'short' }],
    ];
    const { length } = stage.engine.submissions;
    for (const [refused, event, fields] of wrong) {
      expect(await refused).toEqual({ ok: false, error: (await socket.write(event, fields)).error });
    }
    expect(stage.engine.submissions).toHaveLength(length);
    await ana.close();
  });

  it('end with 1 when the password is wrong, and with 2 when there is nobody to do it', async () => {
    await open();
    await account('ana');
    await rm(stateFolder, { recursive: true, force: true });
    expect(await accounts.list({ ...as('ana'), password: 'another one' }, undefined)).toBe(1);
    expect(await accounts.list({ ...as('ana'), password: undefined }, undefined)).toBe(2);
    expect(await accounts.list(as(undefined), undefined)).toBe(2);
  });

  it('end with 3 when no server is reached', async () => {
    await open();
    await account('ana');
    // Nothing listens on port 1.
    const options = { ...as('ana'), servers: ['127.0.0.1:1' as Address], timeoutMs: 300 };
    expect(await messages.send(options, 'bob', 'hello')).toBe(3);
  });
});

describe('the line mode', () => {
  async function feed(input: string): Promise<{ status: number; lines: string[] }> {
    const stream = new PassThrough();
    stream.end(input);
    const output = new Lines();
    const chat = await openChat({ servers: [server], stateFolder, username: null, giveUpAfterMs: 5000 });
    const status = await runRepl({ chat, input: stream, output, interactive: false, timeoutMs: 5000 });
    return { status, lines: output.lines };
  }

  it('does each command before it reads the next, and does all of a pipe', async () => {
    await open();
    await account('bob');
    const { status, lines } = await feed('CREATE ana a-password\nSEND bob one\nsend bob two\nHISTORY bob\n');
    expect(status).toBe(0);
    expect(lines[0]).toMatch(/^Connected to Understudy at /);
    const answers = lines.filter((line) => line.startsWith('Sent'));
    expect(answers).toHaveLength(2);
    expect(stage.engine.log.filter(({ event }) => event === 'message:send').map(({ body }) => body)).toEqual([
      'one',
      'two',
    ]);
  });

  it('ends with 1 when something was refused, after doing the rest', async () => {
    await open();
    await account('bob');
    const { status, lines } = await feed(
      'CREATE ana a-password\nSEND nobody one\nFOO\n\nSEND bob two\nQUIT\nSEND bob 3\n',
    );
    expect(status).toBe(1);
    expect(lines.filter((line) => line.startsWith('ERROR no-such-account'))).toHaveLength(1);
    expect(stage.engine.log.filter(({ event }) => event === 'message:send')).toHaveLength(1);
  });

  it('shows rooms, edits, reactions and answers, and takes the same verbs', async () => {
    await open();
    for (const name of ['bob', 'carol']) await account(name);
    await rooms.createRoom(as('bob'), 'teams', 'who plays');
    await messages.send(as('bob'), '#teams', 'look');
    await messages.send(as('bob'), 'carol', 'private');
    const { id } = stage.engine.log.find(({ body }) => body === 'look')!;
    const lines = [
      "CREATE ana 'a password with spaces'",
      'ROOM LIST',
      'ROOM JOIN teams',
      `REPLY ${id} I see`,
      `REACT ${id} +1`,
      'SEARCH see',
      'READ #teams',
      'CONVERSATIONS',
      'NAME Ana Maria',
      'BLOCK carol',
      'SETTINGS',
      'ROOM MEMBERS teams',
      'PASSWORD \'a password with spaces\' "another one"',
      'ROOM LEAVE teams',
      'LOGOUT-EVERYWHERE',
      'LOGIN ana "another one"',
      'SEARCH-WITH #teams see',
    ];
    const { status, lines: shown } = await feed(`${lines.join('\n')}\n`);
    expect(status).toBe(1);
    const said = shown.join('\n');
    for (const line of [
      '#teams  1 member, of bob: who plays',
      'Joined #teams.',
      'Room #teams  2 members, of bob: who plays',
      'ana joined #teams.',
      `(answers ${id})`,
      `ana reacted to message ${id}: +1`,
      '#teams: who plays',
      'Display name: Ana Maria',
      'Blocked: carol',
      'bob',
      'Left #teams.',
      'Logged out: You logged out everywhere.',
    ]) {
      expect(said).toContain(line);
    }
    expect(shown.filter((line) => line.startsWith('ERROR'))).toEqual([expect.stringContaining('not-a-member')]);
    expect(stage.engine.log.filter(({ event }) => event === 'message:react')).toHaveLength(1);
  });
});

describe('the import of a channel log', () => {
  it('sends what is addressed directly, all else to a room, in order, once, however often it is run', async () => {
    await open();
    const file = join(stateFolder, '2004-12-25_channel.txt');
    const lines = [
      '[00:00] <ana> bob: one',
      '[00:00] <carol> good morning',
      '[00:00] <bob> ana: two',
      '=== eve joined',
      '[00:01] <ana> morning, all of you',
      '[00:01] <ana> bob: three',
      '[00:01] <carol> and you',
    ];
    await writeFile(file, `${lines.join('\n')}\n[00:02] <-eve!> ana: \xff\n`, 'latin1');
    const output = new Lines();
    const options = { servers: [server], stateFolder, password: 'a password', again: false, timeoutMs: 5000, output };
    expect(await importIrc(file, options)).toBe(0);
    expect(await importIrc(file, options)).toBe(0);
    const sent = (): string[] =>
      stage.engine.log.filter(({ event }) => event === 'message:send').map(({ body }) => body);
    const between = ['bob: one', 'ana: two', 'bob: three'];
    const inRoom = ['good morning', 'morning, all of you', 'and you'];
    expect([...sent()].sort()).toEqual([...between, ...inRoom, 'ana: ÿ'].sort());
    expect(sent().filter((body) => between.includes(body))).toEqual(between);
    expect(sent().filter((body) => inRoom.includes(body))).toEqual(inRoom);
    const room = (event: string) => stage.engine.log.filter((row) => row.event === event).length;
    expect([room('room:create'), room('room:join')]).toEqual([1, 1]);
    expect(stage.engine.chat.roomByName('#channel')?.room).toMatchObject({ owner: 'carol', members: 2 });
    expect(output.lines).toContain('-eve! cannot be a username; it becomes eve.');
    expect(output.lines).toContain('Not UTF-8, taken for Latin-1: line 8');
    expect(output.lines).toContain('Sent: 0 (and 7 in earlier runs)');
    expect(output.lines).toContain('Room: #channel, members: 2');
    expect(await importIrc(file, { ...options, room: '#other' })).toBe(2);
    expect(output.lines.at(-1)).toContain('go on with --room #channel, or say --again');
    expect(await importIrc(file, { ...options, again: true })).toBe(0);
    expect(sent()).toHaveLength(14);
    expect(await importIrc(file, { ...options, again: true, room: '#other' })).toBe(0);
    expect(stage.engine.chat.roomByName('#other')?.room).toMatchObject({ members: 2 });
    expect(await importIrc(file, { ...options, room: 'other' })).toBe(2);
  });

  it('sends nothing twice when its own notes of what was sent are older than what was', async () => {
    await open();
    const file = join(stateFolder, 'log.txt');
    const line = (index: number) =>
      `[00:00] <${index % 3 === 0 ? 'bob' : 'ana'}> ${index % 2 === 0 ? 'ana: ' : ''}${index}\n`;
    await writeFile(file, Array.from({ length: 40 }, (_, index) => line(index)).join(''));
    const options = { servers: [server], password: 'a password', again: false, timeoutMs: 5000, output: new Lines() };
    expect(await importIrc(file, { ...options, stateFolder: join(stateFolder, 'one') })).toBe(0);
    expect(await importIrc(file, { ...options, stateFolder: join(stateFolder, 'two') })).toBe(0);
    const sent = stage.engine.log.filter(({ event }) => event === 'message:send').map(({ body }) => body);
    expect(sent).toHaveLength(40);
    const odd = Array.from({ length: 20 }, (_, index) => String(2 * index + 1));
    expect(sent.filter((body) => !body.startsWith('ana: '))).toEqual(odd);
  });

  it('stops when an account is somebody else’s', async () => {
    await open();
    await account('ana');
    const file = join(stateFolder, 'log.txt');
    await writeFile(file, '[00:00] <ana> ana: hello\n');
    const output = new Lines();
    const options = { servers: [server], stateFolder, password: 'another one', again: false, timeoutMs: 5000, output };
    expect(await importIrc(file, options)).toBe(1);
    expect(output.lines.at(-1)).toContain('The account ana cannot be used');
  });
});
