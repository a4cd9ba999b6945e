import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatClient } from '../../../client/chat-client.ts';
import type { ChatEvent } from '../../../client/chat-types.ts';
import { openChat } from '../../../client/open-chat.ts';
import { applyTold } from '../../../client/told.ts';
import type { Conversation, Message } from '../../../shared/api.ts';
import { Cluster, cleanEnvironment, DIST, pause } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

const PASSWORD = 'correct horse battery';

/** A device of somebody, and what it shows of messages and conversations. */
class Device {
  readonly chat: ChatClient;
  readonly events: ChatEvent[] = [];
  readonly messages: Message[] = [];

  private constructor(chat: ChatClient) {
    this.chat = chat;
    chat.onEvent((event) => this.#onEvent(event));
    chat.start();
  }

  /** @param name of the folder that the device keeps its state in */
  static async opened(cluster: Cluster, username: string, name: string): Promise<Device> {
    const stateFolder = join(cluster.folder, `state-${name}`);
    return new Device(await openChat({ servers: cluster.addresses, username, stateFolder }));
  }

  /** What the last list said, and the marks since. */
  get conversations(): Conversation[] {
    const listed = this.events.findLastIndex(({ type }) => type === 'conversations');
    const [list, ...later] = this.events.slice(Math.max(0, listed));
    let all = list?.type === 'conversations' ? [...list.conversations] : [];
    for (const event of later) {
      if (event.type !== 'conversation-read') continue;
      all = all.map((one) => (one.with === event.with ? { ...one, read: event.read } : one));
    }
    return all;
  }

  bodies(room: string): string[] {
    return this.messages.filter(({ to }) => to === room).map(({ body }) => body);
  }

  #onEvent(event: ChatEvent): void {
    this.events.push(event);
    if (event.type === 'message') applyTold(this.messages, { message: event.message });
    else if (event.type === 'message-deleted') applyTold(this.messages, { deleted: event });
    else if (event.type === 'message-edited') applyTold(this.messages, { edited: event });
    else if (event.type === 'message-reacted') applyTold(this.messages, { reacted: event });
    else if (event.type === 'message-changed') applyTold(this.messages, { changed: event });
  }
}

