import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalServers } from '../../server/commands/local-servers.ts';
import { askStatus } from '../../server/commands/status.ts';
import { parseAddress } from '../../shared/ids.ts';
import { freePorts, pause, SERVER_PROGRAM } from '../support/cluster.ts';

const PATIENCE_MS = 30_000;
const POLL_MS = 50;

let dataFolder = '';
let servers: LocalServers | undefined;
let addresses: string[] = [];

async function start(): Promise<LocalServers> {
  dataFolder = mkdtempSync(join(tmpdir(), 'understudy-'));
  const ports = await freePorts(3);
  addresses = ports.map((port) => `localhost:${port}`);
  servers = new LocalServers({ ports, dataFolder, command: [process.execPath, SERVER_PROGRAM] });
  await until('all three are members', async () => (await members()).length === 3);
  return servers;
}

afterEach(async () => {
  await servers?.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

async function members(): Promise<string[]> {
  await servers!.look();
  for (const { address, state } of servers!.list) {
    if (state !== 'running') continue;
    const status = await askStatus(parseAddress(address)!);
    if (status?.cluster.primary) return status.members;
  }
  return [];
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It never came to this: ${what}.`);
    await pause(POLL_MS);
  }
}

describe('the servers of `server start`', () => {
  it('one is killed, the others go on without it; started again, it is a member again', async () => {
    const cluster = await start();
    const seen: string[] = [];
    cluster.onChange(() => seen.push(cluster.list.map(({ state }) => state).join(' ')));
    const victim = (await members())[0]!;
    cluster.act(victim, 'kill');
    await until('the others are the view', async () => {
      const present = await members();
      return present.length === 2 && !present.includes(victim);
    });
    expect(cluster.list.find(({ address }) => address === victim)?.state).toBe('stopped');
    expect(seen.some((states) => states.includes('stopped'))).toBe(true);
    cluster.act(victim, 'restart');
    await until('it is back', async () => (await members()).length === 3);
  });

  it('one is paused, is dropped, and is a member again once it goes on', async () => {
    const cluster = await start();
    const victim = (await members())[2]!;
    cluster.act(victim, 'pause');
    expect(cluster.list.find(({ address }) => address === victim)?.state).toBe('paused');
    await until('the others are the view', async () => (await members()).length === 2);
    cluster.act(victim, 'resume');
    await until('it is back', async () => (await members()).length === 3);
  });

  it('what cannot be done to a server changes nothing', async () => {
    const cluster = await start();
    for (const address of addresses) cluster.act(address, 'restart');
    cluster.act('localhost:1', 'kill');
    expect(cluster.list.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    await until('each tells how far it is', async () => {
      await cluster.look();
      return cluster.list.every(({ commit }) => commit !== undefined && commit > 0);
    });
    expect(await members()).toHaveLength(3);
  });

  it('stop ends all of them, a paused one too', async () => {
    const cluster = await start();
    cluster.act(addresses[1]!, 'pause');
    await cluster.stop();
    expect(cluster.list.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
    cluster.act(addresses[0]!, 'restart');
    expect(cluster.list[0]?.state).toBe('stopped');
  });
});
