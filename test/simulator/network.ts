import type { Hello, Input, PeerMessage } from '../../server/replication/messages.ts';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import type { Incarnation } from '../../shared/views.ts';
import type { EventQueue } from './event-queue.ts';

/** What the network sees of a server. */
export interface Endpoint {
  readonly address: Address;
  /** Counts lives; a link belongs to one life of each end. */
  readonly life: number;
  readonly isUp: boolean;
  readonly isPaused: boolean;
  hello(): Hello;
  self(): Incarnation;
  give(input: Input): void;
}

interface Link {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly fromLife: number;
  readonly toLife: number;
  lastArrivalMs: number;
  /** What could not pass a cut yet. */
  readonly held: (() => void)[];
}

const REDIAL_MS = 100;

/** Connections as TCP makes them: in order, late or lost with the connection; each server dials each other one. */
export class SimulatedNetwork {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #delayMs: readonly [number, number];
  readonly #endpoints = new Map<Address, Endpoint>();
  readonly #links = new Map<string, Link>();
  /** `from>to`: nothing gets from one to the other. A count, because cuts overlap. */
  readonly #cuts = new Map<string, number>();

  constructor(queue: EventQueue, random: Random, delayMs: readonly [number, number]) {
    this.#queue = queue;
    this.#random = random;
    this.#delayMs = delayMs;
  }

  add(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.address, endpoint);
  }

  /** A server has started: it dials all others. */
  onStart(endpoint: Endpoint): void {
    for (const other of this.#endpoints.values()) {
      if (other !== endpoint) this.#dialLater(endpoint, other, 0, endpoint.life);
    }
  }

  /** The kernel closes what the process had open; the others notice where nothing is cut. */
  onCrash(endpoint: Endpoint): void {
    for (const other of this.#endpoints.values()) {
      if (other === endpoint) continue;
      this.reset(other.address, endpoint.address);
      this.#links.delete(nameOf(endpoint, other));
    }
  }

  /** In order on each link; held while its way is cut; gone with either end. */
  send(from: Endpoint, to: Address, message: PeerMessage): void {
    const link = this.#links.get(`${from.address}>${to}`);
    if (!link || link.fromLife !== from.life) return;
    const self = from.self();
    const arrive = () => {
      if (this.#links.get(`${from.address}>${to}`) !== link || link.to.life !== link.toLife) return;
      if (this.#isCut(link.from, link.to)) link.held.push(arrive);
      else link.to.give({ type: 'message', from: self, message });
    };
    link.lastArrivalMs = Math.max(link.lastArrivalMs, this.#queue.nowMs + this.#nextDelayMs());
    this.#queue.after(link.lastArrivalMs - this.#queue.nowMs, arrive);
  }

  /** The connection that one server had dialed to another breaks; what was under way is lost, and it dials again. */
  reset(from: Address, to: Address): void {
    const name = `${from}>${to}`;
    const link = this.#links.get(name);
    if (!link) return;
    const end = () => {
      if (this.#links.get(name) !== link) return;
      this.#links.delete(name);
      if (!link.from.isUp || link.from.life !== link.fromLife) return;
      link.from.give({ type: 'link-down', address: to });
      this.#dialLater(link.from, link.to, 0, link.from.life);
    };
    if (this.#isCut(link.from, link.to)) link.held.push(end);
    else this.#queue.after(this.#nextDelayMs(), end);
  }

  cut(from: Address, to: Address): void {
    const name = `${from}>${to}`;
    this.#cuts.set(name, (this.#cuts.get(name) ?? 0) + 1);
  }

  /** Ends one cut of that way; what was held goes on, late. */
  mend(from: Address, to: Address): void {
    const name = `${from}>${to}`;
    const count = (this.#cuts.get(name) ?? 0) - 1;
    if (count > 0) this.#cuts.set(name, count);
    else this.#cuts.delete(name);
    const link = this.#links.get(name);
    if (count <= 0) for (const held of link?.held.splice(0) ?? []) held();
  }

  mendAll(): void {
    for (const name of [...this.#cuts.keys()]) {
      const [from, to] = name.split('>') as [Address, Address];
      this.#cuts.set(name, 1);
      this.mend(from, to);
    }
  }

  #isCut(from: Endpoint, to: Endpoint): boolean {
    return this.#cuts.has(nameOf(from, to));
  }

  #nextDelayMs(): number {
    const [low, high] = this.#delayMs;
    return low + (high - low) * this.#random.fraction();
  }

  /** A dial needs both ways; a refusal comes only from a machine whose process is gone (A4). */
  #dialLater(from: Endpoint, to: Endpoint, delayMs: number, life: number): void {
    this.#queue.after(delayMs + this.#nextDelayMs(), () => {
      const name = nameOf(from, to);
      if (!from.isUp || from.life !== life || this.#links.has(name)) return;
      const isUnreachable = this.#isCut(from, to) || this.#isCut(to, from) || to.isPaused || from.isPaused;
      if (!isUnreachable && to.isUp) return this.#connect(from, to);
      if (!isUnreachable) from.give({ type: 'refused', address: to.address });
      this.#dialLater(from, to, REDIAL_MS, life);
    });
  }

  #connect(from: Endpoint, to: Endpoint): void {
    const link: Link = {
      from,
      to,
      fromLife: from.life,
      toLife: to.life,
      lastArrivalMs: this.#queue.nowMs,
      held: [],
    };
    this.#links.set(nameOf(from, to), link);
    const answer = to.hello();
    to.give({ type: 'hello', peer: from.hello() });
    this.#queue.after(this.#nextDelayMs(), () => {
      const isSame = this.#links.get(nameOf(from, to)) === link && from.life === link.fromLife;
      if (isSame && to.life === link.toLife) from.give({ type: 'link-up', peer: answer });
    });
  }
}

/** Names the connection that one server dialed to another. */
function nameOf(from: Endpoint, to: Endpoint): string {
  return `${from.address}>${to.address}`;
}
