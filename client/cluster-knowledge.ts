import type { Cluster } from '../shared/api.ts';
import type { ChatError } from '../shared/errors.ts';
import { type Address, parseAddress } from '../shared/ids.ts';

/** How a piece of news relates to what was known before. */
export type News = 'newer' | 'same' | 'older' | 'foreign';

/**
 * What the client believes about the cluster, from what any server told: it follows only what is not older, so that a
 * server that fell behind, or servers that point at each other, cannot lead it in circles.
 */
export class ClusterKnowledge {
  readonly #seeds: readonly Address[];
  #epoch = -1;
  #view = -1;
  #primary: string | null = null;
  #cluster: Cluster | undefined;
  #clusterId: string | undefined;
  readonly #heardOf = new Set<Address>();
  readonly #witnesses = new Set<string>();

  /** @param clusterId the cluster that earlier positions and request numbers belong to, when there is one */
  constructor(seeds: readonly Address[], clusterId: string | undefined) {
    this.#seeds = seeds;
    this.#clusterId = clusterId;
  }

  get cluster(): Cluster | undefined {
    return this.#cluster;
  }

  get primary(): string | null {
    return this.#primary;
  }

  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** Identifies what is known of the primary: changes with each newer view. */
  get number(): string {
    return `${this.#epoch}/${this.#view}`;
  }

  /** Takes in what a server says of the cluster. `foreign` news change nothing. */
  learn(cluster: Cluster): News {
    if (cluster.id === '') return 'older';
    if (this.#clusterId !== undefined && cluster.id !== this.#clusterId) return 'foreign';
    this.#clusterId = cluster.id;
    this.#hearOf(cluster);
    const order = this.#compare(cluster.epoch, cluster.view);
    if (order < 0) return 'older';
    if (order === 0) {
      const primary = cluster.primary ?? this.#primary;
      this.#cluster = { ...cluster, primary };
      this.#primary = primary;
      return 'same';
    }
    this.#epoch = cluster.epoch;
    this.#view = cluster.view;
    this.#primary = cluster.primary;
    this.#cluster = cluster;
    return 'newer';
  }

  /** Takes in a `not-primary`: true when the primary it names is to be followed. */
  followHint(error: ChatError): boolean {
    const { primary, epoch, view } = error;
    const address = primary === undefined ? undefined : parseAddress(primary);
    if (address === undefined || epoch === undefined || view === undefined) return false;
    if (this.#compare(epoch, view) < 0) return false;
    this.#epoch = epoch;
    this.#view = view;
    this.#primary = address;
    this.#heardOf.add(address);
    if (this.#cluster) this.#cluster = { ...this.#cluster, primary: address, epoch, view };
    return true;
  }

  /** Forgets everything but the addresses: the servers belong to another cluster now. */
  adopt(cluster: Cluster): void {
    this.#epoch = -1;
    this.#view = -1;
    this.#primary = null;
    this.#cluster = undefined;
    this.#clusterId = undefined;
    this.#heardOf.clear();
    this.#witnesses.clear();
    this.learn(cluster);
  }

  /** The servers of the cluster in the order in which they are likely to serve; empty while none is known. */
  members(): Address[] {
    const inView = [...(this.#cluster?.members ?? []), ...(this.#cluster?.spares ?? [])];
    const all = new Set([...inView.map(parseAddress), ...this.#heardOf]);
    return [...all].filter((address): address is Address => address !== undefined && !this.#witnesses.has(address));
  }

  /** The addresses that the user gave and that are no other spelling of a server of the cluster. */
  unexplainedSeeds(): Address[] {
    return this.#seeds.filter((seed) => !this.#heardOf.has(this.canonical(seed)));
  }

  /** The name that the cluster itself uses for an address, as far as that can be told from loopback names. */
  canonical(address: Address): Address {
    if (this.#heardOf.has(address)) return address;
    const port = loopbackPort(address);
    if (port === undefined) return address;
    return [...this.#heardOf].find((known) => loopbackPort(known) === port) ?? address;
  }

  #hearOf(cluster: Cluster): void {
    for (const text of [...cluster.members, ...cluster.spares, ...cluster.known]) {
      const address = parseAddress(text);
      if (address !== undefined) this.#heardOf.add(address);
    }
    for (const witness of cluster.witnesses) this.#witnesses.add(witness);
  }

  #compare(epoch: number, view: number): number {
    return epoch === this.#epoch ? view - this.#view : epoch - this.#epoch;
  }
}

function loopbackPort(address: Address): string | undefined {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]):(\d+)$/.exec(address)?.[1];
}
