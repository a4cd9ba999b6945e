import type { ReplicaConfig } from '../replication/replica-state.ts';
import type { Clock } from './ports.ts';
import type { ReplicaDriver } from './replica-driver.ts';

/** How long a first server waits for addresses that neither answer nor refuse, before it starts a cluster of its own. */
const FORM_WAIT_MS = 3000;

/**
 * R19b: starts a cluster of this one server, if its folder is empty and no cluster answers: every address that it
 * knows has refused, is a server without a cluster, or did not answer for a while.
 */
export function formWhenAlone(
  driver: ReplicaDriver,
  { clock, config }: { clock: Clock; config: Pick<ReplicaConfig, 'tickMs'> },
  cluster: { clusterId: string; sessionKey: string },
): void {
  const startedAtMs = clock.monotonicMs();
  const stop = clock.every(config.tickMs, () => {
    const { file, known, links } = driver.state;
    const others = [...known].filter((address) => address !== file.id);
    const isKnown = others.every((address) => links.has(address) || driver.refused.has(address));
    if (file.base || driver.isStopped) stop();
    else if (isKnown || clock.monotonicMs() - startedAtMs > FORM_WAIT_MS) {
      stop();
      driver.give({ type: 'form', ...cluster });
    }
  });
}
