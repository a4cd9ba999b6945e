import { ChatClient } from '../../client/chat-client.ts';
import type { ChatEvent } from '../../client/chat-types.ts';
import type { ChatClientOptions } from '../../client/client-options.ts';
import { randomClientId } from '../../client/starting-over.ts';
import type { Result } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import type { AskedEvent, CallResult, ClientEvent, NewsKind, PositionedKind } from './client-events.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import { ClientDisk, SimulatedClientStore } from './client-store.ts';
import { Life } from './life.ts';
import type { OperationKind } from './operations.ts';
import type { PasswordBook } from './password-book.ts';
import { SimulatedUser } from './simulated-user.ts';
import type { World } from './world.ts';

/** What a client needs from the simulation around it. */
export interface ClientSurroundings {
  world: World;
  random: Random;
  network: SimulatedClientNetwork;
  servers: readonly Address[];
  /** Of all clients, for whom to write to. */
  accounts: readonly string[];
  rooms: readonly string[];
  events: ClientEvent[];
  passwords: PasswordBook;
  nextCall(): number;
  /** What its library is told of where requests go. */
  places: Pick<ChatClientOptions, 'spreadReads' | 'spread'>;
}

const SYNC_MS = 2;
/** Whose log-in was ended by another device often logs in again. */
const BACK_MS = 300;

const POSITIONED: ReadonlySet<string> = new Set<PositionedKind>([
  'message',
  'message-deleted',
  'message-edited',
  'message-reacted',
  'message-changed',
]);
const NEWS: ReadonlySet<string> = new Set<NewsKind>([
  'conversations',
  'conversation-read',
  'room-changed',
  'room-joined',
  'room-left',
  'room-deleted',
  'account-changed',
  'account-blocked',
]);

/** A user's program with its folder: the real client library, and what its user does with it. */
export class SimulatedClient {
  readonly name: string;
  readonly account: string;
  /** Calls of the present life that are not answered. */
  readonly unanswered = new Map<number, string>();
  readonly #around: ClientSurroundings;
  /** By this name it is in the recording: another folder makes another client. */
  #recordedName: string;
  #folders = 0;
  #disk: ClientDisk;
  #life: Life;
  #chat: ChatClient | null = null;
  #user: SimulatedUser | null = null;
  /** Which of the passwords that may be right was tried last. */
  #guess = 0;
  /** Messages that were seen in the outbox. */
  readonly #waiting = new Set<string>();
  #lastPosition = 0;
  #entering = false;

  constructor(name: string, account: string, around: ClientSurroundings) {
    this.name = name;
    this.#recordedName = name;
    this.account = account;
    this.#around = around;
    this.#life = new Life(around.world);
    this.#disk = new ClientDisk(randomClientId(around.random));
  }

  get isUp(): boolean {
    return this.#chat !== null;
  }

  get isLoggedIn(): boolean {
    return this.#chat !== null && this.#chat.username !== '';
  }

  /** Messages that it has not got rid of yet, those of earlier lives among them. */
  get outboxSize(): number {
    return this.#chat?.outbox.length ?? 0;
  }

  get description(): string {
    const chat = this.#chat;
    return chat ? `${chat.connection.phase}, ${chat.username === '' ? 'logged out' : 'logged in'}` : 'not running';
  }

