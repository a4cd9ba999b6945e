import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatClient } from '../../../client/chat-client.ts';
import type { ChatEvent } from '../../../client/chat-types.ts';
import { openChat } from '../../../client/open-chat.ts';
import { readHistory } from '../../../server/commands/drill-talker.ts';
import { historyOf } from '../../chaos/audit.ts';
import { ProtocolClient } from '../../chaos/protocol-client.ts';
import { PASSWORD, Talker } from '../../chaos/talker.ts';
import { Cluster, freePorts } from '../../support/cluster.ts';
import { runProgram } from '../../support/program.ts';

/** A user of the client library, and what it shows: a reload empties the screen. */
class Viewer {
  readonly chat: ChatClient;
  readonly events: ChatEvent[] = [];

  constructor(chat: ChatClient) {
    this.chat = chat;
    chat.onEvent((event) => this.events.push(event));
    chat.start();
  }

  static async opened(cluster: Cluster, username: string): Promise<Viewer> {
    return new Viewer(
      await openChat({ servers: cluster.addresses, username, stateFolder: join(cluster.folder, 'state') }),
    );
  }

  count(type: ChatEvent['type']): number {
    return this.events.filter((event) => event.type === type).length;
  }

  get shown(): string[] {
    const from = this.events.findLastIndex(({ type }) => type === 'reload') + 1;
    return this.events.slice(from).flatMap((event) => (event.type === 'message' ? [event.message.body] : []));
  }
}

/** `client history`, as a program of its own. */
function history(cluster: Cluster, user: string) {
  const where = ['--server', cluster.addresses.join(','), '--state-folder', join(cluster.folder, 'state-of-commands')];
  return runProgram(['history', '--user', user, ...where], {
    program: 'client',
    environment: { CHAT_PASSWORD: PASSWORD },
  });
}

