import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/replication-cluster.ts';
import { LoneReplica, numberOf, one, sent, TIMEOUT_MS, view, witness } from '../support/replication-fixtures.ts';

const LONG_MS = 10 * TIMEOUT_MS;

/** A, B, C with the witnesses V and W, request 1 committed. */
function withWitnesses(): TestCluster {
  const cluster = TestCluster.formed('ABCVW');
  expect(cluster.waitUntil(() => cluster.server('A').witnesses === 'VW', LONG_MS)).toBe(true);
  cluster.server('A').propose(1);
  return cluster;
}

/** Whether one of these is primary and commits what it is asked. */
function commits(cluster: TestCluster, names: string, request: number): boolean {
  const primary = () => [...names].map((name) => cluster.server(name)).find((server) => server.isPrimary);
  const isServed = () => {
    primary()?.propose(request);
    return primary()?.committed.includes(request) ?? false;
  };
  return cluster.waitUntil(isServed, LONG_MS);
}

const PAIRS = ['AB', 'AC', 'BC', 'AV', 'BW', 'CV', 'VW'];

describe('R16: witnesses', () => {
  it('one alone waits; two come in one step, accepted by both', () => {
    const cluster = TestCluster.formed('ABCV');
    cluster.wait(LONG_MS);
    expect(cluster.server('A').witnesses).toBe('');
    const both = withWitnesses();
    for (const { file, name } of both.servers) expect([name, file.base!.witnesses.length]).toEqual([name, 2]);
  });

  it.each(PAIRS)('any two may fall silent, here %s: the others go on', (silent) => {
    const cluster = withWitnesses();
    for (const name of silent) cluster.isolate(name);
    const rest = [...'ABC'].filter((name) => !silent.includes(name)).join('');
    expect(commits(cluster, rest, 2)).toBe(true);
  });

  it.each(PAIRS)('any two may be cut off together, here %s: they commit nothing, and follow after it', (cut) => {
    const cluster = withWitnesses();
    for (const inside of cut) {
      for (const { name } of cluster.servers) if (!cut.includes(name)) cluster.cut(inside, name);
    }
    cluster.server('A').propose(2);
    const rest = [...'ABC'].filter((name) => !cut.includes(name)).join('');
    expect(commits(cluster, rest, 3)).toBe(true);
    for (const name of cut) expect(cluster.server(name).committed).not.toContain(3);
    for (const inside of cut) {
      for (const { name } of cluster.servers) if (!cut.includes(name)) cluster.mend(inside, name);
    }
    const follows = () => [...'ABC'].every((name) => cluster.server(name).requests.includes(3));
    expect(cluster.waitUntil(follows, LONG_MS)).toBe(true);
    expect(new Set([...'ABC'].map((name) => cluster.server(name).requests.join())).size).toBe(1);
  });

  it('W3: all crash, and two replicas with both witnesses are enough', () => {
    const cluster = withWitnesses();
    cluster.crash('A', 'B', 'C', 'V', 'W');
    for (const name of 'BCVW') cluster.start(name);
    expect(commits(cluster, 'BC', 2)).toBe(true);
  });

  it('W3: two replicas without the witnesses are not', () => {
    const cluster = withWitnesses();
    cluster.crash('A', 'B', 'C', 'V', 'W');
    for (const name of 'BC') cluster.start(name);
    cluster.wait(LONG_MS);
    expect([cluster.server('B').isPrimary, cluster.server('C').isPrimary]).toEqual([false, false]);
  });

  it('one that lost its folder is another witness, and takes the place of the lost one', () => {
    const cluster = withWitnesses();
    const { disk } = cluster.server('W').file;
    cluster.crash('W');
    cluster.server('W').loseFolder();
    cluster.start('W');
    const isReplaced = () =>
      cluster.server('A').file.base!.witnesses.some((one) => one.id === 'w:1' && one.disk !== disk);
    expect(cluster.waitUntil(isReplaced, LONG_MS)).toBe(true);
    expect(commits(cluster, 'ABC', 2)).toBe(true);
  });

  it('a witness that accepts nothing does not stop the view for long', () => {
    const cluster = TestCluster.formed('ABCVW');
    cluster.hold((_from, to, { type }) => to === 'W' && type === 'start-view');
    expect(commits(cluster, 'ABC', 1)).toBe(true);
    cluster.wait(1000);
    expect(commits(cluster, 'ABC', 2)).toBe(true);
  });
});

describe('R16: a witness by itself', () => {
  const base = view(1, 'A1 B1 C1', { witnesses: [witness('V'), witness('W')] });
  const ask = (round: number, members: string, candidate = members[0]!) =>
    ({
      type: 'start-view-change',
      number: numberOf(round, candidate),
      probe: false,
      base,
      members: members.split(' ').map(one),
      provenDead: [],
    }) as const;

  function lone(): LoneReplica {
    const replica = new LoneReplica('V1', { base }, {}, { role: 'witness' });
    for (const name of ['A1', 'B1', 'C1']) replica.meet(name);
    return replica;
  }

  it('R2: promises once, and reports what it accepted (H10)', () => {
    const replica = lone();
    expect(sent(replica.hear('A1', ask(2, 'A1')), 'promise')).toHaveLength(1);
    const record = view(2, 'A1', { baseNumber: base.number, over: [base.number], witnesses: base.witnesses });
    const startView = { type: 'start-view', record, end: replica.state.log.end, sessionKey: 'key' } as const;
    expect(sent(replica.hear('A1', startView), 'view-ok')).toHaveLength(1);
    const [promise] = sent(replica.hear('B1', ask(3, 'B1')), 'promise');
    expect(promise!.pending.map(({ number }) => number.round)).toEqual([2]);
    expect(sent(replica.hear('C1', ask(3, 'C1', 'A')), 'refuse')[0]).toMatchObject({ reason: 'promised' });
  });

  it('while it hears the primary it helps nobody against it', () => {
    const replica = lone();
    replica.hear('A1', { type: 'ping', base: base.number, sentAtMs: 0 });
    expect(sent(replica.hear('B1', ask(2, 'B1 C1')), 'refuse')[0]).toMatchObject({ reason: 'primary-heard' });
    replica.nowMs += TIMEOUT_MS;
    expect(sent(replica.hear('B1', ask(3, 'B1 C1')), 'promise')).toHaveLength(1);
  });

  it('grants no leases and asks for none', () => {
    const replica = lone();
    expect(sent(replica.hear('A1', { type: 'ping', base: base.number, sentAtMs: 0 }), 'pong')).toEqual([]);
    expect(sent(replica.wait(LONG_MS), 'ping')).toEqual([]);
  });
});
