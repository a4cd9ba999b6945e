import type { OpenRows } from '../../server/network/peer-wire.ts';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import { Cuts } from './cuts.ts';
import type { Life } from './life.ts';
import { PeerEndpoint } from './peer-endpoint.ts';
import type { Rates } from './rates.ts';
import { type World, within } from './world.ts';

export interface PeerNetworkOptions {
  world: World;
  random: Random;
  rates: Rates;
  openRows: OpenRows;
}

/** A message on its way on a connection that has broken since. */
interface HeldMessage {
  readonly receiver: Address;
  /** Critical steps of the receiver that it still waits for. */
  steps: number;
  readonly arrive: () => void;
}

/** No message arrives later than that. */
const HELD_MS = 1500;

/** Connections as TCP makes them: in order, late or lost with the connection; each server dials each other one. */
export class SimulatedPeerNetwork {
  readonly cuts = new Cuts();
  /** Machines that refuse connects although the process there lives. */
  readonly refusing = new Set<Address>();
  readonly options: PeerNetworkOptions;
  /** They wait for a bad moment to arrive. */
  #held: HeldMessage[] = [];
  readonly #longWays = new Map<string, number>();
  readonly #endpoints = new Map<Address, PeerEndpoint>();

  constructor(options: PeerNetworkOptions) {
    this.options = options;
  }

  /** A process listens at that address from now on. */
  listen(address: Address, life: Life, onSend: PeerEndpoint['onSend']): PeerEndpoint {
    const endpoint = new PeerEndpoint(this, address, life, onSend);
    this.#endpoints.set(address, endpoint);
    return endpoint;
  }

  /** The process that listens there, if one does. */
  at(address: Address): PeerEndpoint | undefined {
    const endpoint = this.#endpoints.get(address);
    return endpoint?.life.isOver ? undefined : endpoint;
  }

  /** The kernel closes what the process had open; the others notice where nothing is cut. */
  onEnd(address: Address): void {
    const ended = this.#endpoints.get(address);
    this.#endpoints.delete(address);
    ended?.endAll();
    for (const endpoint of this.#endpoints.values()) endpoint.onPeerEnded(address);
  }

  /** The connection that one server had dialed to another breaks; what was under way is lost or late. */
  reset(from: Address, to: Address): void {
    this.#endpoints.get(from)?.onPeerEnded(to);
  }

  delayMs(from: Address, to: Address): number {
    return this.#lengthMs(from, to) + within(this.options.rates.peerDelayMs, this.options.random);
  }

  /** What every message takes longer on that way than on others. */
  #lengthMs(from: Address, to: Address): number {
    const { random, rates } = this.options;
    if (rates.longWayMs === 0) return 0;
    const way = `${from}>${to}`;
    const known = this.#longWays.get(way);
    if (known !== undefined) return known;
    const lengthMs = random.chance(0.4) ? rates.longWayMs * random.fraction() : 0;
    this.#longWays.set(way, lengthMs);
    return lengthMs;
  }

  /** Has a message arrive late: a moment after the n-th critical step of its receiver from now, or after a while all the same. */
  hold(receiver: Address, steps: number, arrive: () => void): void {
    const held: HeldMessage = { receiver, steps, arrive };
    this.#held.push(held);
    this.options.world.queue.after(HELD_MS, () => this.#release(held));
  }

  /** A server takes a critical step. */
  atCriticalStep(server: Address): void {
    for (const held of this.#held) {
      if (held.receiver !== server || --held.steps > 0) continue;
      this.options.world.queue.after(this.options.random.fraction(), () => this.#release(held));
    }
  }

  #release(held: HeldMessage): void {
    if (!this.#held.includes(held)) return;
    this.#held = this.#held.filter((other) => other !== held);
    held.arrive();
  }

  /** Calls back after the way from one to the other, however long that takes; nobody may be there any more then. */
  travel(from: Address, to: Address, delayMs: number, arrive: () => void): void {
    this.options.world.queue.after(delayMs, () => {
      if (this.cuts.isCut(from, to))
        this.cuts.whenMended(from, to, () => this.travel(from, to, this.delayMs(from, to), arrive));
      else arrive();
    });
  }
}