describe('server restore', { timeout: 90_000 }, () => {
  let cluster: Cluster;
  let viewers: Viewer[] = [];

  afterEach(async () => {
    await Promise.all(viewers.map(({ chat }) => chat.close()));
    viewers = [];
    await cluster.close();
  });

  async function say(chat: ChatClient, ...bodies: string[]): Promise<void> {
    for (const body of bodies) expect(await chat.send('bob', body)).toMatchObject({ ok: true });
  }

  async function stopAll(): Promise<void> {
    await Promise.all(cluster.up.map(({ index }) => cluster.terminate(index)));
  }

  const restore = (...args: string[]) => runProgram(['restore', ...args]);

  it('puts all three servers back to a copy; clients that lived through it reload, and nothing is there twice', async () => {
    cluster = await Cluster.started();
    const ana = await Viewer.opened(cluster, 'ana');
    const asleep = await Viewer.opened(cluster, 'carol');
    const bob = await Talker.joined('bob', cluster.addresses);
    viewers = [ana, asleep];
    expect(await ana.chat.createAccount('ana', PASSWORD)).toMatchObject({ ok: true });
    expect(await asleep.chat.createAccount('carol', PASSWORD)).toMatchObject({ ok: true });
    await say(ana.chat, 'in the copy 1', 'in the copy 2');
    await say(asleep.chat, 'of carol');
    const dora = await Talker.joined('dora', cluster.addresses);
    expect(await dora.chat.send('bob', 'from a command line')).toMatchObject({ ok: true });
    await dora.close();
    expect((await history(cluster, 'dora')).status).toBe(0);
    const { address, folder } = cluster.servers[0]!;
    const made = await runProgram(['backup', 'evening', '--server', address]);
    expect(made.status).toBe(0);
    await say(ana.chat, 'later 1', 'later 2', 'later 3');
    await say(asleep.chat, 'later of carol');
    const spy = await ProtocolClient.open(address);
    const opened = await spy.request('session:open', { request: 1, username: 'ana', password: PASSWORD });
    if (!opened.ok) throw new Error(opened.error.message);
    spy.close();
    // This one is closed meanwhile and finds the other cluster when it starts again.
    await asleep.chat.close();
    await bob.close();

    const whileItRuns = await restore(folder, 'evening');
    expect([whileItRuns.status, whileItRuns.stdout]).toEqual([1, '']);
    expect(whileItRuns.stderr).toContain(`pid ${cluster.servers[0]!.process?.pid}`);
    await cluster.terminate(0);
    const whileOthersRun = await restore(folder, 'evening');
    expect(whileOthersRun.status).toBe(1);
    expect(whileOthersRun.stderr).toMatch(/localhost:\d+ and localhost:\d+ still run/);
    await stopAll();

    const done = await restore(folder, 'evening');
    expect([done.status, done.stderr]).toEqual([0, '']);
    const kept = readdirSync(cluster.folder).filter((name) => name.includes('-replaced-'));
    expect(kept).toHaveLength(1);
    expect(done.stdout).toContain(kept[0]);
    const away = join(cluster.folder, 'away');
    mkdirSync(away);
    for (const { folder: old, index } of cluster.servers.slice(1)) renameSync(old, join(away, String(index)));
    const waiting = ana.chat.send('bob', 'typed while nothing ran');
    await cluster.startAll();
    await cluster.untilComplete();

    await cluster.until('ana’s client has reloaded', () => ana.count('reload') === 1);
    expect(await waiting).toMatchObject({ ok: false, error: { definite: true } });
    expect([ana.count('logged-out'), ana.chat.username]).toEqual([1, '']);
    expect(await ana.chat.logIn('ana', PASSWORD)).toMatchObject({ ok: true });
    await say(ana.chat, 'new 1', 'new 2');
    const carol = await Viewer.opened(cluster, 'carol');
    viewers = [ana, carol];
    await cluster.until('carol’s client has reloaded', () => carol.count('reload') === 1);
    expect(await carol.chat.logIn('carol', PASSWORD)).toMatchObject({ ok: true });
    await say(carol.chat, 'new of carol');

    const mine = ['in the copy 1', 'in the copy 2', 'new 1', 'new 2'];
    await cluster.until('both are shown what there is', () => ana.shown.length === 4 && carol.shown.length === 2);
    expect(ana.shown).toEqual(mine);
    expect(carol.shown).toEqual(['of carol', 'new of carol']);
    const all = await historyOf(cluster.addresses[await cluster.untilComplete()]!, 'bob', PASSWORD);
    expect(all.map(({ body }) => body)).toEqual([
      'in the copy 1',
      'in the copy 2',
      'of carol',
      'from a command line',
      'new 1',
      'new 2',
      'new of carol',
    ]);
    expect(new Set(all.map(({ position }) => position)).size).toBe(all.length);
    await cluster.untilLogsEqual();

    // Whoever was logged in from a command line still has a log-in of the former cluster there.
    const shown = await history(cluster, 'dora');
    expect([shown.status, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toContain('dora -> bob: from a command line');

    // A program that does not look at the cluster's id is told by its positions and its token.
    const old = await ProtocolClient.open(cluster.addresses[await cluster.untilComplete()]!, { token: opened.token });
    const withToken = await old.request('message:history', { after: 0 });
    expect(withToken).toMatchObject({ ok: false, error: { code: 'not-logged-in' } });
    await old.request('session:open', { request: 1, username: 'ana', password: PASSWORD });
    const ahead = await old.request('message:history', { after: 0, seen: 10_000 });
    expect(ahead).toMatchObject({ ok: false, error: { code: 'bad-request', definite: true } });
    expect(ahead.ok ? '' : ahead.error.message).toContain('Position 10000 lies in the future');
    old.close();
  });

  it('a server of the former cluster that is started beside it is refused, and names both', async () => {
    cluster = await Cluster.started();
    const { address, folder } = cluster.servers[0]!;
    expect((await runProgram(['backup', 'one', '--server', address])).status).toBe(0);
    await stopAll();
    expect((await restore(folder, 'one')).status).toBe(0);
    await cluster.start(0);
    await cluster.untilServing([0]);
    await cluster.start(1);
    await cluster.until('it has said so', () =>
      cluster.output(1).includes(`The server ${address} belongs to another cluster`),
    );
    const [first, second] = await Promise.all([cluster.status(0), cluster.status(1)]);
    expect(first?.members).toEqual([address]);
    expect(first?.cluster.id).not.toBe(second?.cluster.id);
    // Moved away, as `server restore` says, it joins.
    await cluster.terminate(1);
    renameSync(cluster.servers[1]!.folder, join(cluster.folder, 'away'));
    await cluster.start(1);
    await cluster.untilServing([0, 1]);
  });

  it('a server can be started on a copy itself, as another cluster, and the database is not touched', async () => {
    cluster = await Cluster.make({ size: 1, args: ['--replication-factor', '1'] });
    await cluster.start(0);
    await cluster.untilServing();
    const { address, folder } = cluster.servers[0]!;
    const ana = await Talker.joined('ana', cluster.addresses);
    await ana.say('ana');
    expect((await runProgram(['backup', 'trial', '--server', address])).status).toBe(0);
    await ana.say('ana');
    await ana.close();
    await stopAll();
    const before = cluster.contents(0);
    const port = String(cluster.servers[0]!.port);
    const asSecondary = await runProgram(['secondary', port, '--data', cluster.folder, '--database', 'trial']);
    expect([asSecondary.status, asSecondary.stdout]).toEqual([1, '']);
    expect(asSecondary.stderr).toContain('start it with "server primary"');
    await cluster.start(0, ['--database', 'trial']);
    await cluster.untilServing();
    expect((await readHistory(cluster.addresses, 'ana')).map(({ body }) => body)).toEqual(['ana 1']);
    await stopAll();
    expect(cluster.contents(0)).toEqual(before);
    await cluster.start(0);
    await cluster.untilServing();
    expect(await readHistory(cluster.addresses, 'ana')).toHaveLength(2);
    expect(cluster.output(0)).toContain(`${folder}-trial was a copy`);
  });

  it('of what there is not ends with status 2, and of what is not whole with 1', async () => {
    const [port] = await freePorts(1);
    cluster = await Cluster.make({ size: 1 });
    const database = join(cluster.folder, `database@localhost:${port}`);
    const unknown = await restore(database, 'nothing');
    expect([unknown.status, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toContain('has no copy "nothing"; it has none.');
    mkdirSync(`${database}-empty`);
    const empty = await restore(database, 'empty');
    expect(empty.status).toBe(1);
    expect(empty.stderr).toContain('is no database');
    rmSync(`${database}-empty`, { recursive: true });
    const wrong = await restore(cluster.folder, 'x');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('data/database@localhost:1538');
    const badName = await runProgram(['primary', String(port), '--data', cluster.folder, '--database', '../up']);
    expect(badName.status).toBe(2);
    expect(badName.stderr).toContain('"../up"');
  });
});
