import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conversationOf, type Scenario } from './scenario.ts';

const folder = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(folder)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .map((name) => name.replace(/\.ts$/, ''));

const scenarios = await Promise.all(
  names.map(async (name) => {
    const { scenario } = (await import(join(folder, `${name}.ts`))) as { scenario: Scenario };
    return { name, scenario };
  }),
);

describe('the replicas say to each other what they said before', () => {
  it.each(scenarios)('$name', async ({ name, scenario }) => {
    await expect(conversationOf(scenario)).toMatchFileSnapshot(join(folder, `${name}.txt`));
  });

  it('and every trace has its scenario', () => {
    const traces = readdirSync(folder).filter((name) => name.endsWith('.txt'));
    expect(names).toEqual(expect.arrayContaining(traces.map((name) => name.replace(/\.txt$/, ''))));
  });
});
