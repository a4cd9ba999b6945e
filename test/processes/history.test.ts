import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Message } from '../../shared/api.ts';
import { historyOf } from '../chaos/audit.ts';
import { ProtocolClient } from '../chaos/protocol-client.ts';
import { Cluster, logSegments } from '../support/cluster.ts';

const PASSWORD = 'correct horse battery';
const ALONE = { size: 1, args: ['--replication-factor', '1', '--durability', 'os'] };

describe('the history of a server that starts again', { timeout: 60_000 }, () => {
  let cluster: Cluster;

  afterEach(async () => {
    await cluster.close();
  });

  /** ana writes to bob, and takes every tenth message back. @returns the bodies that are left */
  async function write(from: number, count: number, isNew: boolean): Promise<string[]> {
    const ana = await ProtocolClient.open(cluster.addresses[0]!);
    const event = isNew ? 'account:create' : 'session:open';
    expect(await ana.request(event, { request: 1, username: 'ana', password: PASSWORD })).toMatchObject({ ok: true });
    const left: string[] = [];
    const sent = Array.from({ length: count }, async (_, index) => {
      const request = { request: 2 + index, to: 'ana', body: `message ${from + index} `.padEnd(100, 'x') };
      const reply = await ana.request('message:send', request);
      if (!reply.ok) throw new Error(reply.error.message);
      if (index % 10 !== 5) left.push(request.body);
      return reply.id;
    });
    const ids = await Promise.all(sent);
    for (let index = 5; index < count; index += 10) {
      const request = { request: 2 + count + index, id: ids[index]! };
      expect(await ana.request('message:delete', request)).toMatchObject({ ok: true });
    }
    ana.close();
    return left;
  }

  /** A log-in is a write: it may be refused for a moment after the start. */
  async function history(): Promise<Message[]> {
    let found: Message[] = [];
    await cluster.until('ana can read', async () => {
      const read = await historyOf(cluster.addresses[0]!, 'ana', PASSWORD).catch(() => undefined);
      found = read ?? [];
      return read !== undefined;
    });
    return found;
  }

  async function logIn(): Promise<ProtocolClient> {
    const ana = await ProtocolClient.open(cluster.addresses[0]!);
    // Repeated under the same number: after a refusal, others are refused on this socket until it is done.
    const isIn = async () =>
      (await ana.request('session:open', { request: 1, username: 'ana', password: PASSWORD })).ok;
    await cluster.until('ana is logged in', isIn);
    return ana;
  }

  it('is the same after SIGTERM and after kill -9, page by page and backwards', async () => {
    cluster = await Cluster.started(ALONE);
    const written: string[] = await write(0, 200, true);
    const end = [() => cluster.terminate(0), () => cluster.kill(0), () => cluster.terminate(0)];
    for (const [round, stop] of end.entries()) {
      const before = await history();
      expect(before.map(({ body }) => body)).toEqual(written);
      await stop();
      await cluster.start(0);
      await cluster.untilComplete();
      expect(await history()).toEqual(before);
      written.push(...(await write(1000 * (round + 1), 50, false)));
    }
    const ana = await logIn();
    const page = await ana.request('message:history', { with: 'ana', limit: 30 });
    ana.close();
    expect(page).toMatchObject({ ok: true, more: true });
    expect(page.ok && page.messages.map(({ body }) => body)).toEqual(written.slice(-30));
  });

  it('is served but for a row that was damaged long ago, which log and status name', async () => {
    cluster = await Cluster.started(ALONE);
    const written = await write(0, 200, true);
    await cluster.terminate(0);
    const { folder } = cluster.servers[0]!;
    const path = join(folder, logSegments(folder)[0]!);
    writeFileSync(path, readFileSync(path, 'utf8').replace('message 7 x', 'massage 7 x'));
    await cluster.start(0);
    await cluster.until('the damage is found', async () => (await cluster.status(0))?.damage !== undefined);
    const { damage } = (await cluster.status(0))!;
    expect(damage).toMatch(/commit_log-00000000000000000001\.csv, line \d+: op \d+ does not match its digest/);
    expect(cluster.output(0)).toContain(damage);
    await cluster.untilComplete();
    const ana = await logIn();
    const newest = await ana.request('message:history', { limit: 20 });
    expect(newest.ok && newest.messages.map(({ body }) => body)).toEqual(written.slice(-20));
    const oldest = await ana.request('message:history', { after: 0, limit: 20 });
    expect(oldest).toMatchObject({ ok: false, error: { code: 'unavailable', definite: true } });
    expect(await ana.request('message:send', { request: 1000, to: 'ana', body: 'it goes on' })).toMatchObject({
      ok: true,
    });
    ana.close();
  });
});
