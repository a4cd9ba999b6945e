import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../shared/random.ts';
import { Cluster, SERVER_PROGRAM } from '../support/cluster.ts';
import type { Verdict } from './audit.ts';
import { Ordeal } from './ordeal.ts';
import { formatOutcome } from './report.ts';

const PROGRESS_MS = 15_000;
/** Of the sentences that say what is wrong, as many are printed. */
const SENTENCES = 20;

/** Real servers as processes, users who talk without pause, and faults drawn from a seed; then everything is counted. */
async function run(minutes: number, seed: string): Promise<number> {
  const random = seededRandom(seed);
  const heartbeatTimeoutMs = random.pick([800, 1500]);
  const args = ['--heartbeat-timeout', `${heartbeatTimeoutMs}ms`];
  console.log(`${minutes} minutes; heartbeat timeout ${heartbeatTimeoutMs} ms`);
  const cluster = await Cluster.make({ args });
  stopOnSignals(cluster);
  const failed = new Map<string, string[]>();
  let ordeal: Ordeal | undefined;
  try {
    ordeal = await Ordeal.begin(cluster, random);
    await strike(ordeal, minutes * 60_000);
    const verdict = await ordeal.end();
    const isEqual = await cluster.untilLogsEqual().then(
      () => true,
      () => false,
    );
    judge(ordeal, verdict, isEqual ? [] : ['The logs of the servers differ.'], failed);
  } catch (error) {
    const problems = ordeal?.problems ?? [];
    failed.set('what the servers did', [...problems, error instanceof Error ? error.message : String(error)]);
    console.log('The cluster did not come back, so nothing could be counted.');
  }
  await ordeal?.close();
  const violations = [...failed].filter(([, sentences]) => sentences.length > 0);
  await cluster.close(violations.length > 0);
  for (const [what, sentences] of violations) {
    console.log(`\nFAILED, ${what} (${sentences.length}):\n${sentences.slice(0, SENTENCES).join('\n')}`);
  }
  if (violations.length > 0) console.log(`\nThe servers' data and output are kept in ${cluster.folder}`);
  console.log(`${Math.max(0, failed.size - violations.length)} passed, ${violations.length} failed`);
  return violations.length > 0 ? 1 : 0;
}

/** One fault after the other, until the time is over or the cluster does not recover. */
async function strike(ordeal: Ordeal, durationMs: number): Promise<void> {
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  while (performance.now() - startedAtMs < durationMs && (await ordeal.round())) {
    if (performance.now() - saidAtMs < PROGRESS_MS) continue;
    saidAtMs = performance.now();
    const seconds = Math.round((saidAtMs - startedAtMs) / 1000);
    const { faultCount, acknowledged, problems } = ordeal;
    console.log(`${seconds} s: ${faultCount} faults, ${acknowledged} acknowledged, ${problems.length} problems`);
  }
}

/** Fills in what was looked at, each with what is wrong with it, and prints the table. */
function judge(ordeal: Ordeal, verdict: Verdict, logs: string[], failed: Map<string, string[]>): void {
  const { lost, doubled, outOfOrder } = verdict;
  failed.set('lost', lost);
  failed.set('doubled', doubled);
  failed.set('out of order', outOfOrder);
  failed.set('the logs, compared by SHA-256', logs);
  failed.set('what the servers did', ordeal.problems);
  const { faults, acknowledged } = ordeal;
  const counts = { lost: lost.length, doubled: doubled.length, outOfOrder: outOfOrder.length };
  console.log(`\n${formatOutcome({ faults, acknowledged, ...counts })}`);
}

function stopOnSignals(cluster: Cluster): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void cluster.close(true).then(() => {
        console.log(`\nStopped; the servers' data and output are kept in ${cluster.folder}`);
        process.exit(130);
      });
    });
  }
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: String(Date.now()) } },
});
const minutes = Number(values.minutes);
console.log(`seed ${values.seed}`);
if (!(minutes > 0)) {
  console.error(`--minutes "${values.minutes}" is not a time; give a number above 0.`);
  process.exit(2);
}
if (!existsSync(SERVER_PROGRAM)) {
  console.error('There is no built server to try; build it first: npm run build');
  process.exit(2);
}
process.exit(await run(minutes, values.seed));
