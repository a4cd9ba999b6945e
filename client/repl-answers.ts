import type { Result } from '../shared/errors.ts';
import { nameKey } from '../shared/names.ts';
import type { ChatClient } from './chat-client.ts';
import { roomName } from './lines.ts';
import type { Output } from './output.ts';
import type { MessageCommand, ReplCommand, RoomCommand } from './repl-commands.ts';
import { answerDocument } from './repl-documents.ts';
import { show } from './repl-shows.ts';

type Asked = Exclude<ReplCommand, { type: 'quit' }>;

/** Does what a line of the line mode asks for, and says so. What was refused is left to the caller to show. */
export async function answer(chat: ChatClient, command: Asked, output: Output): Promise<Result<unknown>> {
  switch (command.type) {
    case 'create':
      return chat.createAccount(command.username, command.password);
    case 'login':
      return chat.logIn(command.username, command.password);
    case 'logout':
      return chat.logOut();
    case 'logout-everywhere':
      return chat.logOutEverywhere();
    case 'delete-account':
      return chat.deleteAccount(command.password);
    case 'password': {
      const changed = await chat.changePassword(command.password, command.newPassword);
      return said(changed, 'The password was changed; all your other log-ins ended.', output);
    }
    case 'name': {
      const { displayName = '' } = command;
      const shown = displayName === '' ? 'by your username' : `as ${displayName}`;
      return said(await chat.setDisplayName(displayName), `You are shown ${shown}.`, output);
    }
    case 'block':
      return said(await chat.block(command.username), `Blocked ${command.username}.`, output);
    case 'unblock':
      return said(await chat.unblock(command.username), `Unblocked ${command.username}.`, output);
    case 'send':
    case 'reply':
    case 'edit':
    case 'delete':
    case 'react':
    case 'unreact':
    case 'read':
      return onMessage(chat, command, output);
    case 'document-set':
    case 'document-get':
    case 'document-delete':
      return answerDocument(chat, command, output);
    case 'room-create':
    case 'room-join':
    case 'room-leave':
    case 'room-topic':
    case 'room-remove':
    case 'room-readmit':
    case 'room-delete':
      return inRoom(chat, command, output);
    default:
      return show(chat, command, output);
  }
}

async function onMessage(chat: ChatClient, command: MessageCommand, output: Output): Promise<Result<unknown>> {
  switch (command.type) {
    case 'send': {
      const sent = await chat.send(command.to, command.body);
      return said(sent, sent.ok ? `Sent [${sent.value.id}]` : '', output);
    }
    case 'reply': {
      const sent = await reply(chat, command.id, command.body);
      return said(sent, sent.ok ? `Sent [${sent.value.id}]` : '', output);
    }
    case 'edit':
      return said(await chat.editMessage(command.id, command.body), `Edited [${command.id}]`, output);
    case 'delete':
      return said(await chat.deleteMessage(command.id), `Deleted [${command.id}]`, output);
    case 'react':
      return said(await chat.react(command.id, command.reaction), `Reacted [${command.id}]`, output);
    case 'unreact':
      return said(await chat.unreact(command.id, command.reaction), `Taken back [${command.id}]`, output);
    case 'read':
      return read(chat, command.with, output);
  }
}

async function inRoom(chat: ChatClient, command: RoomCommand, output: Output): Promise<Result<unknown>> {
  const room = roomName(command.room);
  const done = (result: Result<object>, line: string): Result<object> => said(result, line, output);
  switch (command.type) {
    case 'room-create':
      return done(await chat.createRoom(room, command.topic), `Made ${room}.`);
    case 'room-join':
      return done(await chat.joinRoom(room), `Joined ${room}.`);
    case 'room-leave':
      return done(await chat.leaveRoom(room), `Left ${room}.`);
    case 'room-topic':
      return done(await chat.setTopic(room, command.topic ?? ''), `The topic of ${room} was set.`);
    case 'room-remove':
      return done(await chat.removeFromRoom(room, command.username), `Removed ${command.username} from ${room}.`);
    case 'room-readmit':
      return done(await chat.readmitToRoom(room, command.username), `${command.username} may join ${room} again.`);
    case 'room-delete':
      return done(await chat.deleteRoom(room), `Deleted ${room}.`);
  }
}

async function reply(chat: ChatClient, id: string, body: string) {
  const answered = await chat.message(id);
  if (!answered.ok) return answered;
  const { from, to } = answered.value;
  const isOwn = nameKey(from) === nameKey(chat.username);
  return chat.send(to.startsWith('#') || isOwn ? to : from, body, { replyTo: id });
}

async function read(chat: ChatClient, conversation: string, output: Output): Promise<Result<unknown>> {
  const newest = await chat.history({ with: conversation, limit: 1 });
  if (!newest.ok) return newest;
  const message = newest.value.messages.at(-1);
  if (message) chat.markRead(conversation, message.position);
  output.line(message ? `Read up to [${message.id}]` : 'There is nothing to read.');
  return newest;
}

function said<T>(result: Result<T>, line: string, output: Output): Result<T> {
  if (result.ok) output.line(line);
  return result;
}
