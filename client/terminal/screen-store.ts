import type { Chat } from '../chat-types.ts';
import type { Effect } from '../screen/effects.ts';
import type { Calendar, ScreenInput, ScreenState } from '../screen/model.ts';
import type { ScreenSettings } from '../screen/screen-settings.ts';
import { nextScreen, startScreen } from '../screen-state.ts';
import { askChat, tellChat } from './ask-chat.ts';
import type { ClusterControl } from './cluster-control.ts';

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
  settings?: ScreenSettings;
  control?: ClusterControl;
  /** Something came that the user wants to be called for; at most once for what is drawn together. */
  onRing?: () => void;
  /** The names of the conversations that never ring have changed. */
  onMuted?: (names: readonly string[]) => void;
  /** The user wants to leave. */
  onQuit: () => void;
}

/** Holds the state of the screen, does what it asks for, and tells those who draw it. */
export class ScreenStore {
  readonly #options: ScreenStoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly #stopListening: () => void;
  readonly #stopWatching: () => void;
  readonly #ticker: NodeJS.Timeout;
  #state: ScreenState;
  #frame: NodeJS.Timeout | undefined;
  #stale = false;
  #received = 0;
  #rings = false;

  /** Listens to the chat from now on; the caller starts it. */
  constructor(options: ScreenStoreOptions) {
    const { chat, calendar, columns, rows, now, suggestedUsername, settings, control } = options;
    this.#options = options;
    this.#state = startScreen({
      calendar,
      columns,
      rows,
      nowMs: now(),
      connection: chat.connection,
      outbox: chat.outbox,
      isNewcomer: chat.isNewcomer,
      localServers: control?.servers ?? null,
      ...(suggestedUsername === undefined ? {} : { suggestedUsername }),
      ...(settings === undefined ? {} : { settings }),
    });
    const onServers = (): void => this.dispatch({ type: 'local-servers', servers: control?.servers ?? [] });
    this.#stopWatching = control?.onChange(onServers) ?? (() => {});
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
    this.#stopWatching();
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
    if (this.#rings) this.#options.onRing?.();
    this.#rings = false;
    for (const listener of [...this.#listeners]) listener();
  }

  #flushReceived(): void {
    if (this.#received > 0) this.#options.chat.received(this.#received);
    this.#received = 0;
  }

  #perform(effect: Effect): void {
    const { chat, control, onQuit } = this.#options;
    switch (effect.type) {
      case 'quit':
        onQuit();
        return;
      case 'received':
        this.#received = Math.max(this.#received, effect.position);
        return;
      case 'ring':
        this.#rings = true;
        return;
      case 'keep-muted':
        this.#keepMuted(effect.names);
        return;
      case 'read':
      case 'typing':
        tellChat(chat, effect);
        return;
      default:
        void askChat(chat, control, effect).then((answer) => this.dispatch({ type: 'answered', answer }));
    }
  }

  #keepMuted(names: readonly string[]): void {
    try {
      this.#options.onMuted?.(names);
    } catch (failure) {
      const text = `That is not kept for the next start: ${(failure as Error).message}`;
      this.dispatch({ type: 'event', event: { type: 'notice', text } });
    }
  }
}
