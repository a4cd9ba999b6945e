import type { Input, PeerMessage } from '../../server/replication/messages.ts';
import { type Incarnation, incarnationKey } from '../../shared/views.ts';
import { nonceOf } from '../support/replication-fixtures.ts';
import { canonical } from './clone.ts';

/** What can be done to one server: an input of the core, or an edit of what it remembers followed by one. */
export type ServerInput =
  | { type: 'core'; input: Input }
  /** The passing of time, with these members silent, gives it a reason to ask for another view. */
  | { type: 'ask'; silent: readonly Incarnation[]; attempt: number }
  /** R14: it asks the primary for what follows its log. */
  | { type: 'follow' }
  | { type: 'end-grants'; to: readonly Incarnation[] }
  | { type: 'end-leases'; of: Incarnation }
  | { type: 'crash' }
  /** The next life; the last so many rows of its log are lost. */
  | { type: 'restart'; lostRows: number }
  | { type: 'sync' }
  /** R11, as the first act of the explored cluster: the base is as if just installed. */
  | { type: 'begin' };

/** A message under way from one life to another, over a connection between these two. */
export interface Mail {
  readonly number: number;
  readonly from: Incarnation;
  readonly to: Incarnation;
  readonly message: PeerMessage;
  /** The input with which it arrives. */
  readonly input: number;
}

/** Numbers inputs and messages, equal ones alike. */
export class Inputs {
  readonly all: ServerInput[] = [];
  readonly mails: Mail[] = [];
  readonly #inputs = new Map<string, number>();
  readonly #mails = new Map<string, Mail>();
  readonly #named = new Map<string, number>();
  readonly #ofServers: Record<'hello' | 'link-up' | 'news', number[]> = { hello: [], 'link-up': [], news: [] };

  intern(input: ServerInput): number {
    const text = canonical(input);
    const known = this.#inputs.get(text);
    if (known !== undefined) return known;
    const number = this.all.push(input) - 1;
    this.#inputs.set(text, number);
    return number;
  }

  core(input: Input): number {
    return this.intern({ type: 'core', input });
  }

  arrival(from: Incarnation, message: PeerMessage): number {
    return this.core({ type: 'message', from, nonce: nonceOf(from), message });
  }

  /** The number of an input that belongs to a server as it is; made once. */
  ofServer(server: { number: number }, what: 'hello' | 'link-up' | 'news', make: () => Input): number {
    const known = this.#ofServers[what][server.number];
    if (known !== undefined) return known;
    const number = this.core(make());
    this.#ofServers[what][server.number] = number;
    return number;
  }

  /** The number of an input with such a name; the same name always stands for the same input. */
  named(name: string, make: () => ServerInput): number {
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    const number = this.intern(make());
    this.#named.set(name, number);
    return number;
  }

  mail(from: Incarnation, to: Incarnation, message: PeerMessage): Mail {
    const text = `${incarnationKey(from)}>${incarnationKey(to)} ${canonical(message)}`;
    const known = this.#mails.get(text);
    if (known) return known;
    const mail: Mail = { number: this.mails.length, from, to, message, input: this.arrival(from, message) };
    this.mails.push(mail);
    this.#mails.set(text, mail);
    return mail;
  }
}
