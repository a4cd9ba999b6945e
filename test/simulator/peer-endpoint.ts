import type { PeerTransport } from '../../server/engine/ports.ts';
import { fromWire, toWire } from '../../server/network/peer-wire.ts';
import type { Hello, Input, PeerMessage } from '../../server/replication/messages.ts';
import type { Address } from '../../shared/ids.ts';
import { PROBE_EAGER_MS, PROBE_IDLE_INTERVAL_MS, PROBE_INTERVAL_MS } from '../../shared/limits.ts';
import { Violation } from './checkers.ts';
import type { Life } from './life.ts';
import type { SimulatedPeerNetwork } from './peer-network.ts';

/** How long a connect or a handshake may take before it is tried anew. */
const CONNECT_TIMEOUT_MS = 1000;
/** As the real links do it. */
const DIAL_AGAIN_MS = 3000;
/** By so much later than on time messages of a connection that broke arrive, if they do. */
const LATE_MS = 1500;

/** The share of refusals that arrive late where messages do. */
const LATE_REFUSALS = 0.05;

/** A connection that one server dialed to another. It carries messages one way. */
interface Link {
  readonly to: PeerEndpoint;
  /** What the one who dialed said first. */
  readonly hello: Hello;
  isUp: boolean;
  isOver: boolean;
  /** So many of its messages arrive although it is over, and by so much later than on time. */
  keepsAfterEnd: number;
  lateMs: number;
  sent: number;
  lastArrivalMs: number;
}

/** The network of one life of a server. */
export class PeerEndpoint implements PeerTransport {
  readonly address: Address;
  readonly life: Life;
  /** Something is about to be sent. */
  readonly onSend: (to: Address, message: PeerMessage) => void;
  readonly #network: SimulatedPeerNetwork;
  readonly #links = new Map<Address, Link>();
  readonly #lostAtMs = new Map<Address, number>();
  #onInput: (input: Input) => void = () => {};
  #hello: (() => Hello) | null = null;
  #holdsNext: { type: PeerMessage['type']; steps: number; onHeld: () => void } | null = null;

  constructor(network: SimulatedPeerNetwork, address: Address, life: Life, onSend: PeerEndpoint['onSend']) {
    this.#network = network;
    this.address = address;
    this.life = life;
    this.onSend = onSend;
  }

  start(onInput: (input: Input) => void, hello: () => Hello): void {
    this.#onInput = onInput;
    this.#hello = hello;
  }

  dial(address: Address): void {
    if (address === this.address || this.#lostAtMs.has(address) || this.life.isOver) return;
    this.#lostAtMs.set(address, this.#network.options.world.nowMs);
    this.#probe(address);
  }

  dialAgain(address: Address): void {
    const link = this.#links.get(address);
    this.life.after(DIAL_AGAIN_MS, () => {
      if (link && this.#links.get(address) === link) this.onPeerEnded(address);
    });
  }

  send(to: Address, message: PeerMessage): void {
    const link = this.#links.get(to);
    if (this.life.isOver) return;
    this.onSend(to, message);
    // The sending itself may have been the moment for a crash.
    if (this.life.isOver || !link?.isUp || link.isOver) return;
    const { world } = this.#network.options;
    const number = link.sent++;
    const { entries } = message as { entries?: unknown };
    const carried = entries === undefined ? message : this.#carried(message);
    link.lastArrivalMs = Math.max(link.lastArrivalMs, world.nowMs + this.#network.delayMs(this.address, to));
    const { self, nonce } = link.hello;
    const read = () =>
      link.to.life.act(() => link.to.#onInput({ type: 'message', from: self, nonce, message: carried }));
    if (this.#holdsNext?.type === message.type) this.#hold(link, this.#holdsNext, read);
    this.#arriveInOrder(link, () => {
      if (!link.isOver) read();
      else if (number < link.keepsAfterEnd) world.queue.after(link.lateMs, read);
    });
  }

  /**
   * The connection breaks when the next message of that type is on its way; the message arrives late, after so many
   * critical steps of its receiver. Calls back when that has happened.
   */
  holdNext(type: PeerMessage['type'], steps: number, onHeld: () => void): void {
    this.#holdsNext = { type, steps, onHeld };
  }

  #hold(link: Link, { steps, onHeld }: { steps: number; onHeld: () => void }, read: () => void): void {
    const { address } = link.to;
    this.#holdsNext = null;
    this.#network.hold(address, steps, read);
    this.onPeerEnded(address);
    link.keepsAfterEnd = 0;
    onHeld();
  }

  #arriveInOrder(link: Link, arrive: () => void): void {
    const { world } = this.#network.options;
    const { cuts } = this.#network;
    world.queue.at(link.lastArrivalMs, () => {
      if (cuts.isCut(this.address, link.to.address)) cuts.whenMended(this.address, link.to.address, arrive);
      else arrive();
    });
  }

  /** Rows go as their text, where a run has rows with a text, and are read again at the other end. */
  #carried(message: PeerMessage): PeerMessage {
    const { rates, openRows } = this.#network.options;
    if (!rates.realRows) return message;
    const opened = fromWire(JSON.parse(JSON.stringify(toWire(message))), openRows);
    if ('damage' in opened)
      throw new Violation(`R24: ${this.address} sends rows that nobody can read: ${opened.damage}`);
    return opened.message;
  }

