import type { ReplicaConfig } from '../replication/replica-state.ts';
import type { ReplicaStorage } from '../storage/replica-storage.ts';
import type { Clock } from './ports.ts';
import type { ReplicaDriver } from './replica-driver.ts';

/** A server that stops waits so long for its snapshot; the log has everything, so that only the next start takes longer. */
const LEAVE_SNAPSHOT_MS = 2000;
const POLL_MS = 1;

/** What an engine does while its server leaves. */
export interface Leaving {
  /** Writes down what makes the next start faster. */
  save(): Promise<void>;
  /** From now on it takes no requests. */
  onLeaving(): void;
  /** Somebody waits for an answer to what is in the log. */
  isUnderWay(): boolean;
}

/** R23: see `Engine.leave`. The others notice a clean death when the process ends. */
export async function leaveInOrder(
  driver: ReplicaDriver,
  {
    clock,
    config,
    storage,
  }: { clock: Clock; config: Pick<ReplicaConfig, 'heartbeatTimeoutMs'>; storage: ReplicaStorage },
  { save, onLeaving, isUnderWay }: Leaving,
): Promise<void> {
  if (driver.isStopped) return;
  driver.give({ type: 'leave' });
  // While it still serves: the others will have the disk and the processors for themselves when they change views.
  const isLate = new Promise<void>((resolve) => clock.after(LEAVE_SNAPSHOT_MS, resolve));
  await Promise.race([save(), isLate]);
  onLeaving();
  const giveUpAtMs = clock.monotonicMs() + config.heartbeatTimeoutMs;
  // Until then it acknowledges and answers pings: so the others hold its leases, and its death is clean.
  while ((isUnderWay() || !driver.isSettled) && clock.monotonicMs() < giveUpAtMs && !driver.isStopped) {
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
  }
  // It ended for another reason meanwhile, and whoever was told of that closes the storage.
  if (driver.isStopped) return;
  if (driver.isSettled) driver.give({ type: 'farewell' });
  driver.stop();
  await new Promise<void>((resolve) => storage.close(() => resolve()));
}