describe('people in a room', { timeout: 90_000 }, () => {
  let cluster: Cluster;
  let devices: Device[] = [];
  let importing: ChildProcess | undefined;

  beforeEach(async () => {
    cluster = await Cluster.started();
    await cluster.untilComplete();
  });

  afterEach(async () => {
    importing?.kill('SIGKILL');
    await Promise.all(devices.map(({ chat }) => chat.close()));
    devices = [];
    await cluster.close();
  });

  async function device(username: string, name = username): Promise<Device> {
    const opened = await Device.opened(cluster, username, name);
    devices.push(opened);
    return opened;
  }

  async function newcomer(username: string): Promise<Device> {
    const opened = await device(username);
    expect(await opened.chat.createAccount(username, PASSWORD)).toMatchObject({ ok: true });
    return opened;
  }

  async function killPrimary(): Promise<void> {
    const left = cluster.up.map(({ index }) => index);
    const primary = await cluster.untilServing(left);
    await cluster.kill(primary);
  }

  it('see the same, each thing once and in the same order, while both write and two primaries die', async () => {
    const [ana, bob] = [await newcomer('ana'), await newcomer('bob')];
    expect(await ana.chat.createRoom('#teams', 'who plays')).toMatchObject({ ok: true });
    expect(await bob.chat.joinRoom('#teams')).toMatchObject({ ok: true });
    const sent: Promise<{ ok: boolean }>[] = [];
    const talk = async (): Promise<void> => {
      for (let count = 0; count < 60; count++) {
        for (const { chat } of [ana, bob]) sent.push(chat.send('#teams', `${chat.username} ${count}`));
        if (count % 10 === 5) sent.push(ana.chat.setTopic('#teams', `topic ${count}`));
        await pause(20);
      }
    };
    const talking = talk();
    await pause(200);
    await killPrimary();
    await cluster.untilServing(cluster.up.map(({ index }) => index));
    await killPrimary();
    await talking;
    expect((await Promise.all(sent)).every(({ ok }) => ok)).toBe(true);
    await cluster.until('both have seen all', () => [ana, bob].every(({ messages }) => messages.length >= 120));
    expect(ana.messages).toEqual(bob.messages);
    for (const name of ['ana', 'bob']) {
      const own = ana.bodies('#teams').filter((body) => body.startsWith(name));
      expect(own).toEqual(Array.from({ length: 60 }, (_, count) => `${name} ${count}`));
    }
    await cluster.until('the topic is known', () =>
      bob.events.some((event) => event.type === 'room-changed' && event.room.topic === 'topic 55'),
    );
  });

  it('who were away find messages as they are now, although the primary died meanwhile', async () => {
    const [ana, bob] = [await newcomer('ana'), await newcomer('bob')];
    await ana.chat.createRoom('#teams');
    await bob.chat.joinRoom('#teams');
    const ids: string[] = [];
    for (const body of ['first', 'second', 'third']) {
      const result = await ana.chat.send('#teams', body);
      if (result.ok) ids.push(result.value.id);
    }
    await cluster.until('bob has them', () => bob.bodies('#teams').length === 3);
    await bob.chat.close();
    expect(await ana.chat.editMessage(ids[0]!, 'first, edited')).toMatchObject({ ok: true });
    await killPrimary();
    expect(await ana.chat.react(ids[0]!, '+1')).toMatchObject({ ok: true });
    expect(await ana.chat.deleteMessage(ids[1]!)).toMatchObject({ ok: true });
    expect(await ana.chat.send('#teams', 'fourth', { replyTo: ids[2]! })).toMatchObject({ ok: true });
    const back = await device('bob');
    expect(back.bodies('#teams')).toEqual(['first', 'second', 'third']);
    await cluster.until('bob has caught up', () => back.bodies('#teams').at(-1) === 'fourth');
    expect(back.messages).toMatchObject([
      { id: ids[0], body: 'first, edited', reactions: [{ reaction: '+1', by: ['ana'] }] },
      { id: ids[2], body: 'third' },
      { body: 'fourth', replyTo: ids[2] },
    ]);
    expect(back.events.filter(({ type }) => type === 'message-changed')).toHaveLength(1);
    await bob.chat.close();
    await back.chat.close();
    const third = await device('bob');
    expect(third.messages).toEqual(back.messages);
  });

  it('who read something on one device have read it on the other, and after a fail-over, too', async () => {
    const [ana, phone] = [await newcomer('ana'), await newcomer('bob')];
    const desk = await device('bob', 'desk');
    expect(await desk.chat.logIn('bob', PASSWORD)).toMatchObject({ ok: true });
    await ana.chat.createRoom('#teams');
    await phone.chat.joinRoom('#teams');
    for (const body of ['one', 'two', 'three']) expect(await ana.chat.send('#teams', body)).toMatchObject({ ok: true });
    await cluster.until('both devices have them', () =>
      [phone, desk].every((one) => one.bodies('#teams').length === 3),
    );
    const second = phone.messages[1]!.position;
    phone.chat.markRead('#teams', second);
    await cluster.until('the other device hears of it', () =>
      desk.events.some((event) => event.type === 'conversation-read' && event.read === second),
    );
    await killPrimary();
    await cluster.until('the list is told anew', () => desk.conversations.some(({ unread }) => unread === 1));
    expect(desk.conversations).toMatchObject([{ with: '#teams', read: second, unread: 1 }]);
    // Of the next mark no server hears before the device is switched off.
    const third = phone.messages[2]!.position;
    await cluster.kill(await cluster.untilServing(cluster.up.map(({ index }) => index)));
    phone.chat.markRead('#teams', third);
    await phone.chat.close();
    await device('bob');
    await cluster.until('the other device hears of it, too', () =>
      desk.conversations.some(({ read }) => read === third),
    );
    expect(desk.conversations).toMatchObject([{ with: '#teams', read: third }]);
  });

  it('of a channel log are imported once and in order, although import and primary are killed on the way', async () => {
    const file = join(cluster.folder, 'teams.log');
    const line = (count: number) => `[00:00] <${['ana', 'bob', 'carol'][count % 3]}> line ${count}`;
    writeFileSync(file, Array.from({ length: 400 }, (_, count) => `${line(count)}\n`).join(''));
    const folder = join(cluster.folder, 'state');
    mkdirSync(folder);
    const where = ['--server', cluster.addresses.join(','), '--state-folder', folder];
    const args = ['import', 'irc', file, ...where, '--import-password', PASSWORD];
    const before = (await cluster.status(0))!.commit;
    importing = spawn(process.execPath, [join(DIST, 'client/main.js'), ...args], {
      stdio: 'ignore',
      env: cleanEnvironment(),
    });
    const ended = once(importing, 'exit');
    const written = async () =>
      Math.max(...(await Promise.all([0, 1, 2].map(async (one) => (await cluster.status(one))?.commit ?? 0))));
    await cluster.until('a part is imported', async () => (await written()) > before + 50);
    const primary = (await Promise.all([0, 1, 2].map((one) => cluster.status(one)))).findIndex(
      (one) => one?.role === 'primary',
    );
    await cluster.kill(primary);
    const then = await written();
    await cluster.until('the import goes on', async () => (await written()) > then + 50);
    importing.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    const again = await runProgram(args, { program: 'client', withinMs: 60_000 });
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('Room: #teams') });
    const { stdout } = await runProgram(['history', '#teams', '--limit', '1000', '--json', '--user', 'ana', ...where], {
      program: 'client',
      environment: { CHAT_PASSWORD: PASSWORD },
    });
    const bodies = stdout
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one).body);
    expect(bodies).toEqual(Array.from({ length: 400 }, (_, count) => `line ${count}`));
  });
});
