import { describe, expect, it } from 'vitest';
import { PRESENCE_GRACE_MS } from '../../shared/limits.ts';
import { SeveralServers, type StageSocket } from './several-servers.ts';

/** Ana at one backup and bob at the other have written to each other. */
async function acquainted() {
  const stage = await SeveralServers.open();
  const [first, second] = stage.backups;
  const ana = (await stage.account('ana', first!)).socket;
  const bob = await stage.account('bob', second!);
  await ana.write('message:send', { to: 'bob', body: 'hello' });
  return { stage, first: first!, second: second!, ana, bob: bob.socket, token: bob.token };
}

async function isOnline(viewer: StageSocket, username: string): Promise<unknown> {
  const { accounts } = await viewer.ask('account:list', { pattern: username });
  return (accounts as { online: boolean }[])[0]!.online;
}

describe('presence, with people at several servers', () => {
  it('is told across servers, and lists say the same at each', async () => {
    const { stage, ana, bob, second, token } = await acquainted();
    expect(await isOnline(ana, 'bob')).toBe(true);
    bob.close();
    await stage.advance(2 * PRESENCE_GRACE_MS);
    expect(ana.all('presence:changed').at(-1)).toEqual({ username: 'bob', online: false });
    expect(await isOnline(ana, 'bob')).toBe(false);
    const again = await stage.connect(second, { token, spread: true });
    await stage.until(() => again.all('session:ready').length > 0);
    await stage.until(() => ana.all('presence:changed').at(-1)?.online === true);
    expect(await isOnline(ana, 'bob')).toBe(true);
    expect(await isOnline(again, 'ana')).toBe(true);
  });

  it('outlives the loss of a server for as long as clients take to come back, and no longer', async () => {
    const { stage, ana, second } = await acquainted();
    const before = ana.all('presence:changed').length;
    second.end('crashes');
    await stage.advance(PRESENCE_GRACE_MS / 2);
    expect(ana.all('presence:changed')).toHaveLength(before);
    await stage.until(() => ana.all('presence:changed').length > before);
    expect(ana.all('presence:changed').slice(before)).toEqual([{ username: 'bob', online: false }]);
    expect(await isOnline(ana, 'bob')).toBe(false);
  });

  it('is told to a server that comes later', async () => {
    const { stage, ana, second } = await acquainted();
    second.end('crashes');
    await stage.advance(2 * PRESENCE_GRACE_MS);
    second.start(null);
    await stage.until(() => second.engine?.isFull() === true);
    const { socket } = await stage.account('cleo', second);
    expect(await isOnline(socket, 'ana')).toBe(true);
    ana.close();
    await stage.advance(2 * PRESENCE_GRACE_MS);
    expect(await isOnline(socket, 'ana')).toBe(false);
  });

  it('typing is told across servers', async () => {
    const { stage, ana, bob } = await acquainted();
    expect(await ana.ask('typing:set', { with: 'bob', typing: true })).toMatchObject({ ok: true });
    await stage.until(() => bob.all('typing:changed').length > 0);
    expect(bob.all('typing:changed')).toEqual([{ with: 'ana', username: 'ana', typing: true }]);
    expect(ana.all('typing:changed')).toEqual([]);
  });
});
