import { join, resolve } from 'node:path';
import { PASSWORD, User } from './chat-users.ts';
import { type ClusterOptions, freePorts } from './cluster.ts';
import type { Figure } from './figures.ts';
import { Server } from './history.ts';
import type { LoadTasks } from './load-worker.ts';
import { pause, removeFolder, temporaryFolder, Worker } from './processes.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { storeMessages } from './stored-messages.ts';

const CLIENT = resolve('dist/client/main.js');
/** The account with all the messages, and the one that writes to it. */
const READER = 'stored0';
const WRITER = 'stored1';
const INCOMING_PER_SECOND = 500;
const KEYS = 60;
/** Nobody types at the pace of frames; this one falls at all moments of them. */
const BETWEEN_KEYS_MS = 47;
const SETTLE_MS = 1500;
/** Typed and looked for: nothing else on the screen has it. */
const KEY = '§';

export interface TerminalPlan {
  messages: number;
  rounds: number;
}

/** What somebody waits for who chats in the terminal. */
export interface TerminalTimes {
  /** From the start of the process until the newest message of the last session is on the screen. */
  firstPaintMs: number;
  /** Until what came since is there, too. */
  caughtUpMs: number;
  /** From a key to what it typed, one after the other. */
  quietKeysMs: number[];
  /** The same while messages come in. */
  busyKeysMs: number[];
  /** How many came in a second then. */
  incomingPerSecond: number;
}

/** A user with much history opens the chat, types, and types while messages pour in. */
export async function measureTerminal(
  plan: TerminalPlan,
  options: ClusterOptions,
  onRound: (times: TerminalTimes) => void,
): Promise<TerminalTimes[]> {
  const [port] = await freePorts(1);
  const server = new Server(port!, options);
  await server.start();
  await server.stop();
  await storeMessages({ folder: server.folder, address: server.address, accounts: 2, messages: plan.messages });
  await server.start();
  const stateFolder = temporaryFolder(options.parentFolder);
  const writer = await User.enter(server.address, WRITER);
  await logIn(server.address, stateFolder, writer);
  const load = new Worker<LoadTasks>('load-worker');
  await load.ask('enterAs', { address: server.address, username: WRITER, to: READER });
  const rounds: TerminalTimes[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    const times = await measureOne(server.address, stateFolder, writer, load, round);
    rounds.push(times);
    onRound(times);
  }
  await load.end();
  writer.disconnect();
  await server.stop();
  server.remove();
  removeFolder(stateFolder);
  return rounds;
}

function openClient(address: string, stateFolder: string): PseudoTerminal {
  const command = [process.execPath, CLIENT, READER, '--server', address, '--state-folder', join(stateFolder, 'state')];
  return new PseudoTerminal({ columns: 100, rows: 30, command });
}

/** The first session: all that follow find its log-in, and what it was told. */
async function logIn(address: string, stateFolder: string, writer: User): Promise<void> {
  const terminal = openClient(address, stateFolder);
  await terminal.written('Password');
  await pause(SETTLE_MS);
  terminal.write(`${PASSWORD}\r`);
  const arrived = terminal.written('newest-0');
  await pause(SETTLE_MS);
  await send(writer, 'newest-0');
  await arrived;
  await pause(SETTLE_MS);
  await terminal.quit();
}

async function measureOne(
  address: string,
  stateFolder: string,
  writer: User,
  load: Worker<LoadTasks>,
  round: number,
): Promise<TerminalTimes> {
  await send(writer, `newest-${round}`);
  const startedAt = performance.now();
  const terminal = openClient(address, stateFolder);
  const firstPaintMs = (await terminal.written(`newest-${round - 1}`)) - startedAt;
  const caughtUpMs = (await terminal.written(`newest-${round}`).catch(() => Number.NaN)) - startedAt;
  await pause(SETTLE_MS);
  const quietKeysMs = await typeKeys(terminal);
  const pouring = load.ask('pour', { perSecond: INCOMING_PER_SECOND, forMs: SETTLE_MS + KEYS * 3 * BETWEEN_KEYS_MS });
  await pause(SETTLE_MS);
  const busyKeysMs = await typeKeys(terminal);
  const incomingPerSecond = await pouring;
  await pause(SETTLE_MS);
  const last = terminal.written(`newest-${round}`);
  await send(writer, `newest-${round}`);
  await last;
  await pause(SETTLE_MS);
  await terminal.quit();
  return { firstPaintMs, caughtUpMs, quietKeysMs, busyKeysMs, incomingPerSecond };
}

/** Types into the composer, one key more each time, and takes it all back. */
async function typeKeys(terminal: PseudoTerminal): Promise<number[]> {
  const elapsedMs: number[] = [];
  for (let count = 1; count <= KEYS; count++) {
    const shown = terminal.written(KEY.repeat(count));
    const pressedAt = performance.now();
    terminal.write(KEY);
    elapsedMs.push((await shown) - pressedAt);
    await pause(BETWEEN_KEYS_MS);
  }
  terminal.write('\x15');
  await pause(SETTLE_MS);
  return elapsedMs;
}

function send(user: User, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    user.send(READER, body, (refused) => (refused === undefined ? resolve() : reject(new Error(refused))));
  });
}

/** The figures for the table. */
export function terminalFigures(rounds: readonly TerminalTimes[], messages: number): Figure[] {
  const alone = { unit: 'ms', besideName: '', beside: [], better: 'less' } as const;
  const count = messages.toLocaleString('en');
  const keys = { ...alone, must: 50, goal: 16 };
  return [
    {
      ...alone,
      name: `terminal: first paint, ${count} messages`,
      ours: rounds.map((one) => one.firstPaintMs),
      must: 1000,
      goal: 300,
    },
    {
      ...alone,
      name: 'terminal: what came since is there',
      ours: rounds.map((one) => one.caughtUpMs),
      must: 1500,
      goal: 500,
    },
    { ...keys, name: 'terminal: key to screen', ours: rounds.flatMap((one) => one.quietKeysMs) },
    {
      ...keys,
      name: `terminal: key to screen, ${INCOMING_PER_SECOND} messages a second coming in`,
      ours: rounds.flatMap((one) => one.busyKeysMs),
    },
  ];
}
