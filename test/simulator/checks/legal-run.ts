import { ChatState } from '../../../server/state/chat-state.ts';
import type { SessionId } from '../../../shared/ids.ts';
import type { EntryDraft, LogEntry } from '../../../shared/operations.ts';
import type { Random } from '../../../shared/random.ts';
import { entryAt, pageWithTexts } from '../../state/chat-log.ts';
import type { CallResult } from '../client-events.ts';
import type { CheckedEvent } from './calls.ts';
import { CLAIM_KEYS } from './claim-keys.ts';
import { answerOf } from './legal-answers.ts';
import { entering, leaving, reading, writing } from './legal-asks.ts';
import { draftOf } from './legal-drafts.ts';
import { type Asked, newClient, onAnswered, type RandomClient, refusal, type UnderWay } from './random-client.ts';

/** What the checkers are given. */
export interface RecordedRun {
  events: CheckedEvent[];
  entries: LogEntry[];
}

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
  /** Of the last operation about a document: there was one before. */
  #existed = false;

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
    else if (draw < 0.985) this.#append({ event: 'message:received', body: `${client.account ?? 0}=${client.told}` });
    else this.#noteRead(client);
  }

  #noteRead(client: RandomClient): void {
    if (client.account === undefined) return;
    const { conversations } = this.#state.conversations({ account: client.account, limit: 9 });
    if (conversations.length === 0) return;
    const { end } = this.#random.pick(conversations);
    this.#append({ event: 'conversation:read', body: `${client.account}/${end}=${client.told}` });
  }

  #ask(client: RandomClient): void {
    const random = this.#random;
    if (client.isBusy) return;
    const isOut = client.account === undefined;
    const draw = random.fraction();
    if (!isOut && draw < 0.6) {
      const { event, ask } = writing(random, this.#calls);
      this.#write(client, event, ask);
    } else if (!isOut && draw < 0.92) {
      const { event, ask } = reading(random, this.#state.position);
      this.#read(client, event, ask);
    } else {
      client.isBusy = true;
      const { event, ask } = isOut ? entering(random) : leaving(random);
      this.#write(client, event, ask);
    }
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
  #read(client: RandomClient, event: Asked['event'], ask: Record<string, unknown>): void {
    const random = this.#random;
    const asked = this.#asked(client, event, ask);
    const atPrimary = event === 'document:get' || random.chance(0.5);
    const position = atPrimary ? this.#state.position : random.between(client.seen, this.#state.position + 1);
    const account = client.account!;
    const chat = this.#stateAt(position);
    if (!chat.account(account)) return;
    const value = answerOf(chat, this.entries, account, asked);
    if (value === undefined) return;
    this.#answerLater(client, asked.call, { ok: true, value }, atPrimary, () => {
      const isNamed = event === 'message:history' || event === 'conversation:list';
      if (isNamed) client.seen = Math.max(client.seen, Number(value.position));
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
    const draft = isLost ? 'no-such-account' : this.#draftOf(client, next);
    const refused = typeof draft === 'string' ? draft : this.#state.check(draft);
    const isDone = refused === '';
    if (isDone) this.#append(draft as EntryDraft);
    else if (typeof draft === 'object' && this.#random.chance(0.3)) this.#append(draft);
    const { position } = this.#state;
    if (isDone) this.#notePassword(asked, next, position);
    if (isOpen && this.#random.chance(0.5) && asked.event === 'message:send') return;
    const result = isOpen ? refusal('request-forgotten', false) : isDone ? this.#done(asked) : refusal(refused, true);
    const account = typeof draft === 'object' && draft.account !== '' ? draft.account : String(position);
    this.#answerLater(client, asked.call, result, false, () => onAnswered(client, asked, result, account, position));
  }

  #draftOf(client: RandomClient, { asked, account }: UnderWay): EntryDraft | string {
    const needsNone = ['account:create', 'session:open', 'document:set', 'document:delete'].includes(asked.event);
    const asker = { client: client.id, request: ++client.request, account, session: client.session };
    const logIn = this.entries[Number(client.session) - 1];
    const isOpen =
      logIn &&
      this.#state.accountOfLogIn({ session: client.session as SessionId, openedAt: logIn.time })?.id === account;
    return needsNone || isOpen
      ? draftOf({ state: this.#state, passwords: this.#passwords }, asked, asker)
      : 'not-logged-in';
  }

  #notePassword({ event, ask }: Asked, { account }: UnderWay, position: number): void {
    if (event === 'account:create') this.#passwords.set(String(position), String(ask.password));
    if (event === 'account:password') this.#passwords.set(account, String(ask.newPassword));
  }

  #done({ event, ask }: Asked): CallResult {
    const entry = this.entries[this.entries.length - 1]!;
    switch (event) {
      case 'message:send':
        return { ok: true, value: { id: entry.id, position: entry.op, at: entry.time } };
      case 'message:edit':
        return { ok: true, value: { position: entry.op, at: entry.time } };
      case 'account:create':
      case 'session:open': {
        const position = this.#random.chance(0.5) ? { position: entry.op } : {};
        return { ok: true, value: { username: ask.username, ...position } };
      }
      case 'document:set':
        return { ok: true, value: { created: !this.#existed, replicas: 1, position: entry.op } };
      case 'document:delete':
        return { ok: true, value: { deleted: this.#existed, replicas: 1, position: entry.op } };
      default:
        return { ok: true, value: event in CLAIM_KEYS ? { position: entry.op } : {} };
    }
  }

  #append(draft: Partial<EntryDraft> & Pick<EntryDraft, 'event'>): void {
    const entry = entryAt(this.entries.length + 1, draft);
    this.entries.push(entry);
    this.#existed = this.#state.apply(entry).outcome.existed === true;
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
    const { messages, deletions, changes } = pageWithTexts(this.#state, this.entries, ask);
    const items = [
      ...messages.map((message) => ({ kind: 'message' as const, value: { ...message } })),
      ...deletions.map((deletion) => ({ kind: 'message-deleted' as const, value: { ...deletion } })),
      ...changes.map((change) => ({ kind: 'message-changed' as const, value: { ...change } })),
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
