import { parseArgs } from 'node:util';
import { Simulation } from './simulation.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: 'understudy' }, runs: { type: 'string', default: '1000' } },
});
const runs = Number(values.runs);
console.log(`seed ${values.seed}, ${runs} runs: each draws its rates from "${values.seed}-NUMBER"`);

const startedAtMs = performance.now();
const totals = { commits: 0, acknowledged: 0, events: 0, simulatedMs: 0, views: 0 };
const faults: Record<string, number> = {};
let failures = 0;
for (let run = 0; run < runs; run++) {
  const seed = runs === 1 ? values.seed : `${values.seed}-${run}`;
  const result = new Simulation(seed).run();
  totals.commits += result.commits;
  totals.acknowledged += result.acknowledged;
  totals.events += result.events;
  totals.simulatedMs += result.simulatedMs;
  totals.views += result.views;
  for (const [kind, count] of Object.entries(result.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  if (result.violation !== null) {
    failures += 1;
    console.log(`\nFAILED, seed ${seed}: ${result.violation}`);
    console.log(JSON.stringify(result.rates));
    console.log(result.story.slice(-60).join('\n'));
    if (failures >= 3) break;
  }
  if (process.stdout.isTTY && run % 50 === 0) process.stdout.write(`\r${run} of ${runs}`);
}
const seconds = (performance.now() - startedAtMs) / 1000;
console.log(JSON.stringify(faults));
console.log(
  `${totals.acknowledged} acknowledged, ${totals.commits} commits, ${totals.views} views, ` +
    `${(totals.simulatedMs / 3_600_000).toFixed(1)} simulated hours in ${seconds.toFixed(1)} s`,
);
console.log(`${runs - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
