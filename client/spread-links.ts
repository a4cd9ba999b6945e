import type { Address } from '../shared/ids.ts';
import type { Link } from './link.ts';
import {
  candidates,
  isUsable,
  nameOf,
  type Opening,
  primaryAddress,
  READY_DEADLINE_MS,
  type Scene,
  SLOW_OPEN_MS,
  type SpreadScene,
  TRIES_MAX,
} from './link-scene.ts';

/** Longer than servers bridge the time without a primary for whoever is connected to them. */
const LOST_DEADLINE_MS = 4000;

/** The link that requests should go over: that to the wished server once it says that it serves, else that to the primary. */
export function chooseSpreadTarget(scene: Scene, spread: SpreadScene, primary: Link | undefined): Link | undefined {
  const wished = scene.links.find(
    (link) => link.spread && link.ready && isUsable(link, scene) && isWished(link, scene, spread),
  );
  // That the log-in ended is believed of the server that requests go to.
  const isKnown = wished?.ended === undefined || wished === scene.target;
  if (wished && isKnown && !spread.isForPrimary) return wished;
  return mayAskPrimary(scene, spread) || primary === scene.target ? primary : undefined;
}

/** Why a socket over which requests may go has to be closed; undefined when it need not be. */
export function whyNotServing(link: Link, { knowledge, token, nowMs }: Scene): string | undefined {
  if (!link.spread || !link.open || nameOf(link, knowledge) === primaryAddress(knowledge)) return undefined;
  const { lostSinceMs, followsSinceMs } = link;
  if (lostSinceMs !== undefined && nowMs >= lostSinceMs + LOST_DEADLINE_MS) return 'it follows no primary';
  const isDue = followsSinceMs !== undefined && nowMs >= followsSinceMs + READY_DEADLINE_MS;
  return isDue && token !== undefined && !link.ready ? 'it takes no requests but as the primary' : undefined;
}

/** Sockets for news and reads whose server is wanted for requests now: they are opened anew, since the handshake says which it is. */
export function mistaken(scene: Scene, spread: SpreadScene): Link[] {
  const wantsPrimary = !scene.target && mayAskPrimary(scene, spread);
  const primary = wantsPrimary ? primaryAddress(scene.knowledge) : undefined;
  return scene.links.filter((link) => {
    if (link.spread || link === scene.target) return false;
    return isWished(link, scene, spread) || (primary !== undefined && nameOf(link, scene.knowledge) === primary);
  });
}

/**
 * Open links that are not wanted besides the target. Whatever is pushed, a server pushes over each socket that requests may go over, and the
 * primary over every one: a second one of that kind would double the work that is to be divided.
 */
export function surplusSpreadLinks(scene: Scene, spread: SpreadScene): Link[] {
  const { target, knowledge, wanted } = scene;
  const others = scene.links.filter((link) => link !== target && link.open);
  if (!target) return [];
  const isSettled = isWished(target, scene, spread);
  const primary = primaryAddress(knowledge);
  const isKept = (link: Link): boolean => {
    if (!isSettled && isWished(link, scene, spread)) return true;
    return !link.spread && (target.slow || nameOf(link, knowledge) !== primary);
  };
  const kept = others.filter(isKept).slice(0, wanted - (target.slow ? 0 : 1));
  return others.filter((link) => !kept.includes(link));
}

/** What to open next, if another socket is wanted. */
export function nextSpread(
  scene: Scene,
  spread: SpreadScene,
  isFree: (address: Address) => boolean,
): Opening | undefined {
  const { knowledge, target, links, nowMs } = scene;
  const { wish } = spread.choice;
  const primary = primaryAddress(knowledge);
  if (wish !== undefined && scene.token !== undefined && isFree(wish)) return { address: wish, spread: true };
  const wantsPrimary = !target && mayAskPrimary(scene, spread);
  if (wantsPrimary && primary !== undefined && isFree(primary)) return { address: primary, spread: true };
  if (nowMs < scene.replaceFromMs && links.some((link) => link.open && !link.foreign)) return undefined;
  const counted = links.filter((link) => (link.open ? !link.slow : nowMs - link.openedAtMs < SLOW_OPEN_MS)).length;
  if (counted >= scene.wanted || links.length >= scene.wanted + TRIES_MAX) return undefined;
  const isForNews = target !== undefined;
  const address = candidates(scene).find((one) => (one !== primary || target?.slow) && isFree(one));
  return address && { address, spread: !isForNews };
}

/** The moments at which something changes by itself, besides those of all scenes. */
export function comingSpread({ links }: Scene, { choice }: SpreadScene): number[] {
  const moments = [choice.primaryFromMs, ...choice.restsEndMs];
  for (const { lostSinceMs, followsSinceMs, spread } of links) {
    if (!spread) continue;
    if (lostSinceMs !== undefined) moments.push(lostSinceMs + LOST_DEADLINE_MS);
    if (followsSinceMs !== undefined) moments.push(followsSinceMs + READY_DEADLINE_MS);
  }
  return moments;
}

function isWished(link: Link, { knowledge }: Scene, { choice }: SpreadScene): boolean {
  return choice.wish !== undefined && nameOf(link, knowledge) === choice.wish;
}

/** While the wished server is on its way, the primary is left in peace: each move has everything unanswered sent again. */
function mayAskPrimary({ token, nowMs }: Scene, { choice, isForPrimary }: SpreadScene): boolean {
  return isForPrimary || token === undefined || choice.wish === undefined || nowMs >= choice.primaryFromMs;
}
