import type { Clock } from './clock.ts';
import type { ClientStore } from './store.ts';

/** How long positions are gathered before the server is told the highest. */
const GATHER_MS = 200;

/** Tells the server, now and then, up to where everything has reached its reader. */
export class Receipts {
  readonly #store: ClientStore;
  readonly #clock: Clock;
  readonly #tell: (position: number, answer: (done: boolean) => void) => void;
  #toldServer = 0;
  #ready = false;
  #underWay = false;
  #cancelTimer: (() => void) | undefined;

  constructor(store: ClientStore, clock: Clock, tell: (position: number, answer: (done: boolean) => void) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#tell = tell;
  }

  note(position: number): void {
    if (position <= this.#store.received) return;
    this.#store.saveReceived(position);
    this.#schedule();
  }

  /** Logged in at the primary, which knows of this position. */
  onReady(received: number): void {
    this.#toldServer = received;
    this.#ready = true;
    this.#schedule();
  }

  /** Nobody is logged in. */
  onLoggedOut(): void {
    this.#ready = false;
  }

  close(): void {
    this.#ready = false;
    this.#cancelTimer?.();
  }

  #schedule(): void {
    if (this.#cancelTimer || !this.#ready || this.#store.received <= this.#toldServer) return;
    this.#cancelTimer = this.#clock.after(GATHER_MS, () => {
      this.#cancelTimer = undefined;
      this.#send();
    });
  }

  #send(): void {
    const position = this.#store.received;
    if (this.#underWay || !this.#ready || position <= this.#toldServer) return;
    this.#underWay = true;
    this.#tell(position, (done) => {
      this.#underWay = false;
      // Never refused but for want of a log-in; then the next one brings it.
      if (done) this.#toldServer = Math.max(this.#toldServer, position);
      else this.#ready = false;
      this.#schedule();
    });
  }
}
