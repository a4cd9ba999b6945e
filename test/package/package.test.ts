import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ChatClient, type Message } from '../../client/understudy.ts';
import { BrowserPage, CHROMIUM } from '../support/browser.ts';
import { Cluster } from '../support/cluster.ts';
import { RunningProgram } from '../support/running-program.ts';
import { type EmbeddingProject, makeEmbeddingProject } from './embedding-project.ts';
import { importGraph } from './import-graph.ts';

const TYPED = `
import { ChatClient, type ChatEvent, type Message, type Result } from 'understudy';

export const heard: Message[] = [];
export const chat = new ChatClient({ servers: ['localhost:1538'], giveUpAfterMs: 1000, replay: false });
chat
  .on('message', ({ message, replayed }) => void (replayed || heard.push(message)))
  .once('moved', ({ from, to, silenceMs }) => console.log(from.toUpperCase(), to.toUpperCase(), silenceMs.toFixed(1)))
  .off('notice');
chat.on('connection', ({ state }) => state.phase === 'connected' && console.log(state.cluster.members.join()));
chat.onEvent((event: ChatEvent) => console.log(event.type));
export const sent: Promise<Result<{ id: string; position: number; at: number }>> = chat.send('bob', 'hi');

// @ts-expect-error: there is no event of this name
chat.on('mesage', () => {});
// @ts-expect-error: a message is no text
chat.on('message', ({ message }) => message.trim());
// @ts-expect-error: a client needs servers
export const lost = new ChatClient({});
`;
const TYPED_FOR_NODE = `
import { ChatClient } from 'understudy';
import { folderStore } from 'understudy/node';

const servers = ['localhost:1538'];
export const chat = new ChatClient({ servers, store: await folderStore({ servers, username: 'echo' }) });
`;

if (CHROMIUM === undefined)
  console.warn('The example page is not tested: no Chromium (Debian: apt-get install chromium).');

let project: EmbeddingProject;

beforeAll(() => {
  project = makeEmbeddingProject();
}, 60_000);

afterAll(() => project?.remove());

describe('the package', () => {
  it('loads nothing of Node in a browser, and of packages socket.io-client alone', () => {
    const { files, bare } = importGraph(resolve(project.installed, 'dist/client/understudy.js'));
    expect(files.length).toBeGreaterThan(20);
    expect(bare).toEqual(['socket.io-client']);
  });

  it('says so if it did: what is for Node loads Node’s modules', () => {
    const { bare } = importGraph(resolve(project.installed, 'dist/client/understudy-node.js'));
    expect(bare).toContain('node:fs');
  });

  it.each([
    ['Node', 'nodenext', 'nodenext', false],
    // The declarations themselves are the same whoever finds them.
    ['a bundler', 'esnext', 'bundler', true],
  ])(
    'has types for a strict project that resolves modules as %s does',
    (_who, module, moduleResolution, skipLibCheck) => {
      project.write('typed.ts', TYPED);
      project.write('typed-for-node.ts', TYPED_FOR_NODE);
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2023', 'dom'],
        types: [],
        skipLibCheck,
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
      };
      project.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }));
      expect(complaints(project.folder)).toBe('');
    },
  );
});

