import { Cluster, type ClusterOptions } from './cluster.ts';
import type { FailoverTasks } from './failover-worker.ts';
import { pause, Worker } from './processes.ts';

const CLIENTS = 4;
const IN_FLIGHT = 4;
/** Before the end of the primary and after it; more than can be under way at that moment. */
const ACKNOWLEDGEMENTS = 100;

export interface FailOvers {
  /** The longest silence that a client saw, for each end of a primary, in milliseconds. */
  silencesMs: number[];
  acknowledged: number;
}

/**
 * Ends the primary under load, again and again, each time when the cluster is complete, and reads everything back.
 *
 * @param signal SIGKILL for a crash, SIGTERM for leaving in order
 * @param onFailOver told after each of them
 * @throws Error when a request was refused, or anything acknowledged is lost, doubled or out of order
 */
export async function measureFailOvers(
  count: number,
  signal: 'SIGKILL' | 'SIGTERM',
  options: ClusterOptions,
  onFailOver: (silenceMs: number) => void,
): Promise<FailOvers> {
  const cluster = await Cluster.start(options);
  const clients = new Worker<FailoverTasks>('failover-worker');
  await clients.ask('enter', { servers: cluster.addresses, clients: CLIENTS });
  const silencesMs: number[] = [];
  for (let round = 0; round < count; round++) {
    const primary = await cluster.complete();
    await clients.ask('start', { inFlight: IN_FLIGHT });
    await clients.ask('proceed', { acknowledgements: ACKNOWLEDGEMENTS });
    // Not always at the same moment of the servers' own rhythms.
    await pause((round * 37) % 150);
    await cluster.end(primary, signal);
    await clients.ask('proceed', { acknowledgements: ACKNOWLEDGEMENTS });
    const silenceMs = await clients.ask('stop', null);
    silencesMs.push(silenceMs);
    onFailOver(silenceMs);
    cluster.restart(primary);
  }
  await cluster.complete();
  const acknowledged = await clients.ask('audit', null);
  await clients.end();
  await cluster.stop();
  return { silencesMs, acknowledged };
}
