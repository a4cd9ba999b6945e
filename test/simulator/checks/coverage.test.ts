import { describe, expect, it } from 'vitest';
import type { Input, Output } from '../../../server/replication/messages.ts';
import { TestCluster, type TestServer } from '../../support/replication-cluster.ts';
import {
  addressOf,
  one,
  supporter,
  TIMEOUT_MS,
  view,
  witness,
  witnessSupporter,
} from '../../support/replication-fixtures.ts';
import { Coverage } from './coverage.ts';
import { EXPECTED_COVERAGE, RULE_NOTES } from './coverage-expected.ts';
import { observeCrash } from './coverage-situations.ts';
import { observeStep } from './observe-step.ts';
import { ServerCoverage } from './server-coverage.ts';
import { type FactsSource, factsOf } from './step-facts.ts';
import { waysToWin } from './ways-to-win.ts';

/** A cluster, each step of which is observed. */
function observed(names = 'ABC', factor = 3): { cluster: TestCluster; coverage: Coverage } {
  const cluster = new TestCluster(names, factor);
  const coverage = new Coverage();
  for (const server of cluster.servers) observe(server, cluster, coverage);
  for (const { name } of cluster.servers) cluster.start(name);
  cluster.server('A').give({ type: 'form', clusterId: 'test', sessionKey: 'key' });
  cluster.settle();
  cluster.wait(2000);
  return { cluster, coverage };
}

function observe(server: TestServer, cluster: TestCluster, coverage: Coverage): void {
  const give = server.give.bind(server);
  server.give = (input: Input): Output[] => {
    if (!server.state) return give(input);
    const before = factsOf(sourceOf(server, cluster));
    // What the step sends is delivered later; only its state is looked at here.
    const outputs = give(input);
    observeStep(coverage, { before, after: factsOf(sourceOf(server, cluster)), input, outputs });
    return outputs;
  };
}

function sourceOf(server: TestServer, cluster: TestCluster): FactsSource {
  return { state: server.running, config: { role: server.role, heartbeatTimeoutMs: TIMEOUT_MS }, nowMs: cluster.nowMs };
}

function reached(coverage: Coverage): string[] {
  return RULE_NOTES.filter((what) => coverage.count(what) > 0);
}

describe('what steps of the core reach', () => {
  it('a cluster that forms, grows and serves', () => {
    const { cluster, coverage } = observed();
    cluster.server('A').propose(1, 2);
    expect(cluster.server('A').confirmsRead()).toBe(true);
    expect(reached(coverage)).toEqual(
      expect.arrayContaining([
        'R19b a cluster is formed',
        'R4 committed alone',
        'R4 committed by all',
        'R14 follows as an outsider',
        'R14 a joiner is taken in',
        'R11 installed',
        'R12 learned a pending view',
        'R19b the cluster is complete',
        'R17 read confirmed by leases',
      ]),
    );
    for (const type of [
      'ping',
      'pong',
      'prepare',
      'prepare-ok',
      'commit',
      'start-view',
      'view-ok',
      'promise',
      'join-me',
    ]) {
      expect(coverage.count(`message ${type}: sent`), type).toBeGreaterThan(0);
      expect(coverage.count(`message ${type}: acted on`), type).toBeGreaterThan(0);
    }
    expect(reached(coverage).filter((what) => /^R(5|6d|8 ref|10 set|20|22|23)/.test(what))).toEqual([]);
  });

  it('crashes: deaths that are clean, and a view that goes on without the dead', () => {
    const { cluster, coverage } = observed();
    cluster.crash('A');
    cluster.wait(1000);
    expect(cluster.server('B').isPrimary).toBe(true);
    expect(reached(coverage)).toEqual(
      expect.arrayContaining([
        'R5a dead by a refused connect',
        'R6d a clean death',
        'R7 a backup asks for a view',
        'R7 a probe led to a promise',
        'R9 W2 decided by a majority',
        'R9 W2 decided with a cleanly dead one left out',
      ]),
    );
    expect(coverage.count('R9 W1 decided')).toBeGreaterThan(0);
    expect(coverage.count('R9 W3 decided')).toBe(0);
  });

  it('silence: a lease stands in the way, and the silent one is left out', () => {
    const { cluster, coverage } = observed();
    cluster.cut('A', 'C');
    cluster.wait(3 * TIMEOUT_MS);
    expect(coverage.count('R8 refused because of a lease')).toBeGreaterThan(0);
    expect(coverage.count('R8 condemned')).toBeGreaterThan(0);
    expect(coverage.count('R6a a ping while condemned')).toBeGreaterThan(0);
    expect(coverage.count('R13 heard of a view that it never accepted')).toBeGreaterThan(0);
    expect(coverage.count('R13 a member is left out')).toBeGreaterThan(0);
  });

  it('leaving, pausing and forcing', () => {
    const { cluster, coverage } = observed();
    cluster.server('B').give({ type: 'paused', sleptUnnoticed: false });
    cluster.server('B').give({ type: 'paused', sleptUnnoticed: true });
    cluster.server('A').give({ type: 'force', sessionKey: 'another key' });
    cluster.leave('A');
    cluster.wait(1000);
    expect(reached(coverage)).toEqual(
      expect.arrayContaining([
        'R22 paused',
        'R22 slept unnoticed',
        'R20 a force is refused',
        'R23 leaves',
        'R23 says farewell',
        'R5c dead by its farewell',
      ]),
    );
  });

  it('a spare that takes the place of a lost member', () => {
    const { cluster, coverage } = observed('ABCD');
    cluster.crash('C');
    cluster.wait(4000);
    expect(coverage.count('R21 a spare follows a full view')).toBeGreaterThan(0);
    expect(coverage.count('R21 a spare takes the place of a lost member')).toBeGreaterThan(0);
    expect(cluster.server('A').members).toHaveLength(3);
  });

  it('witnesses that are taken in', () => {
    const { coverage } = observed('ABCVW');
    expect(coverage.count('R16 a witness accepts')).toBeGreaterThan(0);
    expect(coverage.count('R16 two witnesses are taken in')).toBeGreaterThan(0);
  });

  it('notes nothing that is not expected', () => {
    const { cluster, coverage } = observed('ABCDVW');
    cluster.crash('A');
    cluster.wait(3000);
    cluster.start('A');
    cluster.wait(3000);
    expect(Object.keys(coverage.counts).filter((what) => !EXPECTED_COVERAGE.includes(what))).toEqual([]);
  });

  it('is the same for a server of which only what goes in and out is seen, as long as it writes at once', () => {
    const { cluster, coverage } = observed();
    const server = cluster.server('B');
    const seen = new Coverage();
    const watch = new ServerCoverage(seen, sourceOf(server, cluster));
    const give = server.give.bind(server);
    server.give = (input) => {
      let outputs: Output[] = [];
      watch.given(
        () => sourceOf(server, cluster),
        input,
        () => {
          outputs = give(input);
          for (const output of outputs) watch.did(output);
        },
      );
      return outputs;
    };
    const before = new Coverage();
    before.merge(coverage);
    server.give({ type: 'link-down', address: addressOf('A') });
    server.give({ type: 'refused', address: addressOf('A') });
    const gained = Object.entries(coverage.counts).filter(([what, count]) => count > before.count(what));
    expect(Object.fromEntries(gained.map(([what, count]) => [what, count - before.count(what)]))).toEqual(seen.counts);
    expect(seen.count('R5a dead by a refused connect')).toBe(1);
  });
});

