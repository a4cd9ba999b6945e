import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../faults.ts';
import { OPERATION_KINDS } from '../operations.ts';
import { type Plan, type PlannedFault, planOf, type RunResult } from '../plan.ts';
import { tellStory } from './story.ts';

const COMMAND = 'npm run simulate -- --seed once --runs 1';

function planWith(change: Partial<Plan>): Plan {
  const plan = planOf('a seed', { servers: 3, replicationFactor: 3, witnesses: 0, clients: 2, accounts: 1 });
  return { ...plan, faults: [], operations: [], ...change };
}

function fault(change: Partial<PlannedFault>): PlannedFault {
  const when = { type: 'at', atMs: 812.3456 } as const;
  const none = {
    number: 4,
    kind: 'crash',
    server: 1,
    other: 1,
    client: 0,
    durationMs: 70,
    awayMs: 300,
    choice: 0,
  } as const;
  return { ...none, when, ...change };
}

function told(plan: Plan, story: readonly string[], lastEvents?: number): string {
  const none = { digest: 0, simulatedMs: 0, events: 0, commits: 0, acknowledged: 0, answered: 0, faults: {}, views: 0 };
  const result: RunResult = { seed: plan.seed, violation: 'I5: two logs', story: [...story], ...none };
  return tellStory(plan, result, { command: COMMAND, ...(lastEvents === undefined ? {} : { lastEvents }) });
}

describe('the story of a failed run', () => {
  it('ends with the broken promise and how to see it again', () => {
    expect(told(planWith({}), []).split('\n').slice(-2)).toEqual(['Broken: I5: two logs', `Once more: ${COMMAND}`]);
  });

  it('says who and what and when, without ports', () => {
    const story = told(planWith({}), ['     12.34  server2:1538: View 3 goes on without server1:1538.']);
    expect(story).toContain('       12.34 ms  server2   View 3 goes on without server1.');
  });

  it('folds heartbeats, and what repeats itself', () => {
    const lines = [1, 2, 3].map((ms) => `      ${ms}.00  server1:1538 sends a ping to server2:1538`);
    const same = [4, 5].map((ms) => `      ${ms}.00  server1:1538 refuses`);
    const story = told(planWith({}), [...lines, ...same, '      6.00  the faults end']);
    expect(story.split('What happens:\n')[1]!.split('\n').slice(0, 4)).toEqual([
      '        1.00 ms            3 heartbeats, the last at 3.00 ms',
      '        4.00 ms  server1   refuses (2 times, the last at 5.00 ms)',
      '        6.00 ms            the faults end',
      '',
    ]);
  });

  it('keeps the last events, and says how many came before', () => {
    const lines = Array.from({ length: 9 }, (_, ms) => `      ${ms}.00  client1 does thing ${ms}`);
    const story = told(planWith({}), lines, 2);
    expect(story).toContain('… 7 events before');
    expect(story).toContain('does thing 7');
    expect(story).not.toContain('does thing 6');
  });

  it('tells the plan in sentences', () => {
    const faults = [
      fault({}),
      fault({ number: 9, kind: 'cutPair', when: { type: 'critical-step', nth: 12, afterMs: 2.5 } }),
    ];
    const operation = { kind: 'send', client: 3, choice: 0 } as const;
    const operations = [
      { ...operation, number: 1, atMs: 300 },
      { ...operation, number: 2, atMs: 310.5 },
      { ...operation, number: 7, atMs: 400, client: 0, kind: 'logOut' as const },
    ];
    const story = told(planWith({ faults, operations }), []);
    expect(story).toContain('3 servers, replication factor 3; 2 clients of 1 account.');
    expect(story).toContain('  4: at 812.35 ms server2 crashes and starts again 300 ms later');
    expect(story).toContain(
      '  9: at critical step 12, 2.5 ms later server2 and server3 are cut off from each other for 70 ms',
    );
    expect(story).toContain('  1 to 2: from 300 to 310.5 ms client2 sends a message, 2 times');
    expect(story).toContain('  7: at 400 ms client1 logs out, if it is logged in');
  });

  it('has words for every kind of fault and of operation', () => {
    const faults = FAULT_KINDS.map((kind, number) => fault({ kind, number, server: 'here' }));
    const operations = OPERATION_KINDS.map((kind, number) => ({ number, atMs: number, client: 0, kind, choice: 0 }));
    expect(told(planWith({ faults, operations }), [])).not.toMatch(/undefined|null|NaN/);
  });
});
