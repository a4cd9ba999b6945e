import { sameIncarnation } from '../../shared/views.ts';
import type { Mail } from './inputs.ts';
import type { Model } from './model.ts';
import { rankOf } from './names.ts';
import type { Server } from './servers.ts';

/** Every member pings every other one that has the same base, and is answered if the other may grant (R6a). */
export function exchangeLeases(model: Model, servers: Server[]): void {
  for (let holder = 0; holder < servers.length; holder++) {
    for (let granter = 0; granter < servers.length; granter++) {
      if (holder === granter || !mayExchange(servers[holder]!, servers[granter]!)) continue;
      const after = exchange(model, servers[holder]!, servers[granter]!);
      if (!after) continue;
      servers[holder] = after.holder;
      servers[granter] = after.granter;
    }
  }
}

function mayExchange(holder: Server, granter: Server): boolean {
  if (!holder.running || !granter.running || holder.baseRank !== granter.baseRank) return false;
  return !granter.isWitness && !holder.isWitness;
}

function exchange(model: Model, holder: Server, granter: Server): { holder: Server; granter: Server } | null {
  const known = holder.exchanges.get(granter.number);
  if (known !== undefined) return known;
  const result = compute(model, holder, granter);
  holder.exchanges.set(granter.number, result);
  return result;
}

function compute(model: Model, holder: Server, granter: Server): { holder: Server; granter: Server } | null {
  const { steps, inputs, servers } = model;
  const { base } = holder.file;
  if (!base?.members.some((member) => sameIncarnation(member, holder.self))) return null;
  if (!isLinked(holder, granter) || !isLinked(granter, holder) || servers.holdsLease(holder, granter)) return null;
  const sentAtMs = servers.nowMs;
  const asked = steps.of(granter, inputs.arrival(holder.self, { type: 'ping', base: base.number, sentAtMs }));
  if (!asked.effects.some((effect) => effect.type === 'granted' && effect.to === holder.self.id)) return null;
  const leaseMs = servers.leaseMs;
  const pong = { type: 'pong', base: granter.file.base!.number, echoMs: sentAtMs, leaseMs } as const;
  return { holder: steps.of(holder, inputs.arrival(granter.self, pong)).server, granter: asked.server };
}

/** A dialed connection stands, and its messages are taken at the other end. */
export function isLinked(from: Server, to: Server): boolean {
  const link = from.running?.links.get(to.self.id);
  return link !== undefined && sameIncarnation(link.self, to.self);
}

/**
 * A message that can never do anything any more: its receiver is gone; or what it speaks of lies behind the receiver
 * for good, by numbers that only rise, and the real code says that it does nothing now.
 */
export function isUseless(model: Model, servers: readonly Server[], mail: Mail): boolean {
  const receiver = servers.find(({ self }) => self.id === mail.to.id)!;
  if (!receiver.running || !sameIncarnation(receiver.self, mail.to)) return true;
  if (!isBehind(receiver, mail)) return false;
  const result = model.steps.of(receiver, mail.input);
  return result.server === receiver && result.effects.every(({ type }) => type === 'refused');
}

function isBehind({ file, running, baseRank }: Server, { from, message }: Mail): boolean {
  const promised = rankOf(file.promised);
  const met = running!.met.get(from.disk);
  if (met && met.incarnation > from.incarnation) return true;
  switch (message.type) {
    case 'start-view-change':
    case 'start-view':
      return rankOf(message.type === 'start-view' ? message.record.number : message.number) <= promised;
    case 'promise':
    case 'view-ok': {
      const own = running!.candidacy?.number;
      return rankOf(message.number) <= promised && (!own || rankOf(own) !== rankOf(message.number));
    }
    case 'prepare':
      return rankOf(message.view) < promised;
    case 'prepare-ok':
      return rankOf(message.view) <= baseRank;
    default:
      return false;
  }
}
