import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DIST, freePorts, lockedBy, pause, SERVER_PROGRAM } from '../support/cluster.ts';
import { TerminalSession, whyNoTerminals } from '../support/terminal-session.ts';

const CLIENT_PROGRAM = join(DIST, 'client/main.js');
const PASSWORD = 'correct horse';
/** Of the whole of it: about forty seconds on a busy machine. */
const STORY_MS = 170_000;

const missing = whyNoTerminals();
if (missing !== '') console.warn(`The story in the terminal is not told: ${missing}.`);

/**
 * Two people, one room, three servers: what somebody does in the first minutes, in real terminals. Each part goes on where the one
 * before ended.
 */
describe.skipIf(missing !== '')('a story in the terminal', { timeout: STORY_MS }, () => {
  let folder: string;
  let ports: number[];
  let alice: TerminalSession;
  let bob: TerminalSession;
  let broken = false;

  const startCommand = (): [string, string, ...string[]] => {
    const words = ['start', '--data', join(folder, 'data'), '--ports', ports.join(',')];
    return [process.execPath, SERVER_PROGRAM, ...words];
  };
  const chatCommand = (): [string, string, ...string[]] => {
    const servers = ports.map((port) => `localhost:${port}`).join(',');
    return [process.execPath, CLIENT_PROGRAM, '--server', servers, '--state-folder', join(folder, 'bob')];
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-story-'));
    ports = await freePorts(3);
  });

  beforeEach((context) => {
    if (broken) context.skip('an earlier part of the story failed');
  });

  afterEach((context) => {
    broken ||= context.task.result?.state === 'fail';
  });

  afterAll(async () => {
    await alice?.close();
    await bob?.close();
    // However far the story came, the servers end with the terminal that they were started in.
    await until(() => lockedBy(join(folder, 'data')).length === 0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** What is typed right behind Escape would be taken for a key with Alt. */
  async function closePanel(terminal: TerminalSession): Promise<void> {
    await terminal.press('Escape');
    await terminal.showsNot('Esc closes');
  }

  /** Fills in the first form. */
  async function createAccount(terminal: TerminalSession, name: string): Promise<void> {
    await terminal.shows('Create an account');
    await terminal.shows('3 of 3');
    await terminal.type(name, false);
    await terminal.press('Tab');
    await terminal.type(PASSWORD);
    await terminal.shows(`Welcome, ${name}.`);
  }

  it('the first start makes three servers and asks for a name and a password', async () => {
    const environment = { UNDERSTUDY_STATE_FOLDER: join(folder, 'alice') };
    alice = await TerminalSession.open({ columns: 80, rows: 24, command: startCommand(), environment });
    await createAccount(alice, 'alice');
    bob = await TerminalSession.open({ columns: 200, rows: 60, command: chatCommand() });
    await createAccount(bob, 'bob');
  });

  it('a room is made, another person joins it, and both see who is there', async () => {
    await alice.type('/create #tea Everything about tea');
    await alice.shows(/#tea.*Everything about tea/);
    await bob.type('/join #tea');
    await bob.shows(/2 members, 2 online/);
    await bob.shows('● alice');
    await alice.shows('bob joined #tea.');
  });

  it('who types is shown, and what was written comes at once, safe on three servers', async () => {
    await bob.type('green or black', false);
    await alice.shows('bob is typing');
    await bob.type(', alice?');
    await alice.shows('green or black, alice?');
    await alice.showsNot('bob is typing');
    await bob.shows(/green or black, alice\? +✓/);
    await bob.shows('safe on 3 servers');
  });

  it('what comes in elsewhere is counted until it is read', async () => {
    await bob.type('/msg alice between us: @alice, bring milk');
    await alice.shows(/bob +@1/);
    await alice.press('M-a');
    await alice.shows('bring milk');
    await alice.showsNot(/bob +@1/);
    await alice.type('I will');
    await bob.shows('I will');
    await alice.type('/to #tea');
    await alice.shows(/#tea · 2 members/);
    await bob.type('/to #tea');
    await bob.shows(/#tea · 2 members/);
  });

  it('a message is answered, reacted to, edited and deleted', async () => {
    await alice.press('C-Up', 'r');
    await alice.type('Green, always.');
    await bob.shows('Green, always.');
    await bob.press('C-Up', '+', '1', 'Enter');
    await alice.shows('👍');
    await alice.press('C-Up', 'e');
    await alice.type(' Or white.');
    await bob.shows(/Green, always\. Or white\..*edited/);
    await bob.type('Coffee!');
    await alice.shows('Coffee!');
    await bob.type('/delete');
    await bob.shows('Enter deletes');
    await bob.press('Enter');
    await alice.showsNot('Coffee!');
  });

  it('what was said is found again', async () => {
    await alice.press('C-f');
    await alice.type('black');
    await alice.shows('Find in #tea');
    await alice.shows('1 message');
    await closePanel(alice);
    await alice.type('/search milk');
    await alice.shows('bob → alice: between us');
    await alice.press('Enter');
    await alice.shows('bring milk');
    await alice.type('/to #tea');
    await alice.shows(/#tea · 2 members/);
  });

  it('the primary is killed from the panel of servers, and the chat goes on', async () => {
    await alice.type('/cluster');
    const before = await alice.shows(/● localhost:\d+ +primary/);
    const primary = /● (localhost:\d+) +primary/.exec(before)![1]!;
    // The panel begins with the first server; the primary is picked before it is killed.
    const addresses = [...before.matchAll(/[●○] (localhost:\d+) /g)].map(([, address]) => address);
    for (let index = 0; index < addresses.indexOf(primary); index++) await alice.press('Down');
    await alice.press('k');
    await alice.shows(/again|kill/i);
    await alice.press('k');
    await alice.shows(new RegExp(`${primary} +(away|.*stopped)`));
    await alice.shows(/after \d+(\.\d+)? (s|ms)/);
    await closePanel(alice);
    await alice.shows('servers 2 of 3');
    await alice.type('Still here.');
    await bob.shows('Still here.');
    await alice.type('/cluster');
    await alice.shows(/stopped/);
    // Servers that are away stand last.
    await alice.press('Down', 'Down');
    await alice.shows('s starts');
    await alice.press('s');
    await alice.shows('3 servers of 3');
    await closePanel(alice);
    await alice.shows('servers 3 of 3');
  });

  it('it fits small and large screens', async () => {
    for (const [columns, rows] of [
      [40, 10],
      [300, 100],
      [80, 24],
    ] as const) {
      await alice.resize(columns, rows);
      const screen = await alice.shows(/Still here\./);
      expect(screen.trimEnd().split('\n').length).toBeLessThanOrEqual(rows);
    }
  });

  it('who quits and comes back finds everything as it was left, without a password', async () => {
    await bob.press('C-c');
    expect(await bob.ended()).toBe(0);
    await alice.type('Come back, bob.');
    await alice.shows(/Come back, bob\. +✓/);
    await bob.restart(chatCommand());
    const screen = await bob.shows('Come back, bob.');
    expect(screen).toContain('Still here.');
  });

  it('a closed terminal ends the servers that were started in it, in order', async () => {
    expect(lockedBy(join(folder, 'data'))).toHaveLength(3);
    await alice.close();
    await until(() => lockedBy(join(folder, 'data')).length === 0);
    await bob.shows('not connected');
  });
});

async function until(isSo: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + 20_000;
  while (!isSo() && performance.now() < giveUpAtMs) await pause(50);
  expect(isSo()).toBe(true);
}
