import type { ChatClient } from '../../client/chat-client.ts';
import type { ChatEvent } from '../../client/chat-types.ts';
import type { Message } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import type { AskedEvent } from './client-events.ts';
import { historyAsk, type OperationKind } from './operations.ts';
import type { PasswordBook } from './password-book.ts';

/** What a user needs of the client in whose hands it is. */
export interface Hands {
  chat: ChatClient;
  /** Begins the texts that it writes, so that no two are alike. */
  name: string;
  account: string;
  /** Of all clients, for whom to write to. */
  accounts: readonly string[];
  passwords: PasswordBook;
  /** The highest position that was met. */
  lastPosition(): number;
  nextCall(): number;
  /** Asks, and has it written down. @returns undefined when the client has crashed meanwhile */
  ask<T extends object>(
    event: AskedEvent,
    ask: Record<string, unknown>,
    run: () => Promise<Result<T>>,
    call?: number,
  ): Promise<Result<T> | undefined>;
}

const WRONG_PASSWORD = 'another password';
/** A name that nobody has: only a server that knows the state as it is may say so. */
const NOBODY = 'nobody';
const ROOMS = ['#den', '#Hall', '#attic'];
const REACTIONS = ['+1', '-1', 'wow'];
/** Messages that are remembered, to be changed and answered. */
const REMEMBERED = 20;

