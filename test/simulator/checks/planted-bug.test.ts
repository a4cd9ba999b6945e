import { afterEach, describe, expect, it, vi } from 'vitest';
import { Pushes } from '../../../server/network/gateway-pushes.ts';
import { type Plan, planOf, type RunResult, runPlan } from '../plan.ts';
import { shrink } from './shrink.ts';
import { tellStory } from './story.ts';
import { kindOfViolation } from './violation-kind.ts';

/** So many plans are tried before the bug is taken for one that nothing finds. */
const PLANS = 40;
const RUNS = 50;

/** Every tenth position is pushed to nobody. */
function losePushes(): void {
  const { toAccounts } = Pushes.prototype;
  vi.spyOn(Pushes.prototype, 'toAccounts').mockImplementation(function (this: Pushes, ...push) {
    if (push[1] % 10 !== 0) toAccounts.apply(this, push);
  });
}

async function firstFailure(): Promise<{ plan: Plan; result: RunResult }> {
  for (let number = 0; number < PLANS; number++) {
    const plan = planOf(`planted-${number}`, { servers: 3, replicationFactor: 3, witnesses: 0 });
    const result = await runPlan(plan);
    if (result.violation !== null) return { plan, result };
  }
  throw new Error(`none of ${PLANS} plans finds the bug`);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a bug that was planted', () => {
  it('a push that gets lost is found, and the plan that shows it gets small', async () => {
    losePushes();
    const { plan, result } = await firstFailure();
    const shrunk = await shrink(plan, { maxRuns: RUNS });
    expect(kindOfViolation(result.violation!)).toBe('told with a gap');
    expect(kindOfViolation(shrunk.result.violation!)).toBe('told with a gap');
    expect(shrunk.plan.faults.length + shrunk.plan.operations.length).toBeLessThan(
      (plan.faults.length + plan.operations.length) / 2,
    );
    expect((await runPlan(shrunk.plan)).violation).toBe(shrunk.result.violation);
    const story = tellStory(shrunk.plan, shrunk.result, { command: 'npm run simulate' });
    expect(story).toContain(`Broken: ${shrunk.result.violation}`);
    vi.restoreAllMocks();
    expect((await runPlan(shrunk.plan)).violation).toBeNull();
  }, 120_000);
});
