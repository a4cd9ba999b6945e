import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/replication-cluster.ts';
import { TIMEOUT_MS } from '../support/replication-fixtures.ts';

const LONG_MS = 10_000;

/** What the named servers hold and have committed, one after the other. */
function requestsOf(cluster: TestCluster, names: string): number[][] {
  return [...names].map((name) => cluster.server(name).requests);
}

describe('R5, R7, R9: fail-over', () => {
  it('R6d: a primary that crashes is replaced at once, without a time-out, and nothing is lost', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1);
    const beforeMs = cluster.nowMs;
    cluster.crash('A');
    expect(cluster.nowMs).toBe(beforeMs);
    expect(cluster.server('B').isPrimary).toBe(true);
    expect(cluster.server('C').members).toBe('BC');
    cluster.server('B').propose(2);
    expect(cluster.server('C').committed).toEqual([1, 2]);
  });

  it('R6d: two crash one after the other, and the last one goes on alone, at once', () => {
    for (const [first, second, last] of ['ABC', 'ACB', 'BAC', 'BCA', 'CAB', 'CBA']) {
      const cluster = TestCluster.formed();
      cluster.server('A').propose(1);
      cluster.crash(first!);
      cluster.wait(200);
      cluster.crash(second!);
      expect(cluster.waitUntil(() => cluster.server(last!).members === last, 300)).toBe(true);
      cluster.server(last!).propose(2);
      expect(cluster.server(last!).committed).toEqual([1, 2]);
    }
  });

  it('R6d: two crash at the same moment, and the last one goes on alone', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1);
    cluster.crash('A', 'B');
    expect(cluster.waitUntil(() => cluster.server('C').isPrimary, 500)).toBe(true);
    expect(cluster.server('C').requests).toEqual([1]);
  });

  it('R7: a primary that falls silent is replaced after E, and not before', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1);
    cluster.isolate('A');
    cluster.wait(TIMEOUT_MS - 200);
    expect(cluster.server('B').members).toBe('ABC');
    expect(cluster.waitUntil(() => cluster.server('B').isPrimary, 700)).toBe(true);
    expect(cluster.server('C').members).toBe('BC');
  });

  it('R13: the silent one had known nothing of it, committed nothing meanwhile, and joins again', () => {
    const cluster = TestCluster.formed();
    cluster.isolate('A');
    cluster.server('A').propose(1);
    cluster.waitUntil(() => cluster.server('B').isPrimary, LONG_MS);
    expect(cluster.server('A').isPrimary).toBe(true);
    expect(cluster.server('A').holdsAllLeases).toBe(false);
    expect(cluster.server('A').confirmsRead()).toBe(false);
    cluster.server('B').propose(2);
    cluster.mend('A', 'B');
    cluster.mend('A', 'C');
    expect(cluster.server('A').isPrimary).toBe(false);
    cluster.waitUntil(() => cluster.server('A').members === 'BCA', LONG_MS);
    expect(requestsOf(cluster, 'ABC')).toEqual([[2], [2], [2]]);
    expect(cluster.server('A').committed).toEqual([2]);
    expect(cluster.server('A').setAside).toHaveLength(1);
  });

  it('R7: a backup that falls silent is left out by the primary after E', () => {
    const cluster = TestCluster.formed();
    cluster.isolate('C');
    cluster.server('A').propose(1);
    expect(cluster.server('A').committed).toEqual([]);
    expect(cluster.waitUntil(() => cluster.server('A').members === 'AB', 2 * TIMEOUT_MS)).toBe(true);
    expect(cluster.server('A').committed).toEqual([1]);
  });

  it.each(['AB', 'AC', 'BA', 'CA', 'BC', 'CB'])('R8: one way is cut for good (%s), and the primary goes on', (way) => {
    const cluster = TestCluster.formed();
    cluster.cutOneWay(way[0]!, way[1]!);
    cluster.server('A').propose(1);
    expect(cluster.waitUntil(() => cluster.server('A').committed.length === 1, LONG_MS)).toBe(true);
  });

  it('R8: of two, the primary goes on without a backup that it cannot reach and that still pings it', () => {
    const cluster = TestCluster.formed('AB', 2);
    cluster.cutOneWay('A', 'B');
    cluster.server('A').propose(1);
    expect(cluster.waitUntil(() => cluster.server('A').committed.length === 1, LONG_MS)).toBe(true);
  });

  it('R22: whoever slept counts nobody as silent before it has been awake for E', () => {
    const cluster = TestCluster.formed();
    const round = cluster.server('B').round;
    cluster.nowMs += 3 * TIMEOUT_MS;
    for (const server of cluster.servers) server.give({ type: 'paused', sleptUnnoticed: false });
    cluster.wait(TIMEOUT_MS);
    expect(cluster.servers.map((server) => server.round)).toEqual([round, round, round]);
  });

  it('R22: a primary that wakes after it was replaced commits nothing and confirms no read', () => {
    const cluster = TestCluster.formed();
    const woken = cluster.server('A');
    cluster.hold((from, to) => from === 'A' || to === 'A');
    woken.propose(1);
    cluster.isolate('A');
    cluster.waitUntil(() => cluster.server('B').isPrimary, LONG_MS);
    woken.give({ type: 'paused', sleptUnnoticed: false });
    expect(woken.confirmsRead()).toBe(false);
    cluster.release();
    expect(woken.committed).toEqual([]);
  });

  it('R23: one that leaves promises nothing and starts nothing, and its end is a clean death', () => {
    const cluster = TestCluster.formed();
    const round = cluster.server('A').round;
    for (const server of cluster.servers) server.give({ type: 'leave' });
    cluster.crash('A');
    cluster.wait(3 * TIMEOUT_MS);
    cluster.crash('B', 'C');
    expect(cluster.servers.map(({ file }) => [file.promised.round, file.base!.number.round])).toEqual([
      [round, round],
      [round, round],
      [round, round],
    ]);
  });

  it.each(['always', 'never'])(
    'R23: its farewell is enough, with --trust-refused %s: the next goes on without a time-out',
    (trust) => {
      const cluster = TestCluster.formed('ABC', 3, { trustRefused: trust === 'always' });
      cluster.server('A').propose(1);
      const beforeMs = cluster.nowMs;
      cluster.leave('A');
      cluster.leave('B');
      expect([cluster.nowMs, cluster.server('C').members]).toEqual([beforeMs, 'C']);
      cluster.server('C').propose(2);
      expect(cluster.server('C').committed).toEqual([1, 2]);
    },
  );

  it('R23: while it leaves, a backup acknowledges on', () => {
    const cluster = TestCluster.formed();
    cluster.server('C').give({ type: 'leave' });
    cluster.server('A').propose(1);
    expect(cluster.server('A').committed).toEqual([1]);
    cluster.crash('C');
    cluster.server('A').propose(2);
    expect(cluster.server('A').members).toBe('AB');
    expect(cluster.server('A').committed).toEqual([1, 2]);
  });
});
