import { describe, expect, it } from 'vitest';
import type { AccountId, RoomId } from '../../shared/ids.ts';
import { ROOMS_PER_ACCOUNT } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import { roomBody } from '../../shared/room-body.ts';
import { accepted, ChatLog } from './chat-log.ts';

function teaRoom() {
  const log = new ChatLog();
  const [ana, bo, cy] = [log.create('Ana'), log.create('bo'), log.create('cy')];
  const room = log.createRoom(ana, '#Tea', 'cups');
  accepted(log.join(bo, room));
  const inRoom = (event: 'room:leave' | 'room:delete' | 'room:topic', account: AccountId, body = '') =>
    log.apply({ event, account, subject: room, body });
  const about = (event: 'room:remove' | 'room:readmit', account: AccountId, other: AccountId) =>
    log.apply({ event, account, subject: `${room} ${other}` });
  return { log, ana, bo, cy, room, inRoom, about };
}

function refusedOf(log: ChatLog, account: AccountId, room: RoomId): string {
  return log.apply({ event: 'message:send', account, subject: room, id: `m${log.entries.length}`, body: 'x' }).outcome
    .refused;
}

describe('rooms', () => {
  it('are found by any spelling of their name, listed, and keep it to themselves', () => {
    const { log, ana, bo, room } = teaRoom();
    const shown = { name: '#Tea', topic: 'cups', owner: 'Ana', members: 2 };
    expect(log.state.roomByName('#TEA')).toEqual({ id: room, room: shown });
    expect(log.state.roomByName('tea')).toBeUndefined();
    const body = roomBody({ name: '#tea', nameKey: nameKey('#tea'), topic: '' });
    expect(log.apply({ event: 'room:create', account: bo, body }).outcome.refused).toBe('room-taken');
    log.createRoom(ana, '#coffee');
    const namesOf = (pattern?: string) => log.state.listRooms({ pattern, limit: 9 }).rooms.map(({ name }) => name);
    expect([namesOf(), namesOf('T*'), namesOf('#c?ffee')]).toEqual([['#coffee', '#Tea'], ['#Tea'], ['#coffee']]);
    expect(log.state.listRooms({ after: '#coffee', limit: 1 })).toEqual({ rooms: [shown], more: false });
  });

  it('tell their members what happens in them, and whoever comes or goes', () => {
    const { log, ana, bo, cy, room, inRoom } = teaRoom();
    const joined = { room: '#Tea', username: 'cy', position: 6 };
    const change = { room: { name: '#Tea', topic: 'cups', owner: 'Ana', members: 3 }, position: 6 };
    expect(log.join(cy, room).notices).toEqual([
      { type: 'room:joined', accounts: [ana, bo, cy], change: joined },
      { type: 'room:changed', accounts: [cy], change },
    ]);
    expect(log.join(cy, room)).toMatchObject({ outcome: { refused: '' }, notices: [] });
    expect(inRoom('room:topic', ana, 'pots').notices).toEqual([
      {
        type: 'room:changed',
        accounts: [ana, bo, cy],
        change: { room: { ...change.room, topic: 'pots' }, position: 8 },
      },
    ]);
    const { notices } = log.apply({ event: 'message:send', account: cy, subject: room, id: 'm', body: 'hi' });
    expect(notices).toEqual([
      expect.objectContaining({
        accounts: [ana, bo, cy],
        message: expect.objectContaining({ from: 'cy', to: '#Tea' }),
      }),
    ]);
    expect(inRoom('room:leave', cy).notices).toEqual([
      {
        type: 'room:left',
        accounts: [ana, bo, cy],
        change: { room: '#Tea', username: 'cy', removed: false, position: 10 },
      },
    ]);
    expect(inRoom('room:delete', ana).notices).toEqual([
      { type: 'room:deleted', accounts: [ana, bo], change: { room: '#Tea', position: 11 } },
    ]);
  });

  it('are read and written by members only, who see what was said before they came when they ask for it', () => {
    const { log, ana, cy, room, inRoom } = teaRoom();
    log.send(ana, room, 'before');
    expect(refusedOf(log, cy, room)).toBe('not-a-member');
    expect(log.bodies({ account: cy, with: room })).toEqual([]);
    log.join(cy, room);
    log.send(ana, room, 'after');
    expect(log.bodies({ account: cy })).toEqual(['after']);
    expect(log.page({ account: cy, limit: 9 }).messages.map(({ body }) => body)).toEqual(['after']);
    expect(log.bodies({ account: cy, with: room })).toEqual(['before', 'after']);
    expect(log.page({ account: cy, with: room, limit: 9 }).messages).toHaveLength(2);
    inRoom('room:leave', cy);
    expect(log.bodies({ account: cy })).toEqual([]);
    expect(inRoom('room:leave', cy).outcome.refused).toBe('not-a-member');
  });

  it('obey their owner alone, who cannot be removed', () => {
    const { log, ana, bo, cy, room, inRoom, about } = teaRoom();
    expect(inRoom('room:topic', bo).outcome.refused).toBe('forbidden');
    expect(inRoom('room:topic', cy).outcome.refused).toBe('not-a-member');
    expect(about('room:remove', bo, ana).outcome.refused).toBe('forbidden');
    expect(about('room:remove', ana, ana).outcome.refused).toBe('forbidden');
    expect(about('room:remove', ana, cy).outcome.refused).toBe('not-a-member');
    expect(inRoom('room:delete', bo).outcome.refused).toBe('forbidden');
    const id = log.send(bo, room);
    expect(log.deleteMessage(cy, id).outcome.refused).toBe('forbidden');
    expect(log.deleteMessage(ana, id).notices).toEqual([expect.objectContaining({ accounts: [ana, bo] })]);
  });

  it('keep out whom the owner removed, until they are let in again', () => {
    const { log, ana, bo, room, about } = teaRoom();
    expect(about('room:remove', ana, bo).notices).toEqual([
      { type: 'room:left', accounts: [ana, bo], change: { room: '#Tea', username: 'bo', removed: true, position: 6 } },
    ]);
    expect(log.join(bo, room).outcome.refused).toBe('forbidden');
    expect(about('room:readmit', ana, bo).outcome.refused).toBe('');
    expect(log.join(bo, room).outcome.refused).toBe('');
    expect(log.state.isMember(bo, room)).toBe(true);
  });

  it('pass to whoever has been there longest, and end when nobody is left', () => {
    const { log, ana, bo, cy, room, inRoom } = teaRoom();
    log.join(cy, room);
    const id = log.send(ana, room, 'mine');
    const { notices } = inRoom('room:leave', ana);
    expect(notices.map(({ type }) => type)).toEqual(['room:left', 'room:changed']);
    expect(log.state.roomByName('#tea')?.room).toMatchObject({ owner: 'bo', members: 2 });
    expect(log.deleteAccount(bo).notices).toContainEqual(
      expect.objectContaining({ type: 'room:left', accounts: [cy] }),
    );
    expect(log.state.roomByName('#tea')?.room.owner).toBe('cy');
    expect(inRoom('room:leave', cy).notices.map(({ type }) => type)).toEqual(['room:left', 'room:deleted']);
    expect(log.state.roomByName('#tea')).toBeUndefined();
    expect(log.deleteMessage(ana, id).outcome.refused).toBe('no-such-message');
    expect(log.state.roomByName(log.state.listRooms({ limit: 9 }).rooms[0]?.name ?? '#tea')).toBeUndefined();
    log.createRoom(ana, '#tea');
    expect(log.bodies({ account: ana })).toEqual([]);
  });

  it('show who wrote in them although the account is gone, and forget the name when they end', () => {
    const { log, ana, bo, room, inRoom } = teaRoom();
    log.send(bo, room, 'farewell');
    log.deleteAccount(bo);
    expect(log.page({ account: ana, limit: 9 }).messages).toEqual([
      expect.objectContaining({ from: 'bo', fromDeleted: true, to: '#Tea' }),
    ]);
    expect(log.table('user_table').map(({ username }) => username)).toEqual(['Ana', 'bo', 'cy']);
    inRoom('room:delete', ana);
    expect(log.table('user_table').map(({ username }) => username)).toEqual(['Ana', 'cy']);
  });

  it('list their members by name', () => {
    const { log, bo, cy, room } = teaRoom();
    log.join(cy, room);
    const page = log.state.members({ room, limit: 2 });
    expect(page).toMatchObject({ members: [{ username: 'Ana' }, { id: bo, username: 'bo' }], more: true });
    expect(log.state.members({ room, after: 'BO', limit: 2 })).toMatchObject({ members: [{ id: cy }], more: false });
    expect([...log.state.membersOf('99' as RoomId)]).toEqual([]);
  });

  it('are limited in number for each account', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const last = log.createRoom(bo, '#last');
    for (let number = 0; number < ROOMS_PER_ACCOUNT; number++) log.createRoom(ana, `#${number}`);
    expect(log.join(ana, last).outcome.refused).toBe('limit-reached');
    const body = roomBody({ name: '#more', nameKey: '#more', topic: '' });
    expect(log.apply({ event: 'room:create', account: ana, body }).outcome.refused).toBe('limit-reached');
  });

  it('have what their members have not received in the queue, a row for each', () => {
    const { log, ana, bo, cy, room } = teaRoom();
    log.join(cy, room);
    const id = log.send(ana, room, 'with a tpyo');
    log.edit(ana, id, 'without');
    log.receive(`${bo}=7`);
    expect(log.table('queued_messages')).toEqual([
      { position: '7', id, from: 'Ana', to: 'cy', at: '1700000007000', body: 'without', room: '#Tea', text_op: '8' },
    ]);
    expect(log.state.queue().count()).toBe(1);
  });
});
