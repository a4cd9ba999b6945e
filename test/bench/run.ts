import { mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ClusterOptions } from './cluster.ts';
import { compactionFigures, measureCompactions } from './compacting.ts';
import { measureFailOvers } from './fail-overs.ts';
import { type Figure, median, tableOf } from './figures.ts';
import { historyFigures, measureHistory } from './history.ts';
import { joinFigures, measureJoins } from './joining.ts';
import { keepFolders } from './processes.ts';
import { measureReading, readingFigures } from './reading.ts';
import { type Floor, measureFloor, measureOurs, type Ours, type RoundPlan } from './rounds.ts';
import { measureSpreading, spreadingFigures } from './spreading.ts';
import { measureTerminal, terminalFigures } from './terminal.ts';

const HELP = `npm run bench -- [options]
  --rounds N        how often each figure is measured (5)
  --kills N         how often the primary is killed, and how often it is told to leave (20)
  --history         only what many stored messages cost: the start, the memory, the next message
  --join            only what it takes until a server with an empty folder has so many stored messages
  --compact         only what it takes until every hundredth of them is removed from the files, and then every tenth
  --reads           only reading, history and documents: 20 clients at the primary, and spread over the backups
  --spread          only messages with clients at all servers beside clients at the primary: in 20 conversations, and in a room of 200
  --terminal        only what somebody waits for who chats in the terminal, with 100,000 messages of their own
  --messages N      how many those are (1000000)
  --accounts N      of how many accounts (10000)
  --quick           2 rounds, 5 of each, shorter measurements
  --program FILE    the server to measure (dist/server/main.js)
  --against FILE    measure this other one, too, in turns, and compare; kills nothing
  --folder FOLDER   where databases and the disk's own figures are made (the folder for temporary files)
  --profile FOLDER  have each server write a CPU profile there
  --keep            leave the servers' folders and logs behind, and say where
`;

/** More than a full run takes; whatever hangs, the run ends. */
const RUN_DEADLINE_MS = 1_200_000;
/** V8 compiles what is hot for some seconds, in the echo's server as in ours: until then both are slower than they go on to be. */
const WARM_UP_MS = 8000;
/** Pages that each client waits for at a time. */
const READS_IN_FLIGHT = 1;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    kills: { type: 'string' },
    history: { type: 'boolean', default: false },
    join: { type: 'boolean', default: false },
    compact: { type: 'boolean', default: false },
    terminal: { type: 'boolean', default: false },
    reads: { type: 'boolean', default: false },
    spread: { type: 'boolean', default: false },
    messages: { type: 'string' },
    accounts: { type: 'string' },
    quick: { type: 'boolean', default: false },
    program: { type: 'string', default: 'dist/server/main.js' },
    against: { type: 'string' },
    folder: { type: 'string' },
    profile: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  setTimeout(() => fail(`The run is not over after ${RUN_DEADLINE_MS / 1000} s.`), RUN_DEADLINE_MS).unref();
  await run().then(
    () => process.exit(0),
    (error: unknown) => fail(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
}

async function run(): Promise<void> {
  const { quick, program, folder, profile } = values;
  if (values.keep) keepFolders();
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const options: ClusterOptions = { program: resolve(program), parentFolder: folder, profileFolder: profile };
  const plan: RoundPlan = {
    pump: { clients: 20, inFlight: 32, warmUpMs: quick ? 1000 : WARM_UP_MS, measureMs: quick ? 2000 : 4000 },
    singles: quick ? 500 : 1000,
  };
  say(`Load of the machine before the run: ${loadavg()[0]!.toFixed(2)}.`);
  if (values.terminal) {
    await runTerminal(options, quick);
    return;
  }
  if (values.reads) {
    await runReads(plan, options, quick);
    return;
  }
  if (values.spread) {
    await runSpread(plan, options, quick);
    return;
  }
  if (values.history || values.join || values.compact) {
    await runHistory(plan, options, quick);
    return;
  }
  const rounds = countOf(values.rounds, 'rounds', quick ? 2 : 5);
  const { against } = values;
  const kills = against === undefined ? countOf(values.kills, 'kills', quick ? 5 : 20) : 0;
  const ours: Ours[] = [];
  const others: Ours[] = [];
  const floors: Floor[] = [];
  for (let round = 1; round <= rounds; round++) {
    const floor = await measureFloor(plan, folder);
    floors.push(floor);
    say(`round ${round}/${rounds}  ${describe(floor)}`);
    const one = await measureOurs(plan, options);
    ours.push(one);
    say(`round ${round}/${rounds}  ${describe(one)}`);
    if (against === undefined) continue;
    const other = await measureOurs(plan, { ...options, program: resolve(against) });
    others.push(other);
    say(`round ${round}/${rounds}  the other one  ${describe(other)}`);
  }
  const figures = rounds === 0 ? [] : figuresOf(ours, floors);
  if (others.length > 0) figures.push(...comparisonOf(ours, others));
  if (kills > 0) {
    figures.push(await failOverFigure('kill -9', 'SIGKILL', kills, options));
    figures.push(await failOverFigure('SIGTERM', 'SIGTERM', kills, options));
  }
  say('Every acknowledged message was delivered or found again, once and in order.');
  process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(figures)}\n`);
}

async function runTerminal(options: ClusterOptions, quick: boolean): Promise<void> {
  const messages = countOf(values.messages, 'messages', 100_000);
  const rounds = countOf(values.rounds, 'rounds', quick ? 2 : 5);
  const times = await measureTerminal({ messages, rounds }, options, (one) => {
    const { quietKeysMs, busyKeysMs, ...others } = one;
    say(describe({ ...others, quietKeysMs: median(quietKeysMs), busyKeysMs: median(busyKeysMs) }));
  });
  say(`Load of the machine after the run: ${loadavg()[0]!.toFixed(2)}.`);
  process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(terminalFigures(times, messages))}\n`);
}

