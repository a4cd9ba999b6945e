import { type Address, sameView } from '../../shared/ids.ts';
import { type Incarnation, incarnationKey } from '../../shared/views.ts';
import { holdsLeaseOf } from './lease.ts';
import type { Hello } from './messages.ts';
import { type Context, send } from './replica-state.ts';

/**
 * R5: records that an incarnation is dead, for ever. R6d: if this replica holds its lease at this moment, it knows more:
 * up to its death that incarnation never promised a view without this replica.
 *
 * @returns false when that was known
 */
export function recordDeath(context: Context, one: Incarnation): boolean {
  const { state } = context;
  const key = incarnationKey(one);
  if (state.dead.has(key)) return false;
  state.dead.set(key, one);
  if (holdsLeaseOf(context, one)) {
    state.cleanDead.set(key, one);
    repeatPromise(context);
  }
  context.outputs.push({ type: 'changed' });
  return true;
}

/** R8: a promise may be repeated with more clean deaths while its number is the highest promised. */
function repeatPromise(context: Context): void {
  const { state } = context;
  const last = state.lastPromise;
  const { base, promised } = state.file;
  if (!last || !base || !sameView(last.message.number, promised) || !sameView(last.message.baseNumber, base.number)) {
    return;
  }
  last.message = { ...last.message, cleanDead: [...state.cleanDead.values()] };
  send(context, last.candidate, last.message);
}

/**
 * R5b: an address is answered by a later incarnation or another disk, so what was there before is dead. Between two
 * disks only our own earlier link tells which came first: a list may name a newer one than a late answer does.
 */
export function recordReplaced(context: Context, answered: Hello): void {
  for (const one of listedAt(context, answered.self.id)) {
    if (one.disk === answered.self.disk && one.incarnation < answered.self.incarnation) recordDeath(context, one);
  }
  const linked = context.state.linked.get(answered.self.id);
  // A4: behind an address that several servers share, another disk proves as little as a refusal.
  if (context.config.trustRefused && linked && linked.disk !== answered.self.disk) recordDeath(context, linked);
}

/**
 * R5a: the link to an incarnation had ended and a fresh connect was refused, so it is dead. Without that earlier link
 * the refusal may be older than the incarnation.
 */
export function recordRefused(context: Context, address: Address): void {
  const { state, config } = context;
  const linked = state.linked.get(address);
  if (config.trustRefused && linked && !state.links.has(address)) recordDeath(context, linked);
}

/** Incarnations at an address that are listed somewhere. */
function listedAt({ state }: Context, address: Address): Incarnation[] {
  const found = new Map<string, Incarnation>();
  const add = (one: Incarnation) => {
    if (one.id === address) found.set(incarnationKey(one), one);
  };
  for (const view of [state.file.base, ...state.file.pending]) view?.members.forEach(add);
  for (const learner of state.learners.values()) add(learner.replica);
  state.candidacy?.members.forEach(add);
  return [...found.values()];
}
