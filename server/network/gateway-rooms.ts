import type { RequestOf } from '../../shared/api.ts';
import { nameKey, normalizeRoomName } from '../../shared/names.ts';
import { roomBody } from '../../shared/room-body.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, GatewayContext } from './gateway-context.ts';
import { submitChange } from './gateway-submit.ts';

/** `room:create`: the name is the state's to grant; whoever makes a room owns it and is its first member. */
export function createRoom(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'room:create'>,
  answer: Answer,
): undefined {
  const { room, topic = '' } = request;
  const normalized = normalizeRoomName(room);
  if (!normalized.ok) return answer(normalized);
  const name = normalized.value;
  const body = roomBody({ name, nameKey: nameKey(name), topic });
  const asked = { event: 'room:create', fields: { room, topic }, subject: name, body } as const;
  submitChange(context, connection, request, asked, answer);
}

/** `room:topic`: that only the owner may is the state's to say. */
export function setTopic(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'room:topic'>,
  answer: Answer,
): undefined {
  const { room, topic } = request;
  const asked = { event: 'room:topic', fields: { room, topic }, subject: room, body: topic } as const;
  submitChange(context, connection, request, asked, answer);
}

/** What the asker does with a room as a whole. */
export function changeRoom(event: 'room:join' | 'room:leave' | 'room:delete') {
  return (
    context: GatewayContext,
    connection: Connection,
    request: RequestOf<'room:join'>,
    answer: Answer,
  ): undefined => {
    const { room } = request;
    submitChange(context, connection, request, { event, fields: { room }, subject: room, body: '' }, answer);
  };
}

/** What the owner does with somebody in the room. */
export function changeMember(event: 'room:remove' | 'room:readmit') {
  return (
    context: GatewayContext,
    connection: Connection,
    request: RequestOf<'room:remove'>,
    answer: Answer,
  ): undefined => {
    const { room, username } = request;
    const asked = { event, fields: { room, username }, subject: `${room} ${username}`, body: '' };
    submitChange(context, connection, request, asked, answer);
  };
}