describe('R9: by which rule a view is won', () => {
  const base = view(1, 'A1 B1 C1');
  it.each([
    ['all disks', [supporter('A2', [base]), supporter('B2', [base]), supporter('C2', [base])], ['R9 W1 decided']],
    ['two of three', [supporter('A1', [base]), supporter('B1', [base])], ['R9 W2 decided by a majority']],
    [
      'one, the others died clean',
      [supporter('B1', [base], { cleanDead: [one('A1'), one('C1')] })],
      ['R9 W2 decided by a majority', 'R9 W2 decided with a cleanly dead one left out'],
    ],
    [
      'the first of two, the third died clean',
      [supporter('A1', [base], { cleanDead: [one('C1')] })],
      ['R9 W2 decided by half with the first', 'R9 W2 decided with a cleanly dead one left out'],
    ],
  ] as const)('%s', (_who, supporters, ways) => {
    expect(waysToWin(base, supporters)).toEqual(ways);
  });

  it('two disks that came back, with both witnesses', () => {
    const watched = view(1, 'A1 B1 C1', { witnesses: [witness('V'), witness('W')] });
    const supporters = [supporter('A2', [watched]), supporter('B2', [watched]), ...'VW'].map((who) =>
      typeof who === 'string' ? witnessSupporter(who) : who,
    );
    expect(waysToWin(watched, supporters)).toEqual(['R9 W3 decided']);
  });
});

describe('the table', () => {
  it('shows what never happened, and what nobody expected', () => {
    const coverage = new Coverage();
    coverage.note('a');
    const other = new Coverage();
    other.note('a');
    other.note('c');
    coverage.merge(other);
    coverage.merge({ a: 3 });
    expect(coverage.table(['a', 'b']).split('\n')).toEqual([
      '        5  a',
      '    NEVER  b',
      '        1  c',
      '1 of 2 reached',
    ]);
    expect(coverage.missing(['a', 'b'])).toEqual(['b']);
  });

  it('expects each thing once', () => {
    expect(new Set(EXPECTED_COVERAGE).size).toBe(EXPECTED_COVERAGE.length);
  });
});

describe('R14: what only somebody sees who looks at all servers', () => {
  it('a joiner crashes during its transfer while the primary is paused', () => {
    const { cluster } = observed('ABCD');
    const [primary, joiner] = ['A', 'D'].map((name) => factsOf(sourceOf(cluster.server(name), cluster)));
    const coverage = new Coverage();
    const crash = (isPaused: boolean) =>
      observeCrash(coverage, { facts: joiner!, isPaused: false }, [{ facts: primary!, isPaused }]);
    crash(false);
    expect(coverage.counts).toEqual({});
    crash(true);
    expect(coverage.counts).toEqual({ 'R14 joiner crashes during transfer while the primary is paused': 1 });
  });
});
