import { Cluster, type ClusterOptions } from './cluster.ts';
import type { FailoverTasks } from './failover-worker.ts';
import { pause, Worker } from './processes.ts';

const CLIENTS = 4;
const IN_FLIGHT = 4;
/** Before the kill and after it; more than can be under way when the primary dies. */
const ACKNOWLEDGEMENTS = 100;

export interface Kills {
  /** The longest silence that a client saw, for each kill, in milliseconds. */
  silencesMs: number[];
  acknowledged: number;
}

/**
 * Kills the primary under load, again and again, each time when the cluster is complete, and reads everything back.
 *
 * @param onKill told after each kill
 * @throws Error when anything acknowledged is lost, doubled or out of order
 */
export async function measureKills(
  count: number,
  options: ClusterOptions,
  onKill: (silenceMs: number) => void,
): Promise<Kills> {
  const cluster = await Cluster.start(options);
  const clients = new Worker<FailoverTasks>('failover-worker');
  await clients.ask('enter', { servers: cluster.addresses, clients: CLIENTS });
  const silencesMs: number[] = [];
  for (let kill = 0; kill < count; kill++) {
    const primary = await cluster.complete();
    await clients.ask('start', { inFlight: IN_FLIGHT });
    await clients.ask('proceed', { acknowledgements: ACKNOWLEDGEMENTS });
    // Not always at the same moment of the servers' own rhythms.
    await pause((kill * 37) % 150);
    await cluster.kill(primary);
    await clients.ask('proceed', { acknowledgements: ACKNOWLEDGEMENTS });
    const silenceMs = await clients.ask('stop', null);
    silencesMs.push(silenceMs);
    onKill(silenceMs);
    cluster.restart(primary);
  }
  await cluster.complete();
  const acknowledged = await clients.ask('audit', null);
  await clients.end();
  await cluster.stop();
  return { silencesMs, acknowledged };
}
