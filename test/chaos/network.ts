import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Random } from '../../shared/random.ts';

/** Nobody has it: what is sent there is lost on the way, as behind a firewall that drops. */
const NOWHERE = '02:ff:ff:ff:ff:ff';
const DEVICE = 'eth0';
const HUB_HOST = 254;

/** One machine of the network. */
export interface Machine {
  name: string;
  namespace: string;
  host: string;
  /** Its end of the cable at the hub. */
  port: string;
  hardware: string;
}

/** Whether a kind of trouble can be made on this machine, and why not. */
export interface Abilities {
  loss: string | undefined;
  delay: string | undefined;
  narrow: string | undefined;
}

/**
 * Machines with addresses of their own on one switch: network namespaces, each with a cable to a bridge in a further one,
 * in which this process is. Nothing of it touches the machine's own network.
 */
export class Network {
  readonly machines: readonly Machine[];
  readonly abilities: Abilities;
  readonly #bridge: string;
  readonly #cut = new Set<string>();
  readonly #shaped = new Set<string>();
  readonly #unplugged = new Set<string>();
  readonly #refused = new Set<string>();

  /** @throws Error with what `ip` said when the network cannot be made */
  constructor(names: readonly string[]) {
    const id = randomUUID().slice(0, 6);
    const numbers = [id.slice(0, 2), id.slice(2, 4)].map((digits) => Number.parseInt(digits, 16));
    const prefix = `10.${numbers[0]}.${numbers[1]}`;
    const hardware = (host: number) =>
      `02:00:0a:${id.slice(0, 2)}:${id.slice(2, 4)}:${host.toString(16).padStart(2, '0')}`;
    this.machines = names.map((name, index) => ({
      name,
      namespace: `us${id}-${name}`,
      host: `${prefix}.${index + 1}`,
      port: `us${id}-${index + 1}`,
      hardware: hardware(index + 1),
    }));
    // This process is at the hub: it reaches everybody by the bridge.
    const bridge = `us${id}-br`;
    this.#bridge = bridge;
    ip(
      'link set lo up',
      `link add name ${bridge} type bridge forward_delay 0`,
      `link set ${bridge} address ${hardware(HUB_HOST)}`,
      `link set ${bridge} up`,
      `address add ${prefix}.${HUB_HOST}/24 dev ${bridge}`,
    );
    for (const machine of this.machines) this.#connect(machine, bridge);
    const hub = { host: `${prefix}.${HUB_HOST}`, hardware: hardware(HUB_HOST) };
    for (const machine of this.machines) {
      const others = [hub, ...this.machines.filter((other) => other !== machine)];
      ipIn(machine.namespace, ...others.map((other) => neighbour(other.host, other.hardware)));
    }
    this.abilities = this.#probe();
  }

