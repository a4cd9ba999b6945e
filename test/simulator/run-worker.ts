import { planOf, runPlan } from './plan.ts';
import type { Layout } from './rates.ts';
import type { RunResult } from './simulation.ts';

/** What a worker is asked to do: the runs of these seeds, one after the other. */
export interface Task {
  seeds: readonly string[];
  layout: Partial<Layout>;
}

process.on('message', (task: Task) => void work(task));
// Without its parent there is nobody to work for.
process.on('disconnect', () => process.exit());

async function work({ seeds, layout }: Task): Promise<void> {
  for (const seed of seeds) {
    const result = await runPlan(planOf(seed, layout));
    const story = result.violation === null ? [] : result.story;
    process.send!({ ...result, story } satisfies RunResult);
    // A run leaves the main loop no turn, and the end of the parent is told there.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
