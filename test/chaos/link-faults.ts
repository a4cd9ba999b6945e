import type { Random } from '../../shared/random.ts';
import { type Fault, type Links, pause, type Scene, shuffled } from './faults.ts';
import type { Machine } from './network.ts';
import { oneOfAll } from './process-faults.ts';

/** Shorter and longer than the heartbeat timeout, and than the wait before a second try. */
const HOLD_MS = [100, 4000] as const;

type Partition = (links: Links, primary: number, backup: number, random: Random) => void;

/** Cuts, then waits for a time drawn: what is cut is mended afterwards. */
function partition(name: string, weight: number, left: Fault['left'], cut: Partition): Fault {
  return {
    name,
    weight,
    left,
    isPartition: true,
    befall: async ({ keeper, links }, random) => {
      const primary = await keeper.leader();
      const backup = keeper.backupOf(primary, random);
      keeper.note(`${name}: primary ${keeper.all[primary]!.address}, backup ${keeper.all[backup]!.address}`);
      cut(links!, primary, backup, random);
      await pause(random.between(...HOLD_MS));
    },
  };
}

/** What happens to the links between servers. */
export const PARTITIONS: readonly Fault[] = [
  partition('the primary is cut off from all', 3, 'go on', (links, primary) =>
    cutOff(links, primary, everybody(links)),
  ),
  partition('a backup is cut off from all', 1, 'go on', (links, _, backup) => cutOff(links, backup, everybody(links))),
  partition('the primary is unplugged', 2, 'go on', ({ network, servers }, primary) =>
    network.unplug(servers[primary]!),
  ),
  partition('a backup is unplugged', 1, 'go on', ({ network, servers }, _, backup) => network.unplug(servers[backup]!)),
  partition('the primary is cut from the servers, not from clients', 3, 'go on', (links, primary) =>
    cutOff(links, primary, links.servers),
  ),
  partition('primary and one backup are cut from each other', 2, 'may wait', (links, primary, backup) =>
    cutPair(links, primary, backup),
  ),
  partition('two backups are cut from each other', 2, 'may wait', (links, primary, backup) => {
    const other = links.servers.findIndex((_, index) => index !== primary && index !== backup);
    cutPair(links, backup, other);
  }),
  partition('the primary hears no server', 2, 'may wait', (links, primary) => deafen(links, primary)),
  partition('a backup hears no server', 1, 'may wait', (links, _, backup) => deafen(links, backup)),
  partition('no server hears the primary', 2, 'may wait', (links, primary) => mute(links, primary)),
  partition('no server hears a backup', 1, 'may wait', (links, _, backup) => mute(links, backup)),
  partition('one way between two servers is cut', 2, 'may wait', ({ network, servers }, _primary, _backup, random) => {
    const [from, to] = shuffled(servers, random);
    network.cut(from!, to!);
  }),
  partition('all servers are cut from each other', 1, 'none', (links) => {
    for (const index of links.servers.keys()) cutOff(links, index, links.servers);
  }),
  partition('the primary and half of the clients are cut from the rest', 3, 'none', splitInTwo),
  { name: 'a link that comes and goes', weight: 1, left: 'may wait', isPartition: true, befall: flap },
  { name: 'links and processes in disorder', weight: 4, left: 'none', isPartition: true, befall: disorder },
];

/** With servers that do not trust a refusal: the process lives, and a firewall says that nobody listens. */
export const RESETS: readonly Fault[] = [
  partition('a server is refused with resets', 3, 'go on', ({ network, servers }, _primary, _backup, random) => {
    const [victim, ...others] = shuffled(servers, random);
    for (const other of others) {
      network.refuse(other, victim!);
      network.refuse(victim!, other);
    }
  }),
  partition(
    'two servers refuse each other with resets',
    3,
    'may wait',
    ({ network, servers }, _primary, _backup, random) => {
      const [one, other] = shuffled(servers, random);
      network.refuse(one!, other!);
      network.refuse(other!, one!);
    },
  ),
];

