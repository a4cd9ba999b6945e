import { type Address, parseAddress } from '../shared/ids.ts';
import type { AddressTries } from './address-tries.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import type { Link } from './link.ts';
import type { SpreadChoice } from './spread-choice.ts';

/** The primary and one other, which is the first to tell when that changes. */
export const SOCKETS_WANTED = 2;
/** More of them while tries are under way; a server that does not answer its handshake must not keep the others from being tried. */
export const TRIES_MAX = 2;
export const SLOW_OPEN_MS = 300;
/** A full socket is told `session:ready` at once; one that is not was forgotten and is opened anew. */
export const READY_DEADLINE_MS = 3000;

/** All that the choice of sockets depends on. */
export interface Scene {
  links: readonly Link[];
  target: Link | undefined;
  knowledge: ClusterKnowledge;
  /** How many sockets there should be, at least {@link SOCKETS_WANTED}. */
  wanted: number;
  tries: AddressTries;
  nowMs: number;
  /** What handshakes say: requests may come over more than one way. */
  saysSpread: boolean;
  /** There when requests are spread. */
  spread: SpreadScene | undefined;
  /** The log-in that every socket should stand on. */
  token: string | undefined;
  /** Where in the list of addresses to begin. */
  rotation: number;
  /** Until then nothing is opened in the place of a lost primary as long as another server is reached. */
  replaceFromMs: number;
}

/** What the choice of sockets depends on when requests are spread. */
export interface SpreadScene {
  choice: SpreadChoice;
  /** What is to be sent next is for the primary alone: somebody logs in, or a password is to be verified. */
  isForPrimary: boolean;
}

/** Which socket is opened next, and whether requests may go over it whatever its server is. */
export interface Opening {
  address: Address;
  spread: boolean;
}

export function primaryAddress(knowledge: ClusterKnowledge): Address | undefined {
  return knowledge.primary === null ? undefined : parseAddress(knowledge.primary);
}

/** Addresses to try, the likeliest first. */
export function candidates({ knowledge, tries, target, rotation }: Scene): Address[] {
  const members = knowledge.members();
  const lost = !target && members.every((address) => tries.failures(address) > 0);
  const seeds = members.length === 0 || lost ? knowledge.unexplainedSeeds() : [];
  const all = [...members, ...seeds];
  if (target || all.length === 0) return all;
  const first = rotation % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/** Whether requests could go over it as far as the socket is concerned. */
export function isUsable(link: Link, { knowledge, nowMs, token }: Scene): boolean {
  if (!link.open || link.foreign || !link.cluster || link.token !== token) return false;
  const { refused } = link;
  return !(refused && refused.number === knowledge.number && refused.untilMs > nowMs);
}

/** What the cluster calls its server. */
export function nameOf(link: Link, knowledge: ClusterKnowledge): Address {
  return link.self ?? knowledge.canonical(link.address);
}
