import type { OperationKind } from './operations.ts';
import { askAsAccount, furtherChoice, type Hands, pick, ROOMS } from './user-hands.ts';

/** What a user does in and with rooms. @returns false when it is something else */
export function operateInRooms(hands: Hands, kind: OperationKind, choice: number): boolean {
  const { chat, accounts, nextCall, name } = hands;
  const room = pick(ROOMS, choice);
  const username = pick(accounts, furtherChoice(choice));
  switch (kind) {
    case 'createRoom': {
      const call = nextCall();
      const topic = choice < 0.3 ? '' : `topic of ${name} ${call}`;
      const asked = { room, ...(topic === '' ? {} : { topic }) };
      askAsAccount(hands, 'room:create', asked, () => chat.createRoom(room, topic), call);
      return true;
    }
    case 'joinRoom':
      askAsAccount(hands, 'room:join', { room }, () => chat.joinRoom(room));
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