/** Somebody who uses a client for as long as it runs: decides what is asked. */
export class SimulatedUser {
  readonly #hands: Hands;
  /** Own ones, by their ids. */
  #sent: string[] = [];
  /** Others', and own ones that were told. */
  #seen: { id: string; conversation: string; position: number }[] = [];

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  /** @param choice whatever there is to choose: 0 ≤ x < 1 */
  operate(kind: OperationKind, choice: number): void {
    const { chat } = this.#hands;
    if (chat.username === '') {
      if (kind === 'wrongPassword') this.#enterWrongly();
      return;
    }
    if (this.#write(kind, choice) || this.#operateInRooms(kind, choice) || this.#read(kind, choice)) return;
    this.#changeAccount(kind, choice);
  }

  onEvent(event: ChatEvent): void {
    if (event.type === 'message') this.#remember(event.message);
  }

  /** @returns false when it is something else */
  #write(kind: OperationKind, choice: number): boolean {
    const { accounts, chat } = this.#hands;
    switch (kind) {
      case 'send':
        this.#sendTo(pick(accounts, choice));
        return true;
      case 'burst':
        for (let count = 0; count < 8; count++) this.#sendTo(pick(accounts, (choice + count / 8) % 1));
        return true;
      case 'sendToNobody':
        this.#sendTo(NOBODY);
        return true;
      case 'sendToRoom':
        this.#sendTo(pick(ROOMS, choice));
        return true;
      case 'reply': {
        const answered = pickOrNone(this.#seen, choice);
        if (answered) this.#sendTo(answered.conversation, answered.id);
        return true;
      }
      case 'edit':
        this.#edit(choice);
        return true;
      case 'delete':
        this.#delete(choice);
        return true;
      case 'react':
      case 'unreact': {
        const id = pickOrNone(this.#seen, choice)?.id;
        if (id === undefined) return true;
        const reaction = pick(REACTIONS, furtherChoice(choice));
        const run = () => (kind === 'react' ? chat.react(id, reaction) : chat.unreact(id, reaction));
        this.#ask(kind === 'react' ? 'message:react' : 'message:unreact', { id, reaction }, run);
        return true;
      }
      default:
        return false;
    }
  }

  #sendTo(to: string, replyTo?: string): void {
    const { chat, name, nextCall, ask } = this.#hands;
    const call = nextCall();
    const body = `${name} ${call}`;
    const options = replyTo === undefined ? undefined : { replyTo };
    const asked = { from: chat.username, to, body, ...options };
    void ask('message:send', asked, () => chat.send(to, body, options), call).then((result) => {
      if (result?.ok) this.#sent = [...this.#sent, result.value.id].slice(-REMEMBERED);
    });
  }

  /** Mostly an own one. */
  #edit(choice: number): void {
    const { chat, name, nextCall } = this.#hands;
    const isOwn = furtherChoice(choice) < 0.9;
    const id = isOwn ? pickOrNone(this.#sent, choice) : pickOrNone(this.#seen, choice)?.id;
    if (id === undefined) return;
    const call = nextCall();
    const body = `${name} ${call} instead`;
    this.#ask('message:edit', { id, body }, () => chat.editMessage(id, body), call);
  }

  #delete(choice: number): void {
    const { chat } = this.#hands;
    const isOwn = furtherChoice(choice) < 0.8;
    const id = isOwn ? pickOrNone(this.#sent, choice) : pickOrNone(this.#seen, choice)?.id;
    if (id === undefined) return;
    this.#sent = this.#sent.filter((one) => one !== id);
    this.#ask('message:delete', { id }, () => chat.deleteMessage(id));
  }

  #read(kind: OperationKind, choice: number): boolean {
    const { chat, accounts, lastPosition } = this.#hands;
    switch (kind) {
      case 'history': {
        const ask = historyAsk(choice, lastPosition(), [...accounts, ...ROOMS]);
        this.#ask('message:history', ask, () => chat.history(ask));
        return true;
      }
      case 'message': {
        const id = pickOrNone(this.#seen, choice)?.id ?? pickOrNone(this.#sent, choice);
        if (id !== undefined) this.#ask('message:get', { id }, () => chat.message(id));
        return true;
      }
      case 'search': {
        const other = choice < 0.3 ? { with: pick([...accounts, ...ROOMS], furtherChoice(choice)) } : {};
        const ask = { text: choice < 0.6 ? 'CLIENT1' : 'instead', ...other };
        this.#ask('message:search', ask, () => chat.search(ask));
        return true;
      }
      case 'list':
        this.#ask('account:list', {}, () => chat.listAccounts());
        return true;
      case 'conversations':
        this.#ask('conversation:list', {}, () => chat.listConversations());
        return true;
      case 'settings':
        this.#ask('account:settings', {}, () => chat.settings());
        return true;
      case 'received':
        if (lastPosition() > 0) chat.received(lastPosition());
        return true;
      case 'markRead': {
        const { conversation, position } = pickOrNone(this.#seen, choice) ?? { conversation: '', position: 0 };
        if (position > 0) chat.markRead(conversation, position);
        return true;
      }
      case 'typing':
        chat.setTyping(pick([...accounts, ...ROOMS], choice), furtherChoice(choice) < 0.7);
        return true;
      default:
        return false;
    }
  }

  #operateInRooms(kind: OperationKind, choice: number): boolean {
    const { chat, accounts, nextCall, name } = this.#hands;
    const room = pick(ROOMS, choice);
    const username = pick(accounts, furtherChoice(choice));
    switch (kind) {
      case 'createRoom': {
        const call = nextCall();
        const topic = choice < 0.3 ? '' : `topic of ${name} ${call}`;
        const asked = { room, ...(topic === '' ? {} : { topic }) };
        this.#ask('room:create', asked, () => chat.createRoom(room, topic), call);
        return true;
      }
      case 'joinRoom':
        this.#ask('room:join', { room }, () => chat.joinRoom(room));
        return true;
      case 'leaveRoom':
        this.#ask('room:leave', { room }, () => chat.leaveRoom(room));
        return true;
      case 'deleteRoom':
        this.#ask('room:delete', { room }, () => chat.deleteRoom(room));
        return true;
      case 'topic': {
        const call = nextCall();
        const topic = `topic of ${name} ${call}`;
        this.#ask('room:topic', { room, topic }, () => chat.setTopic(room, topic), call);
        return true;
      }
      case 'removeMember':
        if (username !== chat.username)
          this.#ask('room:remove', { room, username }, () => chat.removeFromRoom(room, username));
        return true;
      case 'readmitMember':
        this.#ask('room:readmit', { room, username }, () => chat.readmitToRoom(room, username));
        return true;
      case 'rooms':
        this.#ask('room:list', {}, () => chat.listRooms());
        return true;
      case 'members':
        this.#ask('room:members', { room }, () => chat.roomMembers(room));
        return true;
      default:
        return false;
    }
  }

  #changeAccount(kind: OperationKind, choice: number): void {
    const { chat, account, accounts, passwords, name, nextCall } = this.#hands;
    const [password] = passwords.of(account);
    const username = pick(accounts, choice);
    switch (kind) {
      case 'profile': {
        const call = nextCall();
        const displayName = choice < 0.2 ? '' : `${name} ${call}`;
        this.#ask('account:profile', { displayName }, () => chat.setDisplayName(displayName), call);
        break;
      }
      case 'block':
        if (username !== chat.username) this.#ask('account:block', { username }, () => chat.block(username));
        break;
      case 'unblock':
        if (username !== chat.username) this.#ask('account:unblock', { username }, () => chat.unblock(username));
        break;
      case 'logOut':
        this.#ask('session:close', {}, () => chat.logOut());
        break;
      case 'logOutEverywhere':
        this.#ask('session:close-all', {}, () => chat.logOutEverywhere());
        break;
      case 'changePassword':
        this.#changePassword(choice < 0.15 ? WRONG_PASSWORD : password!);
        break;
      case 'deleteAccount':
        this.#ask('account:delete', { password }, () => chat.deleteAccount(password!));
        break;
      default:
    }
  }

