import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatClient } from '../../client/chat-client.ts';
import * as documents from '../../client/one-shot/document-commands.ts';
import { openChat } from '../../client/open-chat.ts';
import type { Output } from '../../client/output.ts';
import { runRepl } from '../../client/repl.ts';
import { safeJson, safeText } from '../../client/terminal-safe.ts';
import { type Address, parseAddress } from '../../shared/ids.ts';
import { DOCUMENT_VALUE_MAX_BYTES } from '../../shared/limits.ts';
import { Stage } from '../network/harness.ts';

const KEY = '4e1b2c1a-9f0d-4d8a-8a53-0d5f6a7b8c9d';

let stateFolder: string;
let stage: Stage;
let server: Address;

beforeEach(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'understudy-documents-'));
  stage = await Stage.open();
  server = parseAddress(new URL(stage.url).host)!;
});

afterEach(async () => {
  await rm(stateFolder, { recursive: true, force: true });
});

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
    this.lines.push(`note: ${text}`);
  }
}

describe('documents in the library', () => {
  async function use(work: (chat: ChatClient) => Promise<void>): Promise<void> {
    const chat = await openChat({ servers: [server], stateFolder, username: null, giveUpAfterMs: 5000 });
    chat.start();
    await work(chat).finally(() => chat.close());
  }

  it('are set, read and deleted without a log-in, and with one', async () => {
    await use(async (chat) => {
      expect(await chat.setDocument(KEY, { a: [1] })).toMatchObject({
        ok: true,
        value: { created: true, replicas: 2 },
      });
      expect(await chat.getDocument(KEY.toUpperCase())).toEqual({
        ok: true,
        value: { found: true, value: { a: [1] } },
      });
      await chat.createAccount('ana', 'ana-password');
      expect(await chat.setDocument(KEY, null)).toMatchObject({ ok: true, value: { created: false } });
      expect(await chat.getDocument(KEY)).toEqual({ ok: true, value: { found: true, value: null } });
      expect(await chat.deleteDocument(KEY)).toMatchObject({ ok: true, value: { deleted: true } });
      expect(await chat.deleteDocument(KEY)).toMatchObject({ ok: true, value: { deleted: false } });
      expect(await chat.getDocument(KEY)).toEqual({ ok: true, value: { found: false } });
    });
  });

  it('are what they were when they were given, whatever becomes of the object meanwhile', async () => {
    await use(async (chat) => {
      const value = { n: 1 };
      const set = chat.setDocument(KEY, value);
      value.n = 2;
      expect(await set).toMatchObject({ ok: true });
      expect(await chat.getDocument(KEY)).toMatchObject({ value: { value: { n: 1 } } });
    });
  });

  it('R18: are sent again when the connection breaks before the answer, and done once', async () => {
    await use(async (chat) => {
      await chat.setDocument(KEY, 0);
      stage.engine.hold();
      const set = chat.setDocument(KEY, 1);
      await expect.poll(() => stage.engine.submissions.length).toBe(2);
      stage.gateway.close();
      stage.engine.release();
      expect(await set).toMatchObject({ ok: true, value: { created: false, position: 2 } });
      expect(stage.engine.log).toHaveLength(2);
    });
  });

  it('that cannot be are refused before anything is asked', async () => {
    await use(async (chat) => {
      const refused = async (key: string, value: unknown) => {
        const set = await chat.setDocument(key, value);
        return set.ok || set.error.code;
      };
      expect(await refused('key', 1)).toBe('invalid-key');
      expect(await refused(KEY, 'x'.repeat(DOCUMENT_VALUE_MAX_BYTES))).toBe('too-large');
      for (const value of [undefined, () => 1, Number.NaN, new Date(), new Map(), 10n, ['a\0b'], '\udc00']) {
        expect(await refused(KEY, value)).toBe('bad-request');
      }
      expect(await chat.getDocument('key')).toMatchObject({ error: { code: 'invalid-key' } });
      expect(await chat.deleteDocument('key')).toMatchObject({ error: { code: 'invalid-key' } });
      expect(stage.engine.submissions).toEqual([]);
    });
  });
});

