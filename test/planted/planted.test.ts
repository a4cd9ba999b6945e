import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { transform } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { RULES as RULES_OFF } from '../explorer/rules.ts';
import { filesOf, plant } from './planted-bug.ts';
import { allPlantedBugs, findPlanted } from './planted-bugs.ts';

const RULES = new Set(
  readFileSync('PROTOCOL.md', 'utf8')
    .match(/^### R\d+b?/gm)!
    .map((title) => title.slice(4)),
);

/** Runs the fixture with a bug planted. */
function runPlanted(name: string) {
  const options = ['--import', './test/planted/register.js', '--import', 'tsx', 'test/planted/loader-fixture.js'];
  return spawnSync(process.execPath, options, { env: { ...process.env, UNDERSTUDY_PLANTED: name }, encoding: 'utf8' });
}

describe('planted bugs', () => {
  it('have a name each, in kebab-case, and a rule of the protocol', () => {
    const names = allPlantedBugs.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(20);
    for (const { name, rule, says } of allPlantedBugs) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(RULES, `rule of ${name}`).toContain(/^R\d+b?/.exec(rule)?.[0].replace(/^(R6|R17)[a-d]$/, '$1'));
      expect(says).toMatch(/^[A-Z].*\.$/);
    }
  });

  it.each(allPlantedBugs.map((bug) => [bug.name, bug] as const))(
    '%s still applies, and its text parses',
    async (_, bug) => {
      for (const file of filesOf(bug)) {
        const source = readFileSync(file, 'utf8');
        const planted = plant(bug, file, source);
        expect(planted).not.toBe(source);
        await expect(transform(planted, { loader: 'ts' })).resolves.toBeDefined();
      }
    },
  );

  it('that are left to the explorer are looked for by it', () => {
    const lookedFor = RULES_OFF.map(({ bug }) => bug);
    for (const { name, isLeftToExplorer } of allPlantedBugs) if (isLeftToExplorer) expect(lookedFor).toContain(name);
  });

  it('that are not looked for say why', () => {
    for (const { whyNotSimulated } of allPlantedBugs)
      if (whyNotSimulated !== undefined) expect(whyNotSimulated).toMatch(/^[A-Z].*\.$/);
  });

  it('that no longer apply are told by name and file', () => {
    const bug = { ...allPlantedBugs[0]!, name: 'gone', replacements: [{ find: 'no such text', replace: '' }] };
    expect(() => plant(bug, bug.file, 'something else')).toThrow(
      `gone no longer applies: its text occurs 0 times in ${bug.file}`,
    );
    const twice = { ...bug, replacements: [{ find: 'a', replace: 'b' }] };
    expect(() => plant(twice, bug.file, 'a a')).toThrow('occurs 2 times');
  });

  it('that nobody knows are refused, with the names that there are', () => {
    expect(() => findPlanted('no-such-bug')).toThrow(/no planted bug "no-such-bug"; there are .*commit-by-majority/);
    expect(runPlanted('no-such-bug')).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('the loader', () => {
  it('plants the bug in its file, in worker threads too', () => {
    expect(runPlanted('lease-as-long-as-the-grant')).toMatchObject({ status: 0, stdout: 'main 2100\nworker 2100\n' });
  });

  it('leaves all else as it is', () => {
    expect(runPlanted('commit-by-majority')).toMatchObject({ status: 0, stdout: 'main 2000\nworker 2000\n' });
  });
});