  #changePassword(password: string): void {
    const { chat, account, passwords, name, nextCall, ask } = this.#hands;
    const call = nextCall();
    const newPassword = `password of ${name} ${call}`;
    passwords.mayBe(account, newPassword);
    const asked = { account: chat.username, password, newPassword };
    void ask('account:password', asked, () => chat.changePassword(password, newPassword), call).then((result) => {
      if (result?.ok) passwords.is(account, newPassword);
    });
  }

  #enterWrongly(): void {
    const { chat, account, ask } = this.#hands;
    const asked = { username: account, password: WRONG_PASSWORD };
    void ask('session:open', asked, () => chat.logIn(account, WRONG_PASSWORD));
  }

  /** As whoever is logged in. */
  #ask<T extends object>(
    event: AskedEvent,
    ask: Record<string, unknown>,
    run: () => Promise<Result<T>>,
    call?: number,
  ): void {
    void this.#hands.ask(event, { ...this.#asked(event), ...ask }, run, call);
  }

  #asked(event: AskedEvent): Record<string, unknown> {
    const isOfAccount = event.startsWith('message:') || event.startsWith('room:') || event.startsWith('conversation:');
    return isOfAccount || AS_WHOM.has(event) ? { account: this.#hands.chat.username } : {};
  }

  #remember({ id, from, to, position }: Message): void {
    const { account } = this.#hands;
    const conversation = to.startsWith('#') || from === account ? to : from;
    this.#seen = [...this.#seen.filter((one) => one.id !== id), { id, conversation, position }].slice(-REMEMBERED);
    if (from === account && !this.#sent.includes(id) && this.#sent.length < REMEMBERED / 2) this.#sent.push(id);
  }
}

/** What is written down with the account as which it was asked. */
const AS_WHOM: ReadonlySet<AskedEvent> = new Set<AskedEvent>([
  'account:profile',
  'account:block',
  'account:unblock',
  'account:settings',
]);

function pick<T>(items: readonly T[], choice: number): T {
  return items[Math.floor(choice * items.length)]!;
}

function pickOrNone<T>(items: readonly T[], choice: number): T | undefined {
  return items[Math.floor(choice * items.length)];
}

/** Another choice that follows from the first. */
function furtherChoice(choice: number): number {
  return (choice * 1009) % 1;
}
