import type { Cluster, Message } from '../shared/api.ts';
import { type Result, success } from '../shared/errors.ts';
import type { ChatClient } from './chat-client.ts';
import { accountLine, conversationLine, messageLine, roomLine, roomName, settingsLines } from './lines.ts';
import type { Output } from './output.ts';
import { eachPage } from './pages.ts';
import { type ListCommand, replHelpLines, type ShowCommand } from './repl-commands.ts';
import { searchBack } from './search.ts';

/** Messages that a command of the line mode shows. */
const SHOWN_LIMIT = 50;

/** Shows what a line of the line mode asks to see. */
export async function show(
  chat: ChatClient,
  command: ShowCommand | ListCommand,
  output: Output,
): Promise<Result<unknown>> {
  switch (command.type) {
    case 'message':
      return messages(await chat.message(command.id), (message) => [message], output);
    case 'history': {
      const { with: other } = command;
      const page = await chat.history({ limit: SHOWN_LIMIT, ...(other === undefined ? {} : { with: other }) });
      return messages(page, (value) => value.messages, output);
    }
    case 'search': {
      const { text, with: other } = command;
      const ask = { text, ...(other === undefined ? {} : { with: other }) };
      const found = await searchBack(
        (before) => chat.search(before === undefined ? ask : { ...ask, before }),
        SHOWN_LIMIT,
      );
      return messages(found, (value) => value, output);
    }
    case 'settings': {
      const settings = await chat.settings();
      return settings.ok ? lines(settingsLines(settings.value), output) : settings;
    }
    case 'status':
      return lines(statusLines(chat), output);
    case 'help':
      return lines(replHelpLines(), output);
    default:
      return list(chat, command, output);
  }
}

function list(chat: ChatClient, command: ListCommand, output: Output): Promise<Result<unknown>> {
  switch (command.type) {
    case 'list':
      return eachPage(
        (after) => chat.listAccounts(command.pattern, after),
        ({ accounts }) => accounts,
        ({ username }) => username,
        (account) => output.line(accountLine(account)),
      );
    case 'room-list':
      return eachPage(
        (after) => chat.listRooms(command.pattern, after),
        ({ rooms }) => rooms,
        ({ name }) => name,
        (room) => output.line(roomLine(room)),
      );
    case 'room-members':
      return eachPage(
        (after) => chat.roomMembers(roomName(command.room), after),
        ({ members }) => members,
        ({ username }) => username,
        (member) => output.line(accountLine(member)),
      );
    case 'conversations':
      return eachPage(
        (after) => chat.listConversations(after),
        ({ conversations }) => conversations,
        (conversation) => conversation.with,
        (conversation) => output.line(conversationLine(conversation)),
      );
  }
}

function lines(all: readonly string[], output: Output): Result<object> {
  for (const line of all) output.line(line);
  return success({});
}

function messages<T>(result: Result<T>, messagesOf: (value: T) => readonly Message[], output: Output): Result<T> {
  if (result.ok) for (const message of messagesOf(result.value)) output.line(messageLine(message));
  return result;
}

function statusLines(chat: ChatClient): string[] {
  const state = chat.connection;
  if (state.phase === 'connected') return clusterLines(state.cluster);
  if (state.phase === 'waiting' || state.phase === 'offline') return [state.reason];
  return [`The connection is ${state.phase}.`];
}

function clusterLines(cluster: Cluster): string[] {
  const roles = [
    ...cluster.members.map((address) => [address, address === cluster.primary ? 'primary' : 'backup'] as const),
    ...cluster.spares.map((address) => [address, 'spare'] as const),
    ...cluster.witnesses.map((address) => [address, 'witness'] as const),
  ];
  const warning = cluster.warning === undefined ? [] : [`WARNING: ${cluster.warning}`];
  return [`Cluster ${cluster.id}, view ${cluster.view}`, ...roles.map((pair) => pair.join(' ')), ...warning];
}
