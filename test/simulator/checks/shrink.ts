import { type Plan, type Rates, type RunResult, runPlan } from '../plan.ts';
import { kindOfViolation } from './violation-kind.ts';

export interface ShrinkOptions {
  /** No more runs than these. From 1, the run that shows the failure included. */
  maxRuns: number;
  /** Told after each step that made the plan smaller. */
  onProgress?: (text: string) => void;
  /** Carries a plan out; {@link runPlan} unless it is another one. */
  run?: (plan: Plan) => Promise<RunResult>;
}

export interface Shrunk {
  plan: Plan;
  /** Of the run of that plan. */
  result: RunResult;
  runs: number;
}

/**
 * Looks for a smaller plan that fails in the same way: a shorter run, fewer faults, fewer clients and
 * servers, fewer operations, and surroundings without peculiarities, by delta debugging (Zeller, Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002). When there were runs enough, no fault and no operation of what comes out can be left out.
 *
 * @throws Error when the plan does not fail
 */
export async function shrink(plan: Plan, options: ShrinkOptions): Promise<Shrunk> {
  const { run = runPlan } = options;
  const result = await run(plan);
  if (result.violation === null)
    throw new Error(`The plan ${plan.seed} keeps every promise: there is nothing to shrink.`);
  const shrinker = new Shrinker(plan, result, { ...options, run });
  await shrinker.shrink();
  return { plan: shrinker.plan, result: shrinker.result, runs: shrinker.runs };
}

class Shrinker {
  plan: Plan;
  result: RunResult;
  runs = 1;
  readonly #kind: string;
  readonly #options: Required<Pick<ShrinkOptions, 'run' | 'maxRuns'>> & ShrinkOptions;

  constructor(
    plan: Plan,
    result: RunResult,
    options: Required<Pick<ShrinkOptions, 'run' | 'maxRuns'>> & ShrinkOptions,
  ) {
    this.plan = plan;
    this.result = result;
    this.#kind = kindOfViolation(result.violation!);
    this.#options = options;
  }

  /** Whatever helped may make room for more of what was tried before. */
  async shrink(): Promise<void> {
    for (let size = Number.POSITIVE_INFINITY; this.#mayRun && sizeOf(this.plan) < size; ) {
      size = sizeOf(this.plan);
      await this.#shorten();
      await this.#thinOut('faults');
      await this.#shrinkLayout();
      await this.#thinOut('operations');
      await this.#calmDown();
    }
  }

  get #mayRun(): boolean {
    return this.runs < this.#options.maxRuns;
  }

  /** @returns whether the plan fails in the same way; then it takes the place of the former one */
  async #try(candidate: Plan): Promise<boolean> {
    if (!this.#mayRun) return false;
    this.runs += 1;
    const result = await this.#options.run(candidate);
    if (result.violation === null || kindOfViolation(result.violation) !== this.#kind) return false;
    this.plan = candidate;
    this.result = result;
    const { faults, operations, layout } = candidate;
    const size = `${faults.length} faults, ${operations.length} operations, ${layout.servers} servers, ${layout.clients} clients`;
    this.#options.onProgress?.(`${size} after ${this.runs} runs`);
    return true;
  }

  /** Leaves out ever smaller parts, until no single one can be left out any more. */
  async #thinOut(what: 'faults' | 'operations'): Promise<void> {
    if (this.plan[what].length === 0 || (await this.#try({ ...this.plan, [what]: [] }))) return;
    for (let length = Math.ceil(this.plan[what].length / 2); this.#mayRun; length = Math.ceil(length / 2)) {
      let isSmaller = await this.#leaveOut(what, length);
      while (isSmaller && length === 1) isSmaller = await this.#leaveOut(what, 1);
      if (length === 1) return;
    }
  }

  /** @returns whether any part of that length could be left out */
  async #leaveOut(what: 'faults' | 'operations', length: number): Promise<boolean> {
    const count = this.plan[what].length;
    for (let start = 0; start < this.plan[what].length; ) {
      const items: readonly unknown[] = this.plan[what];
      const rest = [...items.slice(0, start), ...items.slice(start + length)];
      if (!(await this.#try({ ...this.plan, [what]: rest }))) start += length;
    }
    return this.plan[what].length < count;
  }

  /** The faults end earlier; what was planned for later is left out. */
  async #shorten(): Promise<void> {
    while (this.plan.rates.faultsMs > 50) {
      const faultsMs = Math.floor(this.plan.rates.faultsMs / 2);
      if (!(await this.#try(endingAt(this.plan, faultsMs)))) return;
    }
  }

  async #shrinkLayout(): Promise<void> {
    const smaller = [
      () => ({ servers: this.plan.layout.replicationFactor }),
      () => ({ servers: 3, replicationFactor: 3 }),
      () => ({ witnesses: 0 as const }),
      () => ({ accounts: 1 }),
    ];
    for (const change of smaller) await this.#tryLayout(change());
    while (this.plan.layout.clients > 1) {
      const clients = this.plan.layout.clients - 1;
      const accounts = Math.min(this.plan.layout.accounts, clients);
      if (!(await this.#tryLayout({ clients, accounts }))) return;
    }
  }

  async #tryLayout(change: Partial<Plan['layout']>): Promise<boolean> {
    const layout = { ...this.plan.layout, ...change };
    const isSmaller = Object.entries(change).every(([key, value]) => value <= this.plan.layout[key as 'servers']);
    const isOther = JSON.stringify(layout) !== JSON.stringify(this.plan.layout);
    return isSmaller && isOther && (await this.#try({ ...this.plan, layout }));
  }

  /** Fewer things to think about for whoever reads the plan. */
  async #calmDown(): Promise<void> {
    for (const [name, value] of Object.entries(CALM_RATES) as [keyof Rates, never][]) {
      if (JSON.stringify(this.plan.rates[name]) === JSON.stringify(value)) continue;
      await this.#try({ ...this.plan, rates: { ...this.plan.rates, [name]: value } });
    }
  }
}

const CALM_RATES: Partial<Rates> = {
  clockDrift: 0,
  slowDisk: 0,
  lateMessages: 0,
  realRows: false,
  peerDelayMs: [0.05, 1],
  clientDelayMs: [0.1, 2],
  diskMs: [0.2, 2],
  trustRefused: true,
  snapshotIntervalOperations: 100_000,
  logTailEntries: 5000,
  longWayMs: 0,
  lastingFault: null,
  logPieceLength: 512 * 1024,
  unreadBytesMax: 16 * 1024 * 1024,
  spreadReads: 0,
  spread: 0,
};

function endingAt(plan: Plan, faultsMs: number): Plan {
  const endMs = plan.rates.calmMs + faultsMs;
  return {
    ...plan,
    rates: { ...plan.rates, faultsMs },
    faults: plan.faults.filter(({ when }) => when.type !== 'at' || when.atMs < endMs),
    operations: plan.operations.filter(({ atMs }) => atMs < endMs),
  };
}

/** What there is to read in it. */
function sizeOf({ faults, operations, layout, rates }: Plan): number {
  const peculiar = (Object.keys(CALM_RATES) as (keyof Rates)[]).filter(
    (name) => JSON.stringify(rates[name]) !== JSON.stringify(CALM_RATES[name]),
  );
  return faults.length + operations.length + layout.servers + layout.clients + layout.accounts + peculiar.length;
}
