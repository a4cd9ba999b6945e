import { describe, expect, it } from 'vitest';
import type { ViewRecord } from '../../shared/views.ts';
import { TestCluster } from '../support/replication-cluster.ts';
import {
  entries,
  helloOf,
  kinds,
  LoneReplica,
  numberOf,
  one,
  sent,
  TIMEOUT_MS,
  view,
} from '../support/replication-fixtures.ts';

const LONG_MS = 10_000;

describe('R14: joining', () => {
  it('a server that was down gets what it lacks first, and is then a member, last in the order', () => {
    const cluster = TestCluster.formed();
    cluster.crash('B');
    cluster.server('A').propose(1, 2);
    cluster.start('B');
    expect(cluster.waitUntil(() => cluster.server('B').isNormal, LONG_MS)).toBe(true);
    expect(cluster.server('B').members).toBe('ACB');
    expect(cluster.server('B').committed).toEqual([1, 2]);
  });

  it('R1: it is listed by its new incarnation, and the old one is nobody any more', () => {
    const cluster = TestCluster.formed();
    cluster.crash('C');
    cluster.start('C');
    cluster.waitUntil(() => cluster.server('C').isNormal, LONG_MS);
    const listed = cluster.server('A').file.base!.members.map(({ incarnation }) => incarnation);
    expect(listed).toEqual([1, 1, 2]);
  });

  it('a server whose folder was lost is another one, which gets everything first', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1);
    cluster.crash('C');
    cluster.server('C').loseFolder();
    cluster.server('A').propose(2);
    cluster.start('C');
    expect(cluster.waitUntil(() => cluster.server('C').isNormal, LONG_MS)).toBe(true);
    expect(cluster.server('C').requests).toEqual([1, 2]);
  });

  it('a proven death is dropped at once, not when the successor has caught up', () => {
    const cluster = TestCluster.formed();
    cluster.crash('C');
    cluster.hold((_from, to, { type }) => to === 'C' && type === 'log-chunk');
    cluster.start('C');
    cluster.server('A').propose(1);
    expect(cluster.server('A').members).toBe('AB');
    expect(cluster.server('A').committed).toEqual([1]);
  });

  it('R9: one that came back and asks to join is listed once, also after a refusal', () => {
    const replica = new LoneReplica('A1', { base: view(1, 'A1 B1') });
    replica.meet('B1');
    replica.meet('B2');
    replica.hear('B2', {
      type: 'join-me',
      view: view(1, 'A1 B1').number,
      fromOp: 0,
      chain: replica.state.log.end.chain,
    });
    const [first] = sent(replica.wait(100), 'start-view-change');
    const refusal = { reason: 'promised', promised: numberOf(50, 'B'), base: null, waitMs: 0 } as const;
    replica.hear('B2', { type: 'refuse', number: first!.number, probe: true, ...refusal });
    const asked = sent(replica.wait(200), 'start-view-change');
    expect(asked.map(({ members }) => members)).toContainEqual([one('A1'), one('B2')]);
    for (const { members } of asked) expect(members.filter(({ id }) => id === one('B2').id)).toHaveLength(1);
  });

  it('R26: nobody is taken in who lacks rows that the primary cannot send, because they are damaged there', () => {
    const common = entries('0/1/a:1', [1, 2, 3, 4, 5]);
    const { op, chain } = common[4]!;
    const base = view(1, 'A1');
    const recovered = { snapshot: { op, chain, view: '0/1/a:1' } };
    const asked = (fromOp: number) => {
      const replica = new LoneReplica('A1', { base }, recovered, { damagedUpTo: 3 });
      replica.meet('B1');
      replica.hear('B1', { type: 'join-me', view: base.number, fromOp, chain: common[fromOp - 1]!.chain });
      return sent(replica.wait(200), 'start-view-change').length > 0;
    };
    expect([1, 2, 3, 4, 5].map(asked)).toEqual([false, false, false, true, true]);
  });

  it('R16: a witness never becomes a member, whatever arrives first', () => {
    const replica = new LoneReplica('A1', { base: view(1, 'A1 B1') });
    replica.meet('B1');
    const ask = {
      type: 'join-me',
      view: view(1, 'A1 B1').number,
      fromOp: 0,
      chain: replica.state.log.end.chain,
    } as const;
    replica.give({ type: 'hello', peer: helloOf(one('V1'), { role: 'witness' }) });
    replica.hear('V1', ask);
    replica.meet('V1', { role: 'witness' });
    replica.hear('V1', ask);
    expect(sent(replica.wait(200), 'start-view-change')).toEqual([]);
  });

  it('R13: an outsider takes nothing for committed before it knows of the view, so a late proposal cuts nothing off', () => {
    const common = entries('0/1/a:1', [1]);
    const base = view(1, 'A1 B1 C1');
    const replica = new LoneReplica('B2', { base }, { entries: common });
    replica.meet('A1');
    replica.nowMs += TIMEOUT_MS;
    const members = [one('A1'), one('B2')];
    const ask = { type: 'start-view-change', probe: false, base, members, provenDead: [] } as const;
    expect(sent(replica.hear('A1', { ...ask, number: numberOf(2) }), 'promise')).toHaveLength(1);
    replica.wait(1000);
    const later = entries('0/3/a:1', [2], common);
    const ends = { fromOp: common.length, previousChain: common[common.length - 1]!.chain, end: 99, commit: 99 };
    const chunk = { type: 'log-chunk', view: numberOf(3), entries: later, mismatch: false, ...ends } as const;
    expect(kinds(replica.hear('A1', chunk))).toEqual([]);
    expect(replica.state.commit).toBe(0);
  });

  it.each([
    [
      1,
      'R20: an answer to an old question shows an outsider, too, that a view was forced without what it has committed (ci-5522)',
    ],
    [
      0,
      'R1: an outsider keeps what it has committed when no view was forced: the primary runs on an old folder (ci-6295)',
    ],
  ])('in epoch %i: %s', (epoch) => {
    const own = entries('0/1/a:1', [1, 2, 3]);
    const base = view(2, 'A1', { number: { ...numberOf(2), epoch } });
    const replica = new LoneReplica('B1', { base }, { entries: own });
    replica.meet('A1');
    replica.wait(200);
    const chunk = { type: 'log-chunk', view: base.number, end: 3, mismatch: false } as const;
    replica.hear('A1', { ...chunk, fromOp: 3, previousChain: own[2]!.chain, entries: [], commit: 3 });
    expect(replica.state.commit).toBe(3);
    const others = entries('1/2/a:1', [8, 9], own.slice(0, 1));
    const late = { ...chunk, fromOp: 1, previousChain: own[0]!.chain, entries: others, commit: 3 };
    expect(kinds(replica.hear('A1', late))).toEqual(epoch === 1 ? ['start-over'] : []);
    expect(replica.state.log.end.chain).toBe(own[2]!.chain);
  });

  it('an outsider commits only as far as its log is known to be that of the primary', () => {
    const common = entries('0/1/a:1', [1, 2]);
    const own = [...common, ...entries('0/1/a:1', [8, 9], common)];
    const others = [...common, ...entries('0/1/a:1', [3, 4], common)];
    const replica = new LoneReplica('B1', { base: view(2, 'A1') }, { entries: own });
    replica.meet('A1');
    expect(sent(replica.wait(200), 'join-me')[0]).toMatchObject({ fromOp: 4 });
    const { number } = view(2, 'A1');
    const chunk = { type: 'log-chunk', view: number, end: 4, commit: 4, mismatch: false } as const;
    const mismatch = { ...chunk, fromOp: 4, previousChain: own[3]!.chain, entries: [], mismatch: true };
    expect(sent(replica.hear('A1', mismatch), 'join-me')).toMatchObject([{ fromOp: 0 }]);
    const previousChain = '0'.repeat(64);
    replica.hear('A1', { ...chunk, fromOp: 0, previousChain, entries: common });
    expect(replica.state.commit).toBe(2);
    replica.hear('A1', { ...chunk, fromOp: 2, previousChain: common[1]!.chain, entries: others.slice(2) });
    expect(replica.state.commit).toBe(4);
    expect(replica.state.log.end.chain).toBe(others[3]!.chain);
  });

  it('R21: of four servers with factor three, the fourth follows, and takes the place of one that dies', () => {
    const cluster = TestCluster.formed('ABCD', 3);
    cluster.server('A').propose(1);
    cluster.wait(500);
    expect(cluster.server('A').members).toBe('ABC');
    expect(cluster.server('D').requests).toEqual([1]);
    cluster.crash('B');
    expect(cluster.waitUntil(() => cluster.server('D').isNormal, LONG_MS)).toBe(true);
    expect(cluster.server('A').members).toBe('ACD');
  });
});

