import type { Random } from '../../shared/random.ts';
import { Violation } from './checkers.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import type { SimulatedPeerNetwork } from './peer-network.ts';
import type { Layout, Rates } from './rates.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { World } from './world.ts';

/** Far longer than silence has to last before others go on, and than clients wait before they look elsewhere. */
const SERVED_MS = 60_000;
const LOOK_MS = 100;
/** By then all members know of the last view: one that falls silent before is a known limit. */
const LEARNED_MS = 500;

/** What a fault may do that does not end, once all is well. */
export interface LastingFaultParts {
  readonly world: World;
  readonly random: Random;
  readonly layout: Layout;
  readonly servers: readonly SimulatedServer[];
  readonly clients: readonly SimulatedClient[];
  readonly peers: SimulatedPeerNetwork;
  readonly clientNetwork: SimulatedClientNetwork;
}

/**
 * Breaks something for good while all is well, and requires that everybody is served all the same: "What goes on, and when"
 * of PROTOCOL.md.
 *
 * @throws Violation when somebody is not answered for long
 */
export async function requireServiceInSpiteOf(
  kind: Exclude<Rates['lastingFault'], null>,
  parts: LastingFaultParts,
  advance: (untilMs: number) => Promise<void>,
): Promise<void> {
  const { world, clients } = parts;
  await advance(world.nowMs + LEARNED_MS);
  world.trace(`for good: ${kind}`);
  breakForGood(kind, parts);
  const deadlineMs = world.nowMs + SERVED_MS;
  for (const client of clients) client.operate('send', parts.random.fraction());
  while (clients.some(({ unanswered }) => unanswered.size > 0)) {
    if (world.nowMs >= deadlineMs) {
      const waiting = clients.filter(({ unanswered }) => unanswered.size > 0).map(({ name }) => name);
      throw new Violation(`liveness: ${waiting.join(' and ')} not served in spite of a lasting fault (${kind})`);
    }
    await advance(world.nowMs + LOOK_MS);
  }
}

function breakForGood(kind: Exclude<Rates['lastingFault'], null>, parts: LastingFaultParts): void {
  const { peers, random } = parts;
  const replicas = parts.servers.filter(({ role }) => role === 'replica');
  if (kind === 'silence') {
    for (const server of silentOnes(replicas, parts)) silence(server, parts);
    return;
  }
  const one = random.pick(replicas);
  const other = random.pick(replicas.filter((server) => server !== one));
  peers.cuts.cut(one.address, other.address);
  if (kind === 'pair') peers.cuts.cut(other.address, one.address);
}

/** As many as may vanish without a word: any minority of those who vote, with two witnesses at most two; of two only the backup. */
function silentOnes(replicas: readonly SimulatedServer[], { random, layout, servers }: LastingFaultParts) {
  if (layout.replicationFactor === 2 && layout.witnesses === 0)
    return replicas.filter(({ isPrimary, state }) => !isPrimary && state!.file.base!.members.length > 1).slice(0, 1);
  const minority = Math.floor((layout.replicationFactor + layout.witnesses - 1) / 2);
  const most = layout.witnesses > 0 ? Math.min(2, minority) : minority;
  const left = layout.witnesses > 0 ? [...servers] : [...replicas];
  return Array.from({ length: random.between(1, most + 1) }, () => left.splice(random.between(0, left.length), 1)[0]!);
}

function silence({ address }: SimulatedServer, { servers, clients, peers, clientNetwork }: LastingFaultParts): void {
  for (const other of servers) {
    if (other.address === address) continue;
    peers.cuts.cut(address, other.address);
    peers.cuts.cut(other.address, address);
  }
  for (const { name } of clients) {
    clientNetwork.cuts.cut(address, name);
    clientNetwork.cuts.cut(name, address);
  }
}
