import type { PeerMessage } from '../../../server/replication/messages.ts';
import { detailsOf, ruleOf } from './wording.ts';

const TYPE_WIDTH = 'start-view-change'.length + 2;
/** Always of the same content while nothing happens. */
const HEARTBEATS: ReadonlySet<string> = new Set(['ping', 'pong', 'gossip']);
/** Repeated until something new is to be said. */
const REPEATED: ReadonlySet<string> = new Set(['commit', 'join-me', 'log-chunk']);

/** A message on its way, as the trace knows it. */
export interface Told {
  readonly from: string;
  readonly to: string;
  readonly message: PeerMessage;
  /** It has its line already. */
  readonly isShown: boolean;
}

/**
 * The lines of a conversation, in columns: rule, time, who, what. Heartbeats and what is only said again have no line of
 * their own, unless somebody does something because of them.
 */
export class Trace {
  isOn = false;
  showsHeartbeats = false;
  readonly #lines: string[] = [];
  readonly #now: () => number;
  readonly #saidLast = new Map<string, string>();
  readonly #askedLast = new Map<string, string>();
  /** A line that is written only if another one follows from it. */
  #cause: string | null = null;

  /** @param now the time in the first column, milliseconds since the conversation began */
  constructor(now: () => number) {
    this.#now = now;
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  /** A sentence of the narrator. */
  say(sentence: string): void {
    if (this.isOn) this.#lines.push('', `# ${sentence}`);
  }

  /** What one server does, or what happens to it. */
  tell(rule: string, who: string, what: string): void {
    if (!this.isOn) return;
    if (this.#cause !== null) this.#lines.push(this.#cause);
    this.#cause = null;
    this.#lines.push(this.#line(rule, who, what));
  }

  /** A message leaves; `fate` is empty, or tells what becomes of it. */
  send(from: string, to: string, message: PeerMessage, fate: string): Told {
    const details = detailsOf(message);
    const key = `${from}${to}${message.type}`;
    const isRepeated = REPEATED.has(message.type) && this.#saidLast.get(key) === details;
    this.#saidLast.set(key, details);
    if (message.type === 'join-me' || message.type === 'fetch-log') this.#askedLast.set(from + to, message.type);
    const isShown = this.showsHeartbeats || !(HEARTBEATS.has(message.type) || isRepeated);
    const rule = this.#ruleOf(from, to, message);
    const what = `${this.#said(message)}${fate}`;
    // Whoever wakes answers many pings at once.
    const isAgain = HEARTBEATS.has(message.type) && this.#lines.includes(this.#line(rule, `${from} → ${to}`, what));
    if (isShown && !isAgain) this.tell(rule, `${from} → ${to}`, what);
    return { from, to, message, isShown };
  }

  /** A message arrives: if it had no line, it gets one as soon as something comes of it, which `act` does. */
  receive({ from, to, message, isShown }: Told, act: () => void): void {
    if (!isShown) this.#cause = this.#line(this.#ruleOf(from, to, message), `${from} → ${to}`, this.#said(message));
    act();
    this.#cause = null;
  }

  /** A message that had been under way for long gets a second line. */
  arriveLate({ from, to, message, isShown }: Told): void {
    const rule = this.#ruleOf(from, to, message);
    if (isShown) this.tell(rule, `${from} → ${to}`, `${this.#said(message)}  (arrives)`);
  }

  #ruleOf(from: string, to: string, message: PeerMessage): string {
    return ruleOf(message, this.#askedLast.get(to + from));
  }

  #said(message: PeerMessage): string {
    return message.type.padEnd(TYPE_WIDTH) + detailsOf(message);
  }

  #line(rule: string, who: string, what: string): string {
    return `${rule.padEnd(4)}${String(this.#now()).padStart(7)}  ${who.padEnd(5)}  ${what}`.trimEnd();
  }
}
