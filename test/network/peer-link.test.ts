import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterEach, describe, expect, it } from 'vitest';
import { PeerLink } from '../../server/network/peer-link.ts';
import type { Address } from '../../shared/ids.ts';

const PATH = '/peers.io/';

describe('R5: the connection to another server', () => {
  const ends: (() => unknown)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('is dialed anew when the other side takes it and then says nothing', async () => {
    const httpServer = createServer();
    const io = new Server(httpServer, { path: PATH, transports: ['websocket'], connectTimeout: 60_000 });
    ends.push(() => io.close());
    // Nobody is let in, and nobody is told.
    io.of('/peers').use(() => {});
    const secondConnection = new Promise<void>((resolve) => {
      let count = 0;
      io.engine.on('connection', () => {
        count += 1;
        if (count === 2) resolve();
      });
    });
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    const { port } = httpServer.address() as AddressInfo;
    const problems: string[] = [];
    const link = new PeerLink(
      `127.0.0.1:${port}` as Address,
      { path: PATH, secret: '', hello: () => expect.fail('nobody asked for a hello') },
      {
        onUp: () => problems.push('up'),
        onDown: () => problems.push('down'),
        onRefused: () => problems.push('refused'),
        onProblem: (text) => problems.push(text),
      },
    );
    ends.push(() => link.close());
    await secondConnection;
    expect(problems).toEqual([]);
  });
});
