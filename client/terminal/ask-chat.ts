import { type Result, refusal } from '../../shared/errors.ts';
import type { Chat } from '../chat-types.ts';
import type { Answer, ChatRequest, Effect } from '../screen/effects.ts';
import type { ClusterControl } from './cluster-control.ts';

/** Effects that are answered. */
export type Question = Answer['effect'];
/** Effects that are told to the chat, which has no answer to them. */
export type Statement = Extract<Effect, { type: 'read' | 'typing' }>;

/** Tells the chat something. */
export function tellChat(chat: Chat, effect: Statement): void {
  if (effect.type === 'read') chat.markRead(effect.conversation, effect.position);
  else chat.setTyping(effect.conversation, effect.typing);
}

/** Asks the chat, or the servers' control, what an effect wants; resolves with the answer for the screen. */
export async function askChat(chat: Chat, control: ClusterControl | undefined, effect: Question): Promise<Answer> {
  switch (effect.type) {
    case 'create-account':
      return { effect, result: await chat.createAccount(effect.username, effect.password) };
    case 'log-in':
      return { effect, result: await chat.logIn(effect.username, effect.password) };
    case 'log-out':
      return { effect, result: await chat.logOut() };
    case 'delete-account':
      return { effect, result: await chat.deleteAccount(effect.password) };
    case 'request':
      return { effect, result: await request(chat, effect.request) };
    case 'accounts':
      return { effect, result: await chat.listAccounts(effect.pattern || undefined, effect.after) };
    case 'rooms':
      return { effect, result: await chat.listRooms(effect.pattern || undefined, effect.after) };
    case 'members':
      return { effect, result: await chat.roomMembers(effect.room, effect.after) };
    case 'settings':
      return { effect, result: await chat.settings() };
    case 'quoted':
      return { effect, result: await chat.message(effect.id) };
    case 'search': {
      const { text, with: within, before } = effect;
      const where = within === undefined ? {} : { with: within };
      return { effect, result: await chat.search({ text, ...where, ...(before === undefined ? {} : { before }) }) };
    }
    case 'send': {
      const { to, body, replyTo } = effect;
      return { effect, result: await (replyTo === undefined ? chat.send(to, body) : chat.send(to, body, { replyTo })) };
    }
    case 'history':
      return { effect, result: await chat.history(effect.ask) };
    case 'control': {
      const none = refusal('forbidden', 'The servers cannot be ended and started from here.');
      return { effect, result: control ? await control.control(effect.action, effect.address) : none };
    }
  }
}

function request(chat: Chat, asked: ChatRequest): Promise<Result<object>> {
  switch (asked.call) {
    case 'create-room':
      return asked.topic === '' ? chat.createRoom(asked.room) : chat.createRoom(asked.room, asked.topic);
    case 'join-room':
      return chat.joinRoom(asked.room);
    case 'leave-room':
      return chat.leaveRoom(asked.room);
    case 'delete-room':
      return chat.deleteRoom(asked.room);
    case 'set-topic':
      return chat.setTopic(asked.room, asked.topic);
    case 'remove-member':
      return chat.removeFromRoom(asked.room, asked.username);
    case 'readmit-member':
      return chat.readmitToRoom(asked.room, asked.username);
    case 'block':
      return chat.block(asked.username);
    case 'unblock':
      return chat.unblock(asked.username);
    case 'set-display-name':
      return chat.setDisplayName(asked.displayName);
    case 'change-password':
      return chat.changePassword(asked.password, asked.newPassword);
    case 'log-out-everywhere':
      return chat.logOutEverywhere();
    case 'edit-message':
      return chat.editMessage(asked.id, asked.body);
    case 'delete-message':
      return chat.deleteMessage(asked.id);
    case 'react':
      return asked.on ? chat.react(asked.id, asked.reaction) : chat.unreact(asked.id, asked.reaction);
  }
}
