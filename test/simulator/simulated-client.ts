import { ChatClient } from '../../client/chat-client.ts';
import type { ChatEvent } from '../../client/chat-types.ts';
import { randomClientId } from '../../client/starting-over.ts';
import type { Message } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import type { AskedEvent, CallResult, ClientEvent } from './client-events.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import { ClientDisk, SimulatedClientStore } from './client-store.ts';
import { Life } from './life.ts';
import { historyAsk, type OperationKind } from './operations.ts';
import type { World } from './world.ts';

/** What a client needs from the simulation around it. */
export interface ClientSurroundings {
  world: World;
  random: Random;
  network: SimulatedClientNetwork;
  servers: readonly Address[];
  /** Of all clients, for whom to write to. */
  accounts: readonly string[];
  events: ClientEvent[];
  nextCall(): number;
}

const PASSWORD = 'a password';
const WRONG_PASSWORD = 'another password';
const SYNC_MS = 2;
/** A name that nobody has: only a server that knows the state as it is may say so. */
const NOBODY = 'nobody';
/** Own messages that are remembered, to be deleted. */
const REMEMBERED = 20;

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
  #sent: string[] = [];
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
    const { world, random, network, servers } = this.#around;
    const life = new Life(world);
    this.#life = life;
    this.#sent = [];
    this.#entering = false;
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
    this.#chat = new ChatClient({ servers, store, connect, clock, random: random.fork() });
    this.#chat.onEvent((event) => {
      if (!life.isOver) this.#onEvent(event);
    });
    this.#record({ type: 'started', atMs: world.nowMs, client: this.#recordedName });
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
    switch (kind) {
      case 'send':
        this.#send(chat, choice);
        break;
      case 'burst':
        for (let count = 0; count < 8; count++) this.#send(chat, (choice + count / 8) % 1);
        break;
      case 'sendToNobody':
        this.#sendTo(chat, NOBODY);
        break;
      case 'delete':
        this.#delete(chat, choice);
        break;
      case 'history':
        this.#readHistory(chat, choice);
        break;
      case 'list':
        this.#ask('account:list', {}, () => chat.listAccounts());
        break;
      case 'received':
        if (this.#lastPosition > 0) chat.received(this.#lastPosition);
        break;
      case 'logOut':
        if (chat.username !== '') this.#ask('session:close', {}, () => chat.logOut());
        break;
      case 'logIn':
        if (!this.isLoggedIn) this.#enter('session:open');
        break;
      case 'wrongPassword':
        if (chat.username === '')
          this.#ask('session:open', { username: this.account, password: WRONG_PASSWORD }, () =>
            chat.logIn(this.account, WRONG_PASSWORD),
          );
        break;
      case 'deleteAccount':
        if (chat.username !== '')
          this.#ask('account:delete', { password: PASSWORD }, () => chat.deleteAccount(PASSWORD));
    }
  }

  #send(chat: ChatClient, choice: number): void {
    const { accounts } = this.#around;
    this.#sendTo(chat, accounts[Math.floor(choice * accounts.length)]!);
  }

  #sendTo(chat: ChatClient, to: string): void {
    const from = chat.username;
    if (from === '') return;
    const call = this.#around.nextCall();
    const body = `${this.name} ${call}`;
    this.#askAs(call, 'message:send', { from, to, body }, () => chat.send(to, body)).then((result) => {
      if (!result?.ok) return;
      this.#sent.push(result.value.id);
      if (this.#sent.length > REMEMBERED) this.#sent.shift();
    });
  }

  #delete(chat: ChatClient, choice: number): void {
    if (chat.username === '' || this.#sent.length === 0) return;
    const [id] = this.#sent.splice(Math.floor(choice * this.#sent.length), 1);
    this.#ask('message:delete', { account: chat.username, id: id! }, () => chat.deleteMessage(id!));
  }

  #readHistory(chat: ChatClient, choice: number): void {
    if (chat.username === '') return;
    const ask = historyAsk(choice, this.#lastPosition, this.#around.accounts);
    this.#ask('message:history', { account: chat.username, ...ask }, () => chat.history(ask));
  }

  /** Whoever finds the account taken logs in to it. */
  #enter(event: 'account:create' | 'session:open'): void {
    const chat = this.#chat;
    if (!chat || this.#entering) return;
    this.#entering = true;
    const { account } = this;
    const call = this.#around.nextCall();
    const run = () =>
      event === 'account:create' ? chat.createAccount(account, PASSWORD) : chat.logIn(account, PASSWORD);
    this.#askAs(call, event, { username: account, password: PASSWORD }, run).then((result) => {
      if (this.#chat !== chat) return;
      this.#entering = false;
      if (!result || result.ok) return;
      if (result.error.code === 'username-taken') this.#enter('session:open');
      if (result.error.code === 'wrong-password') this.#enter('account:create');
    });
  }

  #ask<T extends object>(event: AskedEvent, ask: Record<string, unknown>, run: () => Promise<Result<T>>): void {
    void this.#askAs(this.#around.nextCall(), event, ask, run);
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
    const { world } = this.#around;
    const common = { type: 'told' as const, atMs: world.nowMs, client: this.#recordedName };
    if (event.type === 'message') {
      const { message, replayed } = event;
      this.#saw(message.position);
      this.#record({ ...common, kind: 'message', value: { ...message, replayed } });
      this.#remember(message);
    } else if (event.type === 'message-deleted') {
      this.#saw(event.position);
      this.#record({ ...common, kind: 'message-deleted', value: { id: event.id, position: event.position } });
    } else if (event.type === 'outbox') {
      for (const { body } of event.waiting) this.#onWaiting(body);
    } else if (event.type === 'send-failed') {
      const { body } = event.message;
      this.#record({ type: 'gave-back', atMs: world.nowMs, client: this.#recordedName, body });
    }
  }

  #onWaiting(body: string): void {
    if (this.#waiting.has(body)) return;
    this.#waiting.add(body);
    this.#record({ type: 'waiting', atMs: this.#around.world.nowMs, client: this.#recordedName, body });
  }

  #remember(message: Message): void {
    if (message.from !== this.account || this.#sent.includes(message.id)) return;
    if (this.#sent.length < REMEMBERED / 2) this.#sent.push(message.id);
  }

  #saw(position: number | undefined): void {
    this.#lastPosition = Math.max(this.#lastPosition, position ?? 0);
  }

  #record(event: ClientEvent): void {
    this.#around.events.push(event);
    this.#around.world.note(`${event.client} ${event.type}${'call' in event ? event.call : ''}`);
  }
}
