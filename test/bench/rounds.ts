import { join } from 'node:path';
import { Cluster, type ClusterOptions } from './cluster.ts';
import type { DiskTasks } from './disk-worker.ts';
import type { EchoTasks } from './echo-worker.ts';
import { median } from './figures.ts';
import type { LoadTasks } from './load-worker.ts';
import { removeFolder, temporaryFolder, Worker } from './processes.ts';
import type { PumpPlan } from './pump.ts';

export interface RoundPlan {
  pump: PumpPlan;
  /** How often everything that is done once at a time is done. */
  singles: number;
}

/** What the machine gives without us. */
export interface Floor {
  echoPerSecond: number;
  echoMs: number;
  roundTripMs: number;
  /** Append 300 bytes and wait for the disk, three processes at once. */
  syncMs: number;
}

export interface Ours {
  connectedPerSecond: number;
  offlinePerSecond: number;
  acknowledgedMs: number;
  /** Of all servers together for one message, with many in flight to connected recipients, warm-up included. */
  processorUs: number;
}

/** Plain Socket.IO, plain TCP and the plain disk. */
export async function measureFloor(plan: RoundPlan, parentFolder: string | undefined): Promise<Floor> {
  const echo = new Worker<EchoTasks>('echo-worker');
  const load = new Worker<LoadTasks>('load-worker');
  const { socketPort, tcpPort } = await echo.ask('listen', null);
  const echoed = await load.ask('echo', { port: socketPort, plan: plan.pump, count: plan.singles });
  const roundTripMs = await load.ask('roundTrip', { port: tcpPort, count: plan.singles });
  await Promise.all([echo.end(), load.end()]);
  const syncMs = await measureDisk(plan.singles, parentFolder);
  return { echoPerSecond: echoed.perSecond, echoMs: echoed.p50Ms, roundTripMs, syncMs };
}

async function measureDisk(count: number, parentFolder: string | undefined): Promise<number> {
  const folder = temporaryFolder(parentFolder);
  const workers = ['a', 'b', 'c'].map((name) => ({ name, worker: new Worker<DiskTasks>('disk-worker') }));
  const ask = (times: number) =>
    Promise.all(
      workers.map(({ name, worker }) => worker.ask('appendAndSync', { path: join(folder, name), count: times })),
    );
  // The first question is answered when all three have started; the second is measured with all at work.
  await ask(1);
  const elapsedMs = (await ask(count)).flat();
  await Promise.all(workers.map(({ worker }) => worker.end()));
  removeFolder(folder);
  return median(elapsedMs);
}

/** Three servers of our own, on empty folders. */
export async function measureOurs(plan: RoundPlan, options: ClusterOptions): Promise<Ours> {
  const cluster = await Cluster.start(options);
  const load = new Worker<LoadTasks>('load-worker');
  const address = await cluster.complete();
  await load.ask('enter', { address, clients: plan.pump.clients });
  const beforeMs = sum(cluster.processorMs());
  const connectedPerSecond = await load.ask('toConnected', { plan: plan.pump });
  const processorMs = sum(cluster.processorMs()) - beforeMs;
  const delivered = await load.ask('delivered', null);
  const offlinePerSecond = await load.ask('toOffline', { plan: plan.pump });
  const acknowledgedMs = await load.ask('latency', { count: plan.singles });
  await load.end();
  await cluster.stop();
  return { connectedPerSecond, offlinePerSecond, acknowledgedMs, processorUs: (1000 * processorMs) / delivered };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
