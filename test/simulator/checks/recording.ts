import { readAccountBody } from '../../../shared/account-body.ts';
import type { ClientId } from '../../../shared/ids.ts';
import { nameKey } from '../../../shared/names.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { createOperation, entryAt, type Operation } from '../../state/chat-log.ts';
import type { AskedEvent, NewsKind, PositionedKind } from '../client-events.ts';
import type { CheckedEvent } from './calls.ts';
import { CLAIM_KEYS } from './claim-keys.ts';

type Fields = Record<string, unknown>;

const TOLD_AS: Partial<Record<LogEntry['event'], PositionedKind>> = {
  'message:delete': 'message-deleted',
  'message:edit': 'message-edited',
  'message:react': 'message-reacted',
  'message:unreact': 'message-reacted',
};

/** Writes a run down by hand: what was asked, what came into the log, what was answered and told, in this order. */
export class Recording {
  readonly events: CheckedEvent[] = [];
  readonly entries: LogEntry[] = [];
  readonly #asked = new Map<number, { client: string; event: AskedEvent; ask: Fields }>();
  readonly #names = new Map<string, string>();
  readonly #sessions = new Map<string, number>();

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
    const isEntering = event === 'account:create' || event === 'session:open';
    if (isEntering) this.#names.set(client, String(ask.username));
    if (event === 'account:create')
      return this.#entered(client, { ...common, ...createOperation(String(ask.username)) });
    if (event === 'document:set' || event === 'document:delete')
      return this.log({ ...common, event, subject: String(ask.key), body: String(ask.value ?? '') });
    const account = this.#accountOf(this.#names.get(client) ?? '') as never;
    if (event === 'session:open') return this.#entered(client, { ...common, event, account });
    const { id = '', subject, body } = this.#columnsOf(client, call);
    return this.log({ ...common, event: event as 'message:send', account, id, subject, body });
  }

  #entered(client: string, operation: Operation): number {
    const position = this.log(operation);
    this.#sessions.set(client, position);
    return position;
  }

  /** What the columns hold besides who asked; see the table in `shared/operations.ts`. */
  #columnsOf(client: string, call: number): { id?: string; subject: string; body: string } {
    const { event, ask } = this.#asked.get(call)!;
    const text = (field: string) => String(ask[field] ?? '');
    const [room, other] = [this.#roomOf(text('room')), this.#accountOf(text('username'))];
    switch (event) {
      case 'message:send': {
        const to = text('to').startsWith('#') ? this.#roomOf(text('to')) : this.#accountOf(text('to'));
        return { id: `m${call}`, subject: `${to} ${text('replyTo')}`.trimEnd(), body: text('body') };
      }
      case 'room:create': {
        const body = { name: text('room'), nameKey: nameKey(text('room')), topic: text('topic') };
        return { subject: '', body: JSON.stringify(body) };
      }
      case 'room:remove':
      case 'room:readmit':
        return { subject: `${room} ${other}`, body: '' };
      case 'account:block':
      case 'account:unblock':
        return { subject: other, body: '' };
      case 'session:close':
      case 'account:password': {
        const body = event === 'account:password' ? `plain ${text('newPassword')}` : '';
        return { subject: String(this.#sessions.get(client) ?? ''), body };
      }
      default: {
        const subject = event.startsWith('room:') ? room : text('id');
        return { subject, body: text('body') || text('reaction') || text('topic') || text('displayName') };
      }
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
    if (event === 'message:edit') return { position, at: time };
    if (event in CLAIM_KEYS) return { position };
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
    const { id, subject, body, time: at } = entry;
    const kind = TOLD_AS[entry.event];
    const value = { id: subject, position, ...(kind === 'message-edited' ? { body, at } : {}) };
    if (kind === 'message-reacted') {
      const reacted = { from: this.#nameOf(entry.account), reaction: body, on: entry.event === 'message:react' };
      this.events.push({ ...common, kind, value: { ...value, ...reacted, ...instead } });
    } else if (kind !== undefined && id === '') {
      this.events.push({ ...common, kind, value: { ...value, ...instead } });
    } else this.events.push({ ...common, kind: 'message', value: { ...this.shown(position), ...instead } });
  }

  /** Tells a client how a message is, for the sake of its change at that position. @param sentAt where the message is */
  tellChanged(client: string, position: number, sentAt: number, as: Fields): void {
    const value = { position, message: { ...this.shown(sentAt), ...as } };
    this.events.push({ type: 'told', atMs: this.events.length, client, kind: 'message-changed', value });
  }

  hear(client: string, kind: NewsKind, value: Fields): void {
    this.events.push({ type: 'heard', atMs: this.events.length, client, kind, value });
  }

  /** The message at that position as clients see it when nothing has become of it. */
  shown(position: number): Fields {
    const { id, account, subject, body, time } = this.entries[position - 1]!;
    const [to = '', replyTo] = subject.split(' ');
    const message = { id, position, from: this.#nameOf(account), to: this.#nameOf(to), body, at: time };
    return replyTo === undefined ? message : { ...message, replyTo };
  }

  restart(client: string): void {
    for (const type of ['crashed', 'started'] as const) this.events.push({ type, atMs: this.events.length, client });
  }

  #nameOf(end: string): string {
    const entry = this.entries[Number(end) - 1]!;
    if (entry.event === 'room:create') return (JSON.parse(entry.body) as { name: string }).name;
    return readAccountBody(entry).username;
  }

  #roomOf(name: string): string {
    const isIt = ({ event, body }: LogEntry) =>
      event === 'room:create' && (JSON.parse(body) as { nameKey: string }).nameKey === nameKey(name);
    return String(this.entries.findLast(isIt)?.op ?? 0);
  }

  #accountOf(username: string): string {
    const isIt = (entry: LogEntry) =>
      entry.event === 'account:create' && readAccountBody(entry).nameKey === nameKey(username);
    return String(this.entries.findLast(isIt)?.op ?? 0);
  }
}