describe('R15: everything stops and starts again', () => {
  const orders = ['ABC', 'ACB', 'BAC', 'BCA', 'CAB', 'CBA'];

  it.each(orders)('started in the order %s, they resume when the last disk is there, and lost nothing', (order) => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1, 2);
    cluster.crash('A', 'B', 'C');
    const [first, second, third] = order;
    cluster.start(first!);
    cluster.wait(LONG_MS);
    cluster.start(second!);
    cluster.wait(LONG_MS);
    expect(cluster.servers.some(({ isPrimary }) => isPrimary)).toBe(false);
    cluster.start(third!);
    expect(cluster.waitUntil(() => cluster.servers.every(({ isNormal }) => isNormal), LONG_MS)).toBe(true);
    const primary = cluster.servers.find(({ isPrimary }) => isPrimary)!;
    primary.propose(3);
    expect(cluster.servers.map(({ committed }) => committed)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it.each(orders)('after two had died, the last survivor prevails, whoever starts first (%s)', (order) => {
    const cluster = TestCluster.formed();
    cluster.crash('A');
    cluster.wait(200);
    cluster.crash('B');
    cluster.waitUntil(() => cluster.server('C').isPrimary, LONG_MS);
    cluster.server('C').propose(1);
    cluster.crash('C');
    for (const name of order) {
      cluster.start(name);
      cluster.wait(3000);
    }
    expect(cluster.waitUntil(() => cluster.servers.every(({ isNormal }) => isNormal), LONG_MS)).toBe(true);
    expect(cluster.servers.map(({ committed }) => committed)).toEqual([[1], [1], [1]]);
  });

  it('H3: a restarted member and a living one do not outvote the one that went on without them', () => {
    const cluster = TestCluster.formed();
    cluster.crash('B');
    cluster.cut('A', 'C');
    cluster.waitUntil(() => cluster.server('A').members === 'A', LONG_MS);
    cluster.server('A').propose(1);
    expect(cluster.server('A').committed).toEqual([1]);
    cluster.cut('A', 'B');
    cluster.start('B');
    cluster.wait(LONG_MS);
    expect([cluster.server('B').isPrimary, cluster.server('C').isPrimary]).toEqual([false, false]);
    for (const name of 'BC') cluster.mend('A', name);
    expect(cluster.waitUntil(() => cluster.servers.every(({ isNormal }) => isNormal), 2 * LONG_MS)).toBe(true);
    expect(cluster.servers.map(({ requests }) => requests)).toEqual([[1], [1], [1]]);
  });

  it('a view of one resumes at once when its server starts again', () => {
    const cluster = TestCluster.formed('A', 1);
    cluster.server('A').propose(1);
    cluster.crash('A');
    cluster.start('A');
    expect(cluster.waitUntil(() => cluster.server('A').isPrimary, 2 * TIMEOUT_MS)).toBe(true);
    expect(cluster.server('A').committed).toEqual([1]);
  });
});

describe('R1, R19b: who is let in', () => {
  const base = view(1, 'A1 B3 C1');

  function heardAfter(first: string, second: string, nonce: string): string[] {
    const replica = new LoneReplica('A1', { base });
    replica.meet(first);
    return kinds(replica.give({ type: 'link-up', peer: helloOf(one(second), { nonce }) }));
  }

  it('R1: an incarnation below one that was met, or below the listed one, is a copy from an older state', () => {
    const replica = new LoneReplica('A1', { base });
    replica.meet('B2');
    expect(replica.state.links.size).toBe(0);
    replica.meet('B5');
    replica.give({ type: 'link-up', peer: helloOf(one('B4')) });
    expect(replica.state.links.get(one('B5').id)!.self.incarnation).toBe(5);
  });

  it('R1: the same incarnation with another nonce is a copy of its folder; a primary says so', () => {
    expect(heardAfter('B3', 'B3', 'another')).toEqual(['turn-away']);
  });

  it('R1: a copy that asks to join is turned away, too: there may have been no primary when its hello came', () => {
    const replica = new LoneReplica('A1', { base });
    replica.meet('B3');
    const ask = { type: 'join-me', view: base.number, fromOp: 0, chain: replica.state.log.end.chain } as const;
    expect(kinds(replica.hear('B2', ask))).toEqual(['turn-away']);
    expect(kinds(replica.hear('B4', ask))).toEqual([]);
  });

  it('R1: whoever is turned away by the primary starts over, unless an earlier life is meant or it serves', () => {
    const turnAway = (view: ViewRecord, whom: string, nonce: string) =>
      ({ type: 'turn-away', view: view.number, whom: one(whom), nonce }) as const;
    const old = new LoneReplica('B2', { base });
    old.meet('A1');
    expect(kinds(old.hear('A1', turnAway(base, 'B1', 'own')))).toEqual([]);
    expect(kinds(old.hear('A1', turnAway(base, 'B2', 'another')))).toEqual([]);
    expect(kinds(old.hear('A1', turnAway(base, 'B2', 'own')))).toEqual(['start-over']);
    const serving = new LoneReplica('B3', { base });
    serving.meet('A1');
    expect(kinds(serving.hear('A1', turnAway(base, 'B3', 'own')))).toEqual([]);
  });

  const foreign = helloOf(one('D1'), { clusterId: 'other', complete: true });

  it('R19b: a cluster that was never complete gives way to one that was', () => {
    const replica = new LoneReplica('A1', { base }, { complete: false });
    expect(kinds(replica.give({ type: 'link-up', peer: foreign }))).toEqual(['start-over']);
  });

  it('R19b: one that was complete does not, even if that is not known to be committed; nor does a witness', () => {
    const complete = entries('0/1/a:1', [1]).map((entry) => ({ ...entry, event: 'cluster:complete' as const }));
    const replica = new LoneReplica('A1', { base }, { complete: false, entries: complete });
    expect(kinds(replica.give({ type: 'link-up', peer: foreign }))).toEqual([]);
    const young = new LoneReplica('A1', { base }, { complete: false });
    const notYet = { ...foreign, complete: false };
    expect(kinds(young.give({ type: 'link-up', peer: notYet }))).toEqual(['dial-again']);
    const witness = new LoneReplica('A1', { base }, { complete: false }, { role: 'witness' });
    expect(kinds(witness.give({ type: 'link-up', peer: foreign }))).toEqual([]);
  });

  it('R1: nothing is heard from whoever was not let in', () => {
    const replica = new LoneReplica('A1', { base });
    replica.meet('B2');
    expect(replica.hear('B2', { type: 'ping', base: base.number, sentAtMs: 0 })).toEqual([]);
  });

  it('R19b: another cluster is named and refused; another replication factor, too', () => {
    const replica = new LoneReplica('A1', { base });
    const strangers = [{ clusterId: 'other' }, { replicationFactor: 5 }];
    for (const stranger of strangers) {
      const outputs = replica.meet('B3', stranger);
      expect(outputs.filter(({ type }) => type === 'notice')).not.toEqual([]);
      expect(replica.state.links.size).toBe(0);
    }
  });

  it('R19b: nobody forms a cluster who belongs to one', () => {
    const replica = new LoneReplica('A1', { base });
    expect(replica.give({ type: 'form', clusterId: 'second', sessionKey: 'key' })).toEqual([]);
  });

  it('R13: a higher view that it does not belong to becomes the base, on disk, before its log is touched', () => {
    const replica = new LoneReplica('A1', { base });
    replica.meet('B3');
    const record = view(7, 'B3 C1', { number: numberOf(7, 'B') });
    expect(kinds(replica.hear('B3', { type: 'installed', record }))[0]).toBe('write-view-file');
    expect(replica.state.file).toMatchObject({ base: record, promised: record.number });
    expect(sent(replica.wait(300), 'join-me')).not.toEqual([]);
  });
});

describe('R13: how servers stand is told to all others', () => {
  it('every five heartbeat intervals, whatever the ticks make of the heartbeats', () => {
    const heartbeatIntervalMs = 48;
    const counts = Array.from({ length: 60 }, (_, phaseMs) => {
      const replica = new LoneReplica('A1', { base: view(1, 'A1 B1') }, {}, { heartbeatIntervalMs });
      replica.nowMs += phaseMs;
      replica.meet('B1');
      return sent(replica.wait(100 * heartbeatIntervalMs), 'gossip').length;
    });
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(19);
    expect(Math.max(...counts)).toBeLessThanOrEqual(21);
  });
});
