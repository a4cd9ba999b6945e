import type { Cluster } from '../shared/api.ts';
import { type ChatError, refusal } from '../shared/errors.ts';
import type { ClientId } from '../shared/ids.ts';
import type { Random } from '../shared/random.ts';
import type { Account } from './account.ts';
import type { ChatEvent } from './chat-types.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import type { Connections } from './connections.ts';
import { MAY_HAVE_BEEN_DONE, type OutboxSender } from './outbox-sender.ts';
import type { Replay } from './replay.ts';
import type { RequestQueue, Write } from './request-queue.ts';
import type { ClientStore } from './store.ts';

export interface StartingOverParts {
  store: ClientStore;
  random: Random;
  emit: (event: ChatEvent) => void;
  knowledge: ClusterKnowledge;
  connections: Connections;
  queue: RequestQueue;
  replay: Replay;
  outbox: OutboxSender;
  account: Account;
}

/** Said to a user whose servers have become another cluster. */
export const ANOTHER_CLUSTER =
  'The servers are another cluster now, set up anew or restored from a copy: log in again.';

/** The servers no longer know the request numbers of this client: it goes on as another one. */
export function startAnew(parts: StartingOverParts): void {
  const { store, random, queue, outbox, connections } = parts;
  const kept: Write[] = [];
  const unknown: Write[] = [];
  // Logging in twice does no harm, so that is simply done again.
  for (const write of queue.writes) {
    (write.transmitted && write.event !== 'session:open' ? unknown : kept).push(write);
  }
  // The connections are still those of the former id: nothing may leave over them under the new numbers.
  queue.setTarget(undefined);
  queue.remove(new Set([...kept, ...unknown]));
  for (const write of unknown) write.answer({ ok: false, error: MAY_HAVE_BEEN_DONE } as never, undefined);
  for (const write of kept) write.transmitted = false;
  let last = 0;
  const messages = outbox.renumber(kept, () => ++last);
  store.renew(randomClientId(random), messages, last);
  // Before the restart tells anybody: whoever answers that with a new request comes behind these.
  for (const write of kept) queue.add(write);
  connections.restart();
}

/**
 * Compares what is known of the cluster with what positions were made in.
 * @returns true when positions mean nothing any more, because an operator forced the cluster since
 */
export function noticeForce(parts: StartingOverParts): boolean {
  const { store, emit, knowledge, replay } = parts;
  const { cluster } = knowledge;
  if (!cluster) return false;
  const known = store.cluster;
  if (known && known.id === cluster.id && known.epoch >= cluster.epoch) return false;
  store.saveCluster({ id: cluster.id, epoch: cluster.epoch });
  if (!known) return false;
  store.forgetHistory();
  replay.restart(0);
  emit({ type: 'reload', reason: 'An operator forced the cluster to go on; what was shown is fetched anew.' });
  return true;
}

/** Another cluster is behind the addresses, set up anew or restored from a copy: nothing of the former one means anything there. */
export function moveToCluster(parts: StartingOverParts, cluster: Cluster): void {
  const { store, random, emit, knowledge, connections, outbox, account, queue } = parts;
  const unsent =
    'It was typed for the former cluster and was not sent to the one that is there now; send it again if it is still meant.';
  const error: ChatError = refusal('unavailable', unsent).error;
  knowledge.adopt(cluster);
  outbox.giveBack(error);
  const others = queue.writes;
  queue.remove(new Set(others));
  for (const write of others) write.answer({ ok: false, error: { ...error, message: ANOTHER_CLUSTER } }, undefined);
  let last = 0;
  const messages = outbox.renumber([], () => ++last);
  store.renew(randomClientId(random), messages, last);
  store.saveCluster({ id: cluster.id, epoch: cluster.epoch });
  account.leave(ANOTHER_CLUSTER);
  emit({ type: 'reload', reason: 'What was shown before belonged to the former cluster.' });
  connections.restart();
}

/** A random UUID (version 4) from the given source. */
export function randomClientId(random: Random): ClientId {
  const digits = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
  const variant = '89ab'[random.between(0, 4)];
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ];
  return parts.join('-') as ClientId;
}
