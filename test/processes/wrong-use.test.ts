import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, cleanEnvironment, freePorts, SERVER_PROGRAM } from '../support/cluster.ts';
import { type Ran, runProgram } from '../support/program.ts';

const ALONE = ['--replication-factor', '1'];

describe('the server program, used wrongly', () => {
  let folder: string;
  let data: string;
  let port: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-'));
    data = join(folder, 'data');
    port = String((await freePorts(1))[0]);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** One sentence for people: on standard error, and no stack. */
  function expectSentence({ stdout, stderr }: Ran, ...words: string[]): void {
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).not.toMatch(/\n\s+at |A fault in the program/);
    expect(stdout).toBe('');
  }

  it.each([
    { what: 'an unknown option', args: ['--dta', 'x'], words: ['--dta', '--data'] },
    { what: 'a duration without a unit', args: ['--heartbeat-timeout', '1500'], words: ['1500', '1500ms or 1.5s'] },
    { what: 'a duration out of range', args: ['--heartbeat-interval', '1ms'], words: ['1ms', '10ms to 600s'] },
    {
      what: 'durations that contradict each other',
      args: ['--heartbeat-timeout', '200ms', '--heartbeat-interval', '100ms'],
      words: ['200ms', '100ms', 'three times'],
    },
    { what: 'a replication factor of none', args: ['--replication-factor', '0'], words: ['1 to 9'] },
    { what: 'a durability that there is not', args: ['--durability', 'disk'], words: ['disk', 'fsync, os'] },
    { what: 'an address without a port', args: ['--join', 'localhost'], words: ['"localhost"', 'host:port'] },
    { what: 'a host that others reach, without a secret', args: ['--host', '0.0.0.0'], words: ['--secret-file'] },
    { what: 'a secret file that is not there', args: ['--secret-file', '/nowhere/x'], words: ['/nowhere/x'] },
  ])('$what is refused with status 2 before anything is written', async ({ args, words }) => {
    const ran = await runProgram(['primary', port, '--data', data, ...args]);
    expect(ran.status).toBe(2);
    expectSentence(ran, ...words);
    expect(existsSync(data)).toBe(false);
  });

  it.each([
    { args: ['primary', '70000'], words: ['70000', '1 to 65535'] },
    { args: ['secondary', 'x1538'], words: ['x1538', '1 to 65535'] },
    { args: ['primray', '1538'], words: ['primray', 'primary'] },
    { args: ['status', '--server', 'nowhere'], words: ['"nowhere"', 'host:port'] },
    { args: ['backup'], words: ['name'] },
    { args: ['backup', 'two words'], words: ['"two words"', 'letters, digits'] },
    { args: ['backup', 'x', '--server', 'nowhere'], words: ['"nowhere"', 'host:port'] },
    { args: ['restore', 'data/database@localhost:1538'], words: ['name'] },
    { args: ['restore', 'data', 'x'], words: ['data is not how a database is called'] },
    { args: ['restore', '/nowhere/database@localhost:1538', 'x'], words: ['no copy "x"; it has none'] },
    { args: ['primary', '1538', '--database', 'x.new'], words: ['"x.new"', 'not finished'] },
    { args: ['check'], words: ['database'] },
    { args: ['check', '/nowhere/database'], words: ['/nowhere/database'] },
    { args: ['check', 'server'], words: ['server is no database', 'database@HOST:PORT'] },
    { args: ['check', 'data', '--to', '-1'], words: ['-1', 'from 0 on'] },
  ])('$args is refused with status 2', async ({ args, words }) => {
    const ran = await runProgram(args);
    expect(ran.status).toBe(2);
    expectSentence(ran, ...words);
  });

  it('a data path that is a file is refused with its name', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'mine');
    const ran = await runProgram(['primary', port, '--data', file]);
    expect(ran.status).toBe(1);
    expectSentence(ran, file, 'folder');
  });

  it('a data path whose parent is missing is refused with both names', async () => {
    const missing = join(folder, 'nowhere');
    const ran = await runProgram(['primary', port, '--data', join(missing, 'data')]);
    expect(ran.status).toBe(1);
    expectSentence(ran, join(missing, 'data'), `${missing} does not exist`);
  });

  it('a port that another program has is refused with its number', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const taken = String((other.address() as { port: number }).port);
    try {
      const ran = await runProgram(['primary', taken, '--data', data]);
      expect(ran.status).toBe(1);
      expectSentence(ran, taken, 'in use');
    } finally {
      other.close();
    }
  });

  it('the status of a server that does not run ends with status 3', async () => {
    const ran = await runProgram(['status', '--server', `localhost:${port}`]);
    expect(ran.status).toBe(3);
    expectSentence(ran, `localhost:${port}`);
  });
});

describe('beside a server that runs', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.make({ size: 2 });
    await cluster.start(0, ALONE);
    await cluster.until('it serves', async () => {
      const status = await cluster.status(0);
      return status?.role === 'primary' && status.waitingFor === '';
    });
  });

  afterAll(() => cluster?.close());

  it('a second server on the same database names the process that has it, and harms nothing', async () => {
    const { port, process: first } = cluster.servers[0]!;
    const ran = await runProgram(['primary', String(port), '--data', cluster.folder, ...ALONE]);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain(`pid ${first?.pid}`);
    expect((await cluster.status(0))?.role).toBe('primary');
  });

  it('its database is not checked: the process that has it is named, with status 2', async () => {
    const { folder, process: first } = cluster.servers[0]!;
    const ran = await runProgram(['check', folder]);
    expect([ran.status, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain(`pid ${first?.pid}`);
  });

  it('R19b: a server with another replication factor ends with status 2 and names both', async () => {
    const { port } = cluster.servers[1]!;
    const args = ['secondary', String(port), '--data', cluster.folder, '--join', cluster.addresses[0]!];
    const ran = await runProgram([...args, '--replication-factor', '3']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('replication factor 1, this one 3');
    expect((await cluster.status(0))?.members).toEqual([cluster.addresses[0]]);
  });

  it('status prints one row for each server, and one object with --json', async () => {
    const asked = ['status', '--server', cluster.addresses[0]!];
    const [table, json] = await Promise.all([runProgram(asked), runProgram([...asked, '--json'])]);
    expect([table.status, json.status]).toEqual([0, 0]);
    expect(table.stdout).toMatch(new RegExp(`^${cluster.addresses[0]} +primary +\\d+ +\\d+`, 'm'));
    expect(JSON.parse(json.stdout)).toMatchObject({ address: cluster.addresses[0], role: 'primary' });
  });
});

describe('a server whose output is not read any longer', () => {
  it('goes on and ends in order', async () => {
    const cluster = await Cluster.make({ size: 2, args: ['--replication-factor', '2'] });
    const { port } = cluster.servers[0]!;
    const args = ['primary', String(port), '--data', cluster.folder, '--join', cluster.addresses.join(',')];
    const child = spawn(process.execPath, [SERVER_PROGRAM, ...args, '--replication-factor', '2'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
    });
    const ended = new Promise((resolve) => child.once('exit', (status) => resolve(status)));
    try {
      await new Promise((line) => child.stdout.once('data', line));
      // What `| head -1` does.
      child.stdout.destroy();
      child.stderr.destroy();
      await cluster.start(1);
      await cluster.untilServing();
      await cluster.kill(1);
      await cluster.until('it goes on alone', async () => (await cluster.status(0))?.members.length === 1);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
      await cluster.close();
    }
  });
});