/** Links that are bad, but not cut. */
export const BAD_LINKS = {
  loss: badLink('a server loses part of what it sends', 2, ({ network }, victim, random) =>
    network.lose(victim, 0.02 + random.fraction() * 0.4),
  ),
  delay: badLink('a server sends late', 2, ({ network }, victim, random) =>
    network.delay(victim, random.between(20, 400)),
  ),
  narrow: badLink('a server sends slowly', 2, ({ network }, victim, random) =>
    network.narrow(victim, random.between(100, 3000)),
  ),
} as const;

/** Clients lose their own link; the servers have nothing to do with it. */
export const CLIENT_LINKS: Fault = {
  name: 'clients lose their link',
  weight: 2,
  left: 'none',
  befall: async ({ keeper, links }, random) => {
    const { network, users } = links!;
    const machine = random.pick(users);
    const isPulled = random.chance(0.5);
    keeper.note(`${machine.name} loses its link`);
    if (isPulled) network.unplug(machine);
    else for (const server of links!.servers) cutBoth(links!, machine, server);
    await pause(random.between(100, 7000));
  },
};

function badLink(name: string, weight: number, spoil: (links: Links, victim: Machine, random: Random) => void): Fault {
  return {
    name,
    weight,
    left: 'may wait',
    befall: async ({ keeper, links }, random) => {
      const victim = random.pick(links!.servers);
      keeper.note(`${name}: ${victim.host}`);
      spoil(links!, victim, random);
      await pause(random.between(...HOLD_MS));
    },
  };
}

function everybody({ servers, users }: Links): Machine[] {
  return [...servers, ...users];
}

function cutBoth({ network }: Links, one: Machine, other: Machine): void {
  network.cut(one, other);
  network.cut(other, one);
}

function cutPair(links: Links, one: number, other: number): void {
  cutBoth(links, links.servers[one]!, links.servers[other]!);
}

function cutOff(links: Links, index: number, from: readonly Machine[]): void {
  const machine = links.servers[index]!;
  for (const other of from) if (other !== machine) cutBoth(links, machine, other);
}

function deafen({ network, servers }: Links, index: number): void {
  const victim = servers[index]!;
  for (const other of servers) if (other !== victim) network.cut(other, victim);
}

function mute({ network, servers }: Links, index: number): void {
  const victim = servers[index]!;
  for (const other of servers) if (other !== victim) network.cut(victim, other);
}

/** The primary's side gets one machine of clients, and may get more servers; the rest is the other side. */
function splitInTwo(links: Links, primary: number, _backup: number, random: Random): void {
  const { servers, users } = links;
  const isHere = servers.map((_, index) => {
    const isDrawn = random.chance(0.2);
    return index === primary || isDrawn;
  });
  const first = random.between(0, users.length);
  const here = [...servers.filter((_, index) => isHere[index]), users[first]!];
  for (const one of here) for (const other of everybody(links)) if (!here.includes(other)) cutBoth(links, one, other);
}

async function flap({ keeper, links }: Scene, random: Random): Promise<void> {
  const { network, servers } = links!;
  const [one, other] = shuffled(servers, random);
  keeper.note(`the link between ${one!.host} and ${other!.host} comes and goes`);
  for (let round = random.between(3, 12); round > 0; round--) {
    cutBoth(links!, one!, other!);
    await pause(random.between(50, 900));
    network.mend(one!, other!);
    network.mend(other!, one!);
    await pause(random.between(20, 400));
  }
  cutBoth(links!, one!, other!);
}

/** Links are cut and mended one at a time, and processes killed, stopped and started meanwhile. */
async function disorder({ keeper, links }: Scene, random: Random): Promise<void> {
  const { network, servers } = links!;
  const going: Promise<void>[] = [];
  for (let step = random.between(6, 16); step > 0; step--) {
    const [from, to] = shuffled(servers, random);
    const drawn = random.fraction();
    const isBoth = random.chance(0.5);
    if (drawn < 0.4) {
      keeper.note(`${from!.host} ${isBoth ? 'and' : 'to'} ${to!.host}: cut`);
      if (isBoth) cutBoth(links!, from!, to!);
      else network.cut(from!, to!);
    } else if (drawn < 0.7) {
      network.mend(from!, to!);
      if (isBoth) network.mend(to!, from!);
    } else going.push(...(await oneOfAll(keeper, random)));
    await pause(random.between(0, 800));
  }
  for (const { index } of keeper.all) keeper.resume(index);
  await Promise.all(going);
}