describe('programs that embed it, before three servers', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.started();
  }, 60_000);

  afterAll(async () => {
    await cluster?.close();
  });

  function run(args: readonly string[]): RunningProgram {
    const program = new RunningProgram(process.execPath, [...args, ...cluster.addresses], { cwd: project.folder });
    onTestFinished(async () => {
      await program.end();
    });
    return program;
  }

  /** Somebody who is logged in; `answers` are the messages from others. */
  async function person(name: string): Promise<{ chat: ChatClient; answers: Message[] }> {
    const chat = new ChatClient({ servers: cluster.addresses });
    onTestFinished(() => chat.close());
    const answers: Message[] = [];
    chat.on('message', ({ message }) => void (message.from === name || answers.push(message)));
    chat.start();
    expect(await chat.createAccount(name, 'correct horse')).toMatchObject({ ok: true });
    return { chat, answers };
  }

  it('the program in README answers, in a project of its own', async () => {
    const [, block] = /```js\n(import \{ ChatClient \}.*?)```/s.exec(readFileSync('README.md', 'utf8'))!;
    const servers = /\['localhost:1538', .*?\]/;
    expect(block).toMatch(servers);
    run([project.write('readme.js', block!.replace(servers, JSON.stringify(cluster.addresses)))]);
    const { chat, answers } = await person('ana');
    await cluster.until('echo is there', async () => (await chat.send('echo', 'hello')).ok);
    await cluster.until('it answers', () => answers.length === 1);
    expect(answers).toMatchObject([{ from: 'echo', to: 'ana', body: 'You said: hello' }]);
  });

  it('the example bot answers each message once although the primary dies, and what it missed when it is back', async () => {
    const bot = (): RunningProgram => run(['node_modules/understudy/client/examples/bot.js', 'echo', 'echo echo echo']);
    const first = bot();
    await first.until('echo is listening.');
    const { chat, answers } = await person('bob');
    const bodies = (): string[] => answers.map(({ body }) => body);
    await chat.send('echo', 'one');
    await cluster.until('the bot answers', () => answers.length > 0);
    await cluster.kill(await cluster.untilServing());
    await chat.send('echo', 'two');
    await cluster.until('it answers after a fail-over', () => bodies().includes('You said: two'));
    expect(bodies()).toEqual(['You said: one', 'You said: two']);
    expect(await first.end('SIGINT')).toEqual({ status: 0, signal: null });
    await chat.send('echo', 'three');
    await bot().until('echo is listening.');
    await cluster.until('it answers what it missed', () => bodies().includes('You said: three'));
  }, 60_000);

  it.skipIf(CHROMIUM === undefined)(
    'the example page: talks, stays logged in when it is reloaded, and moves',
    async () => {
      const url = await served();
      const page = await BrowserPage.open(`${url}/client/examples/page.html?servers=${cluster.addresses}`, CHROMIUM!);
      onTestFinished(() => page.close());
      const shows = (text: string): Promise<void> =>
        page.until(`document.getElementById('messages').innerText.includes(${JSON.stringify(text)})`);
      const fillIn = (values: Record<string, string>, button: string): Promise<unknown> =>
        page.evaluate(`
        for (const [id, value] of Object.entries(${JSON.stringify(values)})) document.getElementById(id).value = value;
        document.querySelector(${JSON.stringify(button)}).click();`);
      const isIn = (): Promise<void> => page.until(`!document.querySelector('#write').hidden`);

      const isConnected = (): Promise<void> =>
        page.until(`document.getElementById('state').textContent.startsWith('Connected')`);

      await isConnected();
      await fillIn({ username: 'dora', password: 'wrong' }, '[value=logIn]');
      await shows('There is no account "dora"');
      await fillIn({ username: 'dora', password: 'correct horse' }, '[value=createAccount]');
      await isIn();
      const { chat: eve, answers } = await person('eve');
      await eve.send('dora', 'a text, <b>no markup</b>');
      await shows('a text, <b>no markup</b>');
      const sent = await eve.send('dora', 'not for long');
      await shows('not for long');
      if (sent.ok) await eve.deleteMessage(sent.value.id);
      await page.until(`!document.getElementById('messages').innerText.includes('not for long')`);
      await fillIn({ to: 'eve', body: 'from a page' }, '#write button');
      await cluster.until('eve hears the page', () => answers.some(({ body }) => body === 'from a page'));

      await page.reload();
      await isIn();
      await shows('from a page');
      await isConnected();
      await cluster.kill(await cluster.untilServing(cluster.up.map(({ index }) => index)));
      await fillIn({ to: 'eve', body: 'after it was reloaded' }, '#write button');
      await shows('Moved to');
      await shows('after it was reloaded');
      await cluster.until('eve hears that, too', () => answers.length === 2);
      expect(answers.map(({ body }) => body)).toEqual(['from a page', 'after it was reloaded']);
    },
    60_000,
  );
});

/** What the compiler says of the project in a folder; empty when it is content. */
function complaints(folder: string): string {
  try {
    return execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], {
      cwd: folder,
      encoding: 'utf8',
    });
  } catch (failure) {
    return (failure as { stdout: string }).stdout;
  }
}

/** Serves the project's files, as any server for static files does. @returns its address, which is another origin than the chat's */
async function served(): Promise<string> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    readFile(resolve(`.${pathname}`)).then(
      (content) => response.setHeader('content-type', types[extname(pathname)] ?? 'text/plain').end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
