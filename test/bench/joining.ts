import { type ClusterOptions, freePorts, statusOf } from './cluster.ts';
import type { Figure } from './figures.ts';
import { type HistoryPlan, Server } from './history.ts';
import type { LoadTasks } from './load-worker.ts';
import { pause, Worker } from './processes.ts';
import { storeMessages } from './stored-messages.ts';

const JOINED_DEADLINE_MS = 300_000;
const POLL_MS = 20;
/** Messages sent one at a time between two looks at the joiner. */
const SENDINGS_AT_A_TIME = 50;

/** What it takes until a server with an empty folder has everything. */
export interface Join {
  /** From the start of its process until it follows with all there is. */
  joinMs: number;
  operationsPerSecond: number;
  /** Most resident memory that was seen, MiB. */
  joinerMiB: number;
  feederMiB: number;
  /** The feeder's memory before. */
  feederBeforeMiB: number;
  /** One message at a time, median, before and meanwhile. */
  beforeMs: number;
  meanwhileMs: number;
  /** Processor time for one operation that is transferred, microseconds. */
  joinerUs: number;
  feederUs: number;
}

/** A server with many messages serves alone, and another one joins it with an empty folder, again and again. */
export async function measureJoins(
  plan: HistoryPlan,
  options: ClusterOptions,
  onRound: (join: Join) => void,
): Promise<Join[]> {
  const ports = await freePorts(1 + plan.rounds);
  const feeder = new Server(ports[0]!, options);
  await feeder.start();
  await feeder.stop();
  await storeMessages({ ...plan, folder: feeder.folder, address: feeder.address });
  const joins: Join[] = [];
  await feeder.start();
  const load = new Worker<LoadTasks>('load-worker');
  await load.ask('enter', { address: feeder.address, clients: plan.pump.clients });
  for (const port of ports.slice(1)) {
    const joiner = new Server(port, options, feeder.address);
    const join = await measureOne(feeder, joiner, load, plan.singles);
    joins.push(join);
    onRound(join);
  }
  await load.end();
  await feeder.stop();
  feeder.remove();
  return joins;
}

async function measureOne(feeder: Server, joiner: Server, load: Worker<LoadTasks>, singles: number): Promise<Join> {
  const beforeMs = await load.ask('latency', { count: singles });
  const feederBeforeMiB = feeder.memoryMiB();
  const before = await feeder.used();
  const startedAt = performance.now();
  joiner.launch();
  const meanwhile = sendMeanwhile(load);
  let [joinerMiB, feederMiB] = [0, 0];
  let commit = 0;
  for (;;) {
    joinerMiB = Math.max(joinerMiB, joiner.memoryMiB());
    feederMiB = Math.max(feederMiB, feeder.memoryMiB());
    const status = await statusOf(joiner.port);
    commit = status?.commit ?? 0;
    if (status?.role === 'spare' && commit >= before.operations) break;
    if (performance.now() - startedAt > JOINED_DEADLINE_MS) throw new Error(`${joiner.address} does not join.`);
    await pause(POLL_MS);
  }
  const joinMs = performance.now() - startedAt;
  const meanwhileMs = await meanwhile.stop();
  const [after, joined] = [await feeder.used(), await joiner.used()];
  const feederUs = (1000 * (after.processorMs - before.processorMs)) / commit;
  await joiner.stop();
  joiner.remove();
  return {
    joinMs,
    operationsPerSecond: (1000 * commit) / joinMs,
    joinerMiB,
    feederMiB,
    feederBeforeMiB,
    beforeMs,
    meanwhileMs,
    joinerUs: (1000 * joined.processorMs) / commit,
    feederUs,
  };
}

/** Sends one message after the other until it is stopped. @returns the median of how long they took, in milliseconds */
export function sendMeanwhile(load: Worker<LoadTasks>): { stop(): Promise<number> } {
  let isOver = false;
  const medians: number[] = [];
  const sending = (async () => {
    while (!isOver) medians.push(await load.ask('latencyNow', { count: SENDINGS_AT_A_TIME }));
  })();
  return {
    stop: async () => {
      isOver = true;
      await sending;
      return medians.sort((a, b) => a - b)[Math.floor(medians.length / 2)]!;
    },
  };
}

/** What one message at a time took while something else went on, beside what it took before. */
export function meanwhileFigure(rounds: readonly { beforeMs: number; meanwhileMs: number }[]): Figure {
  return {
    name: 'one message at a time meanwhile, p50',
    unit: 'ms',
    ours: rounds.map(({ meanwhileMs }) => meanwhileMs),
    besideName: 'before',
    beside: rounds.map(({ beforeMs }) => beforeMs),
    must: 10,
    goal: 2,
    better: 'less',
  };
}

/** The figures for the table. */
export function joinFigures(joins: readonly Join[], messages: number): Figure[] {
  const of = (name: keyof Join) => joins.map((one) => one[name]);
  const count = messages.toLocaleString('en');
  return [
    {
      name: `a server joins, ${count} messages`,
      unit: '/s',
      ours: of('operationsPerSecond'),
      besideName: '',
      beside: [],
      must: 50_000,
      goal: 100_000,
      better: 'more',
    },
    meanwhileFigure(joins),
    {
      name: 'most memory of the server that joins',
      unit: 'MiB',
      ours: of('joinerMiB'),
      besideName: 'of the one that feeds it, before',
      beside: of('feederBeforeMiB'),
      must: 2,
      goal: 1.2,
      better: 'less',
    },
    {
      name: 'most memory of the one that feeds it',
      unit: 'MiB',
      ours: of('feederMiB'),
      besideName: 'before',
      beside: of('feederBeforeMiB'),
      must: 2,
      goal: 1.2,
      better: 'less',
    },
  ];
}
