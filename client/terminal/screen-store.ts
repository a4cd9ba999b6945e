import type { Chat } from '../chat-types.ts';
import type { Answer, Calendar, Effect, ScreenInput, ScreenState } from '../screen/model.ts';
import { nextScreen, startScreen } from '../screen-state.ts';

/** Events that come faster than the screen is drawn are shown together. */
const FRAME_MS = 33;
const TICK_MS = 1000;

export interface ScreenStoreOptions {
  chat: Chat;
  calendar: Calendar;
  columns: number;
  rows: number;
  /** Milliseconds since 1970. */
  now: () => number;
  suggestedUsername?: string;
  /** The user wants to leave. */
  onQuit: () => void;
}

/** Holds the state of the screen, does what it asks for, and tells those who draw it. */
export class ScreenStore {
  readonly #options: ScreenStoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly #stopListening: () => void;
  readonly #ticker: NodeJS.Timeout;
  #state: ScreenState;
  #frame: NodeJS.Timeout | undefined;
  #stale = false;
  #received = 0;

  /** Listens to the chat from now on; the caller starts it. */
  constructor(options: ScreenStoreOptions) {
    const { chat, calendar, columns, rows, now, suggestedUsername } = options;
    this.#options = options;
    this.#state = startScreen({
      calendar,
      columns,
      rows,
      nowMs: now(),
      connection: chat.connection,
      outbox: chat.outbox,
      isNewcomer: chat.isNewcomer,
      ...(suggestedUsername === undefined ? {} : { suggestedUsername }),
    });
    this.#stopListening = chat.onEvent((event) => this.dispatch({ type: 'event', event }));
    this.#ticker = setInterval(() => this.dispatch({ type: 'tick', nowMs: now() }), TICK_MS);
  }

  get state(): ScreenState {
    return this.#state;
  }

  /** @returns ends the subscription */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Puts an input into the state and does what follows; keys are shown at once, all else with the next frame. */
  dispatch(input: ScreenInput): void {
    const nowMs = this.#options.now();
    if (input.type !== 'tick' && nowMs - this.#state.nowMs >= TICK_MS / 4) this.#take({ type: 'tick', nowMs });
    this.#take(input);
    if (input.type === 'key' || input.type === 'resize') this.#draw();
    else this.#drawSoon();
  }

  /** Ends everything but the chat itself. */
  stop(): void {
    this.#flushReceived();
    this.#stopListening();
    clearInterval(this.#ticker);
    clearTimeout(this.#frame);
    this.#listeners.clear();
  }

  #take(input: ScreenInput): void {
    // Positions from before a reload mean nothing to the servers that are there now.
    if (input.type === 'event' && input.event.type === 'reload') this.#received = 0;
    const { state, effects } = nextScreen(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #drawSoon(): void {
    this.#stale = true;
    if (this.#frame !== undefined) return;
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#frame);
    this.#frame = setTimeout(() => {
      this.#frame = undefined;
      if (this.#stale) this.#draw();
    }, FRAME_MS);
    this.#stale = false;
    this.#flushReceived();
    for (const listener of [...this.#listeners]) listener();
  }

  #flushReceived(): void {
    if (this.#received > 0) this.#options.chat.received(this.#received);
    this.#received = 0;
  }

  #perform(effect: Effect): void {
    if (effect.type === 'quit') this.#options.onQuit();
    else if (effect.type === 'received') this.#received = Math.max(this.#received, effect.position);
    else this.#ask(effect);
  }

  #ask(effect: Answer['effect']): void {
    const { chat } = this.#options;
    const answered = (answer: Answer): void => this.dispatch({ type: 'answered', answer });
    switch (effect.type) {
      case 'create-account':
        return void chat.createAccount(effect.username, effect.password).then((result) => answered({ effect, result }));
      case 'log-in':
        return void chat.logIn(effect.username, effect.password).then((result) => answered({ effect, result }));
      case 'log-out':
        return void chat.logOut().then((result) => answered({ effect, result }));
      case 'delete-account':
        return void chat.deleteAccount(effect.password).then((result) => answered({ effect, result }));
      case 'list':
        return void chat
          .listAccounts(effect.pattern || undefined, effect.after)
          .then((result) => answered({ effect, result }));
      case 'send':
        return void chat.send(effect.to, effect.body).then((result) => answered({ effect, result }));
      case 'delete-message':
        return void chat.deleteMessage(effect.id).then((result) => answered({ effect, result }));
      case 'history':
        return void chat.history(effect.ask).then((result) => answered({ effect, result }));
    }
  }
}