  start(): void {
    if (this.#chat) return;
    const { world, random, network, servers, places } = this.#around;
    const life = new Life(world);
    this.#life = life;
    this.#entering = false;
    this.#guess = 0;
    const clock = {
      now: () => 1_800_000_000_000 + world.nowMs,
      after: (delayMs: number, action: () => void) =>
        life.after(delayMs, () => {
          world.isTouched = true;
          action();
        }),
    };
    const store = new SimulatedClientStore(this.#disk, life, () => SYNC_MS * random.fraction());
    const connect = network.transportOf(this.name, life);
    this.#chat = new ChatClient({ servers, store, connect, clock, random: random.fork(), ...places });
    this.#user = this.#newUser(this.#chat);
    this.#chat.onEvent((event) => {
      if (!life.isOver) this.#onEvent(event);
    });
    const spread = places.spread === true;
    this.#record({ type: 'started', atMs: world.nowMs, client: this.#recordedName, spread });
    world.isTouched = true;
    this.#chat.start();
    if (this.#chat.username === '') this.#enter('account:create');
  }

  crash(): void {
    if (!this.#chat) return;
    const { world, random, network } = this.#around;
    world.trace(`${this.name} crashes`);
    this.#life.end();
    network.onClientEnd(this.#life);
    this.#chat = null;
    this.#disk.crash(random);
    this.unanswered.clear();
    this.#record({ type: 'crashed', atMs: world.nowMs, client: this.#recordedName });
  }

  /** Its folder is gone: it starts as another client of the same account. */
  loseFolder(): void {
    this.#folders += 1;
    this.#recordedName = `${this.name}/${this.#folders}`;
    this.#disk = new ClientDisk(randomClientId(this.#around.random));
  }

  pause(durationMs: number): void {
    this.#life.stop(durationMs, this.#around.random.chance(0.5), () => {});
  }

  /** @param choice whatever there is to choose: 0 ≤ x < 1 */
  operate(kind: OperationKind, choice: number): void {
    const chat = this.#chat;
    if (!chat || this.#life.isStopped) return;
    this.#around.world.isTouched = true;
    if (kind !== 'logIn') this.#user!.operate(kind, choice);
    else if (!this.isLoggedIn) this.#enter('session:open');
  }

  #newUser(chat: ChatClient): SimulatedUser {
    const { accounts, rooms, passwords, nextCall } = this.#around;
    return new SimulatedUser({
      chat,
      name: this.name,
      account: this.account,
      accounts,
      rooms,
      passwords,
      nextCall,
      lastPosition: () => this.#lastPosition,
      ask: (event, ask, run, call = nextCall()) => this.#askAs(call, event, ask, run),
    });
  }

  /** Whoever finds the account taken logs in to it; whoever has no right password creates it. */
  #enter(event: 'account:create' | 'session:open'): void {
    const chat = this.#chat;
    if (!chat || this.#entering) return;
    this.#entering = true;
    const { account } = this;
    const { passwords } = this.#around;
    const call = this.#around.nextCall();
    const candidates = passwords.of(account);
    const password = candidates[this.#guess % candidates.length]!;
    const run = () =>
      event === 'account:create' ? chat.createAccount(account, password) : chat.logIn(account, password);
    this.#askAs(call, event, { username: account, password }, run).then((result) => {
      if (this.#chat !== chat) return;
      this.#entering = false;
      if (result?.ok) passwords.is(account, password);
      if (!result || result.ok) return;
      if (result.error.code === 'username-taken') this.#enter('session:open');
      if (result.error.code !== 'wrong-password') return;
      this.#guess += 1;
      this.#enter(this.#guess % candidates.length === 0 ? 'account:create' : 'session:open');
    });
  }

  /** Undefined when the client has crashed meanwhile. */
  async #askAs<T extends object>(
    call: number,
    event: AskedEvent,
    ask: Record<string, unknown>,
    run: () => Promise<Result<T>>,
  ): Promise<Result<T> | undefined> {
    const { world } = this.#around;
    const life = this.#life;
    this.unanswered.set(call, event);
    this.#record({ type: 'asked', atMs: world.nowMs, client: this.#recordedName, call, event, ask });
    const result = await run();
    if (life.isOver) return undefined;
    this.unanswered.delete(call);
    const answered = (result.ok ? { ok: true, value: { ...result.value } } : result) as CallResult;
    this.#record({
      type: 'answered',
      atMs: world.nowMs,
      client: this.#recordedName,
      call,
      result: answered,
      servedAtPrimary: this.#around.network.isAnsweredByPrimary,
    });
    if (result.ok) this.#saw((result.value as { position?: number }).position);
    return result;
  }

  #onEvent(event: ChatEvent): void {
    const common = { atMs: this.#around.world.nowMs, client: this.#recordedName };
    const { type, ...value } = event;
    if (event.type === 'message') {
      const { message, replayed } = event;
      this.#saw(message.position);
      this.#record({ type: 'told', ...common, kind: 'message', value: { ...message, replayed } });
    } else if (POSITIONED.has(type)) {
      this.#saw((value as { position: number }).position);
      this.#record({ type: 'told', ...common, kind: type as PositionedKind, value });
    } else if (NEWS.has(type)) {
      this.#record({ type: 'heard', ...common, kind: type as NewsKind, value });
    } else if (event.type === 'outbox') {
      for (const { body } of event.waiting) this.#onWaiting(body);
    } else if (event.type === 'send-failed') {
      this.#record({ type: 'gave-back', ...common, body: event.message.body });
    } else if (event.type === 'logged-out') {
      const { random } = this.#around;
      if (random.chance(0.5)) this.#life.after(BACK_MS * random.fraction(), () => this.operate('logIn', 0));
    }
    this.#user!.onEvent(event);
  }

  #onWaiting(body: string): void {
    if (this.#waiting.has(body)) return;
    this.#waiting.add(body);
    this.#record({ type: 'waiting', atMs: this.#around.world.nowMs, client: this.#recordedName, body });
  }

  #saw(position: number | undefined): void {
    this.#lastPosition = Math.max(this.#lastPosition, position ?? 0);
  }

  #record(event: ClientEvent): void {
    this.#around.events.push(event);
    this.#around.world.note(`${event.client} ${event.type}${'call' in event ? event.call : ''}`);
  }
}
