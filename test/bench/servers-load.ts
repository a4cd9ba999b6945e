import type { Cluster } from './cluster.ts';

/** How fast something is done, and what that costs the servers: processor time for each, microseconds. */
export interface ServersLoad {
  perSecond: number;
  primaryUs: number;
  /** Of the server that has most to do. */
  busiestUs: number;
  allUs: number;
}

/**
 * Has something done, and says what it cost.
 *
 * @param run resolves with how often it was done a second, and how often altogether, by each of several who did it at the same time
 */
export async function loadOf(
  cluster: Cluster,
  primary: string,
  run: () => Promise<{ perSecond: number; count: number }[]>,
): Promise<ServersLoad> {
  const before = cluster.processorMs();
  const done = await run();
  const perSecond = done.reduce((sum, one) => sum + one.perSecond, 0);
  const count = done.reduce((sum, one) => sum + one.count, 0);
  const used = cluster.processorMs().map((after, index) => ((after - before[index]!) * 1000) / count);
  return {
    perSecond,
    primaryUs: used[cluster.addresses.indexOf(primary)]!,
    busiestUs: Math.max(...used),
    allUs: used.reduce((sum, one) => sum + one, 0),
  };
}
