import { describe, expect, it } from 'vitest';
import { SeveralServers, type StageReply } from './several-servers.ts';

const KEY = '4e1b2c1a-9f0d-4d8a-8a53-0d5f6a7b8c9d';
const OTHER_KEY = '0c7c4f5e-1b2d-4a6f-9e3d-2b1a0f9e8d7c';

describe('documents on three servers', () => {
  it('R4, R17: are on all of them when that is said, and every server reads them then, also that they are gone', async () => {
    const stage = await SeveralServers.open(4);
    const writer = await stage.connect(stage.primary);
    const readers = [];
    for (const server of stage.servers) readers.push(await stage.connect(server));
    for (let round = 0; round < 10; round++) {
      const set = await writer.write('document:set', { key: KEY, value: { round } });
      expect(set).toMatchObject({ ok: true, created: round === 0, replicas: 3 });
      for (const server of stage.servers.slice(0, 3)) {
        expect(stage.logOf(server)[(set.position as number) - 1]).toMatchObject({ event: 'document:set', account: '' });
      }
      for (const reader of readers) {
        expect(await reader.ask('document:get', { key: KEY })).toMatchObject({ found: true, value: { round } });
      }
    }
    expect(await writer.write('document:delete', { key: KEY })).toMatchObject({ deleted: true, replicas: 3 });
    for (const reader of readers) {
      const got = await reader.ask('document:get', { key: KEY });
      expect([got.ok, got.found, 'value' in got]).toEqual([true, false, false]);
    }
  });

  it('R18, R28: are set and deleted through a backup, without a log-in, once, and answered so wherever they are asked for again', async () => {
    const stage = await SeveralServers.open();
    const [first, second] = stage.backups;
    const socket = await stage.connect(first!, { spread: true });
    const asked = [
      ['document:set', { request: 1, key: KEY, value: 1 }],
      ['document:set', { request: 2, key: KEY, value: 2 }],
      ['document:delete', { request: 3, key: KEY }],
      ['document:delete', { request: 4, key: KEY }],
    ] as const;
    const answers: StageReply[] = [];
    for (const [event, payload] of asked) answers.push(await socket.ask(event, payload));
    expect(answers.map(({ created, deleted }) => created ?? deleted)).toEqual([true, false, true, false]);
    for (const server of [second!, stage.primary]) {
      const again = await stage.connect(server, { spread: true, clientId: socket.clientId });
      for (const [index, [event, payload]] of asked.entries()) {
        expect(await again.ask(event, payload)).toEqual(answers[index]);
      }
    }
    const rows = stage.logOf(stage.primary).filter(({ event }) => event.startsWith('document:'));
    expect(rows).toHaveLength(asked.length);
  });

  it('R18: are done once although the primary dies with the answer, and are on those that are left', async () => {
    const stage = await SeveralServers.open();
    const { primary } = stage;
    const socket = await stage.connect(primary);
    await socket.write('document:set', { key: OTHER_KEY, value: 'kept' });
    const lost = socket.send('document:set', { request: 2, key: KEY, value: 'once' });
    await stage.until(() => stage.logOf(primary).some(({ subject }) => subject === KEY));
    primary.end('crashes');
    await stage.until(() => stage.primary !== undefined && stage.primary !== primary);
    const next = await stage.connect(stage.primary, { clientId: socket.clientId, known: true });
    const answers: StageReply[] = [];
    await stage.until(() => stage.primary.engine!.cluster().members.length === 2);
    for (let attempt = 0; attempt < 2; attempt++) {
      answers.push(await next.ask('document:set', { request: 2, key: KEY, value: 'once' }));
    }
    expect(answers).toMatchObject(Array(2).fill({ ok: true, created: true, replicas: 2 }));
    expect(answers[1]!.position).toBe(answers[0]!.position);
    expect(lost).toEqual([]);
    expect(await next.ask('document:get', { key: OTHER_KEY })).toMatchObject({ found: true, value: 'kept' });
    expect(await next.ask('document:get', { key: KEY })).toMatchObject({ found: true, value: 'once' });
  });

  it('R17: are not read at a server that follows nobody', async () => {
    const stage = await SeveralServers.open();
    const [backup] = stage.backups;
    const socket = await stage.connect(backup!);
    for (const other of stage.servers) {
      if (other === backup) continue;
      stage.peers.cuts.cut(backup!.address, other.address);
      stage.peers.cuts.cut(other.address, backup!.address);
    }
    await stage.until(() => backup!.engine!.status().role === 'waiting');
    expect(await socket.ask('document:get', { key: KEY })).toMatchObject({ ok: false, error: { definite: true } });
  });
});
