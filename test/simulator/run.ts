import { shrink } from './checks/shrink.ts';
import { tellStory } from './checks/story.ts';
import { planOf, runPlan } from './plan.ts';
import { OptionError, type RunOptions, readOptions } from './run-options.ts';
import type { RunResult } from './simulation.ts';
import { Totals } from './totals.ts';
import { runAll } from './workers.ts';

const PROGRESS_EVERY = 50;

function main(words: readonly string[]): Promise<number> {
  try {
    return simulate(readOptions(words));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(error.message);
    return Promise.resolve(2);
  }
}

/** @returns the exit status: 1 when a run failed */
async function simulate(options: RunOptions): Promise<number> {
  const { seed, runs, first, layout, workers } = options;
  const seeds = Array.from({ length: runs }, (_, index) => `${seed}-${first + index}`);
  console.log(`seed ${seed}, runs ${first} to ${first + runs - 1}; each draws everything from "${seed}-NUMBER"`);
  if (Object.keys(layout).length > 0) console.log(`not drawn: ${JSON.stringify(layout)}`);
  if (runs === 1) console.log(describePlan(seeds[0]!, options));
  const totals = new Totals();
  let firstFailed: RunResult | undefined;
  await runAll(seeds, { workers, layout }, (result) => {
    totals.add(result);
    if (result.violation !== null) {
      firstFailed ??= result;
      console.log(`\nFAILED, run ${result.seed}: ${result.violation}`);
      console.log(`once more: ${commandOf(result, options)}`);
    }
    if (process.stdout.isTTY && totals.runs % PROGRESS_EVERY === 0) console.log(totals.progress(runs));
    return totals.failed < options.failures;
  });
  console.log(totals.coverageTable());
  console.log(totals.report());
  if (firstFailed) console.log(await storyOf(firstFailed, options));
  return totals.failed > 0 ? 1 : 0;
}

function describePlan(seed: string, { layout }: RunOptions): string {
  const plan = planOf(seed, layout);
  return `layout ${JSON.stringify(plan.layout)}\nrates ${JSON.stringify(plan.rates)}`;
}

function commandOf({ seed }: RunResult, options: RunOptions): string {
  const number = seed.slice(options.seed.length + 1);
  const { replicationFactor, servers, witnesses, spread } = options.layout;
  const fixed = [
    replicationFactor === undefined ? '' : ` --replicas ${replicationFactor}`,
    servers === undefined ? '' : ` --servers ${servers}`,
    witnesses === undefined ? '' : ` --witnesses ${witnesses}`,
    spread === undefined ? '' : ` --spread ${Math.round(100 * spread)}`,
  ].join('');
  return `npm run simulate -- --seed ${options.seed} --first ${number} --runs 1${fixed}`;
}

/** The failed run, with as little in it as still fails in the same way. */
async function storyOf(failed: RunResult, options: RunOptions): Promise<string> {
  const whole = planOf(failed.seed, options.layout);
  const command = commandOf(failed, options);
  const shown = (text: string) => process.stdout.isTTY && console.log(`shrinking: ${text}`);
  const { plan, runs } =
    options.shrink > 0 ? await shrink(whole, { maxRuns: options.shrink, onProgress: shown }) : { plan: whole, runs: 0 };
  const note = runs > 0 ? `The smallest plan found in ${runs} runs that fails in the same way:` : '';
  const told = await runPlan(plan, true);
  return `\n${note}\n${tellStory(plan, told, { command })}\n`;
}

process.exitCode = await main(process.argv.slice(2));
