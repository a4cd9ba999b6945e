import { isPrimary } from '../../server/replication/replica-state.ts';
import { type ClientId, formatView } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import { type HistoryChecker, Violation } from './checkers.ts';
import type { EventQueue } from './event-queue.ts';
import type { SimulatedServer } from './simulated-server.ts';

const CLIENTS = 3;
const IN_FLIGHT = 20;
/** How long a client waits for an answer before it sends everything unanswered again, in order. */
const RESEND_MS = 700;

interface SimulatedClient {
  readonly id: ClientId;
  nextRequest: number;
  /** Unanswered requests, ascending. */
  unanswered: number[];
  sentAtMs: number;
  hadAnswer: boolean;
  /** Where it sent last: a server in one of its lives and views. Elsewhere it first sends again what is unanswered. */
  connection: string;
}

/** Requests that a primary has taken and not committed; void when its view is over. */
interface Taken {
  life: number;
  view: string;
  highest: Map<ClientId, number>;
}

/** Clients that number their requests, resend what is unanswered, and never give up (R18). */
export class Workload {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #history: HistoryChecker;
  readonly #servers: readonly SimulatedServer[];
  readonly #betweenMs: number;
  readonly #clients: SimulatedClient[] = [];
  readonly #taken = new Map<SimulatedServer, Taken>();

  constructor(
    surroundings: { queue: EventQueue; random: Random; history: HistoryChecker; betweenRequestsMs: number },
    servers: readonly SimulatedServer[],
  ) {
    this.#queue = surroundings.queue;
    this.#random = surroundings.random;
    this.#history = surroundings.history;
    this.#betweenMs = surroundings.betweenRequestsMs;
    this.#servers = servers;
    for (let number = 0; number < CLIENTS; number++) {
      const id = `client-${number}` as ClientId;
      this.#clients.push({ id, nextRequest: 1, unanswered: [], sentAtMs: 0, hadAnswer: false, connection: '' });
    }
  }

  start(): void {
    this.#queue.after(-Math.log(1 - this.#random.fraction()) * this.#betweenMs, () => {
      this.#act();
      this.start();
    });
  }

  #act(): void {
    const server = this.#random.pick(this.#servers);
    if (this.#random.chance(0.3)) server.read();
    const client = this.#random.pick(this.#clients);
    if (!server.isServing || !server.state!.complete) return;
    const connection = `${server.address} ${server.life} ${formatView(server.state!.file.base!.number)}`;
    const isLate = client.unanswered.length > 0 && this.#queue.nowMs - client.sentAtMs > RESEND_MS;
    if (isLate || client.connection !== connection) {
      client.sentAtMs = this.#queue.nowMs;
      client.connection = connection;
      for (const request of [...client.unanswered]) {
        if (client.connection === connection) this.#ask(server, client, request);
      }
    } else if (client.unanswered.length < IN_FLIGHT) {
      const request = client.nextRequest++;
      if (client.unanswered.length === 0) client.sentAtMs = this.#queue.nowMs;
      client.unanswered.push(request);
      this.#ask(server, client, request);
    }
  }

  /** R18 at the primary: what was executed is answered again, what is under way is waited for, the rest is proposed. */
  #ask(server: SimulatedServer, client: SimulatedClient, request: number): void {
    if (!server.isServing) return;
    const standing = server.clients.standing(client.id, request, '', client.hadAnswer);
    if (standing.type === 'executed') {
      this.#answer(server, client, request, standing.outcome.position);
      return;
    }
    if (standing.type !== 'new') {
      // One that was left behind without knowing it does not know the client; it could not confirm that (R17). What it
      // refuses so is marked (R18): nothing later is taken from here before all of it is sent again.
      client.connection = '';
      if (server.state!.commit < this.#history.acknowledged) return;
      throw new Violation(`I9: request ${client.id}/${request} is ${standing.type}`);
    }
    const taken = this.#takenBy(server);
    if (request <= (taken.highest.get(client.id) ?? 0)) return;
    taken.highest.set(client.id, request);
    const draft = { event: 'message:send', client: client.id, request, subject: '', body: '' } as const;
    server.give({ type: 'propose', drafts: [{ ...draft, asked: '', id: '', account: '' }] });
  }

  #takenBy(server: SimulatedServer): Taken {
    const view = formatView(server.state!.file.base!.number);
    const before = this.#taken.get(server);
    if (before?.life === server.life && before.view === view) return before;
    const taken = { life: server.life, view, highest: new Map() };
    this.#taken.set(server, taken);
    return taken;
  }

  onApplied(server: SimulatedServer, entries: readonly LogEntry[]): void {
    if (!isPrimary(server.state!)) return;
    for (const entry of entries) {
      const client = this.#clients.find(({ id }) => id === entry.client);
      if (client) this.#answer(server, client, entry.request, entry.op);
    }
  }

  #answer(server: SimulatedServer, client: SimulatedClient, request: number, op: number): void {
    if (!client.unanswered.includes(request)) return;
    client.unanswered = client.unanswered.filter((one) => one !== request);
    client.hadAnswer = true;
    client.sentAtMs = this.#queue.nowMs;
    const { members } = server.state!.file.base!;
    const disks = this.#servers.map(({ disk }) => disk);
    // An incarnation that acknowledged and then lost its rows with its life is the fault's doing (H20).
    const listed = disks.filter(({ file, lostRowsOf }) =>
      members.some(({ disk, incarnation }) => disk === file.disk && incarnation > lostRowsOf),
    );
    this.#history.onAcknowledged(client.id, request, op, listed);
  }
}
