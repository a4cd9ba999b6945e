import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message } from '../../shared/api.ts';
import { seededRandom } from '../../shared/random.ts';
import { audit } from './drill-audit.ts';
import { contradictions } from './drill-primaries.ts';
import { formatDuration, formatTable } from './drill-report.ts';
import { DrillScreen } from './drill-screen.ts';
import { DrillFailure, DrillStage } from './drill-stage.ts';
import { DRILL_STEPS } from './drill-steps.ts';
import { readHistory } from './drill-talker.ts';
import { waitFor } from './drill-wait.ts';
import { OptionError } from './options.ts';

const INTERRUPTED = 130;
const CALM_MS = 500;
const SHOWN_WITHIN_MS = 15_000;
const LOGS_EQUAL_WITHIN_MS = 15_000;
/** Of the sentences that say what is wrong, as many are printed. */
const SENTENCES = 10;

export interface DrillOptions {
  /** Decides which servers are hit and in which order they return; drawn when absent. */
  seed?: string;
  /** The folder with the servers' data and output stays. */
  keep?: true;
}

/**
 * `server drill`: a throw-away cluster on this machine, users who chat, and servers that are killed, stopped and started
 * again; then everything is read back and compared with what was acknowledged.
 *
 * @returns the exit status: 0 when the promise was kept
 */
export async function runDrill(options: DrillOptions): Promise<number> {
  const seed = options.seed ?? String(Date.now() % 1_000_000);
  if (seed.trim() === '') throw new OptionError('--seed is empty; give a number or a word.');
  const folder = makeFolder();
  if (folder === undefined) return 1;
  let stage: DrillStage | undefined;
  const live = () => (stage ? `${stage.acknowledged.toLocaleString('en')} messages acknowledged` : '');
  // A reader that went away (`| head`) must not leave servers behind.
  process.stdout.on('error', () => {});
  const screen = new DrillScreen(process.stdout, process.env, live);
  const clear = async (isKept: boolean) => {
    screen.close();
    await stage?.close();
    if (isKept) screen.line(`The servers' data and output are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void clear(options.keep === true).then(() => process.exit(INTERRUPTED)));
  }
  let isKept = false;
  try {
    // As this program was started itself: built, or from its sources.
    const command = [process.execPath, ...process.execArgv, process.argv[1]!];
    stage = await DrillStage.prepare(folder, command, seededRandom(seed), screen);
    isKept = await perform(stage, screen, seed);
  } catch (error) {
    screen.bad(error instanceof DrillFailure ? error.message : `The drill failed: ${(error as Error).stack}`);
  }
  await clear(options.keep === true || !isKept);
  return isKept ? 0 : 1;
}

function makeFolder(): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), 'understudy-drill-'));
  } catch (error) {
    const why = (error as Error).message;
    process.stderr.write(`No folder can be made in ${tmpdir()} (${why}); name another place in TMPDIR.\n`);
    return undefined;
  }
}

/** @returns whether the promise was kept */
async function perform(stage: DrillStage, screen: DrillScreen, seed: string): Promise<boolean> {
  const startedAtMs = performance.now();
  screen.line(`Understudy drill, seed ${seed}: three servers that are killed while three users chat`);
  screen.line();
  for (const { index, address } of stage.servers.all) screen.line(`  ${stage.name(index)}  ${address}`);
  screen.line();
  screen.line(`  ${screen.legend()}`);
  screen.line();
  await stage.begin();
  const rows = [['', 'longest silence', 'all back after']];
  for (const [index, { name, perform: act }] of DRILL_STEPS.entries()) {
    screen.heading(`${index + 1} of ${DRILL_STEPS.length}  ${name}`);
    await stage.pause(CALM_MS);
    stage.takeSilenceMs();
    const beganAtMs = performance.now();
    await act(stage);
    const tookMs = performance.now() - beganAtMs;
    rows.push([name, formatDuration(stage.takeSilenceMs()), formatDuration(tookMs)]);
  }
  await stage.quiet();
  screen.heading('What came of it');
  for (const line of formatTable(rows)) screen.line(`  ${line}`);
  screen.line();
  const isKept = await judge(stage, screen);
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  if (isKept) screen.good(`Nothing that was acknowledged is missing, and nothing is there twice. ${seconds} s`);
  return isKept;
}

/** Reads everything back, compares, and prints the counts. @returns whether nothing is wrong */
async function judge({ talkers, servers, acknowledged, breaches }: DrillStage, screen: DrillScreen): Promise<boolean> {
  const accounts = await Promise.all(
    talkers.map(async (talker) => {
      const history: Message[] = await readHistory(servers.addresses, talker.username);
      await waitFor(() => talker.shown.length >= history.length, SHOWN_WITHIN_MS);
      return { username: talker.username, acknowledged: talker.acknowledged, shown: talker.shown, history };
    }),
  );
  const { lost, doubled, outOfOrder } = audit(accounts);
  const twoPrimaries = contradictions(talkers.flatMap(({ answers }) => answers));
  const logs = await servers.differingLogs(LOGS_EQUAL_WITHIN_MS);
  const refused = talkers.flatMap((talker) => talker.refused);
  const wrong = [
    ...breaches,
    ...lost,
    ...doubled,
    ...outOfOrder,
    ...twoPrimaries,
    ...logs,
    ...refused,
    ...servers.problems,
  ];
  const counts = [
    ['acknowledged', acknowledged],
    ['on one copy alone', breaches.length],
    ['lost', lost.length],
    ['doubled', doubled.length],
    ['out of order', outOfOrder.length],
    ['by two primaries at once', twoPrimaries.length],
    ['refused', refused.length],
  ] as const;
  const rows = counts.map(([what, count]) => [what, count.toLocaleString('en')]);
  for (const line of formatTable([...rows, ['logs of the servers', logs.length === 0 ? 'equal' : 'differ']])) {
    screen.line(`  ${line}`);
  }
  screen.line();
  for (const sentence of wrong.slice(0, SENTENCES)) screen.bad(sentence);
  if (wrong.length > SENTENCES) screen.bad(`and ${wrong.length - SENTENCES} more`);
  return wrong.length === 0;
}
