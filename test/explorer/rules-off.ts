import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { traceText } from './report.ts';
import { RULES, type RuleOff } from './rules.ts';
import type { SearchResult } from './search.ts';

/** What a search with one rule switched off came to. */
export interface RuleOffResult extends SearchResult {
  /** So many moves of the trace were given. */
  readonly guided: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Switches rules off, one after the other, each in a process of its own, and prints what came of it.
 *
 * @param names of {@link RULES}
 * @returns whether every one of them led to a violation
 */
export async function searchWithRulesOff(names: readonly string[] | 'all'): Promise<boolean> {
  const rules = names === 'all' ? RULES : names.map(ruleNamed);
  const rows: string[] = [];
  let isEachFound = true;
  for (const rule of rules) {
    let result: RuleOffResult;
    try {
      result = await searchWithout(rule);
    } catch (problem) {
      isEachFound = false;
      rows.push(`| ${rule.name} | ${rule.bug} | DID NOT RUN | | | |`);
      console.error(String(problem));
      continue;
    }
    const { violation, states, seconds, guided } = result;
    if (!violation) isEachFound = false;
    if (violation && names !== 'all') console.log(traceText(violation.trace));
    const length = violation ? `${violation.trace.length} moves${guided > 0 ? ` (${guided} given)` : ''}` : 'none';
    const found = violation ? violation.broken : 'NOT FOUND';
    rows.push(`| ${rule.name} | ${rule.bug} | ${found} | ${length} | ${states} | ${seconds.toFixed(1)} |`);
    if (names === 'all') console.error(rows[rows.length - 1]);
  }
  console.log('| rule | switched off by | found | trace | states | seconds |\n|---|---|---|---|---|---|');
  console.log(rows.join('\n'));
  return isEachFound;
}

/** @throws Error when there is none of that name */
export function ruleNamed(name: string): RuleOff {
  const found = RULES.find((rule) => rule.name === name);
  if (found) return found;
  throw new Error(`--rule-off is "${name}"; there are ${RULES.map((rule) => rule.name).join(', ')}.`);
}

/** @throws Error with what it wrote when the search itself failed */
export async function searchWithout(rule: RuleOff): Promise<RuleOffResult> {
  const loaders = ['--max-old-space-size=6000', '--import', './test/planted/register.js', '--import', 'tsx'];
  const from = rule.from ? ['--from', rule.from.join(';')] : [];
  const child = spawn(process.execPath, [...loaders, 'test/explorer/run.ts', '--json', ...rule.options, ...from], {
    cwd: ROOT,
    env: { ...process.env, UNDERSTUDY_PLANTED: rule.bug },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (written === '') throw new Error(`The search without ${rule.name} ended with ${status}:\n${complaints}`);
  return JSON.parse(written) as RuleOffResult;
}
