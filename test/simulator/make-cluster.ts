import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import { PasswordBook } from './password-book.ts';
import type { Plan } from './plan.ts';
import type { Rates } from './rates.ts';
import type { Surroundings } from './server-surroundings.ts';
import { type ClientSurroundings, SimulatedClient } from './simulated-client.ts';
import { SimulatedServer } from './simulated-server.ts';

/** All servers of a plan, replicas first. */
export function makeServers(
  { rates, layout }: Plan,
  random: Random,
  around: Pick<Surroundings, 'world' | 'codec' | 'peers' | 'clients' | 'watcherOf'>,
): SimulatedServer[] {
  const { replicas, witnesses } = addressesOf(layout);
  let disks = 0;
  const common: Omit<Surroundings, 'random'> = {
    ...around,
    rates,
    config: { ...timesOf(rates), replicationFactor: layout.replicationFactor, synced: true },
    addresses: [...replicas, ...witnesses],
    nextDiskNumber: () => disks++,
  };
  return common.addresses.map((address) => {
    const role = witnesses.includes(address) ? 'witness' : 'replica';
    return new SimulatedServer(address, role, { ...common, random: random.fork() });
  });
}

function addressesOf({ servers, witnesses }: Plan['layout']): { replicas: Address[]; witnesses: Address[] } {
  const named = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${name}${index + 1}:1538` as Address);
  return { replicas: named('server', servers), witnesses: named('witness', witnesses) };
}

/** In proportion to the heartbeat time-out, as they are by default. */
function timesOf({
  heartbeatTimeoutMs,
  heartbeatIntervalMs,
  tickMs,
  trustRefused,
  logPieceLength,
  logTailEntries,
  rankDelayMs,
}: Rates) {
  return {
    heartbeatTimeoutMs,
    heartbeatIntervalMs,
    tickMs,
    trustRefused,
    logPieceLength,
    logTailEntries,
    rankDelayMs,
    retryMs: Math.round(heartbeatTimeoutMs / 3),
    retryMaxMs: Math.round((heartbeatTimeoutMs * 8) / 3),
  };
}

const ROOMS = ['#den', '#Hall', '#attic'];

/** All clients of a plan. */
export function makeClients(
  { layout, rates }: Plan,
  random: Random,
  around: Pick<ClientSurroundings, 'world' | 'network' | 'events'>,
): SimulatedClient[] {
  const accounts = Array.from({ length: layout.accounts }, (_, index) => `user${index + 1}`);
  const servers = addressesOf(layout).replicas;
  const rooms = ROOMS.slice(0, rates.rooms);
  const passwords = new PasswordBook();
  let calls = 0;
  return Array.from({ length: layout.clients }, (_, index) => {
    const account = accounts[index % accounts.length]!;
    const common = { ...around, random: random.fork(), servers, accounts, rooms, passwords, nextCall: () => calls++ };
    const places = {
      spreadReads: (index + 0.5) / layout.clients < rates.spreadReads,
      // From the other end, so that there are clients of each kind.
      spread: (layout.clients - index - 0.5) / layout.clients < rates.spread,
    };
    return new SimulatedClient(`client${index + 1}`, account, { ...common, places });
  });
}
