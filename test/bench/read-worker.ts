import type { Socket } from 'socket.io-client';
import { ask, Delivery, User } from './chat-users.ts';
import { type PumpPlan, pump } from './pump.ts';
import { serveTasks } from './tasks.ts';

/** Messages of each reader, and how many a page has. */
const STORED = 300;
const PAGE = 100;

interface Reader {
  user: User;
  /** Where its pages begin: all are there below the highest position that it was told. */
  seen: number;
  atPrimary: Socket[];
  atBackups: Socket[];
}

let readers: Reader[] = [];

/** One of several processes that read, since one alone would be what is measured. */
const tasks = {
  /** Makes the accounts, each with messages in one conversation, and opens the sockets: to the primary, and to each backup. */
  async enter({
    primary,
    backups,
    clients,
    names,
  }: {
    primary: string;
    backups: string[];
    clients: number;
    names: string;
  }) {
    const users = (prefix: string) =>
      Promise.all(Array.from({ length: clients }, (_, index) => User.create(primary, `${names}${prefix}${index}`)));
    const [sleepers, friends] = [await users('reader'), await users('friend')];
    readers = await Promise.all(
      sleepers.map(async (user, index) => {
        const seen = await store(new Delivery(friends[index]!, user));
        const atBackups = await Promise.all(backups.map((address) => user.openBeside(address)));
        return { user, seen, atPrimary: [user.socket], atBackups };
      }),
    );
  },

  /** Reads pages of history, one after the other and going back from the newest. @returns pages a second, and all pages */
  async read({
    at,
    plan,
  }: {
    at: 'primary' | 'backups';
    plan: PumpPlan;
  }): Promise<{ perSecond: number; count: number }> {
    const turns = readers.map((_, index) => index);
    let count = 0;
    const perSecond = await pump(plan, (client, done) => {
      const { user, seen, atPrimary, atBackups } = readers[client]!;
      const sockets = at === 'primary' ? atPrimary : atBackups;
      turns[client]! += 1;
      const socket = sockets[turns[client]! % sockets.length]!;
      const wanted = { before: seen + 1, limit: PAGE, seen };
      ask(socket, 'message:history', wanted).then(
        ({ messages }) => {
          const isWhole = messages.length === PAGE && messages.every(({ to }) => to === user.username);
          if (!isWhole) throw new Error(`${user.username} got a page of ${messages.length} messages.`);
          count += 1;
          done();
        },
        // Thrown out of an event: it ends this process, and with it the run.
        (error: unknown) =>
          setImmediate(() => {
            throw error;
          }),
      );
    });
    return { perSecond, count };
  },
};

/** @returns the position of the last one */
async function store(delivery: Delivery): Promise<number> {
  const last = new Promise<number>((resolve) => {
    delivery.recipient.onMessage((message) => {
      delivery.see(message);
      if (delivery.delivered === STORED) resolve(message.position);
    });
  });
  for (let count = 0; count < STORED; count++) {
    delivery.sender.send(delivery.recipient.username, delivery.nextBody(), (refused) => {
      if (refused !== undefined) throw new Error(`A message was refused: ${refused}`);
    });
  }
  const position = await last;
  delivery.sender.disconnect();
  if (delivery.fault !== '') throw new Error(`LOST, DOUBLED OR OUT OF ORDER: ${delivery.fault}.`);
  return position;
}

export type ReadTasks = typeof tasks;
serveTasks(tasks);
