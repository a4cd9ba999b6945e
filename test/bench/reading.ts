import { Cluster, type ClusterOptions } from './cluster.ts';
import type { Figure } from './figures.ts';
import { Worker } from './processes.ts';
import type { PumpPlan } from './pump.ts';
import type { ReadTasks } from './read-worker.ts';
import { loadOf, type ServersLoad } from './servers-load.ts';

/** Processes that read; the clients are divided among them. */
const WORKERS = 4;

export interface ReadingPlan {
  rounds: number;
  pump: PumpPlan;
}

/** Pages of history, with all clients at the primary or with each going round the backups. */
export interface Reading extends ServersLoad {
  at: 'primary' | 'backups';
}

/** Three servers, and in each round both ways of reading, in turns. */
export async function measureReading(
  { rounds, pump }: ReadingPlan,
  options: ClusterOptions,
  onRound: (reading: Reading) => void,
): Promise<Reading[]> {
  const cluster = await Cluster.start(options);
  const primary = await cluster.complete();
  const backups = cluster.addresses.filter((address) => address !== primary);
  const workers = Array.from({ length: WORKERS }, () => new Worker<ReadTasks>('read-worker'));
  const clients = pump.clients / WORKERS;
  for (const [index, worker] of workers.entries()) {
    await worker.ask('enter', { primary, backups, clients, names: `w${index}` });
  }
  const measured: Reading[] = [];
  for (let round = 1; round <= rounds; round++) {
    const ways = ['primary', 'backups'] as const;
    for (const at of round % 2 === 0 ? ways.toReversed() : ways) {
      const plan = { ...pump, clients };
      const load = await loadOf(cluster, primary, () =>
        Promise.all(workers.map((worker) => worker.ask('read', { at, plan }))),
      );
      const reading = { at, ...load };
      measured.push(reading);
      onRound(reading);
    }
  }
  await Promise.all(workers.map((worker) => worker.end()));
  await cluster.stop();
  return measured;
}

/** The figures for the table. Where servers and clients share two cores, only processor times mean something. */
export function readingFigures(measured: readonly Reading[], clients: number): Figure[] {
  const of = (at: Reading['at'], name: keyof ServersLoad) =>
    measured.filter((one) => one.at === at).map((one) => one[name]);
  const figure = (
    what: string,
    name: keyof ServersLoad,
    bounds: Pick<Figure, 'unit' | 'must' | 'goal' | 'better'>,
  ) => ({
    name: what,
    ours: of('backups', name),
    besideName: 'at the primary',
    beside: of('primary', name),
    ...bounds,
  });
  return [
    figure(`pages of 100 messages, ${clients} clients, spread over the backups`, 'perSecond', {
      unit: '/s',
      must: 0.8,
      goal: 1.6,
      better: 'more',
    }),
    figure("the primary's processor time, a page", 'primaryUs', { unit: 'µs', must: 0.2, goal: 0.05, better: 'less' }),
    figure("the busiest server's processor time, a page", 'busiestUs', {
      unit: 'µs',
      must: 0.7,
      goal: 0.55,
      better: 'less',
    }),
    figure("all servers' processor time, a page", 'allUs', { unit: 'µs', must: 1.3, goal: 1.1, better: 'less' }),
  ];
}
