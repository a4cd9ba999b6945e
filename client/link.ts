import type { Cluster, SessionReady } from '../shared/api.ts';
import { type Address, parseAddress } from '../shared/ids.ts';
import type { Connection } from './transport.ts';

/** One socket to one server. */
export interface Link {
  readonly address: Address;
  readonly connection: Connection;
  /** The token that its log-in stands on: of the handshake, or of a log-in over it. */
  token: string | undefined;
  readonly openedAtMs: number;
  /** Its handshake said that requests may go over it, whatever its server is. */
  readonly spread: boolean;
  open: boolean;
  closed: boolean;
  /** A request that went over it has waited for an answer for long: news of the cluster are sought elsewhere, too. */
  slow: boolean;
  /** What the server calls itself, once that is certain. */
  self: Address | undefined;
  ready: SessionReady | undefined;
  /** When it has to have become ready, once requests go over it and it is logged in. */
  readyDueMs: number;
  cluster: Cluster | undefined;
  /** Since when its server has said that there is a primary, or that it knows of none; of the two only one is there. */
  followsSinceMs: number | undefined;
  lostSinceMs: number | undefined;
  foreign: boolean;
  /** Why its server knows no log-in for its token; it has the last word on that only when it is the primary. */
  ended: string | undefined;
  /** It said `not-primary` about the view of this number; believed until then. */
  refused: { number: string; untilMs: number } | undefined;
  /** Reads are spread to its server from then on; later than now after it could not answer one. */
  readsFromMs: number;
}

export function makeLink(
  address: Address,
  connection: Connection,
  token: string | undefined,
  openedAtMs: number,
  spread: boolean,
): Link {
  return {
    address,
    connection,
    token,
    openedAtMs,
    spread,
    open: false,
    closed: false,
    slow: false,
    self: undefined,
    ready: undefined,
    readyDueMs: 0,
    cluster: undefined,
    followsSinceMs: undefined,
    lostSinceMs: undefined,
    foreign: false,
    ended: undefined,
    refused: undefined,
    readsFromMs: 0,
  };
}

/** It is a full socket now, so its server is what the cluster calls the primary; unless it would be one anywhere. */
export function markReady(link: Link, ready: SessionReady): void {
  link.ready = ready;
  link.ended = undefined;
  if (link.spread) return;
  link.self = ready.cluster.primary === null ? undefined : parseAddress(ready.cluster.primary);
}

/** Its server told of the cluster. */
export function noteCluster(link: Link, cluster: Cluster, nowMs: number): void {
  link.cluster = cluster;
  link.followsSinceMs = cluster.primary === null ? undefined : (link.followsSinceMs ?? nowMs);
  link.lostSinceMs = cluster.primary === null ? (link.lostSinceMs ?? nowMs) : undefined;
}
