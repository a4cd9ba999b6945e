import { type Address, parseAddress } from '../shared/ids.ts';
import type { AddressTries } from './address-tries.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import type { Link } from './link.ts';

/** The primary and one other, which is the first to tell when that changes. */
export const SOCKETS_WANTED = 2;
/** More of them while tries are under way; a server that does not answer its handshake must not keep the others from being tried. */
const TRIES_MAX = 2;
const SLOW_OPEN_MS = 300;
/** Longer than any transport waits for a handshake. */
const OPEN_DEADLINE_MS = 5000;
/** Servers that change their view are not to be met by all clients at once: the socket that is left tells of the outcome. */
export const REPLACE_DELAY_MS = 150;
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
  /** The log-in that every socket should stand on. */
  token: string | undefined;
  /** Where in the list of addresses to begin. */
  rotation: number;
  /** Until then nothing is opened in the place of a lost primary as long as another server is reached. */
  replaceFromMs: number;
}

export function primaryAddress(knowledge: ClusterKnowledge): Address | undefined {
  return knowledge.primary === null ? undefined : parseAddress(knowledge.primary);
}

/** The link that requests should go over. */
export function chooseTarget(scene: Scene): Link | undefined {
  const { knowledge, tries } = scene;
  const primary = primaryAddress(knowledge);
  if (primary === undefined) return undefined;
  const usable = scene.links.filter((link) => isUsable(link, scene));
  const direct = usable.find((link) => nameOf(link, knowledge) === primary);
  if (direct || tries.failures(primary) < 2) return direct;
  // When the primary cannot be reached under its own name, a server under a name of the user's may still be it.
  const known = knowledge.members();
  return usable.find((link) => !known.includes(nameOf(link, knowledge)));
}

/** Why a link has to be closed and opened anew; undefined when it need not be. */
export function whyUnfit(link: Link, scene: Scene): string | undefined {
  const { nowMs, token, target } = scene;
  if (!link.open && nowMs - link.openedAtMs >= OPEN_DEADLINE_MS) return 'it does not answer';
  if (link.token !== token) return 'the log-in changed';
  if (link === target) {
    const overdue = token !== undefined && !link.ready && nowMs >= link.readyDueMs;
    return overdue ? 'it does not accept the log-in' : undefined;
  }
  return link.ended !== undefined && link.cluster ? 'it does not know the log-in yet' : undefined;
}

/** Open links beyond the target and the one that is most likely to follow it. */
export function surplusLinks(scene: Scene): Link[] {
  if (!scene.target) return [];
  const order = scene.knowledge.members();
  const place = (link: Link): number => order.indexOf(nameOf(link, scene.knowledge));
  const others = scene.links.filter((link) => link !== scene.target && link.open);
  const wanted = scene.wanted - (scene.target.slow ? 0 : 1);
  return others.sort((a, b) => place(a) - place(b)).slice(wanted);
}

/** The address to try next, if another socket is wanted; `tryable` says which addresses may be tried now. */
export function nextToOpen(scene: Scene, tryable: (address: Address) => boolean): Address | undefined {
  const { links, knowledge, nowMs } = scene;
  const names = new Set(links.flatMap((link) => [link.address, nameOf(link, knowledge)]));
  const isFree = (address: Address): boolean => !names.has(address) && !names.has(knowledge.canonical(address));
  const primary = primaryAddress(knowledge);
  if (primary !== undefined && isFree(primary) && tryable(primary)) return primary;
  // The one that takes over next makes the better second socket: it will be a full one without another handshake.
  const next = scene.target && knowledge.members().find((address) => address !== primary);
  if (next && isFree(next) && scene.tries.failures(next) === 0 && tryable(next)) return next;
  if (nowMs < scene.replaceFromMs && links.some((link) => link.open && !link.foreign)) return undefined;
  const counted = links.filter((link) => (link.open ? !link.slow : nowMs - link.openedAtMs < SLOW_OPEN_MS)).length;
  if (counted >= scene.wanted || links.length >= scene.wanted + TRIES_MAX) return undefined;
  return candidates(scene).find((address) => address !== primary && isFree(address) && tryable(address));
}

/** The moments at which the scene changes by itself, in milliseconds since 1970. */
export function coming(scene: Scene): number[] {
  const { links, target, tries } = scene;
  const moments: number[] = [scene.replaceFromMs];
  if (target && !target.ready) moments.push(target.readyDueMs);
  for (const link of links) {
    if (!link.open) moments.push(link.openedAtMs + SLOW_OPEN_MS, link.openedAtMs + OPEN_DEADLINE_MS);
    if (link.refused) moments.push(link.refused.untilMs);
  }
  if (links.length < scene.wanted || !target) {
    for (const { nextAtMs } of tries.all.values()) moments.push(nextAtMs);
  }
  return moments;
}

function candidates({ knowledge, tries, target, rotation }: Scene): Address[] {
  const members = knowledge.members();
  const lost = !target && members.every((address) => tries.failures(address) > 0);
  const seeds = members.length === 0 || lost ? knowledge.unexplainedSeeds() : [];
  const all = [...members, ...seeds];
  if (target || all.length === 0) return all;
  const first = rotation % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function isUsable(link: Link, { knowledge, nowMs, token }: Scene): boolean {
  if (!link.open || link.foreign || !link.cluster || link.token !== token) return false;
  const { refused } = link;
  return !(refused && refused.number === knowledge.number && refused.untilMs > nowMs);
}

function nameOf(link: Link, knowledge: ClusterKnowledge): Address {
  return link.self ?? knowledge.canonical(link.address);
}
