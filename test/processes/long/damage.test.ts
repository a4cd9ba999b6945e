import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditTalkers, Talker } from '../../chaos/talker.ts';
import { Cluster, logSegments } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const KEPT = { lost: [], doubled: [], outOfOrder: [] };
const MESSAGES = 6;

describe('R26: servers whose log is damaged', { timeout: 90_000 }, () => {
  let cluster: Cluster;
  let ana: Talker;

  beforeEach(async () => {
    cluster = await Cluster.started();
    ana = await Talker.joined('ana', cluster.addresses);
    for (let count = 0; count < MESSAGES; count++) await ana.say('ana');
    await cluster.untilComplete();
  });

  afterEach(async () => {
    await ana.close();
    await cluster.close();
  });

  function logOf(index: number): string {
    const { folder } = cluster.servers[index]!;
    return join(folder, logSegments(folder).at(-1)!);
  }

  /** Op numbers of the rows in which a message was sent. */
  function messageOps(index: number): number[] {
    const rows = readFileSync(logOf(index), 'utf8').split('\n');
    return rows.filter((row) => row.includes(',message:send,')).map((row) => Number.parseInt(row, 10));
  }

  /** Flips a bit in the view's cell of a row: in place, as a disk does. */
  function flipBitOf(index: number, op: number): void {
    const bytes = readFileSync(logOf(index));
    const row = bytes.indexOf(`\n${op},`) + 1;
    bytes[bytes.indexOf(',', row) + 1]! ^= 1;
    writeFileSync(logOf(index), bytes);
  }

  const diskOf = (index: number) =>
    /^disk,(.+)$/m.exec(readFileSync(join(cluster.servers[index]!.folder, 'view.csv'), 'utf8'))?.[1];

  /** Everything acknowledged is there once, in order, and all logs are equal. */
  async function expectAllKept(): Promise<void> {
    await ana.quiet();
    const primary = await cluster.untilComplete();
    await ana.say('ana');
    expect(await auditTalkers([ana], cluster.addresses[primary]!)).toEqual(KEPT);
    await cluster.untilLogsEqual();
  }

  it('a flipped bit in the middle on one: it gets the row from another, says so, and is the member that it was', async () => {
    const primary = await cluster.untilComplete();
    const victim = (primary + 1) % 3;
    await cluster.terminate(victim);
    await ana.say('ana');
    const op = messageOps(victim)[2]!;
    flipBitOf(victim, op);
    const disk = diskOf(victim);
    const printedBefore = cluster.output(victim).length;
    await cluster.start(victim);
    await expectAllKept();
    const printed = cluster.output(victim).slice(printedBefore);
    const name = logSegments(cluster.servers[victim]!.folder).at(-1)!;
    expect(printed).toContain(`op ${op} does not match its digest`);
    expect(printed).toMatch(
      new RegExp(
        `The log is repaired in ${name}: operation ${op} came from localhost:\\d+; what was there is kept in `,
      ),
    );
    expect(diskOf(victim)).toBe(disk);
    const aside = readdirSync(join(cluster.servers[victim]!.folder, 'quarantine'));
    expect(aside.filter((one) => one.includes(`-damaged-at-${op}-`))).toHaveLength(1);
  });

  it('the same row on all: each says which one is missing and waits; with one copy put back, all go on', async () => {
    await cluster.untilLogsEqual();
    for (const { index } of cluster.servers) await cluster.kill(index);
    const whole = readFileSync(logOf(0));
    const op = messageOps(0)[2]!;
    for (const { index } of cluster.servers) flipBitOf(index, op);
    await cluster.startAll();
    for (const { index, address, folder } of cluster.servers) {
      const name = logSegments(folder).at(-1)!;
      const others = cluster.addresses.filter((one) => one !== address);
      await cluster.until(`${address} says what it waits for`, () =>
        cluster.output(index).includes(`${address} waits for operation ${op} of its log, damaged in ${name}`),
      );
      const status = await cluster.status(index);
      expect(status).toMatchObject({ role: 'waiting', commit: 0 });
      for (const one of [`operation ${op} of its log`, name, ...others]) expect(status?.waitingFor).toContain(one);
    }
    const { stdout } = await runProgram(['status', '--server', cluster.addresses[0]!]);
    expect(stdout.replaceAll('\n', ' ')).toContain(`${cluster.addresses[0]} waits for operation ${op} of its log`);
    expect(await cluster.terminate(0)).toEqual({ status: 0, signal: null });
    writeFileSync(logOf(0), whole);
    await cluster.start(0);
    await expectAllKept();
  });

  it('other rows on each: they repair one another, although none is whole', async () => {
    await cluster.untilLogsEqual();
    for (const { index } of cluster.servers) await cluster.kill(index);
    const ops = messageOps(0);
    for (const { index } of cluster.servers) flipBitOf(index, ops[index * 2]!);
    await cluster.startAll();
    await expectAllKept();
    for (const { index } of cluster.servers) {
      expect(cluster.output(index)).toContain(`operation ${ops[index * 2]} came from localhost:`);
    }
  });

  it('rows at the end that nobody can tell: the server joins anew as another disk, while there is a primary', async () => {
    const primary = await cluster.untilComplete();
    const victim = (primary + 1) % 3;
    await cluster.kill(victim);
    const bytes = readFileSync(logOf(victim));
    const disk = diskOf(victim);
    // The last two rows, but for the line feeds.
    for (let at = bytes.lastIndexOf('\n', bytes.lastIndexOf('\n', -2) - 1) + 1; at < bytes.length; at++) {
      if (bytes[at] !== 10) bytes[at] = 35;
    }
    writeFileSync(logOf(victim), bytes);
    await cluster.start(victim);
    await expectAllKept();
    expect(diskOf(victim)).not.toBe(disk);
    expect(cluster.output(victim)).toContain('No server has the rows that stood there');
    expect((await cluster.status(victim))?.quarantine?.newest[0]).toMatch(/^database-/);
  });

  it('rows at the end that nobody can tell, and no primary: it waits, and so do the others', async () => {
    const primary = await cluster.untilComplete();
    const [victim, other] = [(primary + 1) % 3, (primary + 2) % 3] as const;
    // The one that is damaged was the last of its view.
    await cluster.kill(primary);
    await cluster.untilServing([victim, other]);
    await cluster.kill(other);
    await cluster.untilServing([victim]);
    await ana.say('ana');
    await cluster.kill(victim);
    const bytes = readFileSync(logOf(victim));
    const before = readFileSync(logOf(victim));
    for (let at = bytes.lastIndexOf('\n', -2) + 1; at < bytes.length - 1; at++) bytes[at] = 35;
    writeFileSync(logOf(victim), bytes);
    await cluster.startAll();
    await cluster.until('all say what they wait for', async () => {
      const all = await Promise.all(cluster.servers.map(({ index }) => cluster.status(index)));
      const isWaiting = all.every((status) => status?.role === 'waiting' && status.waitingFor !== '');
      return isWaiting && all[victim]!.waitingFor.startsWith('what followed operation');
    });
    await cluster.kill(victim);
    writeFileSync(logOf(victim), before);
    await cluster.start(victim);
    await expectAllKept();
  });

  it('damage that a running server meets: it serves nothing of it, repairs it, and comes back by itself', async () => {
    const primary = await cluster.untilComplete();
    const asks = (primary + 1) % 3;
    await cluster.terminate(asks);
    await ana.say('ana');
    const op = messageOps(asks)[2]!;
    flipBitOf(asks, op);
    flipBitOf(primary, op);
    const pid = cluster.servers[primary]!.process?.pid;
    await cluster.start(asks);
    const third = cluster.addresses[3 - primary - asks]!;
    await cluster.until('both have the row again', () =>
      [asks, primary].every((index) => cluster.output(index).includes(`operation ${op} came from ${third}`)),
    );
    await expectAllKept();
    expect(cluster.output(primary)).toContain('nothing is served from it any more');
    expect(cluster.servers[primary]!.process?.pid).toBe(pid);
  });
});
