import type { ChatEvent, OutboxMessage } from '../../client/chat-types.ts';
import { draftOf } from '../../client/screen/conversations.ts';
import type { Answer, Effect } from '../../client/screen/effects.ts';
import type { Calendar, Key, ScreenInput, ScreenState } from '../../client/screen/model.ts';
import { type Line, lineWidth } from '../../client/screen/spans.ts';
import { chatView } from '../../client/screen/view-chat.ts';
import { formView } from '../../client/screen/view-form.ts';
import { nextScreen, startScreen } from '../../client/screen-state.ts';
import type { Conversation, Message } from '../../shared/api.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';
import { connectedTo } from './fake-chat.ts';

const ANSWERED: ReadonlySet<string> = new Set([
  'request',
  'accounts',
  'rooms',
  'members',
  'settings',
  'quoted',
  'search',
]);
const START_MS = Date.UTC(2025, 10, 21, 12, 0);
const DAY_MS = 24 * 3600 * 1000;

/** Days and times in UTC. */
export const utcCalendar: Calendar = {
  day: (atMs) => new Date(Math.floor(atMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10),
  shortDay: (atMs) => new Date(atMs).toISOString().slice(2, 10),
  time: (atMs) => new Date(atMs).toISOString().slice(11, 16),
  exactTime: (atMs) => new Date(atMs).toISOString().slice(11, 19),
};

/** Drives the reducer without a terminal: keys and events in, effects kept, the outbox played by hand. */
export class ScreenDriver {
  state: ScreenState;
  readonly effects: Effect[] = [];
  outbox: OutboxMessage[] = [];
  /** Handed over by the screen, and not in the outbox yet. */
  readonly handed: { to: string; body: string }[] = [];
  position = 0;
  #request = 0;
  #onStep: (before: ScreenState, input: ScreenInput, after: ScreenState) => void;

  constructor(onStep: (before: ScreenState, input: ScreenInput, after: ScreenState) => void = () => {}) {
    this.#onStep = onStep;
    this.state = startScreen({
      calendar: utcCalendar,
      columns: 80,
      rows: 24,
      nowMs: START_MS,
      connection: connectedTo(),
    });
  }

  input(input: ScreenInput): void {
    const before = this.state;
    const { state, effects } = nextScreen(before, input);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) if (effect.type === 'send') this.handed.push({ to: effect.to, body: effect.body });
    this.#onStep(before, input, state);
  }

  event(event: ChatEvent): void {
    this.input({ type: 'event', event });
  }

  key(name: string): void {
    this.input({ type: 'key', key: { type: 'named', name } });
  }

  type(text: string): void {
    const key: Key = { type: 'text', text };
    this.input({ type: 'key', key });
  }

  /** Logged in, with an empty history. */
  enter(username = 'ana'): void {
    this.event({ type: 'logged-in', username });
    this.list();
    this.answerHistory();
  }

  /** The servers tell all conversations. */
  list(...conversations: Conversation[]): void {
    this.event({ type: 'conversations', conversations });
  }

  paste(text: string): void {
    this.input({ type: 'key', key: { type: 'paste', text } });
  }

  /** Answers what was asked of the history last with an empty page. */
  answerHistory(): void {
    const effect = this.effects.findLast((one) => one.type === 'history');
    if (!effect) return;
    const value = { messages: [], deletions: [], changes: [], position: this.position, more: false };
    this.input({ type: 'answered', answer: { effect, result: success(value) } });
  }

  /** Answers what was asked last of all that can be answered; `text` is put into whatever the answer tells. */
  answer(ok: boolean, text: string): void {
    const effect = this.effects.findLast((one) => ANSWERED.has(one.type)) as Answer['effect'] | undefined;
    if (!effect) return;
    const page = { messages: [], deletions: [], changes: [], position: this.position, more: false };
    const message = { id: 'm0', position: 1, from: text, to: 'ana', body: text, at: START_MS };
    const room = { name: `#${text}`, topic: text, owner: text, members: 2 };
    const account = { username: text, displayName: text, online: true };
    const value = {
      ...{ ...message, ...page, messages: [message] },
      ...{ accounts: [account], rooms: [room], members: [account], blocked: [text], username: 'ana', sessions: 1 },
    };
    const result = ok ? success(value) : refusal('forbidden', `Refused: ${text}`);
    this.input({ type: 'answered', answer: { effect, result } as Answer });
  }

  deliver(from: string, to: string, body: string, replayed = false, more: Partial<Message> = {}): void {
    this.position += 1;
    const at = START_MS + this.position * 1000;
    const message = { id: `m${this.position}`, position: this.position, from, to, body, at, ...more };
    this.event({ type: 'message', message, replayed });
  }

  remove(id: string): void {
    this.position += 1;
    this.event({ type: 'message-deleted', id, position: this.position });
  }

  /** What was handed over first is now in the outbox. */
  land(): void {
    const next = this.handed.shift();
    if (!next) return;
    this.#request += 1;
    this.outbox = [...this.outbox, { request: this.#request, ...next, typedAt: START_MS + this.#request }];
    this.event({ type: 'outbox', waiting: this.outbox });
  }

  /** The first message of the outbox is acknowledged. */
  acknowledge(): void {
    const [first, ...rest] = this.outbox;
    if (!first) return;
    this.outbox = rest;
    this.event({ type: 'outbox', waiting: rest });
    this.deliver(this.state.owner, first.to, first.body);
  }

  /** The first message of the outbox is refused for good. */
  refuse(reason = 'There is no such account.'): void {
    const [first, ...rest] = this.outbox;
    if (!first) return;
    this.outbox = rest;
    this.event({ type: 'send-failed', message: first, code: 'no-such-account', reason });
    this.event({ type: 'outbox', waiting: rest });
  }

  /** What was handed over first is refused before it was kept. */
  refuseHanded(): void {
    const next = this.handed.shift();
    const effect = this.effects.findLast(
      (one) => one.type === 'send' && one.to === next?.to && one.body === next?.body,
    );
    if (effect?.type !== 'send') return;
    const result: Result<never> = refusal('too-large', 'The message has 20000 bytes; at most 16384 are possible.');
    this.input({ type: 'answered', answer: { effect, result } });
  }

  get composer(): string {
    return draftOf(this.state).text;
  }

  get lines(): readonly Line[] {
    return screenLines(this.state);
  }

  /** Everything on the screen, row by row. */
  get text(): string {
    return this.lines.map((line) => line.map((span) => span.text).join('')).join('\n');
  }
}

/** All rows of the screen as the terminal gets them, the list and the messages side by side. */
export function screenLines(state: ScreenState): readonly Line[] {
  if (state.username === '') return formView(state);
  const view = chatView(state);
  const rule: Line[] = view.layout.hasHeaderRule ? [[]] : [];
  const divider = { text: view.list.length > 0 ? ' │ ' : ' ', look: 'dim' as const };
  const body = view.body.map((line, row) => {
    const main = [...(view.list[row] ?? []), divider, ...line];
    const member = view.members[row];
    if (!member) return main;
    const gap = view.layout.listWidth + 3 + view.layout.paneWidth - lineWidth(main);
    return [
      ...main,
      { text: ' '.repeat(Math.max(0, gap)), look: 'plain' as const },
      { text: '│', look: 'dim' as const },
      ...member,
    ];
  });
  return [view.header, ...rule, ...body, view.rule, ...view.composer, ...view.banner, view.status];
}
