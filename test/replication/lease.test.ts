import { describe, expect, it } from 'vitest';
import { leaseLengthMs } from '../../server/replication/lease.ts';
import {
  HEARTBEAT_MS,
  LEASE_MS,
  LoneReplica,
  one,
  sent,
  TICK_MS,
  TIMEOUT_MS,
  view,
} from '../support/replication-fixtures.ts';
import { ask, backup, ping, primaryWithLeases, view0 } from '../support/replication-members.ts';

function isConfirmed(replica: LoneReplica): boolean {
  return replica.give({ type: 'confirm-read', checkId: 1 }).some(({ type }) => type === 'read-confirmed');
}

describe('R6a: who is granted a lease', () => {
  it('a member of the same base is, with a lease shorter than what binds the granter', () => {
    const [pong] = sent(backup().hear('A1', ping(view0, 123)), 'pong');
    expect(pong).toMatchObject({ echoMs: 123, leaseMs: LEASE_MS });
    expect(1.05 * leaseLengthMs(TIMEOUT_MS, TICK_MS) + TICK_MS).toBeLessThanOrEqual(TIMEOUT_MS);
  });

  it('one in another base is not, and neither is another incarnation than the listed one', () => {
    const replica = backup();
    expect(sent(replica.hear('A1', ping(view(2, 'A1 B1'))), 'pong')).toEqual([]);
    replica.meet('A2');
    expect(sent(replica.hear('A2', ping(view0)), 'pong')).toEqual([]);
  });

  it('a restarted member grants nothing in the view that lists its earlier life', () => {
    const replica = new LoneReplica('B2', { base: view0 });
    replica.meet('A1');
    expect(sent(replica.hear('A1', ping(view0)), 'pong')).toEqual([]);
  });

  it('H12: nobody is after a promise of a list without it, but who is on that list still is', () => {
    const replica = backup();
    expect(sent(replica.hear('C1', ask(2, 'C', 'C1 B1')), 'promise')).toHaveLength(1);
    expect(sent(replica.hear('A1', ping(view0)), 'pong')).toEqual([]);
    expect(sent(replica.hear('C1', ping(view0)), 'pong')).toHaveLength(1);
  });

  it('H12: its own candidacy counts as a promise', () => {
    const replica = backup();
    replica.hear('C1', ping(view0));
    const outputs = replica.lose('A1');
    const [probe] = sent(outputs, 'start-view-change');
    const number = probe!.number;
    const promise = { baseNumber: view0.number, heldBefore: [view0.number], pending: [], cleanDead: [], synced: true };
    replica.hear('C1', { type: 'promise', number, probe: true, ...promise, last: replica.state.log.end });
    expect(replica.state.file.promised).toEqual(number);
    replica.meet('A1');
    expect(sent(replica.hear('A1', ping(view0)), 'pong')).toEqual([]);
  });

  it('H18: a promise made before the base was learned counts, if its number is above that base', () => {
    const next = view(2, 'A1 B1 C1', { baseNumber: view0.number, over: [view0.number] });
    const replica = new LoneReplica('C1', { base: view0, promised: next.number, pending: [next] });
    replica.meet('A1');
    replica.meet('B1');
    replica.nowMs += TIMEOUT_MS;
    expect(sent(replica.hear('B1', ask(3, 'B', 'B1 C1')), 'promise')).toHaveLength(1);
    expect(sent(replica.hear('A1', ping(next)), 'pong')).toEqual([]);
    expect(replica.state.file.base).toEqual(next);
    expect(sent(replica.hear('B1', ping(next)), 'pong')).toHaveLength(1);
  });

  it('H21: a base that a ping tells of is written before the lease in it is granted', () => {
    const next = view(2, 'A1 B1 C1');
    const replica = new LoneReplica('C1', { base: view0, promised: next.number, pending: [next] });
    replica.meet('A1');
    const outputs = replica.hear('A1', ping(next));
    const write = outputs.findIndex(({ type }) => type === 'write-view-file');
    const pong = outputs.findIndex((output) => output.type === 'send' && output.message.type === 'pong');
    expect(write).toBeGreaterThanOrEqual(0);
    expect(pong).toBeGreaterThan(write);
  });

  it('R7: nobody is while a write hangs for more than half of E', () => {
    const replica = new LoneReplica('A1', { base: view0 });
    replica.meet('B1');
    replica.give({ type: 'propose', drafts: [] });
    expect(sent(replica.hear('B1', ping(view0)), 'pong')).toHaveLength(1);
    const draft = { event: 'message:send', client: '', request: 0, asked: '', id: '', account: '' } as const;
    replica.give({ type: 'propose', drafts: [{ ...draft, subject: '', body: '' }] });
    const { op, chain } = replica.state.log.end;
    replica.wait(TIMEOUT_MS / 2 + TICK_MS);
    expect(sent(replica.wait(2 * HEARTBEAT_MS), 'ping')).toEqual([]);
    expect(sent(replica.hear('B1', ping(view0)), 'pong')).toEqual([]);
    replica.give({ type: 'appended', op, chain });
    expect(sent(replica.hear('B1', ping(view0)), 'pong')).toHaveLength(1);
  });
});

