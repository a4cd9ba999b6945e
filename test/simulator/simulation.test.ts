import { describe, expect, it } from 'vitest';
import type { Layout } from './faults.ts';
import { type RunResult, Simulation } from './simulation.ts';

/** What a person needs to look into a failed run: `npm run simulate -- --runs 1 --seed SEED` does it again. */
function reportOf({ seed, violation, story }: RunResult): string {
  return violation === null ? '' : [`seed ${seed}: ${violation}`, ...story.slice(-30)].join('\n');
}

function runAll(name: string, count: number, layout?: Layout): RunResult[] {
  return Array.from({ length: count }, (_, number) => new Simulation(`${name}-${number}`, layout).run());
}

function requireClean(results: readonly RunResult[]): void {
  expect(results.map(reportOf).filter((report) => report !== '')).toEqual([]);
}

describe('the core under faults drawn from a seed', () => {
  it('I1 to I9: nothing acknowledged is lost, doubled or reordered, and everything is well again in the end', () => {
    const results = runAll('understudy', 300);
    requireClean(results);
    // The runs would say nothing if nothing happened in them.
    const faults = new Set(results.flatMap((result) => Object.keys(result.faults)));
    expect(faults.size).toBeGreaterThan(10);
    expect(results.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(10_000);
    expect(results.reduce((sum, { views }) => sum + views, 0)).toBeGreaterThan(500);
  });

  it('R21: four servers, of which three are listed at a time', () => {
    requireClean(runAll('spare', 60, { servers: 4, replicationFactor: 3 }));
  });

  it('a run depends on its seed alone', () => {
    const [first, again, other] = ['same', 'same', 'other'].map((seed) => new Simulation(seed).run());
    expect(again).toEqual(first);
    expect(other!.story).not.toEqual(first!.story);
  });
});

describe('seeds that once failed', () => {
  it.each([
    ['m-300', 'a server that came back was listed twice'],
    ['m-1161', 'an answer from before a sleep that the clock did not count passed for a lease'],
  ])('%s: %s', (seed) => {
    requireClean([new Simulation(seed).run()]);
  });
});
