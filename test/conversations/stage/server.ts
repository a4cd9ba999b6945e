import { holdsAllLeases } from '../../../server/replication/lease.ts';
import type { Hello, Input, Output } from '../../../server/replication/messages.ts';
import { createReplica, newViewFile, step } from '../../../server/replication/replica.ts';
import { isPrimary, type ReplicaConfig, type ReplicaState } from '../../../server/replication/replica-state.ts';
import type { Address, DiskId } from '../../../shared/ids.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import type { Incarnation, ViewFile } from '../../../shared/views.ts';
import {
  addressOf,
  configOf,
  draft,
  helloOf,
  nonceOf,
  TICK_MS,
  TIMEOUT_MS,
} from '../../support/replication-fixtures.ts';
import { deathsBetween, entriesWithRequests, roleText, ruleOfWrite, type Sentence, writeText } from './events.ts';
import { lifeOf, operationsText } from './wording.ts';

/** What a server on the stage needs from what surrounds it. */
export interface Surroundings {
  readonly addresses: readonly Address[];
  nowMs(): number;
  after(delayMs: number, run: () => void): void;
  send(from: StageServer, output: Output & { type: 'send' }): void;
  tell(server: StageServer, sentence: Sentence): void;
}

/** How long a write takes to be durable. */
const WRITE_MS = 1;

/** One process and its disk: the real core; each write takes a millisecond, and what has to wait for it does. */
export class StageServer {
  readonly name: string;
  readonly address: Address;
  state: ReplicaState | null = null;
  /** What its client was answered, in this order, over all its lives. */
  readonly answered: number[] = [];
  readonly confirmedReads: number[] = [];
  file: ViewFile;
  entries: LogEntry[] = [];
  isPaused = false;
  readonly #world: Surroundings;
  #sessionKey = '';
  #config!: ReplicaConfig;
  #life = 0;
  /** Requests of this life that somebody waits for. */
  readonly #asked = new Set<number>();
  #isWriting = false;
  /** Those under way, of the view file and of the log. */
  #writes = 0;
  #role = '';
  #inbox: Input[] = [];
  #whenAwake: (() => void)[] = [];

  constructor(name: string, world: Surroundings) {
    this.name = name;
    this.address = addressOf(name);
    this.#world = world;
    const disk = `disk-${name}` as DiskId;
    this.file = newViewFile({ id: this.address, disk, incarnation: 0 }, TIMEOUT_MS);
  }

  get self(): Incarnation {
    const { id, disk, incarnation } = this.file;
    return { id, disk, incarnation };
  }

  get role(): 'replica' | 'witness' {
    return 'VW'.includes(this.name) ? 'witness' : 'replica';
  }

  get running(): ReplicaState {
    if (!this.state) throw new Error(`${this.name} does not run`);
    return this.state;
  }

  /** The members of its base, primary first: `A B2 C`. */
  get members(): string {
    return (this.file.base?.members ?? []).map(lifeOf).join(' ');
  }

  get isPrimary(): boolean {
    return this.state !== null && !this.#isWriting && isPrimary(this.state);
  }

