import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';
import { ruleNamed, searchWithout } from './rules-off.ts';
import { type SearchResult, search } from './search.ts';
import { firstWorld, newModel } from './start.ts';
import { follow } from './traces.ts';

function explore(...args: string[]): SearchResult {
  const { bounds, model, limits, from } = parseOptions(args);
  const tables = newModel(bounds, model);
  return search(tables, follow(tables, firstWorld(tables), from).world, limits);
}

describe('every order of messages, crashes and time-outs, within small bounds', () => {
  it('I1 to I8: one view change, one operation, one crash', () => {
    const result = explore('--numbers', '1', '--crashes', '1');
    expect(result.violation).toBeNull();
    expect(result.exhausted).toBe(true);
    expect(result.states).toBeGreaterThan(10_000);
  });

  it('R16: one view change of two replicas and two witnesses', () => {
    const result = explore('--replicas', '2', '--witnesses', '2', '--numbers', '1', '--crashes', '0');
    expect(result).toMatchObject({ violation: null, exhausted: true });
  });

  it('finds the same states depth-first', () => {
    const bounds = ['--numbers', '1', '--crashes', '0'];
    const breadth = explore(...bounds);
    const depth = explore(...bounds, '--order', 'depth');
    expect(depth).toMatchObject({ exhausted: true, states: breadth.states, transitions: breadth.transitions });
  });

  it('stops at its limits and says so', () => {
    const result = explore('--numbers', '2', '--states', '500');
    expect(result).toMatchObject({ exhausted: false, violation: null });
  });
});

describe('the explorer can fail', () => {
  it('R9, H13: with exactly half of a view enough for anybody, two views lose an operation', async () => {
    const { violation } = await searchWithout(ruleNamed('H13'));
    expect(violation?.broken).toMatch(/^I5: view 2C = \[C\] is installed without operation/);
    const codes = violation!.trace.map(({ code }) => code);
    expect(codes.at(-1)).toBe('ask C -B');
    expect(codes.length).toBeLessThanOrEqual(6);
  });

  it('refuses a guided start that cannot happen, and says what can', () => {
    expect(() => explore('--from', 'crash A; dead B C')).toThrow(
      /"dead B C" cannot happen here\. What can: .*dead B A/,
    );
  });
});
