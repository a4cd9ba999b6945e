import type { Cluster, Handshake } from '../shared/api.ts';
import type { ChatError } from '../shared/errors.ts';
import type { Address } from '../shared/ids.ts';
import type { Random } from '../shared/random.ts';
import type { Clock } from './clock.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import type { Link } from './link.ts';
import type { PushEvent, Transport } from './transport.ts';

export interface ConnectionsOptions {
  knowledge: ClusterKnowledge;
  connect: Transport;
  clock: Clock;
  random: Random;
  handshake: () => Handshake;
  /** A socket to each member is wanted, for reads. */
  spreadReads: boolean;
  /** Requests go to any server that takes them. */
  spread: boolean;
  /** They do, or once did: then every handshake has to say so (R28). */
  saysSpread: boolean;
  /** With `spread`: something waits that only the primary does. */
  isForPrimary: () => boolean;
}

export interface ConnectionsListener {
  /** Something changed: which link is the target, which links are open, what is known of the cluster. */
  onChange(): void;
  onPush(link: Link, event: PushEvent, payload: unknown): void;
  onClosed(link: Link): void;
  /** A server refused the handshake. */
  onHandshakeRefused(address: Address, error: ChatError): void;
  /** Nobody of our cluster is left at the addresses, but another cluster is. */
  onForeignCluster(cluster: Cluster): void;
}