async function runReads({ pump }: RoundPlan, options: ClusterOptions, quick: boolean): Promise<void> {
  const rounds = countOf(values.rounds, 'rounds', quick ? 2 : 5);
  const plan = { rounds, pump: { ...pump, inFlight: READS_IN_FLIGHT } };
  const measured = await measureReading(plan, options, ({ what, at, ...load }) =>
    say(`${what}, at the ${at}  ${describe(load)}`),
  );
  say(`Load of the machine after the run: ${loadavg()[0]!.toFixed(2)}.`);
  process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(readingFigures(measured, pump.clients))}\n`);
}

async function runSpread({ pump }: RoundPlan, options: ClusterOptions, quick: boolean): Promise<void> {
  const rounds = countOf(values.rounds, 'rounds', quick ? 2 : 5);
  const measured = await measureSpreading({ rounds, pump }, options, ({ at, shape, ...load }) =>
    say(`${shape}, at ${at === 'all' ? 'all servers' : 'the primary'}  ${describe(load)}`),
  );
  say(`Load of the machine after the run: ${loadavg()[0]!.toFixed(2)}.`);
  process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(spreadingFigures(measured, pump.clients))}\n`);
}

async function runHistory({ pump, singles }: RoundPlan, options: ClusterOptions, quick: boolean): Promise<void> {
  const messages = countOf(values.messages, 'messages', 1_000_000);
  const accounts = countOf(values.accounts, 'accounts', 10_000);
  const rounds = countOf(values.rounds, 'rounds', quick ? 2 : 5);
  if (values.join) {
    const joins = await measureJoins({ messages, accounts, rounds, pump, singles }, options, (one) =>
      say(describe(one)),
    );
    say(`Load of the machine after the run: ${loadavg()[0]!.toFixed(2)}.`);
    process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(joinFigures(joins, messages))}\n`);
    return;
  }
  if (values.compact) {
    const plan = { messages, accounts, rounds, pump, singles };
    const compactions = await measureCompactions(plan, options, (one) => say(`one in ${one.oneIn}  ${describe(one)}`));
    say(`Load of the machine after the run: ${loadavg()[0]!.toFixed(2)}.`);
    process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(compactionFigures(compactions, messages))}\n`);
    return;
  }
  const measured = await measureHistory({ messages, accounts, rounds, pump, singles }, options, (needs, isFull) =>
    say(`${isFull ? `${messages} messages` : 'no messages'}  ${describe(needs)}`),
  );
  say(`Load of the machine after the run: ${loadavg()[0]!.toFixed(2)}.`);
  process.stdout.write(`\nMedians (lowest–highest).\n${tableOf(historyFigures(measured, messages))}\n`);
}

