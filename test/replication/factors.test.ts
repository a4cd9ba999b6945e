import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/replication-cluster.ts';

/** Longer than a server takes to join, or to be given up. */
const LONG_MS = 6000;

/** All that run and are in no view change agree on the members; '' while they do not. */
function viewOf(cluster: TestCluster): string {
  const primary = cluster.servers.find((server) => server.isPrimary && server.serves);
  if (!primary) return '';
  const members = cluster.servers.filter(({ name }) => primary.members.includes(name));
  return members.every((one) => one.state !== null && one.isNormal && one.members === primary.members)
    ? primary.members
    : '';
}

/** Waits until the view has so many members. @returns the primary's name, its members first to last */
function untilServing(cluster: TestCluster, members: number): string {
  expect(
    cluster.waitUntil(() => viewOf(cluster).length === members, LONG_MS),
    `${members} members`,
  ).toBe(true);
  return viewOf(cluster);
}

describe.each([
  { names: 'A', factor: 1 },
  { names: 'AB', factor: 2 },
  { names: 'ABCDE', factor: 5 },
])('with replication factor $factor', ({ names, factor }) => {
  it('R19b: a cluster is complete with its last server, not before', () => {
    const cluster = new TestCluster(names, factor);
    for (const [index, name] of [...names].entries()) {
      cluster.start(name);
      if (index === 0) cluster.server(name).give({ type: 'form', clusterId: 'test', sessionKey: 'key' });
      cluster.settle();
      untilServing(cluster, index + 1);
      const isComplete = cluster.servers.map(({ state }) => state?.complete ?? false);
      expect(isComplete).toEqual([...names].map((_, other) => index + 1 === factor && other <= index));
    }
  });

  it('goes on with each that is killed after the other, to the last, and is whole again when they are back', () => {
    const cluster = TestCluster.formed(names, factor);
    let request = 0;
    for (let left = factor; left > 1; left--) {
      const view = untilServing(cluster, left);
      cluster.server(view[0]!).propose(++request);
      cluster.crash(view[left % 2 === 0 ? 0 : left - 1]!);
    }
    const last = untilServing(cluster, 1);
    cluster.server(last).propose(++request);
    expect(cluster.server(last).committed.at(-1)).toBe(request);
    for (const { name, state } of cluster.servers) if (!state) cluster.start(name);
    const whole = untilServing(cluster, factor);
    cluster.server(whole[0]!).propose(++request);
    for (const { requests } of cluster.servers) {
      expect(requests).toEqual(Array.from({ length: request }, (_, index) => index + 1));
    }
  });

  it('R15: all stop at once, and go on when all are back', () => {
    const cluster = TestCluster.formed(names, factor);
    cluster.server('A').propose(1);
    cluster.crash(...names);
    for (const name of [...names].reverse()) cluster.start(name);
    const view = untilServing(cluster, factor);
    cluster.server(view[0]!).propose(2);
    for (const { requests } of cluster.servers) expect(requests).toEqual([1, 2]);
  });
});

describe('R21: with more servers than the replication factor', () => {
  it('1: the others follow, have everything, and never take the place of the one that may hold more', () => {
    const cluster = TestCluster.formed('ABC', 1);
    cluster.server('A').propose(1);
    cluster.wait(1000);
    expect(cluster.servers.map(({ members }) => members)).toEqual(['A', 'A', 'A']);
    expect(cluster.servers.map(({ requests }) => requests)).toEqual([[1], [1], [1]]);
    cluster.server('A').propose(2);
    cluster.crash('A');
    cluster.wait(LONG_MS);
    expect(viewOf(cluster)).toBe('');
    cluster.start('A');
    expect(untilServing(cluster, 1)).toBe('A');
    cluster.server('A').propose(3);
    cluster.wait(1000);
    expect(cluster.servers.map(({ requests }) => requests)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('3 of 5: whichever is killed, ten times in a row, a spare takes its place, and nothing is lost', () => {
    const cluster = TestCluster.formed('ABCDE', 3);
    let request = 0;
    for (let kill = 0; kill < 10; kill++) {
      const view = untilServing(cluster, 3);
      cluster.server(view[0]!).propose(++request, ++request);
      const victim = view[kill % 3]!;
      cluster.crash(victim);
      const next = untilServing(cluster, 3);
      expect(next).not.toContain(victim);
      cluster.server(next[0]!).propose(++request);
      cluster.start(victim);
    }
    untilServing(cluster, 3);
    cluster.wait(1000);
    for (const { requests } of cluster.servers) {
      expect(requests).toEqual(Array.from({ length: request }, (_, index) => index + 1));
    }
  });
});
