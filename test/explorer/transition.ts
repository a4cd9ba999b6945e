import type { PeerMessage } from '../../server/replication/messages.ts';
import type { Incarnation } from '../../shared/views.ts';
import { incarnationKey, sameIncarnation } from '../../shared/views.ts';
import { boundByEarlierLife } from './abstract-time.ts';
import type { History, Usage } from './history.ts';
import type { Mail } from './inputs.ts';
import { brokenByCommit, brokenByInstallation } from './invariants.ts';
import type { Model, World } from './model.ts';
import type { Server } from './servers.ts';
import { exchangeLeases, isUseless } from './settle.ts';

/** Where a process ends in the midst of a move: at this place of the move's so-many-th step. */
export interface Cut {
  readonly step: number;
  readonly place: number;
}

/** One move under way: what it has made of the world so far. */
export class Transition {
  readonly model: Model;
  readonly servers: Server[];
  history: History;
  /** The first invariant that broke, as a sentence. */
  broken = '';
  /** Somebody had promised a higher number than it was asked for. */
  refusedForNumber = false;
  /** For people: what each server did, in order. */
  readonly story: string[] = [];
  /** How many places to crash at each step of the move offers. */
  readonly places: number[] = [];
  readonly #mails: Set<Mail>;
  readonly #atOnce: Mail[] = [];
  readonly #cut: Cut | null;
  readonly #isTold: boolean;

  constructor(model: Model, world: World, { cut = null, isTold = false }: { cut?: Cut | null; isTold?: boolean } = {}) {
    this.model = model;
    this.servers = [...world.servers];
    this.history = world.history;
    this.#mails = new Set(world.net.mails);
    this.#cut = cut;
    this.#isTold = isTold;
  }

  use(what: keyof Usage): void {
    this.history = this.model.histories.count(this.history, what);
  }

  lose(mail: Mail): void {
    this.#mails.delete(mail);
  }

  indexOf({ id }: Incarnation): number {
    return this.servers.findIndex(({ self }) => self.id === id);
  }

  /** The running life of that incarnation. */
  runs(life: Incarnation): boolean {
    const server = this.servers[this.indexOf(life)];
    return server !== undefined && server.running !== null && sameIncarnation(server.self, life);
  }

  /** One step of one server, and what it does to the rest. */
  give(index: number, input: number): void {
    if (this.broken !== '') return;
    const result = this.model.steps.of(this.servers[index]!, input);
    const cut = this.#cut?.step === this.places.length ? result.crashPoints[this.#cut.place] : undefined;
    this.places.push(result.crashPoints.length);
    if (this.#isTold) this.#tell(index, cut ? result.notes.slice(0, cut.afterNotes) : result.notes);
    this.servers[index] = cut?.server ?? result.server;
    const count = cut?.afterEffects ?? result.effects.length;
    for (let at = 0; at < count && this.broken === ''; at++) this.#apply(result.effects[at]!);
    if (cut) {
      this.use('crashes');
      if (this.#isTold) this.story.push(`and crashes in the midst of that`);
    }
  }

  #tell(index: number, notes: readonly string[]): void {
    if (notes.length > 0) this.story.push(`${this.model.names[index]} ${notes.join(', ')}`);
  }

  #apply(effect: Parameters<Model['histories']['after']>[1]): void {
    if (effect.type === 'send') {
      if (this.runs(effect.mail.to)) this.#mails.add(effect.mail);
      return;
    }
    if (effect.type === 'send-at-once') {
      this.#atOnce.push(effect.mail);
      return;
    }
    if (effect.type === 'refused' && effect.reason === 'promised') this.refusedForNumber = true;
    const before = this.history;
    const after = this.model.histories.after(before, effect);
    if (typeof after === 'string') {
      this.broken = after;
      return;
    }
    this.history = after;
    const { histories } = this.model;
    if (effect.type === 'committed') this.broken = histories.judge(brokenByCommit(this.servers, before, effect));
    if (effect.type === 'installed') this.broken = histories.judge(brokenByInstallation(this.servers, effect));
  }

