import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { PlantedBug } from './planted-bug.ts';
import { allPlantedBugs, findPlanted, plantedBugs } from './planted-bugs.ts';
import { type Finding, failuresWithoutBug, searchFor } from './search.ts';

/** Plants one bug after the other and has the simulator look for it: `npm run simulate:planted`. */
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seed: { type: 'string', default: 'planted' },
    /** So many runs at most until it has to be found. */
    runs: { type: 'string', default: '10000' },
    /** In how many of the first so many runs it is found is counted. */
    sample: { type: 'string', default: '300' },
    children: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    markdown: { type: 'boolean', default: false },
  },
});
const limits = { seed: values.seed, runs: Number(values.runs), sample: Number(values.sample) };
const bugs = values.only ? values.only.map(findPlanted) : plantedBugs;
const findings: Finding[] = [];

const failing = new Map<string, Promise<Set<number>>>();

/** The runs of the sample that fail anyway, found out once for each set of options. */
function failingWith(options: readonly string[]): Promise<Set<number>> {
  const key = options.join(' ');
  const known = failing.get(key) ?? failuresWithoutBug(options, limits);
  failing.set(key, known);
  return known;
}

/** Whatever breaks the simulator itself was not found by it. */
function brokenBy(bug: PlantedBug): (error: Error) => Finding {
  return ({ message }) => {
    console.error(message);
    const violation = message.split('\n')[0]!;
    return { bug, firstRun: null, found: 0, sampled: 0, tried: 0, violation, seconds: 0 };
  };
}

async function searchForNext(waiting: PlantedBug[]): Promise<void> {
  for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
    const finding = await searchFor(bug, limits, await failingWith(bug.options ?? [])).catch(brokenBy(bug));
    findings.push(finding);
    console.error(`${findings.length} of ${bugs.length}  ${bug.name}: ${sentence(finding)}`);
  }
}

function sentence({ firstRun, found, sampled, tried, violation, seconds }: Finding): string {
  const where = firstRun === null ? `NOT FOUND in ${tried} runs` : `run ${firstRun}, ${found} of ${sampled}`;
  return `${where}, ${seconds.toFixed(0)} s. ${violation}`;
}

const waiting = [...bugs];
await Promise.all(Array.from({ length: Number(values.children) }, () => searchForNext(waiting)));

findings.sort((a, b) => bugs.indexOf(a.bug) - bugs.indexOf(b.bug));
if (values.markdown) {
  console.log('| planted bug | rule | first found in run | found in | by |\n|---|---|---|---|---|');
  for (const { bug, firstRun, found, sampled, violation } of findings) {
    const cells = [bug.says, bug.rule, firstRun ?? 'never', `${found} of ${sampled}`, violation];
    console.log(`| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`);
  }
} else {
  for (const finding of findings)
    console.log(`${finding.bug.rule.padEnd(5)} ${finding.bug.name}: ${sentence(finding)}`);
}
for (const [options, runs] of failing) {
  const failed = [...(await runs)];
  if (failed.length > 0)
    console.log(`Without a bug ${failed.join(', ')} of ${limits.sample} runs fail ${options}; not counted.`);
}
for (const { name, whyNotSimulated } of values.only ? [] : allPlantedBugs) {
  if (whyNotSimulated !== undefined) console.log(`Not looked for: ${name}. ${whyNotSimulated}`);
}
const missed = findings.filter(({ firstRun }) => firstRun === null);
console.log(`\n${findings.length - missed.length} of ${findings.length} planted bugs were found.`);
process.exitCode = missed.length > 0 ? 1 : 0;
