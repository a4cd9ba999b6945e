import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openChat } from '../../client/open-chat.ts';
import type { Message } from '../../shared/api.ts';
import { Cluster, DIST } from '../support/cluster.ts';
import { TerminalSession, whyNoTerminals } from '../support/terminal-session.ts';

const PASSWORD = 'correct horse';
const TEN = Array.from({ length: 10 }, (_, index) => `while away ${index + 1}`);

const missing = whyNoTerminals();
if (missing !== '') console.warn(`What is typed offline is not tested in a terminal: ${missing}.`);

describe.skipIf(missing !== '')('typed while nobody answers', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let terminal: TerminalSession | undefined;

  afterEach(async () => {
    await terminal?.close();
    await cluster.close();
  });

  function clientCommand(): [string, string, ...string[]] {
    const places = ['--server', cluster.addresses.join(','), '--state-folder', join(cluster.folder, 'alice')];
    return [process.execPath, join(DIST, 'client/main.js'), ...places];
  }

  /** What is in a conversation, oldest first. */
  async function said(username: string, other: string): Promise<Message[]> {
    const chat = await openChat({
      servers: cluster.addresses,
      username: null,
      stateFolder: join(cluster.folder, username),
      replay: false,
    });
    chat.start();
    try {
      const entered = await chat.logIn(username, PASSWORD);
      if (!entered.ok) throw new Error(entered.error.message);
      const page = await chat.history({ with: other, limit: 100 });
      if (!page.ok) throw new Error(page.error.message);
      return page.value.messages;
    } finally {
      await chat.close();
    }
  }

  it('ten messages survive kill -9 of the client, and arrive in order and once when the servers are back', async () => {
    cluster = await Cluster.started();
    const bob = await openChat({
      servers: cluster.addresses,
      username: null,
      stateFolder: join(cluster.folder, 'maker'),
    });
    bob.start();
    await bob.createAccount('bob', PASSWORD);
    await bob.close();
    terminal = await TerminalSession.open({ columns: 80, rows: 24, command: clientCommand() });
    await terminal.shows('servers 3 of 3');
    await terminal.type('alice', false);
    await terminal.press('Tab');
    await terminal.type(PASSWORD);
    await terminal.shows('Welcome, alice.');
    await terminal.type('/to bob');
    await terminal.shows(/│ bob/);

    await Promise.all(cluster.servers.map(({ index }) => cluster.kill(index)));
    await terminal.shows('not connected');
    for (const [index, text] of TEN.entries()) {
      await terminal.type(text);
      await terminal.shows(`${index + 1} waiting`);
    }
    const pid = await terminal.pid();
    process.kill(pid, 'SIGKILL');

    await terminal.restart(clientCommand());
    // Before anybody is reached, its user sees what waits.
    await terminal.shows('10 waiting');
    await cluster.startAll();
    await terminal.shows('safe on 3 servers');
    await terminal.showsNot('waiting');
    expect((await said('bob', 'alice')).map(({ body }) => body)).toEqual(TEN);
    const shown = (await terminal.capture()).split('\n').flatMap((line) => /while away \d+/.exec(line)?.[0] ?? []);
    expect(shown).toEqual(TEN);
  });
});