  /** A message arrives. If a grant stands in the way of a promise, first the time passes for which it binds (R6c). */
  deliver(mail: Mail): void {
    if (!this.runs(mail.to)) return;
    const index = this.indexOf(mail.to);
    if (mail.message.type === 'start-view-change') this.#waitForGrants(index, mail);
    this.give(index, mail.input);
  }

  #waitForGrants(index: number, mail: Mail): void {
    const { base, members } = mail.message as PeerMessage & { type: 'start-view-change' };
    const result = this.model.steps.of(this.servers[index]!, mail.input);
    if (!result.effects.some((effect) => effect.type === 'refused' && effect.reason === 'lease')) return;
    const leftOut = base.members.filter((member) => !members.some((listed) => sameIncarnation(listed, member)));
    this.endGrants(index, leftOut);
  }

  /** E passes since x's last grants to these members; their leases by x have run out before that (L < E, A3). */
  endGrants(index: number, members: readonly Incarnation[]): void {
    const { inputs, steps } = this.model;
    const granter = this.servers[index]!;
    const to = members.filter(({ id }) => id !== granter.self.id);
    this.servers[index] = steps.of(granter, inputs.intern({ type: 'end-grants', to })).server;
    for (const member of to) this.#endLeases(member, granter.self);
    const isOver = boundByEarlierLife(granter.running!) && !boundByEarlierLife(this.servers[index]!.running!);
    if (!isOver || granter.self.incarnation === 1) return;
    const former = { ...granter.self, incarnation: granter.self.incarnation - 1 };
    for (const { self, selfKey } of this.servers) {
      if (granter.running!.grantedBeforeStart.has(selfKey)) this.#endLeases(self, former);
    }
  }

  #endLeases(holder: Incarnation, of: Incarnation): void {
    if (!this.runs(holder)) return;
    const index = this.indexOf(holder);
    const { inputs, steps } = this.model;
    this.servers[index] = steps.of(this.servers[index]!, inputs.intern({ type: 'end-leases', of })).server;
  }

  /** Delivers what belongs to the move itself: probes and copied rows. */
  settle(): void {
    for (let mail = this.#atOnce.shift(); mail && this.broken === ''; mail = this.#atOnce.shift()) {
      if (this.model.probes === 'granted' && mail.message.type === 'start-view-change') this.#grantProbe(mail);
      else this.deliver(mail);
    }
  }

  /** A yes to a probe, whatever the voter would have said: safety must not rest on probes (R7). */
  #grantProbe({ from, to, message }: Mail): void {
    if (message.type !== 'start-view-change' || !this.runs(from)) return;
    const candidate = this.servers[this.indexOf(from)]!;
    const held = [message.base, ...candidate.file.pending];
    const everybody = held.flatMap(({ members }) => members);
    const known = new Map(everybody.map((one) => [incarnationKey(one), one]));
    for (const listed of message.members) known.delete(incarnationKey(listed));
    const yes: PeerMessage = {
      type: 'promise',
      number: message.number,
      probe: true,
      baseNumber: message.base.number,
      heldBefore: held.map(({ number }) => number),
      pending: [],
      cleanDead: [...known.values()],
      last: { view: '0/0/', op: 0, chain: '' },
      synced: true,
    };
    this.give(this.indexOf(from), this.model.inputs.arrival(to, yes));
  }

  /** The world after the move: leases are granted wherever they may be, and what can do nothing any more is gone. */
  finish(): World {
    exchangeLeases(this.model, this.servers);
    const kept: Mail[] = [];
    for (const mail of this.#mails) if (!isUseless(this.model, this.servers, mail)) kept.push(mail);
    return { servers: this.servers, net: this.model.nets.intern(kept), history: this.history };
  }
}
