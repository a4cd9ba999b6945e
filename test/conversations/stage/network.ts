import type { PeerMessage } from '../../../server/replication/messages.ts';
import type { Address } from '../../../shared/ids.ts';
import type { Incarnation } from '../../../shared/views.ts';
import { addressOf, nonceOf } from '../../support/replication-fixtures.ts';
import type { Clock } from './clock.ts';
import type { StageServer } from './server.ts';
import type { Told, Trace } from './trace.ts';
import { nameOf } from './wording.ts';

/** How long a message takes, and how long it takes to notice that a connection ended. */
const HOP_MS = 1;

/** A connection that one server dialed to another and sends on; what is under way on it ends with it. */
interface Link {
  isUp: boolean;
}

interface Mail {
  readonly told: Told;
  readonly sender: Incarnation;
  readonly link: Link;
}

/** Connections between the servers of a stage. Each takes a millisecond and keeps the order. */
export class Network {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #servers: ReadonlyMap<string, StageServer>;
  readonly #links = new Map<string, Link>();
  readonly #cuts = new Set<string>();
  readonly #held = new Map<string, Mail[]>();
  readonly #sent = new Map<string, number>();
  #underWay = 0;

  constructor(clock: Clock, trace: Trace, servers: ReadonlyMap<string, StageServer>) {
    this.#clock = clock;
    this.#trace = trace;
    this.#servers = servers;
  }

  /** Nothing is under way but what is held back. */
  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  sentBy(from: string, type: string): number {
    return this.#sent.get(`${from} ${type}`) ?? 0;
  }

  send(server: StageServer, address: Address, message: PeerMessage): void {
    const [from, to] = [server.name, nameOf(address)];
    const link = this.#links.get(from + to);
    if (!link?.isUp) return;
    const key = `${from} ${message.type}`;
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + 1);
    const isLost = this.#cuts.has(from + to);
    const held = this.#held.get(from + to);
    const fate = isLost ? '  (lost)' : held ? '  (on its way)' : '';
    const mail = { told: this.#trace.send(from, to, message, fate), sender: server.self, link };
    if (isLost) return;
    if (held) held.push(mail);
    else this.#after(() => this.#deliver(mail));
  }

  #deliver({ told, sender, link }: Mail): void {
    if (!link.isUp) return;
    const receiver = this.#server(told.to);
    const input = { type: 'message', from: sender, nonce: nonceOf(sender), message: told.message } as const;
    this.#trace.receive(told, () => receiver.give(input));
  }

  #deliverLate(mail: Mail): void {
    if (mail.link.isUp) this.#trace.arriveLate(mail.told);
    this.#deliver(mail);
  }

  /** Both dial each other. */
  connect(a: string, b: string): void {
    if (!this.#server(a).state || !this.#server(b).state || this.#cuts.has(a + b)) return;
    this.#trace.tell('', `${a} – ${b}`, 'connect');
    this.#dial(a, b);
    this.#dial(b, a);
  }

  #dial(from: string, to: string): void {
    const [dialer, answerer] = [this.#server(from), this.#server(to)];
    const [dialerLife, answererLife] = [dialer.state, answerer.state];
    const isThere = () => dialer.state === dialerLife && answerer.state === answererLife;
    this.#after(() => {
      if (!isThere()) return;
      answerer.give({ type: 'hello', peer: dialer.hello() });
      const answer = answerer.hello();
      this.#after(() => {
        if (!isThere()) return;
        this.#links.set(from + to, { isUp: true });
        dialer.give({ type: 'link-up', peer: answer });
      });
    });
  }

  /** The others see their connections end, and fresh ones are refused. What the dead one had sent arrives before. */
  crash(name: string): void {
    for (const other of this.#servers.keys()) {
      if (other === name) continue;
      this.#links.delete(name + other);
      const link = this.#links.get(other + name);
      if (!link) continue;
      link.isUp = false;
      if (this.#cuts.has(name + other)) continue;
      this.#after(() => this.#refuse(other, name));
    }
  }

  #refuse(from: string, to: string): void {
    const server = this.#server(from);
    if (!server.state) return;
    this.#trace.tell('', from, `loses its connection to ${to}, and a new one is refused`);
    server.give({ type: 'link-down', address: addressOf(to) });
    server.give({ type: 'refused', address: addressOf(to) });
  }

  cut(a: string, b: string): void {
    this.#cuts.add(a + b).add(b + a);
  }

  mend(a: string, b: string): void {
    this.#cuts.delete(a + b);
    this.#cuts.delete(b + a);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#end(from, to);
    }
    this.connect(a, b);
  }

  breakConnection(from: string, to: string): void {
    this.#end(from, to);
    this.#trace.tell('', `${from} → ${to}`, 'connects anew');
    this.#dial(from, to);
  }

  #end(from: string, to: string): void {
    const link = this.#links.get(from + to);
    if (link) link.isUp = false;
    this.#server(from).give({ type: 'link-down', address: addressOf(to) });
  }

  hold(a: string, b: string): void {
    this.#held.set(a + b, []).set(b + a, []);
  }

  release(a: string, b: string): void {
    for (const key of [a + b, b + a]) {
      const held = this.#held.get(key) ?? [];
      this.#held.delete(key);
      for (const mail of held) this.#after(() => this.#deliverLate(mail));
    }
  }

  #after(run: () => void): void {
    this.#underWay += 1;
    this.#clock.after(HOP_MS, () => {
      this.#underWay -= 1;
      run();
    });
  }

  #server(name: string): StageServer {
    return this.#servers.get(name)!;
  }
}
