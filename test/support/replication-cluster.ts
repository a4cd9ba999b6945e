import { holdsAllLeases, isServing } from '../../server/replication/lease.ts';
import type { Hello, Input, Output, PeerMessage } from '../../server/replication/messages.ts';
import { createReplica, newViewFile, step } from '../../server/replication/replica.ts';
import {
  type Context,
  isNormal,
  isPrimary,
  type ReplicaConfig,
  type ReplicaState,
} from '../../server/replication/replica-state.ts';
import type { Address } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { type Incarnation, sameIncarnation, type ViewFile } from '../../shared/views.ts';
import { addressOf, configOf, draft, helloOf, nonceOf, TICK_MS, TIMEOUT_MS } from './replication-fixtures.ts';

interface Mail {
  from: Incarnation;
  to: Address;
  message: PeerMessage;
}

/** Whether a message is to be held back. */
export type Filter = (from: string, to: string, message: PeerMessage) => boolean;

/** One server of a {@link TestCluster}: the real core over a disk that writes at once, unless it is told to wait. */
export class TestServer {
  readonly name: string;
  readonly address: Address;
  file: ViewFile;
  entries: LogEntry[] = [];
  sessionKey = '';
  state: ReplicaState | null = null;
  /** Everything it did since it was made. */
  outputs: Output[] = [];
  /** While true, appended entries wait for the disk. */
  isDiskSlow = false;
  readonly #cluster: TestCluster;
  #config!: ReplicaConfig;
  #unsynced: LogEntry[] = [];

  constructor(name: string, cluster: TestCluster) {
    this.name = name;
    this.address = addressOf(name);
    this.#cluster = cluster;
    this.file = this.#newFile('');
  }

