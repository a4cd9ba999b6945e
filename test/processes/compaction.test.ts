import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readRow } from '../../server/storage/csv.ts';
import { readAccountBody } from '../../shared/account-body.ts';
import type { Address } from '../../shared/ids.ts';
import { historyOf } from '../chaos/audit.ts';
import { ProtocolClient } from '../chaos/protocol-client.ts';
import { Cluster, logSegments } from '../support/cluster.ts';
import { runProgram } from '../support/program.ts';

const PASSWORD = 'correct horse battery';

/** A user of the chat, whose requests all succeed. */
class User {
  readonly #client: ProtocolClient;
  #lastRequest = 0;

  private constructor(client: ProtocolClient) {
    this.#client = client;
  }

  static async joined(address: Address, username: string): Promise<User> {
    const user = new User(await ProtocolClient.open(address));
    await user.ask('account:create', { username, password: PASSWORD });
    return user;
  }

  async ask(event: string, fields: object): Promise<Record<string, unknown>> {
    const reply = await this.#client.request(event as never, { request: ++this.#lastRequest, ...fields } as never);
    expect(reply).toMatchObject({ ok: true });
    return reply as never;
  }

  async send(to: string, body: string): Promise<string> {
    return String((await this.ask('message:send', { to, body })).id);
  }

  close(): void {
    this.#client.close();
  }
}

describe('server compact', { timeout: 60_000 }, () => {
  let cluster: Cluster;

  afterEach(async () => {
    await cluster.close();
  });

  /** As `grep -r` does: the files below the data folder in which a text stands, what the servers printed left out. */
  const filesWith = (text: string): string[] =>
    readdirSync(cluster.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath !== cluster.folder)
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => contentOf(path).includes(text));

  const passwordHashOf = (username: string): string => {
    const { folder } = cluster.servers[0]!;
    const rows = logSegments(folder).flatMap((name) =>
      readFileSync(join(folder, name), 'utf8').split('\n').slice(1, -1),
    );
    const entries = rows
      .map((row) => readRow(Buffer.from(`${row}\n`))!)
      .filter(({ event }) => event === 'account:create');
    return entries.map(readAccountBody).find((body) => body.username === username)!.passwordHash;
  };

  const compact = (index: number) => runProgram(['compact', '--server', cluster.addresses[index]!]);

  it('R27: removes what was deleted from the files of all servers, and of those that join afterwards', async () => {
    cluster = await Cluster.make({ size: 4 });
    for (const index of [0, 1, 2]) await cluster.start(index);
    const address = cluster.addresses[await cluster.untilServing([0, 1, 2])]!;
    const [ana, carolina, evelyn] = [
      await User.joined(address, 'ana'),
      await User.joined(address, 'carolina'),
      await User.joined(address, 'evelyn'),
    ];
    const id = await ana.send('ana', 'a text that ana regrets');
    await ana.send('ana', 'a text that stays');
    await carolina.send('ana', 'from somebody who leaves');
    await evelyn.send('evelyn', 'a text that only evelyn saw');
    const hashes = [passwordHashOf('carolina'), passwordHashOf('evelyn')];
    await ana.ask('message:delete', { id });
    await carolina.ask('account:delete', { password: PASSWORD });
    await evelyn.ask('account:delete', { password: PASSWORD });
    const gone = ['a text that ana regrets', 'a text that only evelyn saw', 'evelyn"', ...hashes];
    for (const text of gone) expect(filesWith(text), text).toHaveLength(3);
    const status = async (index: number) =>
      (await runProgram(['status', '--server', cluster.addresses[index]!])).stdout.replaceAll('\n', ' ');
    expect(await status(0)).toContain('is still in the files');

    const compacted = await compact(1);
    expect([compacted.status, compacted.stderr]).toEqual([0, '']);
    for (const { address } of cluster.servers.slice(0, 3))
      expect(compacted.stdout).toMatch(new RegExp(`${address} +4$`, 'm'));
    expect(await status(0)).toMatch(/removed what was deleted up to operation \d+: 4 rows/);
    for (const text of gone) expect(filesWith(text), text).toEqual([]);
    for (const text of ['a text that stays', 'from somebody who leaves', 'carolina']) {
      expect(filesWith(text), text).not.toEqual([]);
    }
    await cluster.untilLogsEqual([0, 1, 2]);
    expect((await compact(0)).stdout).toContain('nothing to remove');

    await cluster.start(3);
    await cluster.until('the joiner follows', async () => (await cluster.status(3))?.role === 'spare');
    await cluster.untilLogsEqual();
    for (const text of gone) expect(filesWith(text), text).toEqual([]);

    await Promise.all([0, 1, 2, 3].map((index) => cluster.kill(index)));
    for (const { folder } of cluster.servers) {
      const checked = await runProgram(['check', folder]);
      expect([checked.status, checked.stderr]).toEqual([0, '']);
    }
    await Promise.all([0, 1, 2].map((index) => cluster.start(index)));
    const primary = await cluster.untilServing([0, 1, 2]);
    const read = await historyOf(cluster.addresses[primary]!, 'ana', PASSWORD);
    expect(read.map(({ from, body, fromDeleted }) => [from, body, fromDeleted])).toEqual([
      ['ana', 'a text that stays', undefined],
      ['carolina', 'from somebody who leaves', true],
    ]);
    for (const user of [ana, carolina, evelyn]) user.close();
  });

  it('R27: says who is not reached, and what a cluster without a primary waits for', async () => {
    cluster = await Cluster.make({ size: 2, args: ['--replication-factor', '2'] });
    const nobody = await compact(0);
    expect([nobody.status, nobody.stdout]).toEqual([3, '']);
    expect(nobody.stderr).toContain(`The server ${cluster.addresses[0]} can't be reached`);
    await cluster.start(1);
    const waiting = await compact(1);
    expect([waiting.status, waiting.stdout]).toEqual([1, '']);
    expect(waiting.stderr).toContain('no primary at the moment');
  });
});

/** Nothing of a file that was there for a moment: what was written beside another one and has taken its place is looked at there. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
