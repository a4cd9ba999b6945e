import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerPlace } from '../../server/commands/drill-servers.ts';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import { freePorts, SERVER_PROGRAM } from '../support/cluster.ts';
import { Crowd } from './crowd.ts';
import { SmallDisk } from './disk.ts';
import type { Links } from './faults.ts';
import { Keeper } from './keeper.ts';
import { type Machine, Network } from './network.ts';
import type { ChaosOptions } from './options.ts';

const PORT = 1538;
/** Two machines of clients: a partition may leave some of them on either side. */
const CROWDS = [
  { machine: 'west', names: ['ana', 'bob', 'cleo'] },
  { machine: 'east', names: ['dan', 'eve', 'finn'] },
] as const;

/** The machines of a run: servers with their disks, clients, and what is between them. */
export class World {
  readonly folder: string;
  readonly keeper: Keeper;
  readonly crowds: readonly Crowd[];
  readonly links: Links | undefined;
  readonly disk: { index: number; disk: SmallDisk } | undefined;
  readonly replicationFactor: number;
  /** In words, for the head of the report. */
  readonly description: string;

  private constructor(
    folder: string,
    parts: Pick<World, 'keeper' | 'crowds' | 'links' | 'disk' | 'replicationFactor'>,
    description: string,
  ) {
    this.folder = folder;
    this.keeper = parts.keeper;
    this.crowds = parts.crowds;
    this.links = parts.links;
    this.disk = parts.disk;
    this.replicationFactor = parts.replicationFactor;
    this.description = description;
  }

  /** Makes everything and starts nothing but the clients' processes. */
  static async make(options: ChaosOptions, random: Random, isSecluded: boolean): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-chaos-'));
    const heartbeatTimeoutMs = random.pick([800, 1500]);
    const replicationFactor = random.pick([3, options.servers]);
    const diskIndex = random.between(0, options.servers);
    const names = Array.from({ length: options.servers + options.witnesses }, (_, index) => `server${index}`);
    const links = isSecluded ? makeLinks(names) : undefined;
    const disk = links && { index: diskIndex, disk: new SmallDisk(join(folder, names[diskIndex]!)) };
    const secretFile = join(folder, 'cluster.secret');
    writeFileSync(secretFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    const args = ['--secret-file', secretFile, '--heartbeat-timeout', `${heartbeatTimeoutMs}ms`];
    args.push('--replication-factor', String(replicationFactor));
    if (options.resets) args.push('--trust-refused', 'never');
    const ports = links ? names.map(() => PORT) : await freePorts(names.length);
    const places = names.map((name, index): ServerPlace => {
      const role = index === 0 ? 'primary' : index < options.servers ? 'secondary' : 'witness';
      const machine = links?.servers[index];
      return { ...placeOf(folder, name, ports[index]!, links, machine, args), role };
    });
    const crowds = CROWDS.map((crowd, index) => {
      return new Crowd(crowd.names, links ? links.network.on(links.users[index]!) : []);
    });
    const description = [
      `${options.servers} servers${options.witnesses ? ` and ${options.witnesses} witnesses` : ''}`,
      links ? 'in namespaces of their own' : 'on loopback',
      `replication factor ${replicationFactor}`,
      `heartbeat timeout ${heartbeatTimeoutMs} ms`,
      ...(options.resets ? ['refusals not trusted'] : []),
      links ? 'clients on 2 further machines' : 'clients in 2 processes',
    ].join(', ');
    const keeper = new Keeper(folder, places);
    return new World(folder, { keeper, crowds, links, disk, replicationFactor }, description);
  }

  /** Ends every process, then the network and the disk; the folder stays if it is to be looked at. */
  async close(isKept: boolean): Promise<void> {
    await Promise.all(this.crowds.map((crowd) => crowd.close()));
    await this.keeper.close();
    if (this.disk) {
      if (isKept) this.disk.disk.keepIn(join(this.folder, `server${this.disk.index}-disk`));
      this.disk.disk.close();
    }
    this.links?.network.close();
    if (!isKept) rmSync(this.folder, { recursive: true, force: true });
  }
}

function makeLinks(servers: readonly string[]): Links {
  const network = new Network([...servers, ...CROWDS.map(({ machine }) => machine)]);
  return {
    network,
    servers: network.machines.slice(0, servers.length),
    users: network.machines.slice(servers.length),
  };
}

function placeOf(
  folder: string,
  name: string,
  port: number,
  links: Links | undefined,
  machine: Machine | undefined,
  args: readonly string[],
): Omit<ServerPlace, 'role'> {
  const dataFolder = join(folder, name);
  mkdirSync(dataFolder, { recursive: true });
  const host = machine?.host ?? 'localhost';
  const prefix = links && machine ? links.network.on(machine) : [];
  return {
    dataFolder,
    address: `${host}:${port}` as Address,
    outputFile: join(folder, `${name}.log`),
    command: [...prefix, process.execPath, SERVER_PROGRAM],
    args: ['--host', host, ...args],
  };
}
