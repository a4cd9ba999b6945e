import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProtocolClient } from '../../chaos/protocol-client.ts';
import { Cluster, logSegments } from '../../support/cluster.ts';

const PASSWORD = 'correct horse battery';
const MESSAGES = 20;
const ALL = [0, 1, 2] as const;

describe('R26: damage in rows from before the snapshot', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let request = 0;

  beforeEach(async () => {
    cluster = await Cluster.started();
    request = 0;
    const ana = await connect(await cluster.untilComplete());
    expect(
      await ana.request('account:create', { request: ++request, username: 'ana', password: PASSWORD }),
    ).toMatchObject({
      ok: true,
    });
    for (let number = 1; number <= MESSAGES; number++) await say(ana, `message ${number}`);
    ana.close();
    await cluster.untilLogsEqual();
  });

  afterEach(() => cluster.close());

  const connect = (index: number) => ProtocolClient.open(cluster.addresses[index]!);

  async function logIn(index: number): Promise<ProtocolClient> {
    const ana = await connect(index);
    const ask = { request: ++request, username: 'ana', password: PASSWORD };
    // Refused for a moment after a start, it has to be repeated: others are refused on this socket until it is done.
    await cluster.until('ana is logged in', async () => (await ana.request('session:open', ask)).ok);
    return ana;
  }

  async function say(ana: ProtocolClient, body: string): Promise<void> {
    expect(await ana.request('message:send', { request: ++request, to: 'ana', body })).toMatchObject({ ok: true });
  }

  /** The newest messages, as ana gets them, or the code of the refusal. */
  async function history(ana: ProtocolClient, limit: number): Promise<string[] | string> {
    const page = await ana.request('message:history', { limit });
    return page.ok ? page.messages.map(({ body }) => body) : page.error.code;
  }

  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`);

  /** Changes a bit of a message's text, and changes it back the next time. */
  function flipBit(index: number, number: number): void {
    const { folder } = cluster.servers[index]!;
    const path = join(folder, logSegments(folder)[0]!);
    const bytes = readFileSync(path);
    const there = bytes.indexOf(`,message ${number},`);
    const at = (there === -1 ? bytes.indexOf(`,messagf ${number},`) : there) + ',messag'.length;
    bytes[at]! ^= 3;
    writeFileSync(path, bytes);
  }

  const asideOf = (index: number) =>
    readdirSync(join(cluster.servers[index]!.folder, 'quarantine')).filter((name) => name.includes('-damaged-at-'));

  const untilRepaired = (indices: readonly number[]) =>
    cluster.until('all damage is repaired', async () => {
      const all = await Promise.all(indices.map((index) => cluster.status(index)));
      return (
        all.every((status) => status?.waitingFor === '' && status.damage === undefined) &&
        indices.every((index) => asideOf(index).length === 1)
      );
    });

  it('on one of three: its start does not meet it; it finds it while it serves, and repairs it in the same process', async () => {
    const victim = ((await cluster.untilComplete()) + 1) % 3;
    await cluster.terminate(victim);
    flipBit(victim, 3);
    await cluster.start(victim);
    const pid = cluster.servers[victim]!.process?.pid;
    await untilRepaired([victim]);
    const primary = await cluster.untilComplete();
    expect(cluster.servers[victim]!.process?.pid).toBe(pid);
    const ana = await logIn(primary);
    await say(ana, 'message 21');
    expect(await history(ana, 100)).toEqual(numbered(1, 21));
    ana.close();
    await cluster.untilLogsEqual();
  });

  it('in the same row on all: they go on without it, and repair it once one has it again', async () => {
    for (const index of ALL) await cluster.terminate(index);
    for (const index of ALL) flipBit(index, 3);
    await cluster.startAll();
    const damages = () => Promise.all(ALL.map(async (index) => (await cluster.status(index))?.damage ?? ''));
    await cluster.until('all say that they go on with damage', async () => !(await damages()).includes(''));
    for (const damage of await damages()) {
      expect(damage).toMatch(/commit_log-0{19}1\.csv, line \d+: op \d+ does not match its digest/);
      expect(damage).toContain('No vote depends on that row');
    }
    const ana = await logIn(await cluster.untilComplete());
    await say(ana, 'message 21');
    expect(await history(ana, 10)).toEqual(numbered(12, 21));
    expect(await history(ana, 100)).toBe('unavailable');
    ana.close();
    await cluster.terminate(0);
    flipBit(0, 3);
    await cluster.start(0);
    await untilRepaired([1, 2]);
    const again = await logIn(await cluster.untilComplete());
    expect(await history(again, 100)).toEqual(numbered(1, 21));
    again.close();
    await cluster.untilLogsEqual();
  });

  it('on the last one that is left: it serves alone, and repairs it when one that has the row is back', async () => {
    const last = ((await cluster.untilComplete()) + 1) % 3;
    const others = ALL.filter((index) => index !== last);
    for (const index of others) {
      await cluster.kill(index);
      await cluster.untilServing(ALL.filter((one) => cluster.servers[one]!.process !== undefined));
    }
    await cluster.terminate(last);
    flipBit(last, 3);
    await cluster.start(last);
    await cluster.until('it goes on with damage', async () => (await cluster.status(last))?.damage !== undefined);
    await cluster.untilServing([last]);
    const ana = await logIn(last);
    await say(ana, 'message 21');
    expect(await history(ana, 10)).toEqual(numbered(12, 21));
    expect(await history(ana, 100)).toBe('unavailable');
    const viewBefore = (await cluster.status(last))?.view;
    // One that has nothing does not get what is damaged, and harms nobody by asking.
    rmSync(cluster.servers[others[1]!]!.folder, { recursive: true });
    await cluster.start(others[1]!);
    await cluster.until('it wants to join', async () => {
      return (await cluster.status(others[1]!))?.waitingFor === `the primary ${cluster.addresses[last]}, to join`;
    });
    await say(ana, 'message 22');
    ana.close();
    expect(await cluster.status(last)).toMatchObject({ role: 'primary', view: viewBefore });
    expect((await cluster.status(others[1]!))?.commit).toBe(0);
    await cluster.start(others[0]!);
    await untilRepaired([last]);
    const again = await logIn(await cluster.untilComplete());
    expect(await history(again, 100)).toEqual(numbered(1, 22));
    again.close();
    await cluster.untilLogsEqual();
  });
});
