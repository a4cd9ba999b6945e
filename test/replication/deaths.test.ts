import { describe, expect, it } from 'vitest';
import { LEASE_MS, LoneReplica, numberOf, one, sent, view } from '../support/replication-fixtures.ts';
import { ask, backup, ping, primaryWithLeases, view0 } from '../support/replication-members.ts';

describe('R5, R6d: deaths', () => {
  it('R5: a refusal after the end of our own connection is a proof; without that connection it is none', () => {
    const replica = new LoneReplica('B1', { base: view0 });
    replica.give({ type: 'refused', address: one('A1').id });
    expect(replica.state.dead.size).toBe(0);
    replica.meet('A1');
    replica.give({ type: 'refused', address: one('A1').id });
    expect(replica.state.dead.size).toBe(0);
    replica.lose('A1');
    expect([...replica.state.dead.values()]).toEqual([one('A1')]);
  });

  it('R5: an address that answers with a later incarnation proves the death of the earlier one', () => {
    const replica = backup();
    replica.give({
      type: 'hello',
      peer: { ...replica.state.links.get(one('A1').id)!, self: one('A2'), nonce: 'other' },
    });
    expect(replica.state.dead.size).toBe(0);
    replica.meet('A2', { nonce: 'other' });
    expect([...replica.state.dead.values()]).toEqual([one('A1')]);
  });

  it('A4: where a refusal is not trusted, neither it nor another disk at the address proves anything', () => {
    const replica = new LoneReplica('B1', { base: view0 });
    Object.assign(replica.config, { trustRefused: false });
    replica.meet('A1');
    replica.lose('A1');
    expect(replica.state.dead.size).toBe(0);
    replica.meet("A1'");
    expect(replica.state.dead.size).toBe(0);
  });

  it('H4: a proof names an incarnation: the next one may be listed, heard and granted', () => {
    const replica = backup();
    replica.lose('A1');
    replica.meet('A2');
    const next = view(2, 'A2 B1');
    replica.hear('A2', ask(2, 'A', 'A2 B1'));
    replica.state.file = { ...replica.state.file, base: next, pending: [] };
    expect(sent(replica.hear('A2', ping(next)), 'pong')).toHaveLength(1);
    expect([...replica.state.cleanDead.values()].map(({ incarnation }) => incarnation)).not.toContain(2);
  });

  it('R1: nothing that a dead incarnation had sent is listened to any more', () => {
    const replica = backup();
    replica.lose('A1');
    expect(replica.hear('A1', ping(view0))).toEqual([]);
  });

  it('R6d: a death is clean when its proof is processed while the lease of the dead one is held', () => {
    const replica = primaryWithLeases();
    replica.nowMs += LEASE_MS - 1;
    replica.lose('C1');
    expect([...replica.state.cleanDead.values()]).toEqual([one('C1')]);
    replica.nowMs += 1;
    replica.lose('B1');
    expect([...replica.state.cleanDead.values()]).toEqual([one('C1')]);
    expect(replica.state.dead.size).toBe(2);
  });

  it('R6d: a clean death is told in the promise, and again when it is known later', () => {
    const replica = backup();
    replica.hear('A1', { type: 'pong', base: view0.number, echoMs: replica.nowMs, leaseMs: LEASE_MS });
    const [promise] = sent(replica.hear('C1', ask(2, 'C', 'C1 A1 B1')), 'promise');
    expect(promise!.cleanDead).toEqual([]);
    const [repeated] = sent(replica.lose('A1'), 'promise');
    expect(repeated).toMatchObject({ number: numberOf(2, 'C'), cleanDead: [one('A1')] });
  });

  it('H15: not for an attempt that started from an earlier base', () => {
    const replica = backup();
    replica.hear('A1', { type: 'pong', base: view0.number, echoMs: replica.nowMs, leaseMs: LEASE_MS });
    replica.hear('C1', ask(2, 'C', 'C1 A1 B1'));
    replica.hear('C1', { type: 'installed', record: view(3, 'A1 C1', { baseNumber: view0.number }) });
    expect(sent(replica.lose('A1'), 'promise')).toEqual([]);
  });
});
