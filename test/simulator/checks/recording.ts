import { readAccountBody } from '../../../shared/account-body.ts';
import type { ClientId } from '../../../shared/ids.ts';
import { nameKey } from '../../../shared/names.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { createOperation, entryAt, type Operation } from '../../state/chat-log.ts';
import type { AskedEvent } from '../client-events.ts';
import type { CheckedEvent } from './calls.ts';

type Fields = Record<string, unknown>;

/** Writes a run down by hand: what was asked, what came into the log, what was answered and told, in this order. */
export class Recording {
  readonly events: CheckedEvent[] = [];
  readonly entries: LogEntry[] = [];
  readonly #asked = new Map<number, { client: string; event: AskedEvent; ask: Fields }>();
  readonly #names = new Map<string, string>();

  /** @returns the number of the call */
  ask(client: string, event: AskedEvent, ask: Fields = {}): number {
    const call = this.#asked.size + 1;
    this.#asked.set(call, { client, event, ask });
    this.events.push({ type: 'asked', atMs: this.events.length, client, call, event, ask });
    return call;
  }

  answer(call: number, value: Fields = {}, servedAtPrimary = false): void {
    const { client } = this.#asked.get(call)!;
    const event = { type: 'answered' as const, atMs: this.events.length, client, call };
    this.events.push({ ...event, result: { ok: true, value }, ...(servedAtPrimary ? { servedAtPrimary } : {}) });
  }

  refuse(call: number, code: string, definite = true): void {
    const { client } = this.#asked.get(call)!;
    const result = { ok: false as const, error: { code, definite, message: '' } };
    this.events.push({ type: 'answered', atMs: this.events.length, client, call, result });
  }

  /** @returns its position */
  log(operation: Operation): number {
    this.entries.push(entryAt(this.entries.length + 1, operation));
    return this.entries.length;
  }

  /** Has the request of that call come into the log, as its client's, under its number. */
  logCall(call: number): number {
    const { client, event, ask } = this.#asked.get(call)!;
    const common = { client: `id of ${client}` as ClientId, request: call };
    const account = this.#accountOf(String(ask.username ?? this.#names.get(client)));
    switch (event) {
      case 'account:create':
        this.#names.set(client, String(ask.username));
        return this.log({ ...common, ...createOperation(String(ask.username)) });
      case 'session:open':
        this.#names.set(client, String(ask.username));
        return this.log({ ...common, event, account: account as never });
      case 'message:send': {
        const subject = this.#accountOf(String(ask.to));
        return this.log({
          ...common,
          event,
          account: account as never,
          subject,
          id: `m${call}`,
          body: String(ask.body),
        });
      }
      default:
        return this.log({
          ...common,
          event: event as 'message:delete',
          account: account as never,
          subject: String(ask.id),
        });
    }
  }

  /** Asked, done and answered, with nothing in between. @returns its position */
  done(client: string, event: AskedEvent, ask: Fields): number {
    const call = this.ask(client, event, ask);
    const position = this.logCall(call);
    this.answer(call, this.valueOf(call, position));
    return position;
  }

  /** What the server answers when that call became that operation. */
  valueOf(call: number, position: number): Fields {
    const { event, ask } = this.#asked.get(call)!;
    const { id, time } = this.entries[position - 1]!;
    if (event === 'message:send') return { id, position, at: time };
    if (event === 'message:delete') return { position };
    return event === 'account:create' || event === 'session:open' ? { username: ask.username } : {};
  }

  create(client: string, username: string, password = 'secret'): number {
    return this.done(client, 'account:create', { username, password });
  }

  send(client: string, to: string, body: string): number {
    return this.done(client, 'message:send', { to, body });
  }

  /** Tells a client of the operation at that position, with something else in place of what is true. */
  tell(client: string, position: number, instead: Fields = {}): void {
    const entry = this.entries[position - 1]!;
    const common = { type: 'told' as const, atMs: this.events.length, client };
    if (entry.event === 'message:delete') {
      this.events.push({ ...common, kind: 'message-deleted', value: { id: entry.subject, position, ...instead } });
    } else this.events.push({ ...common, kind: 'message', value: { ...this.shown(position), ...instead } });
  }

  /** The message at that position as clients see it. */
  shown(position: number): Fields {
    const { id, account, subject, body, time } = this.entries[position - 1]!;
    return { id, position, from: this.#nameOf(account), to: this.#nameOf(subject), body, at: time };
  }

  restart(client: string): void {
    for (const type of ['crashed', 'started'] as const) this.events.push({ type, atMs: this.events.length, client });
  }

  #nameOf(account: string): string {
    return readAccountBody(this.entries[Number(account) - 1]!).username;
  }

  #accountOf(username: string): string {
    const isIt = (entry: LogEntry) =>
      entry.event === 'account:create' && readAccountBody(entry).nameKey === nameKey(username);
    return String(this.entries.findLast(isIt)?.op ?? 0);
  }
}
