import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import type { Server } from 'socket.io';
import { createIo } from '../../server/network/io.ts';
import { serveTasks } from './tasks.ts';

type Echo = (message: unknown, answer: (message: unknown) => void) => void;

const tasks = {
  /** Listens with Socket.IO, set up as the real server sets it up, and with bare TCP; both send back what comes. */
  async listen(_: null): Promise<{ socketPort: number; tcpPort: number }> {
    const httpServer = createHttpServer();
    const io = createIo(httpServer).clients as unknown as Server<{ echo: Echo }>;
    io.on('connection', (socket) => socket.on('echo', (message, answer) => answer(message)));
    const tcpServer = createServer({ noDelay: true }, (socket) => socket.pipe(socket).on('error', () => {}));
    const ports = await Promise.all(
      [httpServer, tcpServer].map(async (server) => {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        return (server.address() as AddressInfo).port;
      }),
    );
    return { socketPort: ports[0]!, tcpPort: ports[1]! };
  },
};

export type EchoTasks = typeof tasks;
serveTasks(tasks);