describe('R6b: how long a lease lasts for its holder', () => {
  it('until its length after the answered ping was sent, however late the answer came', () => {
    const replica = primaryWithLeases();
    const echoMs = replica.nowMs;
    replica.nowMs += 1000;
    for (const other of ['B1', 'C1']) {
      replica.hear(other, { type: 'pong', base: view0.number, echoMs, leaseMs: LEASE_MS });
    }
    replica.nowMs = echoMs + LEASE_MS - 1;
    expect(isConfirmed(replica)).toBe(true);
    replica.nowMs = echoMs + LEASE_MS;
    expect(isConfirmed(replica)).toBe(false);
  });

  it('R17: a read needs the leases of all others, not of most', () => {
    const replica = new LoneReplica('A1', { base: view0 });
    for (const other of ['B1', 'C1']) replica.meet(other);
    replica.hear('B1', { type: 'pong', base: view0.number, echoMs: replica.nowMs, leaseMs: LEASE_MS });
    expect(isConfirmed(replica)).toBe(false);
  });

  it('R6: an answer to an earlier life of this server is no lease of this one', () => {
    const replica = new LoneReplica('A2', { base: view0 });
    replica.meet('B1');
    replica.hear('B1', { type: 'pong', base: view0.number, echoMs: replica.nowMs + 5000, leaseMs: LEASE_MS });
    expect(replica.state.leaseUntilMs.size).toBe(0);
  });

  it('A3: a sleep that the clock did not count ends all leases, and answers to pings from before it give none', () => {
    const replica = primaryWithLeases();
    const beforeMs = replica.nowMs;
    replica.give({ type: 'paused', sleptUnnoticed: true });
    expect(isConfirmed(replica)).toBe(false);
    for (const other of ['B1', 'C1']) {
      replica.hear(other, { type: 'pong', base: view0.number, echoMs: beforeMs, leaseMs: LEASE_MS });
    }
    expect(isConfirmed(replica)).toBe(false);
    replica.nowMs += 1;
    for (const other of ['B1', 'C1']) {
      replica.hear(other, { type: 'pong', base: view0.number, echoMs: replica.nowMs, leaseMs: LEASE_MS });
    }
    expect(isConfirmed(replica)).toBe(true);
  });

  it('R22: a pause that the clock counted leaves leases to run out by it', () => {
    const replica = primaryWithLeases();
    replica.nowMs += 600;
    replica.give({ type: 'paused', sleptUnnoticed: false });
    expect(isConfirmed(replica)).toBe(true);
    replica.nowMs += LEASE_MS;
    expect(isConfirmed(replica)).toBe(false);
  });
});

