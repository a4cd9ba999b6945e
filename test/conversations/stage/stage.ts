import type { PeerMessage } from '../../../server/replication/messages.ts';
import { addressOf, TICK_MS } from '../../support/replication-fixtures.ts';
import { Clock } from './clock.ts';
import { Network } from './network.ts';
import { StageServer, type Surroundings } from './server.ts';
import { Trace } from './trace.ts';

/** Longer than anything on a stage takes. */
const LONG_MS = 20_000;

/**
 * The servers of a conversation and what can happen to them: the words in which scenarios are written. Nothing in it is
 * random. A message takes a millisecond and so does a write; time passes only in `wait`, `until`, `deliver`.
 */
export class Stage {
  readonly #clock = new Clock();
  readonly #trace: Trace;
  readonly #network: Network;
  readonly #servers = new Map<string, StageServer>();
  #beganAtMs = 0;
  #reads = 0;

  /** @param names one letter a server; V and W are witnesses, all others hold data */
  constructor(names: string) {
    this.#trace = new Trace(() => this.#clock.nowMs - this.#beganAtMs);
    this.#network = new Network(this.#clock, this.#trace, this.#servers);
    const world: Surroundings = {
      addresses: [...names].map(addressOf),
      nowMs: () => this.#clock.nowMs,
      after: (delayMs, run) => this.#clock.after(delayMs, run),
      send: (from, { to, message }) => this.#network.send(from, to, message),
      tell: ({ name }, [rule, text]) => this.#trace.tell(rule, name, text),
    };
    for (const name of names) this.#servers.set(name, new StageServer(name, world));
  }

  /** A, B and C, with the witnesses there are, have been one view for a while, and hold what was asked; now it begins. */
  formed = (...requests: number[]): void => {
    for (const name of this.#servers.keys()) {
      this.start(name);
      this.deliver();
    }
    this.form('A');
    this.until(() => this.server('A').members === 'A B C');
    const witnesses = [...this.#servers.values()].filter(({ role }) => role === 'witness');
    this.until(() => this.server('A').file.base?.witnesses.length === witnesses.length);
    this.deliver();
    if (requests.length > 0) this.ask('A', ...requests);
    this.wait(1000);
    this.begin();
  };

  /** From now on everything is written down; the clock in the first column stands at 0. */
  begin = (): void => {
    this.wait(TICK_MS - (this.#clock.nowMs % TICK_MS));
    this.deliver();
    this.#beganAtMs = this.#clock.nowMs;
    this.#trace.isOn = true;
  };

  /** A sentence of the narrator. */
  say = (sentence: string): void => this.#trace.say(sentence);

  server = (name: string): StageServer => {
    const found = this.#servers.get(name);
    if (!found) throw new Error(`no server ${name}`);
    return found;
  };

  /** The conversation so far. */
  get text(): string {
    return this.#trace.text;
  }

  // --- processes -------------------------------------------------------------------------------------------------

  /** A process starts, dials all others and is dialed by them. */
  start = (name: string): void => {
    this.server(name).start(() => {
      for (const other of this.#servers.keys()) if (other !== name) this.#network.connect(name, other);
    });
  };

  /** R19b: nobody answers who belongs to a cluster, so this server begins one. */
  form = (name: string): void => {
    this.#trace.tell('R19b', name, 'finds no cluster and forms one');
    this.server(name).give({ type: 'form', clusterId: 'test', sessionKey: 'key' });
  };

  /** The process ends at once; what it had sent still arrives, what it was writing is lost. */
  crash = (name: string): void => {
    this.#trace.tell('', name, 'crashes');
    this.server(name).stop();
    this.#network.crash(name);
  };

  /** R23: the process is told to end (SIGTERM), says farewell, and ends. */
  leave = (name: string): void => {
    this.#trace.tell('R23', name, 'is told to stop, and begins nothing more');
    const server = this.server(name);
    server.give({ type: 'leave' });
    this.deliver();
    server.give({ type: 'farewell' });
    this.#trace.tell('', name, 'ends');
    server.stop();
    this.#network.crash(name);
  };

  /** The process stands still (SIGSTOP): connections stay, nothing is read or answered. */
  pause = (name: string): void => {
    this.#trace.tell('', name, 'falls silent');
    this.server(name).isPaused = true;
  };

  resume = (name: string): void => {
    this.#trace.tell('R22', name, 'wakes');
    this.server(name).resume();
  };

  // --- clients ---------------------------------------------------------------------------------------------------

  /** Clients ask a server to send these messages. */
  ask = (name: string, ...requests: number[]): void => {
    this.#trace.tell('', name, `is asked for message ${requests.join(', ')}`);
    this.server(name).ask(...requests);
  };

  /** A client asks a server for a read that is as fresh as can be. */
  read = (name: string): void => {
    this.#reads += 1;
    this.#trace.tell('', name, `is asked for read ${this.#reads}`);
    this.server(name).give({ type: 'confirm-read', checkId: this.#reads });
  };

  // --- network ---------------------------------------------------------------------------------------------------

  /** From now on nothing passes between two servers, and neither is told. */
  cut = (a: string, b: string): void => {
    this.#trace.tell('', `${a} – ${b}`, 'are cut off from each other');
    this.#network.cut(a, b);
  };

  /** The cut is over: both connections are made anew. */
  mend = (a: string, b: string): void => {
    this.#trace.tell('', `${a} – ${b}`, 'can reach each other again');
    this.#network.mend(a, b);
  };

  /** The connection over which one sends to the other breaks, with what is under way on it, and is made anew. */
  breakConnection = (from: string, to: string): void => {
    this.#trace.tell('', `${from} → ${to}`, 'the connection breaks, with what is under way on it');
    this.#network.breakConnection(from, to);
  };

  /** From now on messages between these two stay under way, in both directions. */
  hold = (a: string, b: string): void => this.#network.hold(a, b);

  /** What is under way between these two arrives, in its order. */
  release = (a: string, b: string): void => this.#network.release(a, b);

  /** Pings and pongs, too, have lines from now on. */
  showHeartbeats = (isShown: boolean): void => {
    this.#trace.showsHeartbeats = isShown;
  };

  // --- time ------------------------------------------------------------------------------------------------------

  wait = (durationMs: number): void => {
    const untilMs = this.#clock.nowMs + durationMs;
    while (this.#clock.next(untilMs));
  };

  /** Time passes until it is so. */
  until = (isSo: () => boolean): void => {
    const untilMs = this.#clock.nowMs + LONG_MS;
    while (!isSo()) {
      if (!this.#clock.next(untilMs)) throw new Error(`it never comes to: ${isSo}\n${this.text}`);
    }
  };

  /** Time passes until everything that was sent has arrived and nobody writes. */
  deliver = (): void => {
    this.until(() => this.#network.isQuiet && [...this.#servers.values()].every(({ isSettled }) => isSettled));
  };

  /** Time passes until a server sends a message of this type. */
  untilSends = (from: string, type: PeerMessage['type']): void => {
    const before = this.#network.sentBy(from, type);
    this.until(() => this.#network.sentBy(from, type) > before);
  };
}
