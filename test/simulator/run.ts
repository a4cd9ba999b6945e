import { parseArgs } from 'node:util';
import { Simulation } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: 'understudy' },
    runs: { type: 'string', default: '1000' },
    first: { type: 'string', default: '0' },
    servers: { type: 'string' },
    factor: { type: 'string', default: '3' },
    failures: { type: 'string', default: '3' },
  },
});
const runs = Number(values.runs);
const first = Number(values.first);
const layout = values.servers
  ? { servers: Number(values.servers), replicationFactor: Number(values.factor) }
  : undefined;
console.log(`seed ${values.seed}, ${runs} runs: each draws everything from "${values.seed}-NUMBER"`);

const startedAtMs = performance.now();
const totals = { commits: 0, acknowledged: 0, events: 0, simulatedMs: 0, views: 0 };
const faults: Record<string, number> = {};
let failures = 0;
let done = 0;
for (let run = first; run < first + runs && failures < Number(values.failures); run++) {
  const seed = runs === 1 && first === 0 ? values.seed : `${values.seed}-${run}`;
  const result = new Simulation(seed, layout).run();
  done += 1;
  for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key];
  for (const [kind, count] of Object.entries(result.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  if (result.violation !== null) {
    failures += 1;
    console.log(`\nFAILED, seed ${seed} (run ${done}): ${result.violation}`);
    console.log(JSON.stringify({ layout: result.layout, rates: result.rates }));
    console.log(result.story.slice(-60).join('\n'));
  }
  if (process.stdout.isTTY && done % 100 === 0) {
    const perSecond = (1000 * done) / (performance.now() - startedAtMs);
    console.log(
      `${done} of ${runs}, ${perSecond.toFixed(1)} a second, ${totals.acknowledged} acknowledged, ${failures} failed`,
    );
  }
}
const seconds = (performance.now() - startedAtMs) / 1000;
console.log(JSON.stringify(faults));
console.log(
  `${totals.acknowledged} acknowledged, ${totals.commits} commits, ${totals.views} views, ` +
    `${(totals.simulatedMs / 3_600_000).toFixed(1)} simulated hours in ${seconds.toFixed(1)} s`,
);
console.log(`${done - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
