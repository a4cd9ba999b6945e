import { describe, expect, it } from 'vitest';
import { whyNotForced } from '../../server/replication/force.ts';
import type { ReplicaConfig } from '../../server/replication/replica-state.ts';
import { TestCluster } from '../support/replication-cluster.ts';
import { configOf, TICK_MS, TIMEOUT_MS } from '../support/replication-fixtures.ts';

const LONG_MS = 10 * TIMEOUT_MS;

/** A, B, C with request 1; then A and B fall silent at once, and C waits. */
function lastWaits(): TestCluster {
  const cluster = TestCluster.formed();
  cluster.server('A').propose(1);
  cluster.isolate('C');
  cluster.wait(LONG_MS);
  return cluster;
}

function whyNot(cluster: TestCluster, name: string, config: Partial<ReplicaConfig> = {}): string {
  const state = cluster.server(name).running;
  return whyNotForced({ state, config: { ...configOf('nonce'), ...config }, nowMs: cluster.nowMs, outputs: [] });
}

describe('R20: a forced view', () => {
  it('goes on alone in a new epoch with the log that is there', () => {
    const cluster = lastWaits();
    const server = cluster.server('C');
    expect(server.isPrimary).toBe(false);
    expect(whyNot(cluster, 'C')).toBe('');
    server.give({ type: 'force', sessionKey: 'another key' });
    cluster.settle();
    expect([server.isPrimary, server.members, server.file.base!.number.epoch]).toEqual([true, 'C', 1]);
    expect(server.committed).toEqual([1]);
    server.propose(2);
    expect(server.committed).toEqual([1, 2]);
  });

  it('is refused while another one serves, or knows of more', () => {
    const cluster = lastWaits();
    for (const name of 'AB') cluster.mend('C', name);
    expect(whyNot(cluster, 'C')).toContain('serves in view');
    cluster.server('C').give({ type: 'force', sessionKey: 'another key' });
    expect(cluster.server('C').file.base!.number.epoch).toBe(0);
  });

  it('is refused to a spare at every moment while others serve, however seldom servers tell how they stand', () => {
    const config = { heartbeatIntervalMs: TIMEOUT_MS / 3 };
    const cluster = TestCluster.formed('ABCD', 3, config);
    cluster.wait(LONG_MS);
    const refusals = Array.from({ length: (4 * TIMEOUT_MS) / TICK_MS }, () => {
      cluster.wait(TICK_MS);
      return whyNot(cluster, 'D', config);
    });
    for (const refusal of refusals) expect(refusal).toContain('serves in view');
  });

  it('R25: a spare, which was never given the session key, gets a new one; a former member keeps the one it has', () => {
    const spare = TestCluster.formed('ABCD', 3);
    spare.isolate('D');
    spare.wait(LONG_MS);
    expect(spare.server('D').sessionKey).toBe('');
    spare.server('D').give({ type: 'force', sessionKey: 'another key' });
    spare.settle();
    expect([spare.server('D').isPrimary, spare.server('D').sessionKey]).toEqual([true, 'another key']);
    const member = lastWaits();
    member.server('C').give({ type: 'force', sessionKey: 'another key' });
    member.settle();
    expect([member.server('C').isPrimary, member.server('C').sessionKey]).toEqual([true, 'key']);
  });

  it('is refused to the primary itself', () => {
    expect(whyNot(TestCluster.formed(), 'A')).toContain('nothing to force');
  });

  it('all others follow it; whoever had committed something else starts over with another disk (H16)', () => {
    const cluster = lastWaits();
    const server = cluster.server('C');
    cluster.server('A').propose(5);
    expect(cluster.server('A').committed).toEqual([1, 5]);
    server.give({ type: 'force', sessionKey: 'another key' });
    cluster.settle();
    server.propose(2);
    for (const name of 'AB') cluster.mend('C', name);
    cluster.wait(LONG_MS);
    for (const name of 'AB') {
      expect(cluster.server(name).isPrimary).toBe(false);
      const isOver = cluster.server(name).outputs.some(({ type }) => type === 'start-over');
      expect([name, isOver]).toEqual([name, true]);
    }
  });

  it('whoever starts again sets aside what it had besides, and joins', () => {
    const cluster = lastWaits();
    cluster.server('A').propose(5);
    cluster.crash('A', 'B');
    cluster.server('C').give({ type: 'force', sessionKey: 'another key' });
    cluster.settle();
    cluster.mend('C', 'A');
    cluster.start('A');
    expect(cluster.waitUntil(() => cluster.server('A').isNormal, LONG_MS)).toBe(true);
    expect(cluster.server('A').file.base!.number.epoch).toBe(1);
    expect(cluster.server('A').outputs.some(({ type }) => type === 'start-over')).toBe(false);
    expect([cluster.server('A').setAside.length, cluster.server('A').requests]).toEqual([1, [1]]);
  });
});
