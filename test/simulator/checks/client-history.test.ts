import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../shared/random.ts';
import { checkClientHistory } from './client-history.ts';
import { LegalRun } from './legal-run.ts';
import { MUTATIONS } from './mutations.ts';

const seeds = fc.nat({ max: 1e9 });

describe('histories that are right', () => {
  it('are found to be right, whatever overlaps', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 5, max: 300 }), (seed, size) => {
        const { events, entries } = new LegalRun(seededRandom(`legal ${seed}`), size);
        expect(checkClientHistory(events, entries)).toBeNull();
        expect(checkClientHistory(events, entries, { areRefusalsConfirmed: true })).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});

describe('histories that are wrong', () => {
  it.each(Object.entries(MUTATIONS))('are found to be wrong: %s', (_name, mutate) => {
    let found = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(`mutated ${seed}`);
        const run = mutate(new LegalRun(random, 250), random);
        fc.pre(run !== undefined);
        expect(checkClientHistory(run.events, run.entries)).not.toBeNull();
        found += 1;
      }),
      { numRuns: 30, maxSkipsPerRun: 1000 },
    );
    expect(found).toBeGreaterThan(0);
  });
});
