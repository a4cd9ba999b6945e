import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importIrc } from '../../client/import-irc.ts';
import * as accounts from '../../client/one-shot/account-commands.ts';
import { exportAll } from '../../client/one-shot/export.ts';
import * as messages from '../../client/one-shot/message-commands.ts';
import type { OneShotOptions } from '../../client/one-shot/session.ts';
import { openChat } from '../../client/open-chat.ts';
import type { Output } from '../../client/output.ts';
import { runRepl } from '../../client/repl.ts';
import { safeText } from '../../client/terminal-safe.ts';
import { type Address, parseAddress } from '../../shared/ids.ts';
import { Stage } from '../network/harness.ts';

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
});

describe('the import of a channel log', () => {
  it('sends what is addressed, in order, once, however often it is run', async () => {
    await open();
    const file = join(stateFolder, 'log.txt');
    const lines = ['[00:00] <ana> bob: one', '[00:00] <bob> ana: two', '=== eve joined', '[00:01] <ana> bob: three'];
    await writeFile(file, `${lines.join('\n')}\n[00:02] <-eve!> ana: \xff\n`, 'latin1');
    const output = new Lines();
    const options = { servers: [server], stateFolder, password: 'a password', again: false, timeoutMs: 5000, output };
    expect(await importIrc(file, options)).toBe(0);
    expect(await importIrc(file, options)).toBe(0);
    const sent = (): string[] =>
      stage.engine.log.filter(({ event }) => event === 'message:send').map(({ body }) => body);
    const bodies = ['bob: one', 'ana: two', 'bob: three', 'ana: ÿ'];
    expect([...sent()].sort()).toEqual([...bodies].sort());
    expect(sent().filter((body) => body.startsWith('bob'))).toEqual(['bob: one', 'bob: three']);
    expect(output.lines).toContain('-eve! cannot be a username; it becomes eve.');
    expect(output.lines).toContain('Not UTF-8, taken for Latin-1: line 5');
    expect(output.lines).toContain('Sent: 0 (and 4 in earlier runs)');
    expect(await importIrc(file, { ...options, again: true })).toBe(0);
    expect(sent()).toHaveLength(8);
  });

  it('sends nothing twice when its own notes of what was sent are older than what was', async () => {
    await open();
    const file = join(stateFolder, 'log.txt');
    await writeFile(file, Array.from({ length: 40 }, (_, index) => `[00:00] <ana> ana: ${index}\n`).join(''));
    const options = { servers: [server], password: 'a password', again: false, timeoutMs: 5000, output: new Lines() };
    expect(await importIrc(file, { ...options, stateFolder: join(stateFolder, 'one') })).toBe(0);
    expect(await importIrc(file, { ...options, stateFolder: join(stateFolder, 'two') })).toBe(0);
    expect(stage.engine.log.filter(({ event }) => event === 'message:send')).toHaveLength(40);
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
