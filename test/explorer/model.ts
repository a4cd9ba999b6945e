import type { Histories, History } from './history.ts';
import type { Inputs, Mail } from './inputs.ts';
import type { Server, Servers } from './servers.ts';
import type { Steps } from './steps.ts';

/** How far a search goes. */
export interface Bounds {
  readonly replicas: number;
  readonly witnesses: number;
  /** View changes begun. */
  readonly numbers: number;
  readonly operations: number;
  readonly crashes: number;
  readonly restarts: number;
  /** Restarts that find the last row of the log gone. */
  readonly losses: number;
}

/** What probes are answered with: by the voters as they are at that moment, or yes by all, whatever they would say. */
export type Probes = 'asked' | 'granted';

/** The tables that all states of a search share. */
export interface Model {
  readonly names: readonly string[];
  readonly bounds: Bounds;
  readonly probes: Probes;
  /** A primary may be followed by somebody who has not heard yet that its view is installed. */
  readonly lateNews: boolean;
  readonly servers: Servers;
  readonly inputs: Inputs;
  readonly steps: Steps;
  readonly histories: Histories;
  readonly nets: Nets;
}

/** A set of messages under way. */
export interface Net {
  readonly number: number;
  readonly mails: readonly Mail[];
}

/** Gives equal sets one object. A message is there or not: the same one sent twice is one that may arrive. */
export class Nets {
  readonly all: Net[] = [];
  readonly #byText = new Map<string, Net>();

  intern(mails: Iterable<Mail>): Net {
    const sorted = [...mails].sort((a, b) => a.number - b.number);
    const text = sorted.map(({ number }) => number).join();
    const known = this.#byText.get(text);
    if (known) return known;
    const net = { number: this.all.length, mails: sorted };
    this.all.push(net);
    this.#byText.set(text, net);
    return net;
  }
}

/** One state of the whole: every server, what is under way, and what happened. */
export interface World {
  readonly servers: readonly Server[];
  readonly net: Net;
  readonly history: History;
}

/** As integers: equal worlds have equal ones. */
export function encode({ servers, net, history }: World, into: Int32Array): void {
  let at = 0;
  for (const { number } of servers) into[at++] = number;
  into[at++] = net.number;
  into[at] = history.number;
}

export function decode(model: Model, from: Int32Array, offset: number): World {
  const count = model.names.length;
  const servers: Server[] = [];
  for (let index = 0; index < count; index++) servers.push(model.servers.all[from[offset + index]!]!);
  return {
    servers,
    net: model.nets.all[from[offset + count]!]!,
    history: model.histories.all[from[offset + count + 1]!]!,
  };
}
