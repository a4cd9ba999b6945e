import { ChatState } from '../../../server/state/chat-state.ts';
import type { SessionId } from '../../../shared/ids.ts';
import type { EntryDraft, LogEntry } from '../../../shared/operations.ts';
import type { Random } from '../../../shared/random.ts';
import { createOperation, entryAt, pageWithTexts } from '../../state/chat-log.ts';
import type { CallResult } from '../client-events.ts';
import type { CheckedEvent } from './calls.ts';
import { type Asked, newClient, onAnswered, type RandomClient, refusal, type UnderWay } from './random-client.ts';

/** What the checkers are given. */
export interface RecordedRun {
  events: CheckedEvent[];
  entries: LogEntry[];
}

const NAMES = ['ana', 'Bo', 'cy'];
const PASSWORDS = ['right horse', 'wrong horse'];

/**
 * Plays clients whose requests overlap against one chat that does each at one moment: everything that comes of it is legal.
 * The chat is the program's own (`server/state`), the checkers' idea of it is their own: so each is held against the other.
 */
export class LegalRun implements RecordedRun {
  readonly events: CheckedEvent[] = [];
  readonly entries: LogEntry[] = [];
  readonly #random: Random;
  readonly #clients: RandomClient[];
  readonly #state = new ChatState();
  readonly #passwords = new Map<string, string>();
  #answers: { client: RandomClient; call: number; result: CallResult; atPrimary: boolean; then: () => void }[] = [];
  #nowMs = 0;
  #calls = 0;

  constructor(random: Random, size: number) {
    this.#random = random;
    this.#clients = Array.from({ length: random.between(1, 5) }, (_, number) => newClient(`client-${number}`));
    for (let step = 0; step < size; step++) this.#act();
  }

  #act(): void {
    const random = this.#random;
    if (random.chance(0.8)) this.#nowMs += random.fraction();
    const client = random.pick(this.#clients);
    const draw = random.fraction();
    if (draw < 0.4) this.#ask(client);
    else if (draw < 0.62) this.#reachLog(client);
    else if (draw < 0.82) this.#answer();
    else if (draw < 0.95) this.#tell(client);
    else if (draw < 0.97) this.#restart(client);
    else this.#append({ event: 'message:received', body: `${client.account ?? 0}=${client.told}` });
  }

