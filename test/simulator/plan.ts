import { seededRandom } from '../../shared/random.ts';
import { drawFaults, type PlannedFault } from './faults.ts';
import { drawOperations, type PlannedOperation } from './operations.ts';
import { drawLayout, drawRates, type Layout, type Rates } from './rates.ts';
import { type RunResult, Simulation } from './simulation.ts';

export type { PlannedFault } from './faults.ts';
export type { PlannedOperation } from './operations.ts';
export type { Layout, Rates } from './rates.ts';
export type { RunResult } from './simulation.ts';

/** Everything that a run depends on: equal plans give equal runs. Faults and operations may be left out one by one. */
export interface Plan {
  /** What delays and the like are drawn from; also names the run. */
  readonly seed: string;
  readonly layout: Layout;
  readonly rates: Rates;
  /** Ascending by number. */
  readonly faults: readonly PlannedFault[];
  /** Ascending by number, and by time. */
  readonly operations: readonly PlannedOperation[];
}

/** @param layout parts of it that are not to be drawn from the seed */
export function planOf(seed: string, layout: Partial<Layout> = {}): Plan {
  const random = seededRandom(`plan ${seed}`);
  const drawnRates = drawRates(random.fork());
  const all = { ...drawLayout(random.fork()), ...layout };
  const drawn = { ...all, replicationFactor: Math.min(all.replicationFactor, all.servers) };
  // With one member nothing may break for good.
  const possible = drawn.replicationFactor > 1 ? drawnRates : { ...drawnRates, lastingFault: null };
  const rates = layout.spread === undefined ? possible : { ...possible, spread: layout.spread };
  const faults = drawFaults(random.fork(), rates, drawn);
  const operations = drawOperations(random.fork(), rates, drawn);
  return { seed, layout: drawn, rates, faults, operations };
}

/** Carries a plan out. Resolves also when a promise was broken; see {@link RunResult.violation}. */
export function runPlan(plan: Plan, tellsAll = false): Promise<RunResult> {
  return new Simulation(plan, tellsAll).run();
}
