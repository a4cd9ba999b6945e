import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { storeMessages } from '../../bench/stored-messages.ts';
import { Cluster, logSegments } from '../../support/cluster.ts';

const MESSAGES = 20_000;

/** Bytes of a server's log, 0 without one. */
function logBytes({ folder }: { folder: string }): number {
  if (!existsSync(folder)) return 0;
  return logSegments(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

describe('R14: a server with an empty folder, while it gets a long log', { timeout: 120_000 }, () => {
  let cluster: Cluster;

  afterEach(() => cluster.close());

  /** All three are whole; then the last one loses its folder and has got a part of the log again. */
  async function partlyJoined(): Promise<{ primary: number; joiner: number; got: number }> {
    cluster = await Cluster.make({ size: 3 });
    const [first] = cluster.servers;
    await cluster.start(0);
    await cluster.until('the first server has begun', async () => (await cluster.status(0))?.view === 1);
    await cluster.terminate(0);
    await storeMessages({ folder: first!.folder, address: first!.address, accounts: 50, messages: MESSAGES });
    await cluster.startAll();
    const primary = await cluster.untilComplete();
    const joiner = primary === 2 ? 1 : 2;
    const all = logBytes(cluster.servers[primary]!);
    await cluster.kill(joiner);
    rmSync(cluster.servers[joiner]!.folder, { recursive: true });
    cluster.launch(joiner);
    await cluster.until('a part of the log is there', () => logBytes(cluster.servers[joiner]!) > all / 4);
    const got = logBytes(cluster.servers[joiner]!);
    expect(got).toBeLessThan(all);
    return { primary, joiner, got };
  }

  /** Waits until all are whole. @returns the least that the joiner's log had meanwhile */
  async function leastUntilWhole(joiner: number, indices: readonly number[]): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        least = Math.min(least, logBytes(cluster.servers[joiner]!));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    if (!cluster.servers[joiner]!.process) await cluster.start(joiner);
    await cluster.until('everything is there', async () => {
      const all = await Promise.all(indices.map((index) => cluster.status(index)));
      const view = all[0]?.view;
      return all.every((status) => status?.view === view && status?.members.length === indices.length);
    });
    isOver = true;
    await watching;
    return least;
  }

  it('goes on where it stood when it was killed half-way, and not from the beginning', async () => {
    const { joiner } = await partlyJoined();
    await cluster.kill(joiner);
    const got = logBytes(cluster.servers[joiner]!);
    const torn =
      got -
      readFileSync(join(cluster.servers[joiner]!.folder, 'commit_log-00000000000000000001.csv')).lastIndexOf(10) -
      1;
    expect(await leastUntilWhole(joiner, [0, 1, 2])).toBeGreaterThanOrEqual(got - torn);
    await cluster.untilLogsEqual();
  });

  it('goes on where it stood with another server when the one that feeds it is killed', async () => {
    const { primary, joiner, got } = await partlyJoined();
    await cluster.kill(primary);
    const rest = [0, 1, 2].filter((index) => index !== primary);
    expect(await leastUntilWhole(joiner, rest)).toBeGreaterThanOrEqual(got);
    await cluster.untilLogsEqual(rest);
  });
});
