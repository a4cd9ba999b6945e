import type { ChatEvent } from '../../client/chat-types.ts';
import type { Message } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import type { AskedEvent } from './client-events.ts';
import { historyAsk, type OperationKind } from './operations.ts';
import { changeAccount, enterWrongly } from './user-account.ts';
import { operateOnDocuments } from './user-documents.ts';
import { askAsAccount, furtherChoice, type Hands, pick, pickOrNone } from './user-hands.ts';
import { joinRoom, operateInRooms } from './user-rooms.ts';

/** A name that nobody has: only a server that knows the state as it is may say so. */
const NOBODY = 'nobody';
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
    if (operateOnDocuments(this.#hands, kind, choice)) return;
    if (chat.username === '') {
      if (kind === 'wrongPassword') enterWrongly(this.#hands);
      return;
    }
    if (this.#write(kind, choice) || operateInRooms(this.#hands, kind, choice) || this.#read(kind, choice)) return;
    changeAccount(this.#hands, kind, choice);
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
        this.#sendTo(pick(this.#hands.rooms, choice));
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
      const isOutside = result?.ok === false && ['no-such-room', 'not-a-member'].includes(result.error.code);
      // Mostly whoever wants to write in a room goes there then.
      if (isOutside && chat.username !== '' && call % 4 > 0) joinRoom(this.#hands, to, (call % 10) / 10);
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
        const ask = historyAsk(choice, lastPosition(), [...accounts, ...this.#hands.rooms]);
        this.#ask('message:history', ask, () => chat.history(ask));
        return true;
      }
      case 'message': {
        const id = pickOrNone(this.#seen, choice)?.id ?? pickOrNone(this.#sent, choice);
        if (id !== undefined) this.#ask('message:get', { id }, () => chat.message(id));
        return true;
      }
      case 'search': {
        const other = choice < 0.3 ? { with: pick([...accounts, ...this.#hands.rooms], furtherChoice(choice)) } : {};
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
        chat.setTyping(pick([...accounts, ...this.#hands.rooms], choice), furtherChoice(choice) < 0.7);
        return true;
      default:
        return false;
    }
  }

  #ask<T extends object>(
    event: AskedEvent,
    ask: Record<string, unknown>,
    run: () => Promise<Result<T>>,
    call?: number,
  ): void {
    askAsAccount(this.#hands, event, ask, run, call);
  }

  #remember({ id, from, to, position }: Message): void {
    const { account } = this.#hands;
    const conversation = to.startsWith('#') || from === account ? to : from;
    this.#seen = [...this.#seen.filter((one) => one.id !== id), { id, conversation, position }].slice(-REMEMBERED);
    if (from === account && !this.#sent.includes(id) && this.#sent.length < REMEMBERED / 2) this.#sent.push(id);
  }
}
