import { describe, expect, it } from 'vitest';
import type { FaultKind, PlannedFault } from './faults.ts';
import { type Layout, type Plan, planOf, type Rates, type RunResult, runPlan } from './plan.ts';

/** What a person needs to look into a failed run. */
function reportOf({ seed, violation, story }: RunResult): string {
  return violation === null ? '' : [`run ${seed}: ${violation}`, ...story.slice(-30)].join('\n');
}

async function runAll(name: string, count: number, layout?: Partial<Layout>): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for (let number = 0; number < count; number++) results.push(await runPlan(planOf(`${name}-${number}`, layout)));
  return results;
}

function requireClean(results: readonly RunResult[]): void {
  expect(results.map(reportOf).filter((report) => report !== '')).toEqual([]);
}

function sumOf(results: readonly RunResult[], figure: (result: RunResult) => number): number {
  return results.reduce((sum, result) => sum + figure(result), 0);
}

const TIMEOUT_MS = 120_000;

describe('the whole program under faults drawn from a seed', () => {
  it(
    'I1 to I9, R1 to R25: every promise to clients is kept, and everything is well again in the end',
    async () => {
      const results = await runAll('understudy', 30);
      requireClean(results);
      // The runs would say nothing if nothing happened in them.
      const faults = new Set(results.flatMap((result) => Object.keys(result.faults)));
      expect(faults.size).toBeGreaterThan(15);
      expect(sumOf(results, ({ answered }) => answered)).toBeGreaterThan(500);
      expect(sumOf(results, ({ views }) => views)).toBeGreaterThan(100);
    },
    TIMEOUT_MS,
  );

  it(
    'R21: with a spare',
    async () => requireClean(await runAll('spare', 6, { servers: 4, replicationFactor: 3 })),
    TIMEOUT_MS,
  );

  it.each([
    { servers: 5, replicationFactor: 3 },
    { servers: 1, replicationFactor: 1 },
    { servers: 2, replicationFactor: 2 },
    { servers: 5, replicationFactor: 5 },
  ])(
    'R19b, R21: with $servers servers, replication factor $replicationFactor',
    async (layout) => requireClean(await runAll(`nodes-${layout.servers}`, 2, layout)),
    TIMEOUT_MS,
  );

  it(
    'R21: of five servers with factor 3, six primaries die one after the other, and spares take their places',
    async () => {
      const atMs = (number: number) => 900 + 450 * number;
      const faults = Array.from({ length: 6 }, (_, number) => ({
        kind: 'crash' as const,
        when: { type: 'at' as const, atMs: atMs(number) },
        server: 'primary' as const,
        awayMs: 300,
      }));
      const plan = planWith('six-kills', faults, { faultsMs: 3600, isWatchedClosely: true });
      const result = await runPlan({ ...plan, layout: { ...plan.layout, servers: 5 } });
      requireClean([result]);
      expect(result.faults).toMatchObject({ crash: 6 });
      expect(result.coverage?.['R21 a spare takes the place of a lost member']).toBeGreaterThanOrEqual(6);
    },
    TIMEOUT_MS,
  );

  it('R16: with two witnesses', async () => requireClean(await runAll('witnessed', 8, { witnesses: 2 })), TIMEOUT_MS);

  it(
    'R20: when an operator has forced a view, all is as promised within what remains',
    async () => {
      const plans = Array.from({ length: 400 }, (_, number) => planOf(`forced-${number}`));
      const results: RunResult[] = [];
      for (const plan of plans.filter(({ rates }) => rates.mayForce).slice(0, 12)) {
        results.push(await runPlan({ ...plan, rates: { ...plan.rates, isWatchedClosely: true } }));
      }
      requireClean(results);
      for (const what of ['R20 force', 'R20 a force is refused', 'R20 heard of a forced view']) {
        expect(
          sumOf(results, ({ coverage }) => coverage?.[what] ?? 0),
          what,
        ).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );

  it('R23, ci-6899: a server that leaves without its leases does not ask for ever whether it is the primary', async () => {
    requireClean([await runPlan(planOf('ci-6899'))]);
  });

  it(
    'a run depends on its plan alone',
    async () => {
      const [first, again, other] = [await runAll('same', 3), await runAll('same', 3), await runAll('other', 3)];
      expect(again).toEqual(first);
      expect(other.map(({ digest }) => digest)).not.toEqual(first.map(({ digest }) => digest));
    },
    TIMEOUT_MS,
  );

  it(
    'faults and operations can be left out one by one',
    async () => {
      const plans = Array.from({ length: 20 }, (_, number) => planOf(`thinned-${number}`));
      const plan = plans.find(({ faults }) => faults.length > 4)!;
      const half = <T>(all: readonly T[]) => all.filter((_, index) => index % 2 === 0);
      const thinned = { ...plan, faults: half(plan.faults), operations: half(plan.operations) };
      requireClean([await runPlan(thinned), await runPlan({ ...plan, faults: [], operations: [] })]);
    },
    TIMEOUT_MS,
  );
});

/** A run in which only what is named goes wrong. */
function planWith(seed: string, faults: readonly (Partial<PlannedFault> & Named)[], rates: Partial<Rates> = {}): Plan {
  const plan = planOf(seed, { servers: 3, replicationFactor: 3, witnesses: 0, clients: 3, accounts: 2 });
  const planned = faults.map((fault, number) => ({ ...USUAL, ...fault, number }));
  return { ...plan, rates: { ...plan.rates, ...CALM, ...rates }, faults: planned };
}

type Named = { kind: FaultKind; when: PlannedFault['when'] };

const USUAL = { server: 0, other: 0, client: 0, durationMs: 500, awayMs: 200, choice: 0.3 } as const;
const CALM: Partial<Rates> = {
  rounds: 0,
  calmMs: 700,
  faultsMs: 2500,
  heartbeatTimeoutMs: 400,
  heartbeatIntervalMs: 80,
  tickMs: 20,
  peerDelayMs: [0.05, 1],
  longWayMs: 0,
  rankDelayMs: 53,
  clientDelayMs: [0.1, 2],
  diskMs: [0.2, 2],
  lateMessages: 0,
  clockDrift: 0,
  trustRefused: true,
};

describe('what once went wrong', () => {
  it('A3: after a sleep that the clock did not count, the word of another of a death passed for a clean one', async () => {
    const faults: (Partial<PlannedFault> & Named)[] = [
      { kind: 'sleep', when: { type: 'at', atMs: 1313.1 }, server: 1, durationMs: 4243 },
      { kind: 'sleep', when: { type: 'at', atMs: 1955.2 }, server: 2, durationMs: 222 },
      { kind: 'crash', when: { type: 'critical-step', nth: 1, afterMs: 1.86 }, server: 'here', awayMs: 266 },
    ];
    const times = { calmMs: 1131, faultsMs: 840, heartbeatTimeoutMs: 600, heartbeatIntervalMs: 75, tickMs: 25 };
    const plan = planWith('o-690', faults, times);
    requireClean([await runPlan({ ...plan, layout: { ...plan.layout, clients: 1, accounts: 1 }, operations: [] })]);
  });

  it.each<[string, (Partial<PlannedFault> & Named)[]]>([
    [
      'a server that came back was listed twice',
      [
        { kind: 'crashTwo', when: { type: 'at', atMs: 900 }, server: 1, awayMs: 30 },
        { kind: 'crash', when: { type: 'critical-step', nth: 6, afterMs: 0 }, server: 'here', awayMs: 5 },
        { kind: 'crash', when: { type: 'at', atMs: 1500 }, server: 2, awayMs: 5 },
      ],
    ],
    [
      'A3: an answer from before a sleep that the clock did not count passed for a lease',
      [
        { kind: 'sleep', when: { type: 'at', atMs: 1000 }, server: 0, durationMs: 900 },
        { kind: 'isolate', when: { type: 'at', atMs: 1010 }, server: 0, durationMs: 1500 },
        { kind: 'crash', when: { type: 'at', atMs: 2200 }, server: 1 },
      ],
    ],
    [
      'the time of messages went back when the next primary had an earlier clock',
      [
        { kind: 'wallJump', when: { type: 'at', atMs: 750 }, server: 0, choice: 0 },
        { kind: 'crash', when: { type: 'at', atMs: 1500 }, server: 0 },
      ],
    ],
  ])(
    '%s',
    async (_, faults) => {
      const results: RunResult[] = [];
      for (let number = 0; number < 3; number++) results.push(await runPlan(planWith(`once-${number}`, faults)));
      requireClean(results);
      expect(Math.min(...results.map((result) => Object.keys(result.faults).length))).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
