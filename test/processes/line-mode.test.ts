import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, cleanEnvironment, DIST } from '../support/cluster.ts';
import { runProgram } from '../support/program.ts';
import { TerminalSession, whyNoTerminals } from '../support/terminal-session.ts';

const PASSWORD = 'correct horse battery';
const CLIENT = join(DIST, 'client/main.js');
/** Longer than a server is paused here. */
const ARGS = ['--heartbeat-timeout', '3s'];

/** `client repl` in a pipe. */
class Piped {
  readonly #child: ChildProcessWithoutNullStreams;
  output = '';

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [CLIENT, 'repl', ...args], { env: cleanEnvironment() });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (piece) => {
        this.output += piece;
      });
    }
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The end of the input. @returns the exit status */
  async end(): Promise<number | null> {
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    return (await ended)[0];
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

describe('client repl while the servers that it talks to are stopped', { timeout: 90_000 }, () => {
  let cluster: Cluster;
  let piped: Piped | undefined;
  let session: TerminalSession | undefined;

  beforeAll(async () => {
    cluster = await Cluster.make({ args: ARGS });
    for (const index of [0, 1, 2]) await joined(index);
    await cluster.untilComplete();
    const bob = ['create', 'bob', '--server', cluster.addresses.join(','), '--state-folder', folder('bob')];
    expect(await runProgram(bob, { program: 'client', environment: { CHAT_PASSWORD: PASSWORD } })).toMatchObject({
      status: 0,
    });
  });

  afterAll(async () => {
    piped?.kill();
    await session?.close();
    await cluster?.close();
  });

  /** Starts a server; resolves when it is the last member of the view. */
  async function joined(index: number): Promise<void> {
    await cluster.start(index);
    const { address } = cluster.servers[index]!;
    await cluster.until(
      `${address} is a member`,
      async () => (await cluster.status(index))?.members.at(-1) === address,
    );
  }

  function folder(name: string): string {
    return join(cluster.folder, `state-${name}`);
  }

  /** Where the program looks first, and where it keeps what it knows. */
  function repl(name: string, server = 0): string[] {
    return ['-H', '127.0.0.1', '-P', String(cluster.servers[server]!.port), '--state-folder', folder(name)];
  }

  /** What was shown, with names in the place of what differs from run to run. */
  function withoutChance(text: string): string[] {
    let shown = text;
    for (const { index, port } of cluster.servers) shown = shown.replaceAll(String(port), `PORT${index + 1}`);
    const ids = [...new Set([...shown.matchAll(/\[([0-9a-f]{22})\]/g)].map((match) => match[1]!))];
    for (const [index, id] of ids.entries()) shown = shown.replaceAll(id, `ID${index + 1}`);
    return shown
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  }

  /** A write that cannot be done yet is under way when the primary is killed. */
  async function killPrimaryAmidst(primary: number, write: () => unknown): Promise<void> {
    const backups = cluster.up.map(({ index }) => index).filter((index) => index !== primary);
    for (const index of backups) cluster.pause(index);
    await write();
    await cluster.kill(primary);
    for (const index of backups) cluster.resume(index);
  }

  it('in a pipe says where it is, moves by itself between two lines and in the middle of a write, and ends with 0', async () => {
    piped = new Piped(repl('ana'));
    const shown = untilShown(() => piped!.output);
    await shown('Known nodes:', 1);
    piped.type(`CREATE ana '${PASSWORD}'`);
    piped.type('SEND bob one');
    await shown('Sent ', 1);
    await killPrimaryAmidst(0, () => piped!.type('SEND bob two'));
    await shown('Sent ', 2);
    expect(await cluster.untilServing([1, 2])).toBe(1);
    expect(await cluster.terminate(1)).toEqual({ status: 0, signal: null });
    await shown('Reconnected ', 2);
    piped.type('SEND bob three');
    piped.type('HISTORY bob');
    await shown('three', 1);
    expect(await piped.end()).toBe(0);
    expect(withoutChance(piped.output)).toEqual([
      'Connected to Understudy at localhost:PORT1',
      'Known nodes:',
      '  localhost:PORT1',
      '  localhost:PORT2',
      '  localhost:PORT3',
      'Logged in as ana.',
      'Sent [ID1]',
      'Reconnected to Understudy at localhost:PORT2',
      'Known nodes:',
      '  localhost:PORT2',
      '  localhost:PORT3',
      '  localhost:PORT1',
      'WARNING: cluster size (2) is smaller than the replication factor (3)!',
      'Sent [ID2]',
      'Reconnected to Understudy at localhost:PORT3',
      'Known nodes:',
      '  localhost:PORT3',
      '  localhost:PORT1',
      '  localhost:PORT2',
      'WARNING: cluster size (1) is smaller than the replication factor (3)!',
      'Sent [ID3]',
      'TIME ana -> bob: one  [ID1]',
      'TIME ana -> bob: two  [ID2]',
      'TIME ana -> bob: three  [ID3]',
    ]);
  });

  it('greets with the warning, and ends with 1 when a line was refused, with 3 when no server is reached', async () => {
    piped = new Piped(repl('ana', 2));
    piped.type('SEND bob four');
    expect(await piped.end()).toBe(1);
    expect(withoutChance(piped.output)).toEqual([
      'Connected to Understudy at localhost:PORT3',
      'Known nodes:',
      '  localhost:PORT3',
      '  localhost:PORT1',
      '  localhost:PORT2',
      'WARNING: cluster size (1) is smaller than the replication factor (3)!',
      'ERROR not-logged-in: Nobody is logged in; log in first.',
    ]);
    const nobody = new Piped(['-P', '1', '--timeout', '0.3', '--state-folder', folder('eve')]);
    expect(await nobody.end()).toBe(3);
    expect(nobody.output).toBe('No server is reached; is one running at these addresses?\n');
  });

  it.skipIf(whyNoTerminals() !== '')(
    'on a terminal keeps what is being typed, completes, remembers lines but no password, and shows none',
    async () => {
      await joined(0);
      await joined(1);
      expect(await cluster.untilComplete()).toBe(2);
      session = await TerminalSession.open({
        columns: 90,
        rows: 40,
        command: [process.execPath, CLIENT, 'repl', ...repl('terminal')],
      });
      await session.shows(/^>$/m);
      await session.type('LOGI', false);
      await session.press('Tab');
      await session.shows('> LOGIN');
      await session.type('bob');
      await session.shows('Password:');
      await session.type(PASSWORD);
      await session.shows(/three.*\nbob>$/m);
      await session.type('SEND an', false);
      await session.press('Tab');
      await session.shows('bob> SEND ana');
      await session.type('hello');
      await session.shows(/^Sent.*\nbob>$/m);
      await session.type('SEND ana half of it', false);
      await cluster.kill(2);
      await session.shows(/size \(2\).*\nbob> SEND ana half of it$/m);
      await session.type(', and the rest');
      await session.shows(/^Sent.*\nbob>$/m);
      const [primary] = [await cluster.untilServing([0, 1])];
      await cluster.terminate(primary);
      await session.shows(/size \(1\).*\nbob>$/m);
      await session.press('Up', 'Up', 'Up');
      await session.shows(/^bob> LOGIN bob$/m);
      await session.press('C-c');
      await session.shows(/^bob>$/m);
      await session.type('send ana good bye');
      await session.shows(/^bob> send ana good bye\nSent.*\nbob>$/m);
      const screen = await session.capture();
      await session.type('QUIT');
      expect(await session.ended()).toBe(0);
      expect(withoutChance(screen)).toEqual([
        'Connected to Understudy at localhost:PORT3',
        'Known nodes:',
        '  localhost:PORT3',
        '  localhost:PORT1',
        '  localhost:PORT2',
        '> LOGIN bob',
        'Password:',
        'Logged in as bob.',
        'TIME ana -> bob: one  [ID1]',
        'TIME ana -> bob: two  [ID2]',
        'TIME ana -> bob: three  [ID3]',
        'bob> SEND ana hello',
        'Sent [ID4]',
        'Reconnected to Understudy at localhost:PORT1',
        'Known nodes:',
        '  localhost:PORT1',
        '  localhost:PORT2',
        '  localhost:PORT3',
        'WARNING: cluster size (2) is smaller than the replication factor (3)!',
        'bob> SEND ana half of it, and the rest',
        'Sent [ID5]',
        'Reconnected to Understudy at localhost:PORT2',
        'Known nodes:',
        '  localhost:PORT2',
        '  localhost:PORT1',
        '  localhost:PORT3',
        'WARNING: cluster size (1) is smaller than the replication factor (3)!',
        'bob> send ana good bye',
        'Sent [ID6]',
        'bob>',
      ]);
      const kept = readFileSync(join(folder('terminal'), 'repl_history'), 'utf8');
      expect(kept.split('\n')).toEqual([
        'LOGIN bob',
        'SEND ana hello',
        'SEND ana half of it, and the rest',
        'send ana good bye',
        'QUIT',
        '',
      ]);
    },
  );
});

/** Waits until a text has been shown so many times. */
function untilShown(output: () => string): (text: string, times: number) => Promise<void> {
  return async (text, times) => {
    const giveUpAtMs = performance.now() + 25_000;
    while (output().split(text).length - 1 < times) {
      if (performance.now() > giveUpAtMs) throw new Error(`It never said ${JSON.stringify(text)} again:\n${output()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
}
