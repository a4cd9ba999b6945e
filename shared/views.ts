import type { Address, DiskId, ViewNumber } from './ids.ts';

/** One life of a replica: its address, its disk, and how often it was started on that disk. */
export interface Incarnation {
  readonly id: Address;
  readonly disk: DiskId;
  readonly incarnation: number;
}

/** Names an incarnation in sets and maps. */
export function incarnationKey(one: Incarnation): string {
  return `${one.id}#${one.disk}#${one.incarnation}`;
}

export function sameIncarnation(a: Incarnation, b: Incarnation): boolean {
  return a.id === b.id && a.disk === b.disk && a.incarnation === b.incarnation;
}

/** A voter that holds no data. A restart changes nothing for it, so it is named without an incarnation (R16). */
export interface Witness {
  readonly id: Address;
  readonly disk: DiskId;
}

/** Another disk at the same address is another witness. */
export function sameWitness(a: Witness, b: Witness): boolean {
  return a.id === b.id && a.disk === b.disk;
}

/** A numbered list of replicas, primary first, as it is agreed on, stored and sent. */
export interface ViewRecord {
  /** The cluster that it is a view of: whoever adopts the record joins that cluster, and no other. */
  readonly clusterId: string;
  readonly number: ViewNumber;
  readonly members: readonly Incarnation[];
  readonly witnesses: readonly Witness[];
  readonly replicationFactor: number;
  /** The views that this one won before it was proposed (R9). */
  readonly over: readonly ViewNumber[];
  /** The installed view that its candidate started from. */
  readonly baseNumber: ViewNumber;
}

/** What a voter must never forget: the content of `view.csv`. Replaced as a whole. */
export interface ViewFile {
  /** Empty until the server belongs to a cluster. */
  readonly clusterId: string;
  readonly id: Address;
  readonly disk: DiskId;
  readonly incarnation: number;
  /** The highest number it promised (R2). */
  readonly promised: ViewNumber;
  /** The highest view that it knows to be installed; null on an empty folder. */
  readonly base: ViewRecord | null;
  /** Views accepted after the base and not known to be installed, ascending. */
  readonly pending: readonly ViewRecord[];
  /** The largest heartbeat time-out that it ever ran with (R6c). */
  readonly largestHeartbeatTimeoutMs: number;
}