  #connect({ namespace, port, host, hardware }: Machine, bridge: string): void {
    ip(
      `netns add ${namespace}`,
      `link add ${port} type veth peer name ${DEVICE} netns ${namespace}`,
      `link set ${port} master ${bridge}`,
      `link set ${port} up`,
    );
    ipIn(
      namespace,
      'link set lo up',
      `link set ${DEVICE} address ${hardware}`,
      `link set ${DEVICE} up`,
      `address add ${host}/24 dev ${DEVICE}`,
    );
  }

  /** What a command has to begin with to run on a machine. */
  on({ namespace }: Machine): string[] {
    return ['ip', 'netns', 'exec', namespace];
  }

  /** What `from` sends to `to` is lost from now on; the other way nothing changes. */
  cut(from: Machine, to: Machine): void {
    this.#cut.add(`${from.name} ${to.name}`);
    ipIn(from.namespace, neighbour(to.host, NOWHERE));
  }

  mend(from: Machine, to: Machine): void {
    if (!this.#cut.delete(`${from.name} ${to.name}`)) return;
    ipIn(from.namespace, neighbour(to.host, to.hardware));
  }

  isCut(from: Machine, to: Machine): boolean {
    return this.#cut.has(`${from.name} ${to.name}`);
  }

  /** Pulls the cable of a machine. */
  unplug({ name, port }: Machine): void {
    this.#unplugged.add(name);
    ip(`link set ${port} down`);
  }

  plug({ name, port }: Machine): void {
    if (this.#unplugged.delete(name)) ip(`link set ${port} up`);
  }

  /** `from` is refused by `to`'s address, and its connections there are reset, although the process lives. */
  refuse(from: Machine, to: Machine): void {
    this.#refused.add(`${from.name} ${to.name}`);
    // The other's address is one of its own, where nobody listens.
    ipIn(from.namespace, `address add ${to.host}/32 dev lo`);
  }

  allow(from: Machine, to: Machine): void {
    if (this.#refused.delete(`${from.name} ${to.name}`)) ipIn(from.namespace, `address del ${to.host}/32 dev lo`);
  }

  /** Of what a machine sends, so much is lost at random. */
  lose({ namespace, name }: Machine, share: number): void {
    this.#shaped.add(name);
    run('tc', '-n', namespace, 'qdisc', 'add', 'dev', DEVICE, 'clsact');
    run('tc', '-n', namespace, ...`filter add dev ${DEVICE} egress bpf da bytecode`.split(' '), lossProgram(share));
  }

  /** What a machine sends arrives so much later, give or take the half. */
  delay({ namespace, name }: Machine, delayMs: number): void {
    this.#shaped.add(name);
    const shape = `qdisc add dev ${DEVICE} root netem delay ${delayMs}ms ${Math.ceil(delayMs / 2)}ms limit 100000`;
    run('tc', '-n', namespace, ...shape.split(' '));
  }

  /** A machine sends no faster than that; the rest queues for up to a second, then is dropped. */
  narrow({ namespace, name }: Machine, kilobits: number): void {
    this.#shaped.add(name);
    const shape = `qdisc add dev ${DEVICE} root tbf rate ${kilobits}kbit burst 8kb latency 1s`;
    run('tc', '-n', namespace, ...shape.split(' '));
  }

  straighten({ namespace, name }: Machine): void {
    if (!this.#shaped.delete(name)) return;
    for (const where of ['clsact', 'root']) spawnSync('tc', ['-n', namespace, 'qdisc', 'del', 'dev', DEVICE, where]);
  }

  /** Everybody reaches everybody again, in an order drawn. */
  healAll(random: Random): void {
    const work: (() => void)[] = [];
    for (const from of this.machines) {
      work.push(
        () => this.plug(from),
        () => this.straighten(from),
      );
      for (const to of this.machines) {
        work.push(
          () => this.mend(from, to),
          () => this.allow(from, to),
        );
      }
    }
    while (work.length > 0) work.splice(random.between(0, work.length), 1)[0]!();
  }

  /** Ends it; everything in it must have ended. */
  close(): void {
    for (const { namespace } of this.machines) spawnSync('ip', ['netns', 'del', namespace]);
    spawnSync('ip', ['link', 'del', this.#bridge]);
  }

  /** Tries on one machine what kernels may lack. */
  #probe(): Abilities {
    const machine = this.machines[0]!;
    const why = (make: () => void): string | undefined => {
      try {
        make();
        return undefined;
      } catch (error) {
        return `tc says: ${(error as Error).cause}`;
      } finally {
        this.straighten(machine);
      }
    };
    return {
      loss: why(() => this.lose(machine, 0.5)),
      delay: why(() => this.delay(machine, 10)),
      narrow: why(() => this.narrow(machine, 1000)),
    };
  }
}

function neighbour(host: string, hardware: string): string {
  return `neighbour replace ${host} lladdr ${hardware} dev ${DEVICE} nud permanent`;
}

/** A packet filter for `tc`: drops (2) when a random number is below the share, else goes on (-1). */
function lossProgram(share: number): string {
  const limit = Math.floor(share * 2 ** 32);
  return `4,32 0 0 4294963256,53 0 1 ${limit},6 0 0 4294967295,6 0 0 2,`;
}

function ip(...lines: string[]): void {
  run('ip', ...['-batch', '-'], { input: lines.join('\n') });
}

function ipIn(namespace: string, ...lines: string[]): void {
  run('ip', '-n', namespace, '-batch', '-', { input: lines.join('\n') });
}

function run(program: string, ...rest: (string | { input: string })[]): void {
  const last = rest.at(-1);
  const input = typeof last === 'object' ? last.input : '';
  const args = rest.filter((part) => typeof part === 'string');
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (status === 0) return;
  const said = (error?.message ?? stderr).trim().split('\n')[0];
  throw new Error(`${program} ${args.join(' ')} ${input.replaceAll('\n', '; ')}: ${said}`, { cause: said });
}
