import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChatClient } from '../../client/understudy.ts';
import { folderStore } from '../../client/understudy-node.ts';

const SERVERS = ['localhost:1538', 'localhost:2538'];

describe('a client of a program', () => {
  it('says which server is no address, and that it needs one', async () => {
    expect(() => new ChatClient({ servers: ['http://localhost:1538'] })).toThrow(
      'The server "http://localhost:1538" is no address; write host:port, as in chat.example:1538.',
    );
    expect(() => new ChatClient({ servers: [] })).toThrow('No server is named');
    await expect(folderStore({ servers: ['nowhere'] })).rejects.toThrow('The server "nowhere" is no address');
  });

  it('is logged in as before, with what was not sent, when its store is a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const message = { request: 3, from: 'ana', to: 'bob', body: 'hi', typedAt: 1 };
    const first = await folderStore({ servers: SERVERS, folder });
    first.saveSession({ username: 'ana', token: '5.secret' });
    await first.addToOutbox(message);
    await first.close();

    const chat = new ChatClient({ servers: SERVERS, store: await folderStore({ servers: SERVERS, folder }) });
    const other = new ChatClient({ servers: SERVERS, store: await folderStore({ servers: SERVERS, folder }) });
    expect([chat.username, other.username]).toEqual(['ana', '']);
    const told: unknown[] = [];
    chat.on('logged-in', ({ username }) => told.push(username)).on('outbox', ({ waiting }) => told.push(waiting));
    chat.start();
    expect(told).toEqual(['ana', [expect.objectContaining({ to: 'bob', body: 'hi' })]]);
    await Promise.all([chat.close(), other.close()]);
  });
});