  /** This process has ended: what it had sent may still arrive. */
  endAll(): void {
    for (const link of this.#links.values()) this.#break(link);
    this.#links.clear();
  }

  /** The process at the other end of a link has ended, or only the connection to it. */
  onPeerEnded(address: Address): void {
    const link = this.#links.get(address);
    if (!link || link.isOver) return;
    this.#break(link);
    this.#network.travel(address, this.address, this.#network.delayMs(address, this.address), () => {
      this.life.act(() => {
        if (this.#links.get(address) !== link) return;
        this.#links.delete(address);
        this.#lostAtMs.set(address, this.#network.options.world.nowMs);
        if (link.isUp) this.#onInput({ type: 'link-down', address });
        this.#probe(address);
      });
    });
  }

  #break(link: Link): void {
    const { random, rates } = this.#network.options;
    link.isOver = true;
    link.keepsAfterEnd = random.chance(rates.lateMessages) ? link.sent - random.pick([0, 0, 1, 2]) : 0;
    link.lateMs = random.chance(0.5) ? LATE_MS * random.fraction() : 0;
  }

  /** A plain connect first: only a machine whose process is gone refuses it (A4). */
  #probe(address: Address): void {
    const network = this.#network;
    if (this.life.isOver || this.#links.has(address)) return;
    if (network.cuts.isCut(this.address, address) || network.cuts.isCut(address, this.address)) {
      this.#probeLater(address, CONNECT_TIMEOUT_MS * network.options.random.fraction());
      return;
    }
    network.travel(this.address, address, network.delayMs(this.address, address), () => {
      const listener = network.refusing.has(address) ? undefined : network.at(address);
      const answered = () => this.life.act(() => (listener ? this.#open(listener) : this.#onRefused(address)));
      const { random, rates } = network.options;
      if (!listener && random.chance(LATE_REFUSALS * rates.lateMessages)) {
        network.hold(this.address, random.between(1, 10), answered);
      } else network.travel(address, this.address, network.delayMs(address, this.address), answered);
    });
  }

  #onRefused(address: Address): void {
    this.#onInput({ type: 'refused', address });
    this.#probeLater(address);
  }

  #probeLater(address: Address, atLeastMs = 0): void {
    const isEager = this.#network.options.world.nowMs - this.#lostAtMs.get(address)! < PROBE_EAGER_MS;
    const delayMs = Math.max(atLeastMs, isEager ? PROBE_INTERVAL_MS : PROBE_IDLE_INTERVAL_MS);
    this.life.after(delayMs, () => this.#probe(address));
  }

  /** Hellos are exchanged: the one who dialed may send as soon as it has the answer. */
  #open(to: PeerEndpoint): void {
    const { options } = this.#network;
    const { nowMs } = options.world;
    const hello = this.#hello!();
    const link: Link = {
      to,
      hello,
      isUp: false,
      isOver: false,
      keepsAfterEnd: 0,
      lateMs: 0,
      sent: 0,
      lastArrivalMs: nowMs,
    };
    this.#links.set(to.address, link);
    this.life.after(2 * CONNECT_TIMEOUT_MS, () => this.#giveUp(link));
    this.#network.travel(this.address, to.address, this.#network.delayMs(this.address, to.address), () => {
      if (link.isOver) return;
      to.life.act(() => {
        const answer = to.#answer(hello);
        this.#network.travel(to.address, this.address, this.#network.delayMs(to.address, this.address), () => {
          this.life.act(() => {
            if (link.isOver || this.#links.get(to.address) !== link) return;
            if (!answer) return this.#giveUp(link);
            link.isUp = true;
            this.#onInput({ type: 'link-up', peer: answer });
          });
        });
      });
    });
  }

  /** Undefined before the process is ready to say who it is. */
  #answer(peer: Hello): Hello | undefined {
    if (!this.#hello) return undefined;
    const answer = this.#hello();
    this.#onInput({ type: 'hello', peer });
    return answer;
  }

  #giveUp(link: Link): void {
    if (link.isUp || link.isOver) return;
    link.isOver = true;
    this.#links.delete(link.to.address);
    this.#probeLater(link.to.address);
  }
}
