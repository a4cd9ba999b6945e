import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../shared/random.ts';
import { SERVER_PROGRAM } from '../support/cluster.ts';
import { BAD_LINKS, CLIENT_LINKS, PARTITIONS, RESETS } from './link-faults.ts';
import { type ChaosOptions, readOptions, USAGE } from './options.ts';
import { type FaultKinds, type Findings, Ordeal } from './ordeal.ts';
import { DISK_FAULTS, PROCESS_FAULTS } from './process-faults.ts';
import { formatOutcome } from './report.ts';
import { isSecluded, onStop, runSecluded, seclusion, settleIn } from './seclusion.ts';
import { World } from './world.ts';

const PROGRESS_MS = 15_000;
/** Of the sentences that say what is wrong, as many are printed. */
const SENTENCES = 20;
const INTERRUPTED = 130;
const WRONG_USE = 2;

/** Real servers as processes, users who talk without pause, and faults drawn from a seed; then everything is counted. */
async function run(options: ChaosOptions): Promise<number> {
  const random = seededRandom(options.seed);
  const world = await World.make(options, random, isSecluded());
  let isStopping = false;
  onStop((why) => {
    if (isStopping) return;
    isStopping = true;
    void world.close(true).then(() => {
      console.log(`\nStopped (${why}); the servers' data and output are kept in ${world.folder}`);
      process.exit(INTERRUPTED);
    });
  });
  console.log(`${world.description}; at most ${options.minutes} minutes`);
  const ordeal = new Ordeal(world, kindsOf(options, world), random);
  const failed = new Map<string, string[]>();
  try {
    await ordeal.begin();
    await strike(ordeal, world, options, () => isStopping);
    judge(ordeal, world, await ordeal.end(), failed);
  } catch (error) {
    if (isStopping) return new Promise(() => {});
    failed.set('the run', [error instanceof Error ? error.message : String(error)]);
  }
  if (isStopping) return new Promise(() => {});
  failed.set('what the servers did', ordeal.problems);
  const violations = [...failed].filter(([, sentences]) => sentences.length > 0);
  for (const [what, sentences] of violations) {
    console.log(`\nFAILED, ${what} (${sentences.length}):\n${sentences.slice(0, SENTENCES).join('\n')}`);
  }
  if (violations.length > 0) keepEvidence(world, violations);
  const isKept = options.keep || violations.length > 0;
  await world.close(isKept);
  if (isKept) console.log(`\nThe servers' data and output are kept in ${world.folder}`);
  console.log(`${failed.size - violations.length} passed, ${violations.length} failed`);
  return violations.length > 0 ? 1 : 0;
}

/** What is done, and what of it can be done here; says what cannot. */
function kindsOf({ resets }: ChaosOptions, { links }: World): FaultKinds {
  const linked = [...PARTITIONS, ...Object.values(BAD_LINKS), CLIENT_LINKS, ...DISK_FAULTS, ...(resets ? RESETS : [])];
  const leftOut = new Set(links ? [] : linked);
  for (const [name, why] of Object.entries(links?.network.abilities ?? {})) {
    const fault = BAD_LINKS[name as keyof typeof BAD_LINKS];
    if (why === undefined) continue;
    leftOut.add(fault);
    console.log(`left out: ${fault.name}; ${why}`);
  }
  return { all: [...PROCESS_FAULTS, ...linked], isPossible: (fault) => !leftOut.has(fault) };
}

/** One fault after the other, until all is done, the time is over, or the cluster does not recover. */
async function strike(ordeal: Ordeal, world: World, options: ChaosOptions, isStopping: () => boolean): Promise<void> {
  const { keeper } = world;
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  const isCounted = options.kills + options.partitions > 0;
  const isDone = () => isCounted && keeper.kills >= options.kills && ordeal.partitions >= options.partitions;
  while (performance.now() - startedAtMs < options.minutes * 60_000 && !isStopping() && !isDone()) {
    if (!(await ordeal.round())) break;
    if (performance.now() - saidAtMs < PROGRESS_MS) continue;
    saidAtMs = performance.now();
    const seconds = Math.round((saidAtMs - startedAtMs) / 1000);
    const done = `${ordeal.faultCount} faults (${keeper.kills} kill -9, ${ordeal.partitions} partitions)`;
    console.log(`${seconds} s: ${done}, ${ordeal.acknowledged} acknowledged, ${ordeal.problems.length} problems`);
  }
  if (isCounted && !isDone() && !isStopping()) console.log('The time was over before all faults were done.');
}

/** Fills in what was looked at, each with what is wrong with it, and prints the table. */
function judge(ordeal: Ordeal, world: World, findings: Findings, failed: Map<string, string[]>): void {
  const looked: [string, string[] | undefined][] = [
    ['lost', findings.lost],
    ['doubled', findings.doubled],
    ['out of order', findings.outOfOrder],
    ['refused, but there', findings.refusedButThere],
    ['two primaries', findings.twoPrimaries],
    ['the logs, compared by SHA-256', findings.logs],
  ];
  for (const [what, sentences] of looked) if (sentences) failed.set(what, sentences);
  const { faults, acknowledged, givenUp, partitions } = ordeal;
  const { kills } = world.keeper;
  console.log(`\n${formatOutcome({ faults, kills, partitions, acknowledged, givenUp, findings })}`);
}

/** What was told to whom, and everything that is wrong, beside the servers' logs. */
function keepEvidence(world: World, violations: [string, string[]][]): void {
  writeFileSync(join(world.folder, 'violations.json'), JSON.stringify(violations, undefined, 1));
  for (const user of world.crowds.flatMap(({ users }) => users)) {
    const lines = user.answers.map((answer) => JSON.stringify(answer));
    writeFileSync(join(world.folder, `answers-${user.username}.jsonl`), `${lines.join('\n')}\n`);
  }
}

async function main(): Promise<number> {
  // A reader that went away (`| head`) must not end the run halfway.
  process.stdout.on('error', () => {});
  let options: ChaosOptions;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return WRONG_USE;
  }
  if (!existsSync(SERVER_PROGRAM)) {
    console.error('There is no built server to try; build it first: npm run build');
    return WRONG_USE;
  }
  if (isSecluded()) {
    settleIn();
    return run(options);
  }
  console.log(`seed ${options.seed}`);
  const made = options.loopback ? { reason: 'asked for' } : seclusion();
  if ('command' in made) return runSecluded([...made.command], ['--seed', options.seed]);
  console.log(`All servers are on loopback, and no link is cut: ${made.reason}`);
  return run(options);
}

process.exit(
  await main().catch((error) => {
    console.error(`The run cannot go on: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }),
);
