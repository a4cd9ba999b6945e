import type {
  ClientStore,
  ReadMark,
  StoredCluster,
  StoredMessage,
  StoredSession,
  ToldEvent,
} from '../../client/store.ts';
import { applyTold, positionOf } from '../../client/told.ts';
import type { Message } from '../../shared/api.ts';
import type { ClientId } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import type { Random } from '../../shared/random.ts';
import type { Life } from './life.ts';

/** Numbers are made durable so many at a time, as the real store does it. */
const NUMBERS_RESERVED = 20;

/** What is in the folder of a client. Never changed, only replaced. */
interface Content {
  readonly clientId: ClientId;
  readonly known: boolean;
  readonly spread: boolean;
  readonly session: StoredSession | undefined;
  readonly cluster: StoredCluster | undefined;
  readonly outbox: readonly StoredMessage[];
  readonly told: number | undefined;
  readonly received: number;
  readonly reserved: number;
  readonly messages: readonly Message[];
  readonly readMarks: readonly ReadMark[];
}

/** What survives a crash of a client: what was synced, and any beginning of what was written since. */
export class ClientDisk {
  /** The first is synced; each of the others is one write further. */
  versions: Content[];

  constructor(clientId: ClientId) {
    const nothing = {
      known: false,
      spread: false,
      session: undefined,
      cluster: undefined,
      told: undefined,
      received: 0,
      reserved: 0,
    };
    this.versions = [{ clientId, ...nothing, outbox: [], messages: [], readMarks: [] }];
  }

  get content(): Content {
    return this.versions[this.versions.length - 1]!;
  }

  write(change: Partial<Content>): void {
    this.versions.push({ ...this.content, ...change });
  }

  /** Everything up to a version is synced. */
  sync(through: Content): void {
    const index = this.versions.indexOf(through);
    if (index > 0) this.versions.splice(0, index);
  }

  /** The process ended. */
  crash(random: Random): void {
    this.versions = [random.pick(this.versions)];
  }
}

/** The store of one life of a client, over its simulated disk. */
export class SimulatedClientStore implements ClientStore {
  readonly #disk: ClientDisk;
  readonly #life: Life;
  readonly #syncMs: () => number;
  #lastNumber: number;

  constructor(disk: ClientDisk, life: Life, syncMs: () => number) {
    this.#disk = disk;
    this.#life = life;
    this.#syncMs = syncMs;
    const { reserved, outbox } = disk.content;
    this.#lastNumber = Math.max(reserved, ...outbox.map(({ request }) => request));
  }

  get clientId(): ClientId {
    return this.#disk.content.clientId;
  }

  get known(): boolean {
    return this.#disk.content.known;
  }

  get spread(): boolean {
    return this.#disk.content.spread;
  }

  get session(): StoredSession | undefined {
    return this.#disk.content.session;
  }

  get cluster(): StoredCluster | undefined {
    return this.#disk.content.cluster;
  }

  get outbox(): readonly StoredMessage[] {
    return this.#disk.content.outbox;
  }

  get told(): number | undefined {
    return this.#disk.content.told;
  }

  get received(): number {
    return this.#disk.content.received;
  }

  get readMarks(): readonly ReadMark[] {
    return this.#disk.content.readMarks;
  }

  takeNumber(): number {
    this.#lastNumber += 1;
    if (this.#lastNumber > this.#disk.content.reserved) {
      this.#write({ reserved: this.#lastNumber + NUMBERS_RESERVED });
      this.#disk.sync(this.#disk.content);
    }
    return this.#lastNumber;
  }

  addToOutbox(message: StoredMessage): Promise<void> {
    this.#write({ outbox: [...this.outbox, message] });
    return this.#synced();
  }

  #synced(): Promise<void> {
    const written = this.#disk.content;
    return new Promise((resolve) => {
      this.#life.world.queue.after(this.#syncMs(), () => {
        // The disk is done with it whether or not the process is there to hear of it.
        this.#disk.sync(written);
        this.#life.act(() => {
          this.#life.world.isTouched = true;
          resolve();
        });
      });
    });
  }

  removeFromOutbox(request: number): void {
    this.#write({ outbox: this.outbox.filter((message) => message.request !== request) });
  }

  refuse(request: number, refused: NonNullable<StoredMessage['refused']>): Promise<void> {
    const refuse = (message: StoredMessage): StoredMessage =>
      message.request === request ? { ...message, refused } : message;
    this.#write({ outbox: this.outbox.map(refuse) });
    return this.#synced();
  }

  park(request: number): void {
    const park = (message: StoredMessage): StoredMessage =>
      message.request === request ? { ...message, parked: true } : message;
    this.#write({ outbox: this.outbox.map(park) });
  }

  replaceOutbox(messages: readonly StoredMessage[]): void {
    this.#write({ outbox: [...messages] });
    this.#disk.sync(this.#disk.content);
  }

  renew(clientId: ClientId, messages: readonly StoredMessage[], numbered: number): void {
    this.#lastNumber = Math.max(numbered, ...messages.map((message) => message.request));
    this.#write({ clientId, known: false, outbox: [...messages], reserved: this.#lastNumber });
    this.#disk.sync(this.#disk.content);
  }

  markKnown(): void {
    this.#write({ known: true });
  }

  markSpread(): void {
    this.#write({ spread: true });
    this.#disk.sync(this.#disk.content);
  }

  saveSession(session: StoredSession | undefined): void {
    this.#write({ session });
  }

  saveCluster(cluster: StoredCluster): void {
    this.#write({ cluster });
  }

  saveReceived(received: number): void {
    this.#write({ received });
  }

  saveReadMark(mark: ReadMark): void {
    this.#write({ readMarks: [...this.#otherMarks(mark.with), mark] });
  }

  forgetReadMark(conversation: string): void {
    this.#write({ readMarks: this.#otherMarks(conversation) });
  }

  #otherMarks(conversation: string): ReadMark[] {
    return this.readMarks.filter((mark) => nameKey(mark.with) !== nameKey(conversation));
  }

  tell(event: ToldEvent): void {
    if ('upTo' in event) {
      this.#write({ told: event.upTo });
      return;
    }
    const messages = [...this.#disk.content.messages];
    applyTold(messages, event);
    this.#write({ messages, ...('left' in event ? {} : { told: positionOf(event) }) });
  }

  history(limit: number): Message[] {
    return this.#disk.content.messages.slice(-limit);
  }

  forgetHistory(): void {
    this.#write({ messages: [], told: undefined, received: 0, readMarks: [] });
  }

  close(): Promise<void> {
    this.#disk.sync(this.#disk.content);
    return Promise.resolve();
  }

  #write(change: Partial<Content>): void {
    if (!this.#life.isOver) this.#disk.write(change);
  }
}
