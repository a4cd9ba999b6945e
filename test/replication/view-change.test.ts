import { describe, expect, it } from 'vitest';
import type { PeerMessage } from '../../server/replication/messages.ts';
import { TestCluster, type TestServer } from '../support/replication-cluster.ts';
import {
  entries,
  kinds,
  LoneReplica,
  nonceOf,
  numberOf,
  sent,
  TICK_MS,
  TIMEOUT_MS,
  view,
} from '../support/replication-fixtures.ts';

const LONG_MS = 10_000;

/** The round of the view of which a message tells that it is installed. */
function newsOf(message: PeerMessage): number {
  if (message.type === 'ping') return message.base.round;
  if (message.type === 'prepare' || message.type === 'commit') return message.view.round;
  if (message.type === 'installed') return message.record.number.round;
  return message.type === 'gossip' ? (message.base?.number.round ?? 0) : 0;
}

describe('R9: what may be undecided is neither forgotten nor taken for decided', () => {
  it('H1: one that was out of touch while the others died does not go on alone; it waits for them', () => {
    const cluster = TestCluster.formed();
    cluster.isolate('A');
    cluster.waitUntil(() => cluster.server('B').isPrimary, LONG_MS);
    cluster.server('B').propose(1);
    cluster.crash('B', 'C');
    for (const dead of ['B', 'C']) cluster.refuse('A', dead);
    cluster.wait(LONG_MS);
    expect(cluster.server('A').members).toBe('ABC');
    cluster.server('A').propose(9);
    expect(cluster.server('A').committed).toEqual([]);
  });

  it('H2: the backup that the dead primary had left out does not go on alone', () => {
    const cluster = TestCluster.formed();
    cluster.cut('A', 'B');
    cluster.crash('C');
    cluster.waitUntil(() => cluster.server('A').members === 'A', LONG_MS);
    cluster.server('A').propose(1);
    expect(cluster.server('A').committed).toEqual([1]);
    cluster.crash('A');
    cluster.refuse('B', 'A');
    cluster.wait(LONG_MS);
    expect(cluster.server('B').isPrimary).toBe(false);
    cluster.start('A');
    cluster.mend('A', 'B');
    expect(cluster.waitUntil(() => cluster.server('B').members === 'AB', LONG_MS)).toBe(true);
    expect(cluster.server('B').committed).toEqual([1]);
  });

  it('H5: a view that one accepted, and was not told of before its first entry came, keeps that entry', () => {
    const cluster = TestCluster.formed();
    const { round } = cluster.server('A');
    cluster.isolate('C');
    cluster.hold((from, to, message) => from + to === 'AB' && message.type !== 'prepare' && newsOf(message) > round);
    cluster.waitUntil(() => cluster.server('A').members === 'AB', LONG_MS);
    cluster.server('A').propose(1);
    expect(cluster.server('B').members).toBe('AB');
    expect(cluster.server('A').committed).toEqual([1]);
    cluster.release(true);
    cluster.isolate('A');
    cluster.mend('B', 'C');
    cluster.wait(LONG_MS);
    expect([cluster.server('B').isPrimary, cluster.server('C').isPrimary]).toEqual([false, false]);
    expect(cluster.server('B').requests).toEqual([1]);
  });

  it('H5: one that was told nothing at all says what it accepted, and the third cannot go on with it', () => {
    const cluster = TestCluster.formed();
    const { round } = cluster.server('A');
    cluster.isolate('C');
    cluster.hold((from, to, message) => from + to === 'AB' && newsOf(message) > round);
    cluster.waitUntil(() => cluster.server('A').members === 'AB', LONG_MS);
    expect(cluster.server('B').members).toBe('ABC');
    expect(cluster.server('B').file.pending.map(({ number }) => number)).toEqual([
      cluster.server('A').file.base!.number,
    ]);
    cluster.release(true);
    cluster.isolate('A');
    cluster.mend('B', 'C');
    cluster.wait(LONG_MS);
    expect([cluster.server('B').isPrimary, cluster.server('C').isPrimary]).toEqual([false, false]);
    cluster.mend('A', 'B');
    cluster.mend('A', 'C');
    expect(cluster.waitUntil(() => cluster.server('C').members.length === 3, 3 * LONG_MS)).toBe(true);
  });

  it('H6, R11: a view is not installed before every member has accepted it', () => {
    const cluster = TestCluster.formed();
    cluster.crash('C');
    cluster.wait(500);
    const round = cluster.server('A').round;
    cluster.start('C');
    cluster.hold((from, _to, { type }) => from === 'B' && type === 'view-ok');
    cluster.wait(300);
    expect(cluster.server('A').running.candidacy?.phase).toBe('proposing');
    expect(cluster.server('A').round).toBe(round);
    cluster.release();
    expect(cluster.server('A').members).toBe('ABC');
  });

  it('R11: nor by a candidate that has promised a higher number meanwhile', () => {
    const cluster = TestCluster.formed();
    const [A, B, C] = cluster.servers as [TestServer, TestServer, TestServer];
    cluster.crash('C');
    cluster.wait(500);
    const { round, file } = A;
    cluster.start('C');
    cluster.hold((from, _to, { type }) => from === 'B' && type === 'view-ok');
    cluster.wait(300);
    const number = { epoch: 0, round: 99, candidate: B.address };
    const members = [B.self, A.self, C.self];
    const ask = { type: 'start-view-change', number, probe: false, base: file.base!, members, provenDead: [] } as const;
    A.give({ type: 'message', from: B.self, nonce: nonceOf(B.self), message: ask });
    expect(A.file.promised).toEqual(number);
    cluster.release();
    expect(A.round).toBe(round);
  });

  it('H7: what it accepted is not its base', () => {
    const base = view(1, 'A1 B1 C1');
    const replica = acceptingMember(base, view(2, 'A1 B1'));
    expect(replica.state.file.base).toEqual(base);
    expect(replica.state.file.pending.map(({ number }) => number.round)).toEqual([2]);
    expect(replica.hear('A1', { type: 'read-check', view: numberOf(1), checkId: 1 })).toEqual([]);
  });

  it('R12: it learns from a ping, a Prepare or an Installed that the view exists, writes that down, and acknowledges', () => {
    const base = view(1, 'A1 B1 C1');
    const next = view(2, 'A1 B1');
    const [entry] = entries('0/2/a:1', [1]);
    const prepare = { previousChain: '0'.repeat(64), firstOp: 1, entries: [entry!], commit: 0 };
    for (const message of [
      { type: 'ping', base: next.number, sentAtMs: 0 },
      { type: 'prepare', view: next.number, ...prepare },
      { type: 'installed', record: next },
      { type: 'commit', view: next.number, commit: 0, end: 0 },
    ] as const) {
      const replica = acceptingMember(base, next);
      expect(kinds(replica.hear('A1', message))[0]).toBe('write-view-file');
      expect(replica.state.file).toMatchObject({ base: next, pending: [] });
      expect(sent(replica.hear('A1', { type: 'prepare', view: next.number, ...prepare }), 'refuse')).toEqual([]);
      expect(replica.state.log.endOp).toBe(1);
    }
  });

  it('R12: learning of a view after a higher promise makes it the base, but nothing is acknowledged in it', () => {
    const base = view(1, 'A1 B1 C1');
    const next = view(2, 'A1 B1');
    const replica = acceptingMember(base, next);
    replica.state.file = { ...replica.state.file, promised: numberOf(9, 'C') };
    const [entry] = entries('0/2/a:1', [1]);
    const prepare = { previousChain: '0'.repeat(64), firstOp: 1, entries: [entry!], commit: 0 };
    expect(kinds(replica.hear('A1', { type: 'prepare', view: next.number, ...prepare }))).not.toContain('append');
    expect(replica.state.file.base).toEqual(next);
  });

  it('R9: a candidate whose base moves gives up what it had asked for', () => {
    const base = view(1, 'A1 B1 C1');
    const next = view(2, 'A1 B1 C1', { baseNumber: base.number });
    const replica = new LoneReplica('B1', { base, promised: next.number, pending: [next] });
    for (const other of ['A1', 'C1']) replica.meet(other);
    for (let waitedMs = 0; waitedMs < 4 * TIMEOUT_MS && !replica.state.candidacy; waitedMs += TICK_MS) {
      replica.hear('C1', { type: 'ping', base: base.number, sentAtMs: replica.nowMs });
      replica.wait(TICK_MS);
    }
    expect(replica.state.candidacy?.base).toEqual(base);
    replica.hear('A1', { type: 'installed', record: next });
    expect(replica.state.file.base).toEqual(next);
    expect(replica.state.candidacy).toBeNull();
  });

  it('H9, R11: nobody is told that a view exists before its candidate has written it', () => {
    const cluster = TestCluster.formed();
    const before = cluster.server('B').outputs.length;
    cluster.crash('A');
    const outputs = cluster.server('B').outputs.slice(before);
    const written = outputs.findIndex(({ type, ...more }) => {
      return (
        type === 'write-view-file' && 'file' in more && more.file.base?.number.candidate === cluster.server('B').address
      );
    });
    const told = outputs.findIndex((output) => output.type === 'send' && output.message.type === 'installed');
    const appended = outputs.findIndex((output) => output.type === 'append');
    expect(written).toBeGreaterThanOrEqual(0);
    expect(told).toBeGreaterThan(written);
    expect(appended).toBeGreaterThan(written);
  });
});

/** B of the base, which has promised and accepted A's next view. */
function acceptingMember(base: ReturnType<typeof view>, next: ReturnType<typeof view>): LoneReplica {
  const replica = new LoneReplica('B1', { base });
  replica.meet('A1');
  replica.nowMs += TIMEOUT_MS;
  const ask = { type: 'start-view-change', number: next.number, probe: false, base, members: next.members } as const;
  replica.hear('A1', { ...ask, provenDead: [] });
  const accepted = { ...next, baseNumber: base.number, over: [base.number] };
  const outputs = replica.hear('A1', {
    type: 'start-view',
    record: accepted,
    end: replica.state.log.end,
    sessionKey: 'key',
  });
  if (!kinds(outputs).includes('view-ok')) throw new Error('the view was not accepted');
  replica.state.file = { ...replica.state.file, pending: [next] };
  return replica;
}
