import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PORTS } from '../../shared/limits.ts';
import { areFree, DIST, freePorts, SERVER_PROGRAM } from '../support/cluster.ts';
import { TerminalSession } from '../support/terminal-session.ts';

/** A screen of the real program, with its looks as escape sequences. */
export interface Scene {
  /** The picture's file, without `.svg`. */
  name: string;
  title: string;
  columns: number;
  rows: number;
  screen: string;
}

const PASSWORD = 'correct horse';
const SIZE = { columns: 100, rows: 26 };
type Command = [string, string, ...string[]];

/** Plays what README shows: a conversation in a room, and the panel of servers after one was killed. */
export async function playScenes(): Promise<Scene[]> {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-pictures-'));
  const ports = (await areFree(DEFAULT_PORTS)) ? DEFAULT_PORTS : await freePorts(3);
  const servers = ports.map((port) => `localhost:${port}`).join(',');
  const client = join(DIST, 'client/main.js');
  const startAll: Command = [process.execPath, SERVER_PROGRAM, 'start', '--data', join(folder, 'data')];
  startAll.push('--ports', ports.join(','));
  const stateOf = (name: string): Record<string, string> => ({ UNDERSTUDY_STATE_FOLDER: join(folder, name) });
  const opened: TerminalSession[] = [];
  const open = async (name: string, command: Command): Promise<TerminalSession> => {
    const terminal = await TerminalSession.open({ ...SIZE, command, environment: stateOf(name) });
    opened.push(terminal);
    await terminal.shows('Create an account');
    await terminal.shows('3 of 3');
    await terminal.type(name, false);
    await terminal.press('Tab');
    await terminal.type(PASSWORD);
    await terminal.shows(`Welcome, ${name}.`);
    return terminal;
  };
  try {
    const alice = await open('alice', startAll);
    const bob = await open('bob', [process.execPath, client, '--server', servers]);
    const carol = await open('carol', [process.execPath, client, '--server', servers]);
    await converse(alice, bob, carol);
    const chat = {
      ...SIZE,
      name: 'chat',
      title: 'The terminal chat: a room with three people',
      screen: await alice.capture(true),
    };
    await killPrimary(alice);
    const cluster = {
      ...SIZE,
      name: 'cluster',
      title: 'The panel of servers after the primary was killed',
      screen: await alice.capture(true),
    };
    return [chat, cluster];
  } finally {
    for (const terminal of opened) await terminal.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function converse(alice: TerminalSession, bob: TerminalSession, carol: TerminalSession): Promise<void> {
  await alice.type('/create #launch Friday, 14:00: we switch over');
  await alice.shows('#launch');
  for (const other of [bob, carol]) {
    await other.type('/join #launch');
    await other.shows('#launch ·');
  }
  await alice.shows('carol joined');
  await say(carol, alice, 'The new machines are up. Who has the runbook?');
  await say(bob, alice, 'It is in the wiki, page 3');
  await alice.press('C-Up', 'r');
  await alice.type('Page 4 now, I moved the rollback to the front');
  await bob.shows('rollback');
  await bob.press('C-Up', '+', '1', 'Enter');
  await alice.shows('👍');
  await say(carol, alice, '@alice shall we kill a server?');
  await bob.type('/msg alice lunch at twelve?');
  await alice.shows(/bob +1 /);
  await say(alice, carol, 'With pleasure. F2, k, k.');
  await alice.press('Escape');
  await carol.type('popcorn', false);
  await alice.shows('carol is typing');
  await alice.showsNot('joined #launch');
}

async function say(who: TerminalSession, whoReads: TerminalSession, text: string): Promise<void> {
  await who.type(text);
  await whoReads.shows(text);
}

async function killPrimary(alice: TerminalSession): Promise<void> {
  await alice.press('F2');
  const screen = await alice.shows(/● localhost:\d+ +primary/);
  const primary = /● (localhost:\d+) +primary/.exec(screen)![1]!;
  const addresses = [...screen.matchAll(/[●○] (localhost:\d+) /g)].map(([, address]) => address);
  for (let index = 0; index < addresses.indexOf(primary); index++) await alice.press('Down');
  await alice.press('k');
  await alice.shows(/again|kill/i);
  await alice.press('k');
  await alice.shows('stopped');
  await alice.shows(/\d (s|ms) +localhost/);
}