describe('R6c: what a grant binds its giver to', () => {
  it('no list without the holder is promised before E has passed since the grant', () => {
    const replica = backup();
    replica.hear('A1', ping(view0));
    replica.nowMs += 100;
    const [refusal] = sent(replica.hear('C1', ask(2, 'C', 'C1 B1')), 'refuse');
    expect(refusal).toMatchObject({ reason: 'lease', waitMs: TIMEOUT_MS - 100 });
    expect(replica.state.file.promised).toEqual(view0.number);
    replica.nowMs += TIMEOUT_MS - 100;
    expect(sent(replica.hear('C1', ask(3, 'C', 'C1 B1')), 'promise')).toHaveLength(1);
  });

  it('a list that keeps the holder binds nothing', () => {
    const replica = backup();
    replica.hear('A1', ping(view0));
    expect(sent(replica.hear('C1', ask(2, 'C', 'C1 A1 B1')), 'promise')).toHaveLength(1);
  });

  it('R5: a holder that is proven dead is not waited for; the proof may come with the question', () => {
    const replica = backup();
    replica.hear('A1', ping(view0));
    expect(sent(replica.hear('C1', ask(2, 'C', 'C1 B1', view0, [one('A1')])), 'promise')).toHaveLength(1);
  });

  it('H14: after a start, the members of the base count as granted at that moment', () => {
    const replica = new LoneReplica('B2', { base: view0 });
    replica.meet('C1');
    replica.nowMs += TIMEOUT_MS - 1;
    const [refusal] = sent(replica.hear('C1', ask(2, 'C', 'C1 B2')), 'refuse');
    expect(refusal).toMatchObject({ reason: 'lease', waitMs: 1 });
    replica.nowMs += 1;
    expect(sent(replica.hear('C1', ask(3, 'C', 'C1 B2')), 'promise')).toHaveLength(1);
  });

  it('H14: the largest E that it ever ran with binds it, not the present one', () => {
    const replica = new LoneReplica('B2', { base: view0, largestHeartbeatTimeoutMs: 4 * TIMEOUT_MS });
    replica.meet('C1');
    replica.nowMs += TIMEOUT_MS;
    const [refusal] = sent(replica.hear('C1', ask(2, 'C', 'C1 B2')), 'refuse');
    expect(refusal).toMatchObject({ reason: 'lease', waitMs: 3 * TIMEOUT_MS });
  });

  it('R8: refused to the primary, the one left out gets no more leases, so that the next try passes', () => {
    const replica = backup();
    replica.hear('C1', ping(view0));
    expect(sent(replica.hear('A1', ask(2, 'A', 'A1 B1')), 'refuse')).toHaveLength(1);
    replica.nowMs += TIMEOUT_MS - 1;
    expect(sent(replica.hear('C1', ping(view0)), 'pong')).toEqual([]);
    replica.nowMs += 1;
    expect(sent(replica.hear('A1', ask(3, 'A', 'A1 B1')), 'promise')).toHaveLength(1);
  });

  it('R7: a candidate is bound by its own grants, too', () => {
    const replica = backup();
    replica.hear('C1', ping(view0));
    replica.wait(TIMEOUT_MS - 5 * HEARTBEAT_MS);
    replica.hear('A1', ping(view0));
    replica.hear('C1', ping(view0));
    // A then falls silent; C is heard on.
    for (let waitedMs = 0; waitedMs < TIMEOUT_MS - HEARTBEAT_MS; waitedMs += HEARTBEAT_MS) {
      expect(sent(replica.wait(HEARTBEAT_MS), 'start-view-change')).toEqual([]);
      replica.hear('C1', ping(view0));
    }
    const outputs = replica.wait(1000);
    expect(sent(outputs, 'start-view-change')[0]).toMatchObject({ probe: true, members: [one('B1'), one('C1')] });
  });
});
