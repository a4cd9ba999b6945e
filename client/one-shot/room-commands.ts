import type { Result } from '../../shared/errors.ts';
import type { ChatClient } from '../chat-client.ts';
import { accountLine, roomLine, roomName } from '../lines.ts';
import { eachPage } from '../pages.ts';
import { askLoggedIn, doLoggedIn, type OneShotOptions, runLoggedIn } from './session.ts';

/** `client room create ROOM [TOPIC]` */
export function createRoom(options: OneShotOptions, room: string, topic?: string): Promise<number> {
  return change(options, room, (chat, name) => chat.createRoom(name, topic), 'Made');
}

/** `client room join ROOM` */
export function joinRoom(options: OneShotOptions, room: string): Promise<number> {
  return change(options, room, (chat, name) => chat.joinRoom(name), 'Joined');
}

/** `client room leave ROOM` */
export function leaveRoom(options: OneShotOptions, room: string): Promise<number> {
  return change(options, room, (chat, name) => chat.leaveRoom(name), 'Left');
}

/** `client room topic ROOM TOPIC` */
export function setTopic(options: OneShotOptions, room: string, topic: string): Promise<number> {
  return change(options, room, (chat, name) => chat.setTopic(name, topic), 'Set the topic of');
}

/** `client room remove ROOM NAME` */
export function removeMember(options: OneShotOptions, room: string, username: string): Promise<number> {
  return change(options, room, (chat, name) => chat.removeFromRoom(name, username), `Removed ${username} from`);
}

/** `client room readmit ROOM NAME` */
export function readmitMember(options: OneShotOptions, room: string, username: string): Promise<number> {
  return change(options, room, (chat, name) => chat.readmitToRoom(name, username), `Readmitted ${username} to`);
}

/** `client room delete ROOM` */
export function deleteRoom(options: OneShotOptions, room: string): Promise<number> {
  return change(options, room, (chat, name) => chat.deleteRoom(name), 'Deleted');
}

/** `client room list [PATTERN]` */
export function listRooms(options: OneShotOptions, pattern: string | undefined): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const listed = await eachPage(
      (after) => askLoggedIn(chat, () => chat.listRooms(pattern, after)),
      ({ rooms }) => rooms,
      ({ name }) => name,
      (room) => (options.json ? options.output.json(room) : options.output.line(roomLine(room))),
    );
    return listed.ok ? undefined : listed.error;
  });
}

/** `client room members ROOM` */
export function listMembers(options: OneShotOptions, room: string): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const listed = await eachPage(
      (after) => askLoggedIn(chat, () => chat.roomMembers(roomName(room), after)),
      ({ members }) => members,
      ({ username }) => username,
      (member) => (options.json ? options.output.json(member) : options.output.line(accountLine(member))),
    );
    return listed.ok ? undefined : listed.error;
  });
}

function change(
  options: OneShotOptions,
  room: string,
  ask: (chat: ChatClient, name: string) => Promise<Result<{ position: number }>>,
  verb: string,
): Promise<number> {
  const name = roomName(room);
  return doLoggedIn(
    options,
    (chat) => ask(chat, name),
    () => `${verb} ${name}.`,
  );
}
