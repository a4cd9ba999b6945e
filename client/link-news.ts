import type { Cluster } from '../shared/api.ts';
import type { Random } from '../shared/random.ts';
import type { AddressTries } from './address-tries.ts';
import { backoffMs, type Clock, RETRY_BACKOFF } from './clock.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import { type Link, noteCluster } from './link.ts';
import { primaryAddress } from './link-scene.ts';

/** How long no server of our cluster may be reached before another cluster at the same addresses is taken for its heir. */
const FOREIGN_PATIENCE_MS = 3000;

export interface LinkNewsOptions {
  knowledge: ClusterKnowledge;
  clock: Clock;
  random: Random;
  tries: AddressTries;
  /** Open links to servers of our cluster. */
  openLinks: () => readonly Link[];
  drop: (link: Link) => void;
  /** A newer view was heard of. */
  onNewer: () => void;
  /** A server has answered what it was asked for. */
  onAnswered: () => void;
  /** Nobody of our cluster is left at the addresses, but another cluster is. */
  onForeignCluster: (cluster: Cluster) => void;
}

/** What servers tell of the cluster: asked for, taken in, and of another cluster not believed too early. */
export class LinkNews {
  readonly #options: LinkNewsOptions;
  #ownSeenAtMs = 0;
  #pollAttempt = 0;
  #pollAtMs = 0;

  constructor(options: LinkNewsOptions) {
    this.#options = options;
  }

  /** When {@link pollWhenLost} is due again, milliseconds since 1970. */
  get pollAtMs(): number {
    return this.#pollAtMs;
  }

  start(): void {
    this.#ownSeenAtMs = this.#options.clock.now();
  }

  /** A target was found. */
  onFound(): void {
    this.#pollAttempt = 0;
  }

  /** Asks the link's server what it believes. */
  ask(link: Link): void {
    link.connection.request('cluster:status', {}, (reply) => {
      const answer = reply as { ok?: boolean; cluster?: Cluster } | undefined;
      if (link.closed || answer?.ok !== true || !answer.cluster) return;
      this.learn(link, answer.cluster);
      this.#options.onAnswered();
    });
  }

  /** While requests can go nowhere, everybody who is reached is asked again and again. */
  pollWhenLost(): void {
    const { clock, random, openLinks } = this.#options;
    if (openLinks().length === 0 || clock.now() < this.#pollAtMs) return;
    this.#pollAtMs = clock.now() + backoffMs(RETRY_BACKOFF, this.#pollAttempt, random);
    this.#pollAttempt += 1;
    for (const link of openLinks()) this.ask(link);
  }

  /** The link's server told of the cluster. */
  learn(link: Link, cluster: Cluster): void {
    const { knowledge, clock, tries, onNewer } = this.#options;
    const before = knowledge.primary;
    const news = knowledge.learn(cluster);
    noteCluster(link, cluster, clock.now());
    link.foreign = news === 'foreign';
    if (link.foreign) {
      this.#onForeign(link, cluster);
      return;
    }
    this.#ownSeenAtMs = clock.now();
    tries.succeed(link.address);
    if (news !== 'newer') return;
    this.#pollAttempt = 0;
    onNewer();
    const primary = primaryAddress(knowledge);
    if (primary !== undefined && knowledge.primary !== before) tries.hurry(primary);
  }

  #onForeign(link: Link, cluster: Cluster): void {
    const { clock, tries, openLinks, drop, onForeignCluster } = this.#options;
    const patient = clock.now() - this.#ownSeenAtMs < FOREIGN_PATIENCE_MS;
    if (!patient && openLinks().length === 0) {
      this.#ownSeenAtMs = clock.now();
      onForeignCluster(cluster);
      return;
    }
    tries.fail(link.address, `it belongs to another cluster (${cluster.id})`);
    drop(link);
  }
}
