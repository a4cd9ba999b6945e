import type { Address } from '../shared/ids.ts';
import type { Link } from './link.ts';
import {
  candidates,
  isUsable,
  nameOf,
  type Opening,
  primaryAddress,
  type Scene,
  SLOW_OPEN_MS,
  TRIES_MAX,
} from './link-scene.ts';
import {
  chooseSpreadTarget,
  comingSpread,
  mistaken,
  nextSpread,
  surplusSpreadLinks,
  whyNotServing,
} from './spread-links.ts';

/** Longer than any transport waits for a handshake. */
const OPEN_DEADLINE_MS = 5000;
/** Servers that change their view are not to be met by all clients at once: the socket that is left tells of the outcome. */
export const REPLACE_DELAY_MS = 150;

/** The link that requests should go over. */
export function chooseTarget(scene: Scene): Link | undefined {
  const primary = linkToPrimary(scene);
  return scene.spread ? chooseSpreadTarget(scene, scene.spread, primary) : primary;
}

function linkToPrimary(scene: Scene): Link | undefined {
  const { knowledge, tries } = scene;
  const primary = primaryAddress(knowledge);
  if (primary === undefined) return undefined;
  // What is written over a socket of another kind could not be told from what comes late over the wished server's (R28).
  const usable = scene.links.filter((link) => isUsable(link, scene) && link.spread === scene.saysSpread);
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
  const notServing = scene.spread && whyNotServing(link, scene);
  if (notServing !== undefined) return notServing;
  if (link === target) {
    const overdue = token !== undefined && !link.ready && nowMs >= link.readyDueMs;
    return overdue ? 'it does not accept the log-in' : undefined;
  }
  return link.ended !== undefined && link.cluster ? 'it does not know the log-in yet' : undefined;
}

/** Open links beyond the target and the one that is most likely to follow it. */
export function surplusLinks(scene: Scene): Link[] {
  if (scene.spread) return surplusSpreadLinks(scene, scene.spread);
  if (!scene.target) return [];
  const order = scene.knowledge.members();
  const place = (link: Link): number => order.indexOf(nameOf(link, scene.knowledge));
  const others = scene.links.filter((link) => link !== scene.target && link.open);
  const wanted = scene.wanted - (scene.target.slow ? 0 : 1);
  return others.sort((a, b) => place(a) - place(b)).slice(wanted);
}

/** Open links that have to be opened anew to serve for what is wanted of them now. */
export function mistakenLinks(scene: Scene): Link[] {
  return scene.spread ? mistaken(scene, scene.spread) : [];
}

/** The address to try next, if another socket is wanted; `tryable` says which addresses may be tried now. */
export function nextToOpen(scene: Scene, tryable: (address: Address) => boolean): Opening | undefined {
  const { links, knowledge, spread } = scene;
  const names = new Set(links.flatMap((link) => [link.address, nameOf(link, knowledge)]));
  const isFree = (address: Address): boolean =>
    !names.has(address) && !names.has(knowledge.canonical(address)) && tryable(address);
  if (spread) return nextSpread(scene, spread, isFree);
  const address = nextBesidePrimary(scene, isFree);
  return address && { address, spread: scene.saysSpread };
}

function nextBesidePrimary(scene: Scene, isFree: (address: Address) => boolean): Address | undefined {
  const { links, knowledge, nowMs } = scene;
  const primary = primaryAddress(knowledge);
  if (primary !== undefined && isFree(primary)) return primary;
  // The one that takes over next makes the better second socket: it will be a full one without another handshake.
  const next = scene.target && knowledge.members().find((address) => address !== primary);
  if (next && isFree(next) && scene.tries.failures(next) === 0) return next;
  if (nowMs < scene.replaceFromMs && links.some((link) => link.open && !link.foreign)) return undefined;
  const counted = links.filter((link) => (link.open ? !link.slow : nowMs - link.openedAtMs < SLOW_OPEN_MS)).length;
  if (counted >= scene.wanted || links.length >= scene.wanted + TRIES_MAX) return undefined;
  return candidates(scene).find((address) => address !== primary && isFree(address));
}

/** The moments at which the scene changes by itself, in milliseconds since 1970. */
export function coming(scene: Scene): number[] {
  const { links, target, tries, spread } = scene;
  const moments: number[] = [scene.replaceFromMs, ...(spread ? comingSpread(scene, spread) : [])];
  if (target && !target.ready) moments.push(target.readyDueMs);
  for (const link of links) {
    if (!link.open) moments.push(link.openedAtMs + SLOW_OPEN_MS, link.openedAtMs + OPEN_DEADLINE_MS);
    if (link.refused) moments.push(link.refused.untilMs);
  }
  if (links.length < scene.wanted || !target || spread) {
    for (const { nextAtMs } of tries.all.values()) moments.push(nextAtMs);
  }
  return moments;
}