function figuresOf(ours: readonly Ours[], floors: readonly Floor[]): Figure[] {
  const connected = ours.map(({ connectedPerSecond }) => connectedPerSecond);
  return [
    {
      name: 'acknowledged, 20 × 32 in flight, connected',
      unit: '/s',
      ours: connected,
      besideName: 'Socket.IO echo',
      beside: floors.map(({ echoPerSecond }) => echoPerSecond),
      must: 0.25,
      goal: 0.6,
      better: 'more',
    },
    {
      name: 'acknowledged, 20 × 32 in flight, offline',
      unit: '/s',
      ours: ours.map(({ offlinePerSecond }) => offlinePerSecond),
      besideName: 'ours, connected',
      beside: connected,
      must: 1,
      goal: 1,
      better: 'more',
    },
    {
      name: 'p50, 1 in flight',
      unit: 'ms',
      ours: ours.map(({ acknowledgedMs }) => acknowledgedMs),
      besideName: 'fdatasync, three at once + 3 round trips',
      beside: floors.map(({ syncMs, roundTripMs }) => syncMs + 3 * roundTripMs),
      must: 3,
      goal: 1.7,
      better: 'less',
    },
  ];
}

/** Nothing has to be reached here but to be no worse than the other one. */
function comparisonOf(ours: readonly Ours[], others: readonly Ours[]): Figure[] {
  const compare = (name: string, unit: Figure['unit'], better: Figure['better'], of: keyof Ours): Figure => ({
    name,
    unit,
    ours: ours.map((one) => one[of]),
    besideName: 'the other one',
    beside: others.map((one) => one[of]),
    must: 1,
    goal: 1,
    better,
  });
  return [
    compare('acknowledged, connected', '/s', 'more', 'connectedPerSecond'),
    compare('acknowledged, offline', '/s', 'more', 'offlinePerSecond'),
    compare('p50, 1 in flight', 'ms', 'less', 'acknowledgedMs'),
    compare('processor time of a message, three servers', 'µs', 'less', 'processorUs'),
  ];
}

async function failOverFigure(
  name: string,
  signal: 'SIGKILL' | 'SIGTERM',
  count: number,
  options: ClusterOptions,
): Promise<Figure> {
  let done = 0;
  const { silencesMs, acknowledged } = await measureFailOvers(count, signal, options, (silenceMs) => {
    done += 1;
    say(`${name} ${done}/${count}  longest silence ${silenceMs.toFixed(1)} ms`);
  });
  say(`${acknowledged} acknowledged messages read back after ${name}, ${count} times.`);
  const isCrash = signal === 'SIGKILL';
  return {
    name: `longest silence after ${name}, ${count} times`,
    unit: 'ms',
    ours: silencesMs,
    besideName: '',
    beside: [],
    must: isCrash ? 250 : 100,
    goal: 60,
    better: 'less',
  };
}

function countOf(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,8}$/.test(text)) fail(`--${name} "${text}" is not a whole number; write for example --${name} 3.`);
  return Number(text);
}

function describe(measured: object): string {
  return Object.entries(measured)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value) : value.toFixed(3)}`)
    .join('  ');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
