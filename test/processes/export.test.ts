import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ProtocolClient } from '../chaos/protocol-client.ts';
import { PASSWORD } from '../chaos/talker.ts';
import { Cluster, cleanEnvironment, DIST } from '../support/cluster.ts';

const MESSAGES = 2000;
/** More of them than a pipe holds, so that the program has to wait for its reader. */
const PADDING = 'x'.repeat(200);

describe('client export of a long history', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let exporting: ChildProcess | undefined;

  afterEach(async () => {
    exporting?.kill('SIGKILL');
    await cluster.close();
  });

  async function fill(): Promise<void> {
    cluster = await Cluster.started();
    const client = await ProtocolClient.open(cluster.addresses[await cluster.untilComplete()]!);
    const created = await client.request('account:create', { request: 1, username: 'ana', password: PASSWORD });
    expect(created).toMatchObject({ ok: true });
    for (let sent = 0; sent < MESSAGES; sent += 200) {
      const some = Array.from({ length: 200 }, (_, index) =>
        client.request('message:send', { request: sent + index + 2, to: 'ana', body: `${sent + index} ${PADDING}` }),
      );
      expect((await Promise.all(some)).every(({ ok }) => ok)).toBe(true);
    }
    client.close();
  }

  function startExport(): ChildProcess {
    const server = cluster.addresses.join(',');
    const args = [
      'export',
      '--user',
      'ana',
      '--json',
      '--server',
      server,
      '--state-folder',
      join(cluster.folder, 'state'),
    ];
    return spawn(process.execPath, [join(DIST, 'client/main.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), CHAT_PASSWORD: PASSWORD },
    });
  }

  it('goes on across a fail-over, with each message once, in order', async () => {
    await fill();
    exporting = startExport();
    const ended = once(exporting, 'close');
    let text = '';
    let notes = '';
    exporting.stderr!.on('data', (chunk) => {
      notes += chunk;
    });
    exporting.stdout!.setEncoding('utf8');
    await once(exporting.stdout!, 'readable');
    // Nothing is read now, and there is more than the pipe holds.
    await cluster.kill(await cluster.untilComplete());
    exporting.stdout!.on('data', (chunk) => {
      text += chunk;
    });
    expect(await ended).toEqual([0, null]);
    expect(notes).not.toContain('Error');
    const bodies = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).body);
    expect(bodies).toEqual(Array.from({ length: MESSAGES }, (_, index) => `${index} ${PADDING}`));
  });

  it('ends quietly when nobody reads on, as with head', async () => {
    await fill();
    exporting = startExport();
    const ended = once(exporting, 'close');
    let notes = '';
    exporting.stderr!.on('data', (chunk) => {
      notes += chunk;
    });
    await once(exporting.stdout!, 'data');
    exporting.stdout!.destroy();
    expect(await ended).toEqual([0, null]);
    expect(notes).toBe('');
  });
});