describe('documents in line mode', () => {
  /** What is answered to lines; what is greeted with is left out. */
  async function answersTo(lines: readonly string[]): Promise<{ status: number; answers: string[] }> {
    const input = new PassThrough();
    input.end(['GET not-a-key', ...lines].map((line) => `${line}\n`).join(''));
    const output = new Lines();
    const chat = await openChat({ servers: [server], stateFolder, username: null, giveUpAfterMs: 5000 });
    const status = await runRepl({ chat, input, output, interactive: false, timeoutMs: 5000 });
    return { status, answers: output.lines.slice(output.lines.indexOf('Error: Key is not a proper UUID4') + 1) };
  }

  it('are answered in these words', async () => {
    const { answers } = await answersTo([
      `SET ${KEY} '{"name": "Chapayev's Mustache comb"}'`,
      `GET ${KEY}`,
      `set ${KEY.toUpperCase()}   [1, 2, {"a": null}]  `,
      `get ${KEY}`,
      `Set ${KEY} 'null'`,
      `GET ${KEY}`,
      `SET ${KEY} "it's \\u202ered"`,
      `GET ${KEY}`,
      `DELETE ${KEY}`,
      `delete ${KEY}`,
      `GET ${KEY}`,
    ]);
    expect(answers).toEqual([
      'Created (2 replicas)',
      '{"name":"Chapayev\'s Mustache comb"}',
      'Updated (2 replicas)',
      '[1,2,{"a":null}]',
      'Updated (2 replicas)',
      'null',
      'Updated (2 replicas)',
      '"it\'s \\u202ered"',
      'Deleted (2 replicas)',
      'Not found',
      'Not found',
    ]);
  });

  it('are refused in words that begin with "Error:", and the pipe ends with 1', async () => {
    const { status, answers } = await answersTo([
      `SET ${KEY.slice(1)} {"a":1}`,
      `DELETE ${KEY.replace('-4d8a-', '-3d8a-')}`,
      `SET ${KEY} {name: 1}`,
      `SET ${KEY} '{"a": 1}' and more`,
      `SET ${KEY} "\\u0000"`,
      `GET ${KEY}`,
    ]);
    const badKey = 'Error: Key is not a proper UUID4';
    const notJson = expect.stringMatching(
      /^Error: The value is not JSON \(.+\); write it as in \{"name": "value"\}\.$/,
    );
    const nul = 'Error: The document has a NUL character, which cannot be stored; take it out.';
    expect(answers).toEqual([badKey, badKey, notJson, notJson, nul, 'Not found']);
    expect(status).toBe(1);
  });

  it('do not stand in the way of messages, whose ids have no hyphens', async () => {
    await stage.account('bob');
    const made = await answersTo(['CREATE ana ana-password', 'SEND bob hello']);
    const id = /^Sent \[(\w+)\]$/.exec(made.answers.find((line) => line.startsWith('Sent')) ?? '')?.[1];
    const { answers } = await answersTo(['LOGIN ana ana-password', `DELETE ${id}`, `DELETE ${KEY}`]);
    expect(answers).toContain(`Deleted [${id}]`);
    expect(answers.at(-1)).toBe('Not found');
  });

  it('are shown as JSON that says the same and hurts no terminal', () => {
    const property = fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const shown = safeJson(value);
      expect(safeText(shown)).toBe(shown);
      expect(JSON.stringify(JSON.parse(shown))).toBe(JSON.stringify(value));
    });
    fc.assert(property, { seed: 1538, numRuns: 100 });
    expect(safeJson(`e${'\u0301'.repeat(20)}`)).toBe(`"e${'\\u0301'.repeat(20)}"`);
  });
});

describe('client document', () => {
  const options = (json = false) => {
    const output = new Lines();
    return { servers: [server], user: undefined, password: undefined, json, timeoutMs: 5000, stateFolder, output };
  };

  it('sets, gets and deletes without a log-in, in words or JSON, and ends with 0, or 1 when refused', async () => {
    const [words, json] = [options(), options(true)];
    const key = randomUUID();
    for (const to of [words, json]) {
      expect(await documents.setDocument(to, key, '{"a": 1}')).toBe(0);
      expect(await documents.getDocument(to, key)).toBe(0);
      expect(await documents.deleteDocument(to, key)).toBe(0);
      expect(await documents.deleteDocument(to, key)).toBe(0);
      expect(await documents.getDocument(to, key)).toBe(0);
    }
    expect(words.output.lines).toEqual([
      'Created (2 replicas)',
      '{"a":1}',
      'Deleted (2 replicas)',
      'Not found',
      'Not found',
    ]);
    expect(json.output.lines.map((line) => JSON.parse(line))).toEqual([
      { created: true, replicas: 2, position: 4 },
      { found: true, value: { a: 1 } },
      { deleted: true, replicas: 2, position: 5 },
      { deleted: false, replicas: 2, position: 6 },
      { found: false },
    ]);
    const wrong = options();
    expect(await documents.setDocument(wrong, 'key', '1')).toBe(1);
    expect(await documents.setDocument(wrong, key, '{a: 1}')).toBe(1);
    expect(wrong.output.lines).toEqual([
      'note: The key "key" is not a proper UUID4; make one, with uuidgen or randomUUID.',
      expect.stringContaining('note: The value is not JSON'),
    ]);
  });
});
