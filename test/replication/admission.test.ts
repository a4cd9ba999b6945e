import { describe, expect, it } from 'vitest';
import type { Output } from '../../server/replication/messages.ts';
import type { Address } from '../../shared/ids.ts';
import { addressOf, helloOf, kinds, LoneReplica, numberOf, one, view } from '../support/replication-fixtures.ts';

const base = view(0, 'A1 B1 C1');

function textOf(outputs: readonly Output[], type: 'notice' | 'refuse-to-run'): string {
  return outputs.flatMap((output) => (output.type === type && 'text' in output ? [output.text] : [])).join('\n');
}

describe('R19b: a server whose options are not those of its cluster', () => {
  const differences = [
    { what: 'replication factor', theirs: { replicationFactor: 5 }, words: ['factor 5', 'this one 3'] },
    { what: '--trust-refused', theirs: { trustRefused: false }, words: ['never', 'this one with always'] },
  ];

  it.each(differences)('$what: does not run on without a view, and names both values', ({ theirs, words }) => {
    const outputs = new LoneReplica('A1', { clusterId: '' }).meet('B1', { ...theirs, base: view(0, 'B1 C1') });
    expect(outputs).toContainEqual(expect.objectContaining({ type: 'refuse-to-run', isWrongUse: true }));
    for (const word of words) expect(textOf(outputs, 'refuse-to-run')).toContain(word);
  });

  it.each(differences)('$what: nor with a view, when the others serve and it does not', ({ theirs }) => {
    const later = { base: view(3, 'B1 C1', { number: numberOf(3, 'B') }), serves: true };
    expect(kinds(new LoneReplica('A2', { base }).meet('B1', { ...theirs, ...later }))).toContain('refuse-to-run');
  });

  it.each(differences)(
    '$what: while nobody serves it waits, and listens again, since either may be wrong',
    ({ theirs }) => {
      const replica = new LoneReplica('A2', { base });
      const outputs = replica.meet('B1', { ...theirs, base });
      expect(kinds(outputs)).toEqual(['dial-again', 'dial-again']);
      expect(textOf(outputs, 'notice')).not.toBe('');
      expect(replica.state.links.size).toBe(0);
      const fresh = new LoneReplica('A1', { clusterId: '' });
      expect(kinds(fresh.meet('B1', { ...theirs, clusterId: '' }))).toEqual(['dial-again', 'dial-again']);
    },
  );

  it.each(differences)('$what: and a server that serves goes on, whoever calls', ({ theirs }) => {
    const primary = new LoneReplica('A1', { base: view(1, 'A1') });
    const outputs = primary.meet('B1', { ...theirs, clusterId: '' });
    expect(kinds(outputs)).toEqual([]);
    expect(textOf(outputs, 'notice')).not.toBe('');
  });
});

describe('R19b: a cluster that a server was not told of', () => {
  const joinsKnownOnly = { joinsKnownOnly: true, knownAddresses: [addressOf('B')] } as const;
  const theirs = view(0, 'D1 E1 F1');
  const foreign = { clusterId: 'other', base: theirs };

  it('is not joined although it calls, and said to be there', () => {
    const replica = new LoneReplica('A1', { clusterId: '' }, {}, joinsKnownOnly);
    const outputs = replica.meet('D1', foreign);
    expect(kinds(outputs)).toEqual(['dial-again', 'dial-again']);
    expect(textOf(outputs, 'notice')).toContain(`--join ${addressOf('D')}`);
    expect(replica.state.file).toMatchObject({ clusterId: '', base: null });
  });

  it('does not end a server with another replication factor that has nothing to do with it', () => {
    const replica = new LoneReplica('A1', { clusterId: '' }, {}, joinsKnownOnly);
    expect(kinds(replica.meet('D1', { ...foreign, replicationFactor: 1 }))).toEqual(['dial-again', 'dial-again']);
  });

  it('is not heard of from a server that joins it after it was let in', () => {
    const replica = new LoneReplica('A1', { clusterId: '' }, {}, joinsKnownOnly);
    replica.meet('D1', { clusterId: '' });
    const { number } = theirs;
    const last = { view: '', op: 0, chain: '' };
    const gossip = {
      type: 'gossip',
      base: theirs,
      known: [],
      promised: number,
      pending: [],
      last,
      serves: true,
    } as const;
    replica.hear('D1', gossip);
    expect(replica.state.file.base).toBeNull();
  });

  it('is joined when it was told of, under any name that a machine has for itself', () => {
    const at = (address: string) => ({
      ...helloOf(one('B1'), foreign),
      self: { ...one('B1'), id: address as Address },
    });
    const named: [string, string][] = [
      [addressOf('B'), addressOf('B')],
      ['127.0.0.1:1538', 'localhost:1538'],
      ['localhost:1538', '[::1]:1538'],
    ];
    for (const [told, name] of named) {
      const knownAddresses = [told as Address];
      const replica = new LoneReplica('A1', { clusterId: '' }, {}, { joinsKnownOnly: true, knownAddresses });
      replica.give({ type: 'hello', peer: at(name) });
      expect(replica.state.file.base, `${told} as ${name}`).toEqual(theirs);
    }
    const other = new LoneReplica(
      'A1',
      { clusterId: '' },
      {},
      { joinsKnownOnly: true, knownAddresses: ['localhost:1538' as Address] },
    );
    other.give({ type: 'hello', peer: at('localhost:2538') });
    expect(other.state.file.base).toBeNull();
  });

  it('is joined by whoever was told of nobody in particular: a secret says whose servers belong together', () => {
    const replica = new LoneReplica('A1', { clusterId: '' });
    replica.meet('D1', foreign);
    expect(replica.state.file.base).toEqual(theirs);
  });

  it('is nothing that an incomplete cluster gives way to', () => {
    const complete = { clusterId: 'other', complete: true };
    const young = (told: string) =>
      new LoneReplica(
        'A1',
        { base: view(1, 'A1') },
        { complete: false },
        { ...joinsKnownOnly, knownAddresses: [addressOf(told)] },
      );
    expect(kinds(young('B').meet('D1', complete))).toEqual([]);
    expect(kinds(young('D').give({ type: 'link-up', peer: helloOf(one('D1'), complete) }))).toEqual(['start-over']);
  });
});
