import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/replication-cluster.ts';
import { entries, kinds, LoneReplica, numberOf, sent, TIMEOUT_MS, view } from '../support/replication-fixtures.ts';

const LONG_MS = 10_000;

/** What the named servers hold and have committed, one after the other. */
function requestsOf(cluster: TestCluster, names: string): number[][] {
  return [...names].map((name) => cluster.server(name).requests);
}

describe('R10: logs become one before a view is accepted', () => {
  const base = view(1, 'A1 B1 C1');
  const next = view(2, 'A1 B1', { baseNumber: base.number, over: [base.number] });
  const common = entries('0/1/a:1', [1, 2]);
  const ask = { type: 'start-view-change', number: next.number, probe: false, base, members: next.members } as const;

  function asked(own: ReturnType<typeof entries>): LoneReplica {
    const replica = new LoneReplica('B1', { base }, { entries: own });
    replica.meet('A1');
    replica.nowMs += TIMEOUT_MS;
    replica.hear('A1', { ...ask, provenDead: [] });
    return replica;
  }

  const positionOf = (all: ReturnType<typeof entries>) => {
    const { op, chain, view: text } = all[all.length - 1]!;
    return { op, chain, view: text };
  };

  it('H8: a member that lacks entries fetches them, and accepts when they are on its disk', () => {
    const replica = asked(common.slice(0, 1));
    const startView = { type: 'start-view', record: next, end: positionOf(common), sessionKey: 'key' } as const;
    expect(sent(replica.hear('A1', startView), 'fetch-log')).toMatchObject([{ fromOp: 1 }]);
    const chunk = {
      type: 'log-chunk',
      view: base.number,
      fromOp: 1,
      previousChain: common[0]!.chain,
      end: 2,
      commit: 0,
      mismatch: false,
    } as const;
    expect(kinds(replica.hear('A1', { ...chunk, entries: common.slice(1) }))).toEqual(['append']);
    const outputs = replica.give({ type: 'appended', op: 2, chain: common[1]!.chain });
    expect(kinds(outputs)).toEqual(['write-view-file', 'view-ok']);
  });

  it('R10: entries that the candidate does not have are set aside', () => {
    const replica = asked(entries('0/1/a:1', [1, 2, 3, 4]));
    const startView = { type: 'start-view', record: next, end: positionOf(common), sessionKey: 'key' } as const;
    const outputs = replica.hear('A1', startView);
    expect(kinds(outputs)).toEqual(['cut-log', 'write-view-file', 'view-ok']);
    expect(outputs.find(({ type }) => type === 'cut-log')).toMatchObject({ afterOp: 2 });
  });

  it('R10: entries that differ are set aside from the first difference on, and replaced', () => {
    const own = [...common, ...entries('0/1/a:1', [3, 4], common)];
    const others = [...common, ...entries('0/1/a:1', [5, 6, 7], common)];
    const replica = asked(own);
    const startView = { type: 'start-view', record: next, end: positionOf(others), sessionKey: 'key' } as const;
    expect(sent(replica.hear('A1', startView), 'fetch-log')).toMatchObject([{ fromOp: 4 }]);
    const chunk = { type: 'log-chunk', view: base.number, end: 5, commit: 0 } as const;
    const mismatch = { ...chunk, fromOp: 4, previousChain: own[3]!.chain, entries: [], mismatch: true };
    expect(sent(replica.hear('A1', mismatch), 'fetch-log')).toMatchObject([{ fromOp: 0 }]);
    const whole = { ...chunk, fromOp: 0, previousChain: '0'.repeat(64), entries: others, mismatch: false };
    const outputs = replica.hear('A1', whole);
    expect(kinds(outputs)).toEqual(['cut-log', 'append']);
    expect(outputs[0]).toMatchObject({ afterOp: 2 });
    expect(replica.state.log.end.chain).toBe(others[4]!.chain);
  });

  it('R10: it accepts nothing after a higher promise', () => {
    const replica = asked(common);
    replica.state.file = { ...replica.state.file, promised: numberOf(9, 'C') };
    expect(
      replica.hear('A1', { type: 'start-view', record: next, end: positionOf(common), sessionKey: 'key' }),
    ).toEqual([]);
  });

  it('R10: it accepts nothing from a base that is over', () => {
    const replica = asked(common);
    replica.state.file = { ...replica.state.file, base: view(2, 'B1 C1', { number: numberOf(2, '9') }) };
    expect(
      replica.hear('A1', { type: 'start-view', record: next, end: positionOf(common), sessionKey: 'key' }),
    ).toEqual([]);
  });

  it('H20: a candidate whose log is behind fetches what it lacks before it proposes', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1, 2, 3);
    cluster.crash('A', 'B', 'C');
    // A's disk has lost rows that were synced; it may follow, not lead.
    const before = cluster.server('A').entries;
    cluster.server('A').entries = before.slice(0, before.length - 3);
    for (const name of 'ABC') cluster.start(name);
    cluster.wait(LONG_MS);
    expect(requestsOf(cluster, 'ABC')).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(cluster.servers.map(({ members }) => members.length)).toEqual([3, 3, 3]);
  });
});
