import type { Message } from '../shared/api.ts';
import type { ClientId } from '../shared/ids.ts';
import { nameKey } from '../shared/names.ts';
import type { ClientStore, ReadMark, StoredCluster, StoredMessage, StoredSession, ToldEvent } from './store.ts';
import { applyTold, positionOf } from './told.ts';

/** A store that lives as long as the process: for tests, simulation, and programs that keep nothing. */
export function memoryStore(clientId: ClientId): ClientStore {
  return new MemoryStore(clientId);
}

class MemoryStore implements ClientStore {
  clientId: ClientId;
  known = false;
  spread = false;
  session: StoredSession | undefined;
  cluster: StoredCluster | undefined;
  outbox: StoredMessage[] = [];
  told: number | undefined;
  received = 0;
  #lastNumber = 0;
  #messages: Message[] = [];
  #readMarks = new Map<string, ReadMark>();

  constructor(clientId: ClientId) {
    this.clientId = clientId;
  }

  get readMarks(): readonly ReadMark[] {
    return [...this.#readMarks.values()];
  }

  takeNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  addToOutbox(message: StoredMessage): Promise<void> {
    this.outbox.push(message);
    return Promise.resolve();
  }

  removeFromOutbox(request: number): void {
    this.outbox = this.outbox.filter((message) => message.request !== request);
  }

  refuse(request: number, refused: NonNullable<StoredMessage['refused']>): Promise<void> {
    this.outbox = this.outbox.map((message) => (message.request === request ? { ...message, refused } : message));
    return Promise.resolve();
  }

  park(request: number): void {
    this.outbox = this.outbox.map((message) => (message.request === request ? { ...message, parked: true } : message));
  }

  replaceOutbox(messages: readonly StoredMessage[]): void {
    this.outbox = [...messages];
  }

  renew(clientId: ClientId, messages: readonly StoredMessage[], numbered: number): void {
    this.clientId = clientId;
    this.known = false;
    this.#lastNumber = Math.max(numbered, ...messages.map((message) => message.request));
    this.outbox = [...messages];
  }

  markKnown(): void {
    this.known = true;
  }

  markSpread(): void {
    this.spread = true;
  }

  saveSession(session: StoredSession | undefined): void {
    this.session = session;
  }

  saveCluster(cluster: StoredCluster): void {
    this.cluster = cluster;
  }

  saveReceived(position: number): void {
    this.received = position;
  }

  saveReadMark(mark: ReadMark): void {
    this.#readMarks.set(nameKey(mark.with), mark);
  }

  forgetReadMark(conversation: string): void {
    this.#readMarks.delete(nameKey(conversation));
  }

  tell(event: ToldEvent): void {
    if ('upTo' in event) {
      this.told = event.upTo;
      return;
    }
    applyTold(this.#messages, event);
    if (!('left' in event)) this.told = positionOf(event);
  }

  history(limit: number): Message[] {
    return this.#messages.slice(-limit);
  }

  forgetHistory(): void {
    this.#messages = [];
    this.#readMarks.clear();
    this.told = undefined;
    this.received = 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
