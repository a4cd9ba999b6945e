import { afterEach, describe, expect, it } from 'vitest';
import { ProtocolClient } from '../chaos/protocol-client.ts';
import { auditTalkers, PASSWORD, Talker } from '../chaos/talker.ts';
import { Cluster, type ClusterOptions } from '../support/cluster.ts';

const KEPT = { lost: [], doubled: [], outOfOrder: [] };

describe('a server that dies, stops or falls silent', () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  afterEach(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    talkers = [];
    await cluster.close();
  });

  async function startTalking(options?: ClusterOptions): Promise<void> {
    cluster = await Cluster.started(options);
    talkers = await Promise.all(['ana', 'bob'].map((name) => Talker.joined(name, cluster.addresses)));
    for (const [index, talker] of talkers.entries()) talker.talk(talkers[1 - index]!.username, 4, 2);
  }

  /** Waits until each of the talkers was told of `count` more messages than now. */
  async function untilAcknowledged(count: number): Promise<void> {
    const goals = talkers.map(({ acknowledged }) => acknowledged.length + count);
    await cluster.until(`${count} more messages are acknowledged to each`, () =>
      talkers.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
    );
  }

  async function finish(): Promise<void> {
    await Promise.all(talkers.map((talker) => talker.quiet()));
    const primary = await cluster.untilComplete();
    expect(await auditTalkers(talkers, cluster.addresses[primary]!)).toEqual(KEPT);
    expect(talkers.flatMap(({ refused }) => refused)).toEqual([]);
    await cluster.untilLogsEqual();
  }

  it('kill -9 of the primary, then of the next: the last one goes on; both come back as backups, all logs equal', async () => {
    await startTalking();
    await untilAcknowledged(20);
    const first = await cluster.untilComplete();
    await cluster.kill(first);
    await untilAcknowledged(20);
    const rest = [0, 1, 2].filter((index) => index !== first);
    const second = await cluster.untilServing(rest);
    await cluster.kill(second);
    await untilAcknowledged(20);
    const last = rest.find((index) => index !== second)!;
    expect((await cluster.status(last))?.cluster.warning).toContain('(1)');
    await cluster.start(first);
    await untilAcknowledged(20);
    await cluster.start(second);
    await untilAcknowledged(20);
    await finish();
    expect((await cluster.status(last))?.role).toBe('primary');
    expect((await cluster.status(first))?.role).toBe('backup');
    expect((await cluster.status(second))?.role).toBe('backup');
  });

  it('kill -9 of both backups at once: the primary goes on alone', async () => {
    await startTalking();
    const primary = await cluster.untilComplete();
    const backups = [0, 1, 2].filter((index) => index !== primary);
    await Promise.all(backups.map((index) => cluster.kill(index)));
    await untilAcknowledged(20);
    await Promise.all(backups.map((index) => cluster.start(index)));
    await untilAcknowledged(20);
    await finish();
    expect((await cluster.status(primary))?.role).toBe('primary');
  });

  it('R22: a paused primary acknowledges nothing after it wakes, and becomes a backup', async () => {
    await startTalking({ args: ['--heartbeat-timeout', '500ms', '--heartbeat-interval', '50ms'] });
    await untilAcknowledged(10);
    const primary = await cluster.untilComplete();
    const witness = await ProtocolClient.open(cluster.addresses[primary]!);
    const opened = await witness.request('account:create', { request: 1, username: 'cleo', password: PASSWORD });
    expect(opened).toMatchObject({ ok: true });
    cluster.pause(primary);
    // It reads this only when it wakes.
    const late = witness
      .request('message:send', { request: 2, to: 'ana', body: 'cleo 1' }, 20_000)
      .catch(() => undefined);
    const rest = [0, 1, 2].filter((index) => index !== primary);
    await cluster.untilServing(rest);
    await untilAcknowledged(10);
    cluster.resume(primary);
    const reply = await late;
    expect(reply === undefined || !reply.ok).toBe(true);
    witness.close();
    await untilAcknowledged(10);
    await finish();
    expect((await cluster.status(primary))?.role).toBe('backup');
  });

  it('a backup that is paused again and again costs no acknowledged message and comes back each time', async () => {
    await startTalking({ args: ['--heartbeat-timeout', '500ms', '--heartbeat-interval', '50ms'] });
    const primary = await cluster.untilComplete();
    const backup = (primary + 1) % 3;
    for (let round = 0; round < 2; round++) {
      cluster.pause(backup);
      await cluster.untilServing([0, 1, 2].filter((index) => index !== backup));
      await untilAcknowledged(5);
      cluster.resume(backup);
      await cluster.untilComplete();
    }
    await finish();
    expect((await cluster.status(primary))?.role).toBe('primary');
  });

  it('R23: SIGTERM under load ends each server with status 0, and the rest goes on', async () => {
    await startTalking();
    await untilAcknowledged(10);
    for (let round = 0; round < 2; round++) {
      const primary = await cluster.untilComplete();
      expect(await cluster.terminate(primary)).toEqual({ status: 0, signal: null });
      await untilAcknowledged(10);
      await cluster.start(primary);
      await untilAcknowledged(10);
    }
    const primary = await cluster.untilComplete();
    expect(await cluster.terminate((primary + 1) % 3)).toEqual({ status: 0, signal: null });
    await untilAcknowledged(10);
    await cluster.start((primary + 1) % 3);
    await finish();
  });

  it('R23: three servers stopped together under load end with status 0 and serve again', async () => {
    await startTalking();
    await untilAcknowledged(10);
    const ended = await Promise.all([0, 1, 2].map((index) => cluster.terminate(index)));
    expect(ended).toEqual(Array(3).fill({ status: 0, signal: null }));
    await cluster.startAll();
    await untilAcknowledged(10);
    await finish();
  });

  it('R18: a request repeated across a fail-over gets its first answer again; with another content, bad-request', async () => {
    cluster = await Cluster.started();
    const primary = await cluster.untilComplete();
    const before = await ProtocolClient.open(cluster.addresses[primary]!);
    const created = await before.request('account:create', { request: 1, username: 'ana', password: PASSWORD });
    const sent = await before.request('message:send', { request: 2, to: 'ana', body: 'once' });
    expect([created, sent]).toMatchObject([{ ok: true }, { ok: true }]);
    await cluster.kill(primary);
    before.close();
    const next = await cluster.untilServing([0, 1, 2].filter((index) => index !== primary));
    const { clientId } = before;
    const token = created.ok ? created.token : '';
    const after = await ProtocolClient.open(cluster.addresses[next]!, { clientId, known: true, token });
    try {
      expect(await after.request('account:create', { request: 1, username: 'ana', password: PASSWORD })).toEqual(
        created,
      );
      expect(await after.request('message:send', { request: 2, to: 'ana', body: 'once' })).toEqual(sent);
      const other = await after.request('message:send', { request: 2, to: 'ana', body: 'other' });
      expect(other).toMatchObject({ ok: false, error: { code: 'bad-request' } });
      expect((await after.wholeHistory()).map(({ body }) => body)).toEqual(['once']);
      const third = await after.request('message:send', { request: 3, to: 'ana', body: 'third' });
      expect(third).toMatchObject({ ok: true });
    } finally {
      after.close();
    }
    await cluster.start(primary);
    await cluster.untilComplete();
    await cluster.untilLogsEqual();
  });
});
