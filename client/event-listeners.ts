import type { ChatEvent } from './chat-types.ts';

/** The names that {@link ChatEvent}s have: `message`, `connection`, `moved`, … */
export type ChatEventName = ChatEvent['type'];

/** What a listener for events of that name is called with. */
export type ChatEventNamed<N extends ChatEventName> = Extract<ChatEvent, { type: N }>;

/** Called with each event of the name that it listens to. What it throws ends up where uncaught errors do, and hinders nobody else. */
export type ChatEventListener<N extends ChatEventName> = (event: ChatEventNamed<N>) => void;

interface Entry {
  listener: (event: never) => void;
  once: boolean;
}

/** Who listens to which event, in the order in which they came. */
export class EventListeners {
  readonly #entries = new Map<ChatEventName, Entry[]>();

  add<N extends ChatEventName>(name: N, listener: ChatEventListener<N>, once: boolean): void {
    this.#entries.set(name, [...(this.#entries.get(name) ?? []), { listener, once }]);
  }

  /** Takes away the one that was added last; without a listener all of that name. */
  remove<N extends ChatEventName>(name: N, listener?: ChatEventListener<N>): void {
    const added = this.#entries.get(name)?.findLast((entry) => entry.listener === listener);
    this.#keep(name, (entry) => listener !== undefined && entry !== added);
  }

  dispatch(event: ChatEvent): void {
    for (const entry of this.#entries.get(event.type) ?? []) {
      if (entry.once) this.#keep(event.type, (other) => other !== entry);
      try {
        entry.listener(event as never);
      } catch (failure) {
        // The library is in the midst of something that a mistake in its user's code must not leave half done.
        queueMicrotask(() => {
          throw failure;
        });
      }
    }
  }

  #keep(name: ChatEventName, isKept: (entry: Entry) => boolean): void {
    this.#entries.set(name, (this.#entries.get(name) ?? []).filter(isKept));
  }
}
