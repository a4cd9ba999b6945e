import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Plan, planOf, type RunResult } from '../plan.ts';
import { shrink } from './shrink.ts';
import { kindOfViolation } from './violation-kind.ts';

/** A plan with enough in it. */
function fullPlan(seed = 'full'): Plan {
  const plan = planOf(seed, { servers: 4, replicationFactor: 3, clients: 4, accounts: 3, witnesses: 0 });
  const [fault] = planOf('one with a fault').faults;
  const faults = Array.from({ length: 40 }, (_, number) => ({
    ...fault!,
    number,
    when: { type: 'at' as const, atMs: plan.rates.calmMs + number },
  }));
  const [operation] = plan.operations;
  const operations = Array.from({ length: 60 }, (_, number) => ({ ...operation!, number, atMs: 10 * number }));
  return { ...plan, faults, operations };
}

/** In the place of the simulator: a plan fails as the function says. */
function runAs(violationOf: (plan: Plan) => string | null) {
  const plans: Plan[] = [];
  const run = (plan: Plan): Promise<RunResult> => {
    plans.push(plan);
    const none = { simulatedMs: 0, events: 0, commits: 0, acknowledged: 0, answered: 0, faults: {}, views: 0 };
    return Promise.resolve({ seed: plan.seed, violation: violationOf(plan), story: [], digest: 0, ...none });
  };
  return { run, plans };
}

const numbers = (items: readonly { number: number }[]) => items.map(({ number }) => number);

describe('shrinking', () => {
  it('leaves exactly the faults and operations that the failure needs', async () => {
    const needs = (plan: Plan) =>
      [7, 31].every((number) => numbers(plan.faults).includes(number)) && numbers(plan.operations).includes(42);
    const { run, plans } = runAs((plan) => (needs(plan) ? `R4: operation ${plan.operations.length} is lost` : null));
    const shrunk = await shrink(fullPlan(), { maxRuns: 1000, run });
    expect(numbers(shrunk.plan.faults)).toEqual([7, 31]);
    expect(numbers(shrunk.plan.operations)).toEqual([42]);
    expect(shrunk.plan.layout).toMatchObject({ servers: 3, clients: 1, accounts: 1 });
    expect(shrunk.plan.rates).toMatchObject({ clockDrift: 0, realRows: false, slowDisk: 0 });
    expect(shrunk.result.violation).toBe('R4: operation 1 is lost');
    expect(shrunk.runs).toBe(plans.length);
  });

  it('whatever it needs, and nothing of that can be left out', async () => {
    const some = fc.uniqueArray(fc.nat({ max: 39 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(some, some, async (faults, operations) => {
        const { run } = runAs((plan) => {
          const isThere = (needed: readonly number[], items: readonly { number: number }[]) =>
            needed.every((number) => numbers(items).includes(number));
          return isThere(faults, plan.faults) && isThere(operations, plan.operations) ? 'I5: two logs' : null;
        });
        const { plan } = await shrink(fullPlan(), { maxRuns: 5000, run });
        expect(numbers(plan.faults)).toEqual([...faults].sort((a, b) => a - b));
        expect(numbers(plan.operations)).toEqual([...operations].sort((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });

  it('does not take another failure for the same', async () => {
    const { run } = runAs(({ faults }) => (faults.length > 20 ? 'I5: two logs' : 'R4: something is lost'));
    const { plan, result } = await shrink(fullPlan(), { maxRuns: 1000, run });
    expect(plan.faults).toHaveLength(21);
    expect(result.violation).toBe('I5: two logs');
  });

  it('ends the run early when the failure comes early', async () => {
    const { run } = runAs(({ rates }) => (rates.faultsMs >= 300 ? 'I5: two logs' : null));
    const { plan } = await shrink(fullPlan(), { maxRuns: 1000, run });
    expect(plan.rates.faultsMs).toBeLessThan(600);
    expect(plan.faults).toEqual([]);
  });

  it('stops after so many runs, with the best so far', async () => {
    const { run, plans } = runAs(({ faults }) => (faults.length > 0 ? 'I5: two logs' : null));
    const told: string[] = [];
    const shrunk = await shrink(fullPlan(), { maxRuns: 14, run, onProgress: (text) => told.push(text) });
    expect(plans).toHaveLength(14);
    expect(shrunk.runs).toBe(14);
    expect(shrunk.plan.faults.length).toBeLessThan(40);
    expect(plans).toContain(shrunk.plan);
    expect(told[told.length - 1]).toContain(`${shrunk.plan.faults.length} faults`);
  });

  it('refuses a plan that does not fail', async () => {
    const { run } = runAs(() => null);
    await expect(shrink(fullPlan(), { maxRuns: 10, run })).rejects.toThrow('nothing to shrink');
  });
});

describe('the kind of a violation', () => {
  it.each([
    ['I5: server1:1538 commits another operation 7', 'I5'],
    ['told with a gap: client1, as user1, is told', 'told with a gap'],
    ['server1:1538 ends: the disk is full', 'a server ends'],
    ['server3:2538 ends: the disk is broken', 'a server ends'],
    ['request 17 is executed twice\n    at there (a.ts:1:2)', 'request N is executed twice'],
  ])('of "%s" is "%s"', (violation, kind) => {
    expect(kindOfViolation(violation)).toBe(kind);
  });
});