  #newFile(suffix: string): ViewFile {
    const disk = `disk-${this.name}${suffix}` as ViewFile['disk'];
    return newViewFile({ id: this.address, disk, incarnation: 0 }, TIMEOUT_MS);
  }

  get running(): ReplicaState {
    if (!this.state) throw new Error(`${this.name} does not run`);
    return this.state;
  }

  get self(): Incarnation {
    const { id, disk, incarnation } = this.file;
    return { id, disk, incarnation };
  }

  /** The names of the members of its base, primary first. */
  get members(): string {
    return (this.file.base?.members ?? []).map(({ id }) => id[0]!.toUpperCase()).join('');
  }

  get round(): number {
    return this.file.base?.number.round ?? 0;
  }

  get isPrimary(): boolean {
    return this.state !== null && isPrimary(this.state);
  }

  /** V and W are witnesses; all others hold data. */
  get role(): 'replica' | 'witness' {
    return 'VW'.includes(this.name) ? 'witness' : 'replica';
  }

  /** The names of the witnesses of its base. */
  get witnesses(): string {
    return (this.file.base?.witnesses ?? []).map(({ id }) => id[0]!.toUpperCase()).join('');
  }

  get isNormal(): boolean {
    return this.state !== null && isNormal(this.state);
  }

  get #context(): Context {
    return { state: this.running, config: this.#config, nowMs: this.#cluster.nowMs, outputs: [] };
  }

  get holdsAllLeases(): boolean {
    return holdsAllLeases(this.#context);
  }

  get serves(): boolean {
    return isServing(this.#context);
  }

  /** The requests in its log, committed or not. */
  get requests(): number[] {
    return this.entries.filter(({ client }) => client !== '').map(({ request }) => request);
  }

  /** The requests that it has committed in this life. */
  get committed(): number[] {
    const entries = this.outputs.flatMap((output) => (output.type === 'commit' ? output.entries : []));
    return entries.filter(({ client }) => client !== '').map(({ request }) => request);
  }

  get setAside(): number[] {
    return this.outputs.flatMap((output) => (output.type === 'cut-log' ? [output.afterOp] : []));
  }

  hello(): Hello {
    const { clusterId, promised, base, pending } = this.file;
    const { complete, log, known } = this.running;
    const { role, serves } = this;
    const { trustRefused, replicationFactor } = this.#config;
    return helloOf(this.self, {
      role,
      serves,
      trustRefused,
      replicationFactor,
      clusterId,
      promised,
      base,
      pending,
      complete,
      last: log.end,
      known: [...known],
    });
  }

  /** R1: a new incarnation on what is on disk; all unsynced entries are lost. */
  start(): void {
    this.file = { ...this.file, incarnation: this.file.incarnation + 1 };
    this.#unsynced = [];
    this.outputs = [];
    const knownAddresses = this.#cluster.servers.map(({ address }) => address);
    this.#config = configOf(nonceOf(this.self), {
      ...this.#cluster.config,
      role: this.role,
      knownAddresses,
      replicationFactor: this.#cluster.replicationFactor,
    });
    const { file, sessionKey } = this;
    const recovered = { file, snapshot: null, entries: [...this.entries], complete: false, sessionKey };
    this.state = createReplica(recovered, this.#config, this.#cluster.nowMs);
  }

  stop(): void {
    this.state = null;
  }

  /** Its folder is empty now; the next start makes another disk. */
  loseFolder(): void {
    this.file = this.#newFile("'");
    this.entries = [];
    this.sessionKey = '';
  }

  give(input: Input): Output[] {
    if (!this.state) return [];
    const outputs = step(this.state, this.#config, input, this.#cluster.nowMs);
    this.outputs.push(...outputs);
    for (const output of outputs) this.#perform(output);
    return outputs;
  }

  #perform(output: Output): void {
    if (output.type === 'write-view-file') this.file = output.file;
    if (output.type === 'write-session-key') this.sessionKey = output.key;
    if (output.type === 'cut-log') this.entries = this.entries.filter(({ op }) => op <= output.afterOp);
    if (output.type === 'append') this.#unsynced.push(...output.entries);
    if (output.type === 'send') this.#cluster.post({ from: this.self, to: output.to, message: output.message });
  }

  /** What was appended becomes durable. */
  sync(): boolean {
    const last = this.#unsynced[this.#unsynced.length - 1];
    if (!last || this.isDiskSlow || !this.state) return false;
    this.entries.push(...this.#unsynced.filter(({ op }) => op > this.entries.length));
    this.#unsynced = [];
    this.give({ type: 'appended', op: last.op, chain: last.chain });
    return true;
  }

  /** As the primary: appends and forwards requests. */
  propose(...requests: number[]): void {
    this.give({ type: 'propose', drafts: requests.map(draft) });
    this.#cluster.settle();
  }

  /** Asks for a confirmed read; whether it was confirmed by the time everything that may arrive has arrived. */
  confirmsRead(): boolean {
    const before = this.outputs.length;
    this.give({ type: 'confirm-read', checkId: this.outputs.length });
    this.#cluster.settle();
    return this.outputs.slice(before).some(({ type }) => type === 'read-confirmed');
  }
}

/**
 * Servers A, B, C … with a network that delivers at once and in order, and a clock that moves only when told. Nothing in
 * it is random: what a test does not hold back, cut or stop, arrives.
 */
export class TestCluster {
  readonly servers: readonly TestServer[];
  readonly replicationFactor: number;
  /** Beside what is usual in these tests. */
  readonly config: Partial<ReplicaConfig>;
  nowMs = 10_000;
  #mail: Mail[] = [];
  #held: Mail[] = [];
  #filter: Filter = () => false;
  readonly #cuts = new Set<string>();

  constructor(names = 'ABC', replicationFactor = 3, config: Partial<ReplicaConfig> = {}) {
    this.replicationFactor = replicationFactor;
    this.config = config;
    this.servers = [...names].map((name) => new TestServer(name, this));
  }

  /** All servers run, and the first `replicationFactor` replicas are one view, in the order of their names. */
  static formed(names = 'ABC', replicationFactor = 3, config: Partial<ReplicaConfig> = {}): TestCluster {
    const cluster = new TestCluster(names, replicationFactor, config);
    for (const server of cluster.servers) cluster.start(server.name);
    cluster.server('A').give({ type: 'form', clusterId: 'test', sessionKey: 'key' });
    cluster.settle();
    cluster.wait(2000);
    return cluster;
  }

  server(name: string): TestServer {
    const found = this.servers.find((server) => server.name === name);
    if (!found) throw new Error(`no server ${name}`);
    return found;
  }

  // --- processes and links -------------------------------------------------------------------------------------

  /** Starts a server and connects it with all that run and are not cut off from it. */
  start(name: string): void {
    const server = this.server(name);
    server.start();
    for (const other of this.servers) if (other !== server) this.connect(name, other.name);
    this.settle();
  }

  connect(a: string, b: string): void {
    if (this.#isCut(a, b)) return;
    this.#dial(a, b);
    this.#dial(b, a);
  }

  #dial(from: string, to: string): void {
    const [dialer, answerer] = [this.server(from), this.server(to)];
    if (!dialer.state || !answerer.state) return;
    answerer.give({ type: 'hello', peer: dialer.hello() });
    dialer.give({ type: 'link-up', peer: answerer.hello() });
  }

  /** The process ends: what it had sent and nobody has yet is gone, and whoever dials it is refused. */
  crash(...names: string[]): void {
    for (const name of names) {
      this.server(name).stop();
      this.#mail = this.#mail.filter(({ from }) => from.id !== addressOf(name));
    }
    for (const name of names) {
      for (const other of this.servers) {
        if (!this.#isCut(name, other.name)) this.refuse(other.name, name);
      }
    }
    this.settle();
  }

  /** R23: it leaves in order: says farewell, and its process ends. */
  leave(name: string): void {
    const server = this.server(name);
    server.give({ type: 'leave' });
    this.settle();
    server.give({ type: 'farewell' });
    // Its last words have left the process before it ends.
    while (this.#mail.length > 0) this.#deliver(this.#mail.shift()!);
    this.crash(name);
  }

  /** The connection that `from` had to `to` has ended, and a fresh one is refused. */
  refuse(from: string, to: string): void {
    this.server(from).give({ type: 'link-down', address: addressOf(to) });
    this.server(from).give({ type: 'refused', address: addressOf(to) });
  }

  /** Nothing passes between two servers; what is sent meanwhile is lost. */
  cut(a: string, b: string): void {
    this.#cuts.add(a + b).add(b + a);
  }

  /** What one sends to the other is lost; what the other sends arrives. */
  cutOneWay(from: string, to: string): void {
    this.#cuts.add(from + to);
  }

  isolate(name: string): void {
    for (const { name: other } of this.servers) if (other !== name) this.cut(name, other);
  }

  /** Both connect anew. */
  mend(a: string, b: string): void {
    this.#cuts.delete(a + b);
    this.#cuts.delete(b + a);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.server(from).give({ type: 'link-down', address: addressOf(to) });
    }
    this.connect(a, b);
    this.settle();
  }

  #isCut(a: string, b: string): boolean {
    return this.#cuts.has(a + b);
  }

  // --- messages and time ---------------------------------------------------------------------------------------

  post(mail: Mail): void {
    this.#mail.push(mail);
  }

  /** From now on such messages are held back, until {@link release}. */
  hold(filter: Filter): void {
    this.#filter = filter;
  }

  /** Holds nothing back any more; what was held is delivered now, or dropped. */
  release(isLost = false): void {
    this.#filter = () => false;
    this.#mail.push(...(isLost ? [] : this.#held));
    this.#held = [];
    this.settle();
  }

  /** Delivers and syncs until nothing is left to deliver or to sync. */
  settle(): void {
    for (let rounds = 0; rounds < 100_000; rounds++) {
      const mail = this.#mail.shift();
      if (mail) this.#deliver(mail);
      else if (!this.servers.some((server) => server.sync())) return;
    }
    throw new Error('the cluster never comes to rest');
  }

  #deliver(mail: Mail): void {
    const from = mail.from.id[0]!.toUpperCase();
    const to = mail.to[0]!.toUpperCase();
    const sender = this.server(from);
    const isGone = !sender.state || !sameIncarnation(sender.self, mail.from);
    if (this.#isCut(from, to) || isGone || !sender.state!.links.has(mail.to)) return;
    if (this.#filter(from, to, mail.message)) this.#held.push(mail);
    else this.server(to).give({ type: 'message', from: mail.from, nonce: nonceOf(mail.from), message: mail.message });
  }

  /** Time passes for all, tick by tick; messages take none. */
  wait(durationMs: number): void {
    for (const untilMs = this.nowMs + durationMs; this.nowMs < untilMs; ) {
      this.nowMs += TICK_MS;
      for (const server of this.servers) {
        server.give({ type: 'tick' });
        this.settle();
      }
    }
  }

  /** Waits until it is so, or gives up after so long; returns whether it is. */
  waitUntil(isSo: () => boolean, atMostMs: number): boolean {
    for (const untilMs = this.nowMs + atMostMs; !isSo() && this.nowMs < untilMs; ) this.wait(TICK_MS);
    return isSo();
  }
}
