import type { OperationKind } from './operations.ts';
import { askAsAccount, furtherChoice, type Hands, pick } from './user-hands.ts';

/** What a user does in and with rooms. @returns false when it is something else */
export function operateInRooms(hands: Hands, kind: OperationKind, choice: number): boolean {
  const { chat, accounts, nextCall, name } = hands;
  const room = pick(hands.rooms, choice);
  const username = pick(accounts, furtherChoice(choice));
  switch (kind) {
    case 'createRoom':
      createRoom(hands, room, choice);
      return true;
    case 'joinRoom':
      joinRoom(hands, room, choice);
      return true;
    case 'leaveRoom':
      askAsAccount(hands, 'room:leave', { room }, () => chat.leaveRoom(room));
      return true;
    case 'deleteRoom':
      askAsAccount(hands, 'room:delete', { room }, () => chat.deleteRoom(room));
      return true;
    case 'topic': {
      const call = nextCall();
      const topic = `topic of ${name} ${call}`;
      askAsAccount(hands, 'room:topic', { room, topic }, () => chat.setTopic(room, topic), call);
      return true;
    }
    case 'removeMember':
      if (username !== chat.username)
        askAsAccount(hands, 'room:remove', { room, username }, () => chat.removeFromRoom(room, username));
      return true;
    case 'readmitMember':
      askAsAccount(hands, 'room:readmit', { room, username }, () => chat.readmitToRoom(room, username));
      return true;
    case 'rooms':
      askAsAccount(hands, 'room:list', {}, () => chat.listRooms());
      return true;
    case 'members':
      askAsAccount(hands, 'room:members', { room }, () => chat.roomMembers(room));
      return true;
    default:
      return false;
  }
}

/** Where there is no such room, it is made. */
export function joinRoom(hands: Hands, room: string, choice: number): void {
  const { chat } = hands;
  void hands
    .ask('room:join', { account: chat.username, room }, () => chat.joinRoom(room))
    .then((result) => {
      if (result?.ok === false && result.error.code === 'no-such-room') createRoom(hands, room, choice);
    });
}

function createRoom(hands: Hands, room: string, choice: number): void {
  const { chat, name, nextCall } = hands;
  if (chat.username === '') return;
  const call = nextCall();
  const topic = choice < 0.3 ? '' : `topic of ${name} ${call}`;
  const asked = { room, ...(topic === '' ? {} : { topic }) };
  askAsAccount(hands, 'room:create', asked, () => chat.createRoom(room, topic), call);
}