  get holdsAllLeases(): boolean {
    return holdsAllLeases({ state: this.running, config: this.#config, nowMs: this.#world.nowMs(), outputs: [] });
  }

  /** The requests on its disk, committed or not. */
  get requests(): number[] {
    return entriesWithRequests(this.entries);
  }

  /** Nothing waits to be written or looked at, or it will not be before the process is woken. */
  get isSettled(): boolean {
    return this.isPaused || (this.#writes === 0 && this.#inbox.length === 0);
  }

  /** R1: a new incarnation, written before anything else. */
  start(onStarted: () => void): void {
    this.file = { ...this.file, incarnation: this.file.incarnation + 1 };
    this.#config = configOf(nonceOf(this.self), { role: this.role, knownAddresses: this.#world.addresses });
    this.#life += 1;
    this.#isWriting = true;
    this.#later(() => {
      const recovered = { snapshot: null, entries: [...this.entries], complete: false, sessionKey: this.#sessionKey };
      this.state = createReplica({ file: this.file, ...recovered }, this.#config, this.#world.nowMs());
      this.#tell('R1', `starts and writes: incarnation ${this.file.incarnation}`);
      if (this.file.base) this.#tellRole();
      this.#isWriting = false;
      onStarted();
      this.#tick(this.#life);
    });
  }

  /** The process ends; only what is durable is left. */
  stop(): void {
    this.state = null;
    this.#life += 1;
    this.#isWriting = false;
    this.#writes = 0;
    this.isPaused = false;
    this.#role = '';
    this.#asked.clear();
    this.#inbox = [];
    this.#whenAwake = [];
  }

  /** R22: after a pause the core is told of it first, and then of everything that has arrived. */
  resume(): void {
    this.isPaused = false;
    const missed = this.#inbox;
    this.#inbox = [{ type: 'paused', sleptUnnoticed: false }, { type: 'tick' }, ...missed];
    for (const run of this.#whenAwake.splice(0)) run();
    this.#drain();
  }

  hello(): Hello {
    const { clusterId, promised, base, pending } = this.file;
    const { complete, log, known } = this.running;
    const { role } = this;
    return helloOf(this.self, { role, clusterId, promised, base, pending, complete, last: log.end, known: [...known] });
  }

  /** Clients ask for these operations. */
  ask(...requests: number[]): void {
    for (const request of requests) this.#asked.add(request);
    this.give({ type: 'propose', drafts: requests.map(draft) });
  }

  give(input: Input): void {
    if (!this.state) return;
    this.#inbox.push(input);
    this.#drain();
  }

  #tick(life: number): void {
    this.#world.after(TICK_MS - (this.#world.nowMs() % TICK_MS), () => {
      if (life !== this.#life) return;
      if (!this.isPaused) this.give({ type: 'tick' });
      this.#tick(life);
    });
  }

  #drain(): void {
    while (!this.#isWriting && !this.isPaused && this.state && this.#inbox.length > 0) {
      const { dead, cleanDead } = this.state;
      const before = { dead: new Map(dead), cleanDead: new Map(cleanDead) };
      const outputs = step(this.state, this.#config, this.#inbox.shift()!, this.#world.nowMs());
      for (const [rule, text] of deathsBetween(this.self, before, { dead, cleanDead })) this.#tell(rule, text);
      this.#perform(outputs);
    }
  }

  #perform(outputs: readonly Output[]): void {
    const [output, ...others] = outputs;
    if (!output) return;
    if (!this.#isDurableFirst(output)) {
      this.#performOne(output);
      this.#perform(others);
      return;
    }
    this.#isWriting = true;
    this.#later(() => {
      this.#write(output);
      this.#isWriting = false;
      this.#perform(others);
      this.#drain();
    });
  }

  #isDurableFirst({ type }: Output): boolean {
    return type === 'write-view-file' || type === 'write-session-key' || type === 'cut-log';
  }

  /** After a write has become durable, if this life lasts that long. */
  #later(run: () => void): void {
    const life = this.#life;
    this.#writes += 1;
    this.#world.after(WRITE_MS, () => {
      if (life !== this.#life) return;
      this.#writes -= 1;
      if (this.isPaused) this.#whenAwake.push(run);
      else run();
    });
  }

  #write(output: Output): void {
    if (output.type === 'write-session-key') {
      this.#sessionKey = output.key;
      this.#tell('R25', 'writes: the session key');
    }
    if (output.type === 'cut-log') {
      const cut = this.entries.filter(({ op }) => op > output.afterOp);
      this.entries = this.entries.filter(({ op }) => op <= output.afterOp);
      this.#tell('R10', `sets aside: ${operationsText(cut)}`);
    }
    if (output.type === 'write-view-file') {
      const text = writeText(this.file, output.file);
      const rule = ruleOfWrite(this.file, output.file);
      this.file = output.file;
      this.#tell(rule, `writes: ${text}`);
      this.#tellRole();
    }
  }

  #tellRole(): void {
    const role = roleText(this.file);
    if (role !== this.#role) this.#tell('', role);
    this.#role = role;
  }

  #performOne(output: Output): void {
    if (output.type === 'send') this.#world.send(this, output);
    if (output.type === 'append') this.#later(() => this.#stored(output.entries));
    if (output.type === 'commit') {
      const requests = entriesWithRequests(output.entries).filter((request) => this.#asked.delete(request));
      this.answered.push(...requests);
      const answer = requests.length > 0 ? `, and answers message ${requests.join(', ')}` : '';
      this.#tell('R4', `commits ${operationsText(output.entries)}${answer}`);
    }
    if (output.type === 'read-confirmed') {
      this.confirmedReads.push(output.checkId);
      this.#tell('R17', `answers read ${output.checkId}`);
    }
    if (output.type === 'refuse-to-run') throw new Error(`${this.name} must not run: ${output.text}`);
  }

  #stored(entries: readonly LogEntry[]): void {
    this.entries.push(...entries);
    this.#tell('R3', `writes: ${operationsText(entries)}`);
    const { op, chain } = entries[entries.length - 1]!;
    this.give({ type: 'appended', op, chain });
  }

  #tell(rule: string, text: string): void {
    this.#world.tell(this, [rule, text]);
  }
}
