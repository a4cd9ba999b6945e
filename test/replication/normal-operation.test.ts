import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/replication-cluster.ts';
import {
  draft,
  entries,
  helloOf,
  kinds,
  LoneReplica,
  nonceOf,
  one,
  sent,
  TIMEOUT_MS,
  view,
} from '../support/replication-fixtures.ts';

describe('R3, R4: normal operation', () => {
  it('R14: three servers that were started one by one are one view, in the order in which they joined', () => {
    const cluster = TestCluster.formed();
    expect(cluster.servers.map(({ members }) => members)).toEqual(['ABC', 'ABC', 'ABC']);
    expect(cluster.servers.map(({ isNormal, isPrimary }) => [isNormal, isPrimary])).toEqual([
      [true, true],
      [true, false],
      [true, false],
    ]);
  });

  it('R19b: the view that first reaches the replication factor is noted in the log', () => {
    const cluster = TestCluster.formed();
    const noted = cluster.server('C').entries.filter(({ event }) => event === 'cluster:complete');
    expect(noted.map(({ subject }) => subject)).toEqual(['3']);
    expect(cluster.servers.map(({ running }) => running.complete)).toEqual([true, true, true]);
  });

  it('R4: an operation is committed everywhere once everybody has it', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').propose(1, 2);
    cluster.server('A').propose(3);
    expect(cluster.servers.map(({ committed }) => committed)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it.each(['B', 'C'])('R4: not before %s has acknowledged it, although the other two have it', (late) => {
    const cluster = TestCluster.formed();
    cluster.hold((from, to, { type }) => from === late && to === 'A' && type === 'prepare-ok');
    cluster.server('A').propose(1);
    expect(cluster.servers.map(({ requests }) => requests)).toEqual([[1], [1], [1]]);
    expect(cluster.servers.map(({ committed }) => committed)).toEqual([[], [], []]);
    cluster.release();
    expect(cluster.server('A').committed).toEqual([1]);
  });

  it.each(['A', 'B', 'C'])('R3: not before it is on the disk of %s', (slow) => {
    const cluster = TestCluster.formed();
    cluster.server(slow).isDiskSlow = true;
    cluster.server('A').propose(1);
    expect(cluster.server('A').committed).toEqual([]);
    cluster.server(slow).isDiskSlow = false;
    cluster.settle();
    expect(cluster.server('A').committed).toEqual([1]);
  });

  it('R4: an acknowledgement of another incarnation than the listed one does not count', () => {
    const base = view(1, 'A1 B1');
    const replica = new LoneReplica('A1', { base });
    replica.meet('B1');
    replica.give({ type: 'propose', drafts: [draft(1)] });
    replica.give({ type: 'appended', op: 1, chain: replica.state.log.end.chain });
    replica.give({ type: 'hello', peer: helloOf(one('B2')) });
    replica.hear('B2', { type: 'prepare-ok', view: base.number, op: 1, resend: false });
    expect(replica.state.commit).toBe(0);
  });

  it('R3: a backup takes only what follows its log, and asks for what it lacks', () => {
    const base = view(1, 'A1 B1');
    const all = entries('0/1/a:1', [1, 2, 3]);
    const replica = new LoneReplica('B1', { base }, { entries: all.slice(0, 1) });
    replica.meet('A1');
    const prepare = { type: 'prepare', view: base.number, commit: 0 } as const;
    const skipped = { ...prepare, previousChain: all[1]!.chain, firstOp: 3, entries: all.slice(2) };
    expect(sent(replica.hear('A1', skipped), 'prepare-ok')).toMatchObject([{ op: 1, resend: true }]);
    const overlapping = { ...prepare, previousChain: '0'.repeat(64), firstOp: 1, entries: all };
    expect(kinds(replica.hear('A1', overlapping))).toEqual(['append']);
    expect(replica.state.log.endOp).toBe(3);
  });

  it('R3: what got lost with a connection is sent again', () => {
    const cluster = TestCluster.formed();
    cluster.cut('A', 'B');
    cluster.server('A').propose(1, 2);
    expect(cluster.server('B').requests).toEqual([]);
    cluster.mend('A', 'B');
    expect(cluster.server('B').requests).toEqual([1, 2]);
    expect(cluster.server('A').committed).toEqual([1, 2]);
  });

  it('R4: the only member of a view commits by itself', () => {
    const cluster = TestCluster.formed('A', 1);
    cluster.server('A').propose(1);
    expect(cluster.server('A').committed).toEqual([1]);
  });
});

describe('R2, R13: after a higher promise', () => {
  const base = view(1, 'A1 B1 C1');
  const ask = (members: string) =>
    ({
      type: 'start-view-change',
      number: { epoch: 0, round: 2, candidate: one('B1').id },
      probe: false,
      base,
      members: members.split(' ').map(one),
      provenDead: [],
    }) as const;

  it('R2: the promise is written before it is given', () => {
    const replica = new LoneReplica('C1', { base });
    replica.meet('B1');
    expect(kinds(replica.hear('B1', ask('B1 A1 C1')))).toEqual(['write-view-file', 'promise']);
    expect(replica.state.file.promised.round).toBe(2);
  });

  it('R7: a probe is answered alike, and writes nothing', () => {
    const replica = new LoneReplica('C1', { base });
    replica.meet('B1');
    expect(kinds(replica.hear('B1', { ...ask('B1 A1 C1'), probe: true }))).toEqual(['promise']);
    expect(replica.state.file.promised.round).toBe(1);
  });

  it('R2: the same number or a lower one is not promised again', () => {
    const replica = new LoneReplica('C1', { base });
    replica.meet('B1');
    replica.hear('B1', ask('B1 A1 C1'));
    expect(sent(replica.hear('B1', ask('B1 C1')), 'refuse')).toMatchObject([{ reason: 'promised' }]);
  });

  it('R8: nobody promises a list without itself, as it is now', () => {
    const replica = new LoneReplica('C2', { base });
    replica.meet('B1');
    replica.nowMs += TIMEOUT_MS;
    expect(sent(replica.hear('B1', ask('B1 A1 C1')), 'refuse')).toMatchObject([{ reason: 'not-listed' }]);
  });

  it('R8: a candidate with an older base is told the newer one', () => {
    const newer = view(2, 'A1 C1');
    const replica = new LoneReplica('C1', { base: newer });
    replica.meet('B1');
    const late = { ...ask('B1 C1'), number: { epoch: 0, round: 9, candidate: one('B1').id } };
    expect(sent(replica.hear('B1', late), 'refuse')).toMatchObject([{ reason: 'stale-base', base: newer }]);
  });

  it('R2: a backup then appends and acknowledges nothing, and confirms no read', () => {
    const replica = new LoneReplica('C1', { base });
    replica.meet('A1');
    replica.meet('B1');
    replica.hear('B1', ask('B1 A1 C1'));
    const prepare = {
      type: 'prepare',
      view: base.number,
      previousChain: '0'.repeat(64),
      firstOp: 1,
      commit: 0,
    } as const;
    expect(replica.hear('A1', { ...prepare, entries: entries('0/1/a:1', [1]) })).toEqual([]);
    expect(replica.hear('A1', { type: 'read-check', view: base.number, checkId: 1 })).toEqual([]);
  });

  it('R13: the primary then commits nothing, even if the last acknowledgement arrives', () => {
    const cluster = TestCluster.formed();
    cluster.hold((from, to, { type }) => from === 'C' && to === 'A' && type === 'prepare-ok');
    cluster.server('A').propose(1);
    const number = { epoch: 0, round: 99, candidate: cluster.server('B').address };
    const members = ['B', 'A', 'C'].map((name) => cluster.server(name).self);
    const { base: installed } = cluster.server('A').file;
    const from = cluster.server('B').self;
    const message = {
      type: 'start-view-change',
      number,
      probe: false,
      base: installed!,
      members,
      provenDead: [],
    } as const;
    cluster.server('A').give({ type: 'message', from, nonce: nonceOf(from), message });
    expect(cluster.server('A').isPrimary).toBe(false);
    cluster.release();
    expect(cluster.server('A').committed).toEqual([]);
    cluster.server('A').propose(2);
    expect(cluster.server('A').requests).toEqual([1]);
    expect(cluster.server('A').confirmsRead()).toBe(false);
  });
});

describe('R17: reads', () => {
  it('R17a: while it holds the leases of all others, the primary confirms at once', () => {
    const cluster = TestCluster.formed();
    expect(cluster.server('A').holdsAllLeases).toBe(true);
    cluster.hold((_from, _to, { type }) => type === 'read-check');
    expect(cluster.server('A').confirmsRead()).toBe(true);
  });

  it('R17b: without them it asks all others', () => {
    const cluster = TestCluster.formed();
    cluster.server('A').give({ type: 'paused', sleptUnnoticed: true });
    expect(cluster.server('A').holdsAllLeases).toBe(false);
    expect(cluster.server('A').confirmsRead()).toBe(true);
  });

  it.each(['B', 'C'])('R17b: one that does not answer, here %s, is one too many', (silent) => {
    const cluster = TestCluster.formed();
    cluster.server('A').give({ type: 'paused', sleptUnnoticed: true });
    cluster.hold((from, _to, { type }) => from === silent && type === 'read-ok');
    expect(cluster.server('A').confirmsRead()).toBe(false);
  });

  it('R17: an answer to a later question answers the earlier ones, too', () => {
    const base = view(1, 'A1 B1');
    const replica = new LoneReplica('A1', { base });
    replica.meet('B1');
    replica.give({ type: 'confirm-read', checkId: 1 });
    replica.give({ type: 'confirm-read', checkId: 2 });
    expect(kinds(replica.hear('B1', { type: 'read-ok', view: base.number, checkId: 2 }))).toEqual(['read-confirmed']);
    expect(replica.hear('B1', { type: 'read-ok', view: base.number, checkId: 1 })).toEqual([]);
  });

  it('R17: who is not the primary, or alone without knowing it, confirms none', () => {
    const cluster = TestCluster.formed();
    expect(cluster.server('B').confirmsRead()).toBe(false);
    cluster.isolate('A');
    cluster.nowMs += TIMEOUT_MS;
    expect(cluster.server('A').isPrimary).toBe(true);
    expect(cluster.server('A').confirmsRead()).toBe(false);
  });

  it('R17: the only member of a view needs neither', () => {
    expect(TestCluster.formed('A', 1).server('A').confirmsRead()).toBe(true);
  });
});
