import { Cluster, type ClusterOptions } from './cluster.ts';
import type { Figure } from './figures.ts';
import { Worker } from './processes.ts';
import type { PumpPlan } from './pump.ts';
import type { ReadTasks, What } from './read-worker.ts';
import { loadOf, type ServersLoad } from './servers-load.ts';

/** Processes that read; the clients are divided among them. */
const WORKERS = 4;

export interface ReadingPlan {
  rounds: number;
  pump: PumpPlan;
}

/** Pages of history or documents, with all clients at the primary or with each going round the backups. */
export interface Reading extends ServersLoad {
  at: 'primary' | 'backups';
  what: What;
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
    for (const what of ['pages', 'documents'] as const) {
      const ways = ['primary', 'backups'] as const;
      for (const at of round % 2 === 0 ? ways.toReversed() : ways) {
        const plan = { ...pump, clients };
        const load = await loadOf(cluster, primary, () =>
          Promise.all(workers.map((worker) => worker.ask('read', { what, at, plan }))),
        );
        const reading = { what, at, ...load };
        measured.push(reading);
        onRound(reading);
      }
    }
  }
  await Promise.all(workers.map((worker) => worker.end()));
  await cluster.stop();
  return measured;
}

/** The figures for the table. Where servers and clients share two cores, only processor times mean something. */
export function readingFigures(measured: readonly Reading[], clients: number): Figure[] {
  const names = { pages: 'pages of 100 messages', documents: 'documents of 1,000 characters' };
  return (['pages', 'documents'] as const).flatMap((what) => {
    const of = (at: Reading['at'], name: keyof ServersLoad) =>
      measured.filter((one) => one.what === what && one.at === at).map((one) => one[name]);
    const figure = (
      title: string,
      name: keyof ServersLoad,
      bounds: Pick<Figure, 'unit' | 'must' | 'goal' | 'better'>,
    ) => ({
      name: `${names[what]}: ${title}`,
      ours: of('backups', name),
      besideName: 'at the primary',
      beside: of('primary', name),
      ...bounds,
    });
    // A backup asks the primary for each document how new it has to be; many such questions are one.
    const isPage = what === 'pages';
    return [
      figure(`${clients} clients, spread over the backups`, 'perSecond', {
        unit: '/s',
        must: isPage ? 0.8 : 0.5,
        goal: isPage ? 1.6 : 1,
        better: 'more',
      }),
      figure("the primary's processor time for one", 'primaryUs', {
        unit: 'µs',
        must: isPage ? 0.2 : 1,
        goal: isPage ? 0.05 : 0.5,
        better: 'less',
      }),
      figure("the busiest server's", 'busiestUs', { unit: 'µs', must: isPage ? 0.7 : 1, goal: 0.55, better: 'less' }),
      figure("all servers'", 'allUs', { unit: 'µs', must: isPage ? 1.3 : 3, goal: isPage ? 1.1 : 2, better: 'less' }),
    ];
  });
}
