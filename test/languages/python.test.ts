import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { RunningProgram } from '../support/running-program.ts';

const CLIENT = 'test/languages/chat.py';
const PASSWORD = 'correct horse';

/** The Python of the system, whose packages it is, or whichever comes first. */
const PYTHON = ['/usr/bin/python3', 'python3'].find(
  (python) => spawnSync(python, ['-c', 'import aiohttp, socketio']).status === 0,
);
if (PYTHON === undefined) {
  console.warn(
    'Skipped: no Python with socketio and aiohttp (Debian: apt-get install python3-socketio python3-aiohttp).',
  );
}

interface Shown {
  entered?: string;
  told?: { from: string; to: string; body: string; position: number };
  sent?: { id: string; position: number };
  history?: { body: string }[];
  refused?: { code: string };
}

describe.skipIf(PYTHON === undefined)('a client in Python, written from PROTOCOL.md alone', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.started();
  }, 60_000);

  afterAll(async () => {
    await cluster?.close();
  });

  function person(how: 'create' | 'log-in', name: string, password = PASSWORD, servers = cluster.addresses) {
    const program = new RunningProgram(PYTHON!, [CLIENT, how, name, password, ...servers]);
    onTestFinished(async () => {
      await program.end();
    });
    const shown = (): Shown[] =>
      program.output
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Shown);
    return {
      program,
      type: (line: string) => program.type(line),
      shown,
      /** The texts that it was told, its own included. */
      told: () => shown().flatMap(({ told }) => told?.body ?? []),
      acknowledged: () => shown().flatMap(({ sent }) => sent?.position ?? []),
      until: (what: string, isSo: () => boolean) =>
        cluster.until(`${name}: ${what}`, isSo).catch((error: Error) => {
          throw new Error(`${error.message}\n${name} printed:\n${program.output}`);
        }),
    };
  }

  it('makes accounts, talks, and goes on when the primary is killed: each message once, in order', async () => {
    // One of them is told of one server only, and not of the primary.
    const primary = await cluster.untilComplete();
    const backup = cluster.addresses[(primary + 1) % 3]!;
    const [ana, bob] = [person('create', 'ana'), person('create', 'bob', PASSWORD, [backup])];
    await Promise.all([ana, bob].map((one) => one.until('is in', () => one.shown().some(({ entered }) => entered))));

    ana.type('send bob one');
    await bob.until('hears one', () => bob.told().includes('one'));
    bob.type('send ana two');
    await ana.until('hears two', () => ana.told().includes('two'));

    await cluster.kill(primary);
    for (const body of ['three', 'four', 'five']) ana.type(`send bob ${body}`);
    await bob.until('hears what was sent meanwhile', () => bob.told().includes('five'));
    await ana.until('has all answers', () => ana.acknowledged().length === 4);
    ana.type('send nobody six');
    await ana.until('is refused', () => ana.shown().some(({ refused }) => refused?.code === 'no-such-account'));

    const all = ['one', 'two', 'three', 'four', 'five'];
    expect([ana.told(), bob.told()]).toEqual([all, all]);
    const positions = ana.acknowledged();
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));

    for (const one of [ana, bob]) one.program.closeInput();
    expect(await Promise.all([ana, bob].map((one) => one.program.ended))).toEqual([
      { status: 0, signal: null },
      { status: 0, signal: null },
    ]);
  }, 60_000);

  it('logs in on another device after the fail-over, and has the history', async () => {
    const again = person('log-in', 'ana');
    await again.until('is in', () => again.shown().some(({ entered }) => entered === 'ana'));
    again.type('history bob');
    await again.until('gets the history', () => again.shown().some(({ history }) => history !== undefined));
    const history = again.shown().flatMap((one) => one.history ?? []);
    expect(history.map(({ body }) => body)).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  it('is refused with a wrong password', async () => {
    const stranger = person('log-in', 'ana', 'wrong horse');
    expect((await stranger.program.ended).status).toBe(1);
    expect(stranger.shown()).toMatchObject([{ refused: { code: 'wrong-password', definite: true } }]);
  });
});
