import type { Address } from '../../shared/ids.ts';
import { incarnationKey } from '../../shared/views.ts';
import { nonceOf } from '../support/replication-fixtures.ts';
import type { Inputs } from './inputs.ts';
import type { Model, World } from './model.ts';
import type { Move } from './moves.ts';
import { nameOf, rankOf } from './names.ts';
import type { Server } from './servers.ts';
import { isLinked } from './settle.ts';
import type { Transition } from './transition.ts';

/** Two that run connect to each other; or one finds that nobody listens at the other's address any more. */
export function addContacts(moves: Move[], model: Model, { servers }: World, index: number): void {
  const server = servers[index]!;
  for (let other = 0; other < servers.length; other++) {
    const peer = servers[other]!;
    if (other === index) continue;
    if (!peer.running) {
      const linked = server.running!.linked.get(peer.self.id);
      if (linked && !server.running!.dead.has(incarnationKey(linked))) moves.push(proofOfDeath(model, index, peer));
    } else if (index < other && !(knows(server, peer) && knows(peer, server))) moves.push(meeting(model, index, other));
    if (peer.baseRank <= server.baseRank || !accepts(server, peer)) continue;
    moves.push(news(model, index, other));
    const isPending = server.file.pending.some(({ number }) => rankOf(number) === peer.baseRank);
    if (isPending && peer.running && knows(peer, server)) moves.push(ping(model, index, other));
  }
}

function knows(from: Server, to: Server): boolean {
  return isLinked(from, to) && accepts(to, from);
}

function accepts(receiver: Server, sender: Server): boolean {
  const isMet = receiver.running!.met.get(sender.self.disk)?.incarnation === sender.self.incarnation;
  return isMet && !receiver.running!.dead.has(sender.selfKey);
}

function meeting(model: Model, one: number, other: number): Move {
  return {
    code: () => `meet ${model.names[one]} ${model.names[other]}`,
    run: (transition) => {
      connect(transition, one, other);
      connect(transition, other, one);
      transition.settle();
      return true;
    },
  };
}

/** R5: the dialer's older connection ended before. */
export function connect(transition: Transition, dialer: number, answerer: number): void {
  const { servers, inputs } = transition.model;
  const from = transition.servers[dialer]!;
  const to = transition.servers[answerer]!;
  if (!from.running || !to.running || knows(from, to)) return;
  transition.give(
    answerer,
    inputs.ofServer(from, 'hello', () => ({ type: 'hello', peer: servers.helloOf(from) })),
  );
  const answer = transition.servers[answerer]!;
  if (!answer.running) return;
  if (from.running.links.has(to.self.id)) transition.give(dialer, lossOf(inputs, to.self.id, 'link-down'));
  if (transition.servers[dialer]!.running) {
    const greeting = inputs.ofServer(answer, 'link-up', () => ({ type: 'link-up', peer: servers.helloOf(answer) }));
    transition.give(dialer, greeting);
  }
}

function lossOf(inputs: Inputs, address: Address, type: 'link-down' | 'refused'): number {
  return inputs.named(`${type} ${address}`, () => ({ type: 'core', input: { type, address } }));
}

function proofOfDeath(model: Model, index: number, peer: Server): Move {
  const address = peer.self.id;
  return {
    code: () => `dead ${model.names[index]} ${nameOf(address)}`,
    run: (transition) => {
      transition.give(index, lossOf(model.inputs, address, 'link-down'));
      transition.give(index, lossOf(model.inputs, address, 'refused'));
      transition.settle();
      return true;
    },
  };
}

function news(model: Model, index: number, source: number): Move {
  return {
    code: () => `hear ${model.names[index]} ${model.names[source]}`,
    run: (transition) => {
      const peer = transition.servers[source]!;
      const message = { type: 'installed', record: peer.file.base! } as const;
      const nonce = nonceOf(peer.self);
      transition.give(
        index,
        model.inputs.ofServer(peer, 'news', () => ({ type: 'message', from: peer.self, nonce, message })),
      );
      transition.settle();
      return true;
    },
  };
}

/** R12: as news, from a member that pings, and is answered as soon as the view is learned. */
function ping(model: Model, index: number, source: number): Move {
  return {
    code: () => `ping ${model.names[index]} ${model.names[source]}`,
    run: (transition) => {
      const { self, file } = transition.servers[source]!;
      const message = { type: 'ping', base: file.base!.number, sentAtMs: model.servers.nowMs } as const;
      transition.give(index, model.inputs.arrival(self, message));
      return true;
    },
  };
}