  #ask(client: RandomClient): void {
    const random = this.#random;
    if (client.isBusy) return;
    const name = random.pick(NAMES);
    if (client.account === undefined) {
      client.isBusy = true;
      const event = random.chance(0.5) ? 'account:create' : 'session:open';
      this.#write(client, event, { username: name, password: PASSWORDS[random.chance(0.8) ? 0 : 1] });
      return;
    }
    const draw = random.fraction();
    if (draw < 0.55) this.#write(client, 'message:send', { to: name, body: `text ${this.#calls + 1}` });
    else if (draw < 0.65) this.#write(client, 'message:delete', { id: `m${random.between(1, this.#calls + 2)}` });
    else if (draw < 0.85) this.#read(client, 'message:history', this.#page());
    else if (draw < 0.93)
      this.#read(client, 'account:list', random.chance(0.5) ? {} : { pattern: '*[a-b]?', limit: 1 });
    else {
      client.isBusy = true;
      this.#write(client, random.chance(0.5) ? 'session:close' : 'account:delete', { password: PASSWORDS[0] });
    }
  }

  #page(): Record<string, unknown> {
    const random = this.#random;
    const position = random.between(0, this.#state.position + 1);
    const bound = random.pick([{ after: position }, { after: 0 }, { before: position }, {}]);
    const other = random.chance(0.3) ? { with: random.pick(NAMES) } : {};
    return { ...bound, ...other, ...(random.chance(0.7) ? { limit: random.between(1, 6) } : {}) };
  }

  #write(client: RandomClient, event: Asked['event'], ask: Record<string, unknown>): void {
    client.underWay.push({ asked: this.#asked(client, event, ask), account: client.account ?? '' });
  }

  #asked(client: RandomClient, event: Asked['event'], ask: Record<string, unknown>): Asked {
    const call = ++this.#calls;
    const as =
      client.account === undefined ? {} : { account: this.#state.account(client.account)?.username ?? client.toldAs };
    const asked: Asked = { type: 'asked', atMs: this.#nowMs, client: client.name, call, event, ask: { ...as, ...ask } };
    this.events.push(asked);
    return asked;
  }

  /** Answered by the primary, or by a server that has applied less. */
  #read(client: RandomClient, event: 'message:history' | 'account:list', ask: Record<string, unknown>): void {
    const random = this.#random;
    const { call } = this.#asked(client, event, ask);
    const atPrimary = random.chance(0.5);
    const position = atPrimary ? this.#state.position : random.between(client.seen, this.#state.position + 1);
    const account = client.account!;
    const chat = this.#stateAt(position);
    if (!chat.account(account)) return;
    const { limit = 100, after, before, pattern, with: name } = ask as Record<string, number & string>;
    const other = name === undefined ? undefined : chat.accountByName(name)?.id;
    if (name !== undefined && other === undefined) return;
    const value =
      event === 'account:list'
        ? chat.listAccounts({ pattern, limit })
        : pageWithTexts(chat, this.entries, { account, after, before, with: other, limit });
    this.#answerLater(client, call, { ok: true, value: { ...value } }, atPrimary, () => {
      if ('position' in value) client.seen = Math.max(client.seen, value.position);
    });
  }

  #stateAt(position: number): ChatState {
    const state = new ChatState();
    for (const entry of this.entries.slice(0, position)) state.apply(entry);
    return state;
  }

  /** The request that the client asked first takes effect now, or is refused. */
  #reachLog(client: RandomClient): void {
    const next = client.underWay.shift();
    if (!next) return;
    const { asked } = next;
    const isOpen = this.#random.chance(0.1);
    const isLost = isOpen && this.#random.chance(0.5);
    const draft = isLost ? undefined : this.#draftOf(client, next);
    const refused =
      draft === undefined ? 'no-such-account' : typeof draft === 'string' ? draft : this.#state.check(draft);
    const isDone = refused === '';
    if (isDone) this.#append(draft as EntryDraft);
    else if (typeof draft === 'object' && this.#random.chance(0.3)) this.#append(draft);
    const { position } = this.#state;
    if (isDone && asked.event === 'account:create') this.#passwords.set(String(position), String(asked.ask.password));
    if (isOpen && this.#random.chance(0.5) && asked.event === 'message:send') return;
    const result = isOpen ? refusal('request-forgotten', false) : isDone ? this.#done(asked) : refusal(refused, true);
    const account = draft && typeof draft === 'object' && draft.account !== '' ? draft.account : String(position);
    this.#answerLater(client, asked.call, result, false, () => onAnswered(client, asked, result, account, position));
  }

  #draftOf(client: RandomClient, { asked, account }: UnderWay): EntryDraft | string | undefined {
    const { event, ask, call } = asked;
    const common = { client: client.id, request: ++client.request, asked: '', id: '', subject: '', body: '' };
    const username = String(ask.username);
    switch (event) {
      case 'account:create':
        return { ...common, ...createOperation(username), event, account: '' };
      case 'session:open': {
        const found = this.#state.accountByName(username);
        if (!found || this.#passwords.get(found.id) !== ask.password) return 'wrong-password';
        return { ...common, event, account: found.id };
      }
      case 'message:send': {
        const to = this.#state.accountByName(String(ask.to));
        return to && { ...common, event, account, id: `m${call}`, subject: to.id, body: String(ask.body) };
      }
      case 'message:delete':
        return { ...common, event, account, subject: String(ask.id) };
      case 'account:delete':
        return this.#passwords.get(account) === ask.password ? { ...common, event, account } : 'wrong-password';
      default:
        return { ...common, event: 'session:close', account, subject: this.#sessionOf(account) };
    }
  }

  #sessionOf(account: string): string {
    const opened = (entry: LogEntry) => entry.event === 'session:open' && entry.account === account;
    const open = this.entries.filter((entry) => opened(entry) || String(entry.op) === account);
    return String(
      open.find(({ op, time }) => this.#state.accountOfLogIn({ session: String(op) as SessionId, openedAt: time }))
        ?.op ?? 0,
    );
  }

  #done({ event, ask }: Asked): CallResult {
    const entry = this.entries[this.entries.length - 1]!;
    switch (event) {
      case 'message:send':
        return { ok: true, value: { id: entry.id, position: entry.op, at: entry.time } };
      case 'message:delete':
        return { ok: true, value: { position: entry.op } };
      case 'account:create':
      case 'session:open': {
        const position = this.#random.chance(0.5) ? { position: entry.op } : {};
        return { ok: true, value: { username: ask.username, ...position } };
      }
      default:
        return { ok: true, value: {} };
    }
  }

  #append(draft: Partial<EntryDraft> & Pick<EntryDraft, 'event'>): void {
    const entry = entryAt(this.entries.length + 1, draft);
    this.entries.push(entry);
    this.#state.apply(entry);
  }

  #answerLater(client: RandomClient, call: number, result: CallResult, atPrimary: boolean, then: () => void): void {
    this.#answers.push({ client, call, result, atPrimary, then });
  }

  #answer(): void {
    if (this.#answers.length === 0) return;
    const [answer] = this.#answers.splice(this.#random.between(0, this.#answers.length), 1);
    const { client, call, result, atPrimary, then } = answer!;
    const event: CheckedEvent = { type: 'answered', atMs: this.#nowMs, client: client.name, call, result };
    this.events.push(atPrimary ? { ...event, servedAtPrimary: true } : event);
    then();
  }

  /** Some of what is new for the client. */
  #tell(client: RandomClient): void {
    const { account } = client;
    if (account === undefined || client.isBusy || !this.#state.account(account)) return;
    const ask = { account, after: client.told, limit: 500 };
    const { messages, deletions } = pageWithTexts(this.#state, this.entries, ask);
    const items = [
      ...messages.map((message) => ({ kind: 'message' as const, value: { ...message } })),
      ...deletions.map((deletion) => ({ kind: 'message-deleted' as const, value: { ...deletion } })),
    ].sort((a, b) => a.value.position - b.value.position);
    for (const item of items.slice(0, this.#random.between(0, items.length + 1))) {
      this.events.push({ type: 'told', atMs: this.#nowMs, client: client.name, ...item });
      client.told = item.value.position;
      client.seen = Math.max(client.seen, client.told);
    }
  }

  #restart(client: RandomClient): void {
    this.events.push({ type: 'crashed', atMs: this.#nowMs, client: client.name });
    this.events.push({ type: 'started', atMs: this.#nowMs, client: client.name });
    this.#answers = this.#answers.filter((answer) => answer.client !== client);
    // What was sent before may still arrive, before anything of the new run.
    client.underWay = this.#random.chance(0.5)
      ? []
      : client.underWay.filter(({ asked }) => asked.event === 'message:send');
    if (client.isBusy) client.account = undefined;
    client.isBusy = false;
    client.seen = 0;
    client.told = this.#random.between(0, client.told + 1);
  }
}
