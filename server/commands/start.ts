import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Address, parseAddress } from '../../shared/ids.ts';
import { type LocalServersMessage, serverActionSchema } from '../../shared/local-servers.ts';
import { LocalServers } from './local-servers.ts';
import { askStatus } from './status.ts';

const POLL_MS = 100;
/** How often the chat is told how far each server is. */
const LOOK_MS = 500;
/** Longer than a start with a large log takes; after it the reason is in the servers' output. */
const COMPLETE_WITHIN_MS = 120_000;

/**
 * `npm start`: three servers as processes of their own, then the terminal chat; without a terminal, their status until
 * Ctrl+C. When they run already, only the chat is opened.
 *
 * @returns the exit status
 */
export async function startAll(dataFolder: string, ports: readonly number[]): Promise<number> {
  const addresses = ports.map((port) => parseAddress(`localhost:${port}`)!);
  const first = addresses[0]!;
  if (await isComplete(first)) {
    process.stdout.write(`Servers are running already on ${ports.join(', ')}.\n`);
    return process.stdin.isTTY ? openChat(addresses, undefined) : 0;
  }
  mkdirSync(dataFolder, { recursive: true });
  const servers = new LocalServers({
    ports,
    dataFolder,
    command: [process.execPath, ...process.execArgv, process.argv[1]!],
  });
  let isStopping = false;
  // SIGINT and SIGHUP come from the terminal, which sends them to the chat as well: it ends by itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      isStopping = true;
    });
  }
  try {
    const problem = await waitUntilComplete(first, servers, () => isStopping);
    if (problem !== '') {
      process.stderr.write(`${problem}\n`);
      return 1;
    }
    if (process.stdin.isTTY && process.stdout.isTTY) return await openChat(addresses, servers);
    await printUntilStopped(addresses, () => isStopping);
    return 0;
  } finally {
    await servers.stop();
  }
}

async function isComplete(first: Address): Promise<boolean> {
  const status = await askStatus(first);
  return (
    status !== undefined &&
    status.cluster.primary !== null &&
    status.waitingFor === '' &&
    status.cluster.warning === undefined
  );
}

/** @returns empty, or the sentence that says why it will never be */
async function waitUntilComplete(first: Address, servers: LocalServers, isStopping: () => boolean): Promise<string> {
  const untilMs = performance.now() + COMPLETE_WITHIN_MS;
  const isTerminal = process.stdout.isTTY;
  if (!isTerminal) process.stdout.write('Starting three servers.\n');
  for (let round = 0; performance.now() < untilMs; round++) {
    if (isStopping()) return 'Stopped before the servers were complete.';
    const { ended } = servers;
    if (ended) return `The server on port ${ended.port} ended: ${ended.lastLine.replace(/^[\d:.]+ /, '')}`;
    if (await isComplete(first)) {
      if (isTerminal) process.stdout.write('\r\u001b[K');
      return '';
    }
    if (isTerminal) process.stdout.write(`\rStarting three servers ${'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[round % 10]}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return `The servers are not complete after ${COMPLETE_WITHIN_MS / 1000} s; what they wait for is in their server-PORT.log files.`;
}

/** A chat that has just ended needs to be told nothing. */
const ignored = () => {};

/**
 * The chat's program lies beside this one, built or as sources.
 *
 * @param servers which the chat shows and may kill, pause and start again; undefined when they are not ours
 */
function openChat(addresses: readonly Address[], servers: LocalServers | undefined): Promise<number> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`../../client/main.${extension}`, import.meta.url));
  const chat = spawn(process.execPath, [...process.execArgv, program, '--server', addresses.join(',')], {
    stdio: servers ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
  });
  if (servers) {
    const tell = () =>
      void (chat.connected && chat.send({ localServers: servers.list } satisfies LocalServersMessage, ignored));
    servers.onChange(tell);
    const looking = setInterval(() => void servers.look(), LOOK_MS);
    chat.on('exit', () => clearInterval(looking));
    void servers.look();
    chat.on('message', (message) => {
      const asked = serverActionSchema.safeParse(message);
      if (asked.success) servers.act(asked.data.address, asked.data.action);
    });
  }
  return new Promise((resolve) => chat.on('exit', (code) => resolve(code ?? 1)));
}

async function printUntilStopped([first, second]: readonly Address[], isStopping: () => boolean): Promise<void> {
  let said = '';
  while (!isStopping()) {
    const status = (await askStatus(first!)) ?? (await askStatus(second!));
    const text = status
      ? `View ${status.view}: ${status.members.join(', ')}; the primary is ${status.primary ?? 'not known'}.${status.cluster.warning ? ` WARNING: ${status.cluster.warning}` : ''}`
      : 'No server answers.';
    if (text !== said) process.stdout.write(`${text}\n`);
    said = text;
    for (let waitedMs = 0; waitedMs < 1000 && !isStopping(); waitedMs += POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
