import { randomUUID } from 'node:crypto';
import type { Socket } from 'socket.io-client';
import { ask, Delivery, User } from './chat-users.ts';
import { type PumpPlan, pump } from './pump.ts';
import { serveTasks } from './tasks.ts';

/** Messages of each reader, and how many a page has. */
const STORED = 300;
const PAGE = 100;

/** Characters of a document, and how many each reader has. */
const DOCUMENT_LENGTH = 1000;
const DOCUMENTS = 10;

interface Reader {
  user: User;
  documents: string[];
  /** Where its pages begin: all are there below the highest position that it was told. */
  seen: number;
  atPrimary: Socket[];
  atBackups: Socket[];
}

let readers: Reader[] = [];

export type What = 'pages' | 'documents';

/** One of several processes that read, since one alone would be what is measured. */
const tasks = {
  /** Makes the accounts, each with messages in one conversation and with documents, and opens the sockets: to the primary, and to each backup. */
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
        const documents = Array.from({ length: DOCUMENTS }, () => randomUUID() as string);
        for (const key of documents) await user.write('document:set', { key, value: key.padEnd(DOCUMENT_LENGTH, 'x') });
        return { user, documents, seen, atPrimary: [user.socket], atBackups };
      }),
    );
  },

  /** Each reader reads one thing after the other. @returns how many a second, and all of them */
  async read({ what, at, plan }: { what: What; at: 'primary' | 'backups'; plan: PumpPlan }) {
    const turns = readers.map((_, index) => index);
    let count = 0;
    const perSecond = await pump(plan, (client, done) => {
      const reader = readers[client]!;
      const sockets = at === 'primary' ? reader.atPrimary : reader.atBackups;
      turns[client]! += 1;
      const turn = turns[client]!;
      const socket = sockets[turn % sockets.length]!;
      (what === 'pages' ? readPage(socket, reader) : readDocument(socket, reader, turn)).then(
        () => {
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

/** The newest page of the reader's conversation. */
async function readPage(socket: Socket, { user, seen }: Reader): Promise<void> {
  const { messages } = await ask(socket, 'message:history', { before: seen + 1, limit: PAGE, seen });
  const isWhole = messages.length === PAGE && messages.every(({ to }) => to === user.username);
  if (!isWhole) throw new Error(`${user.username} got a page of ${messages.length} messages.`);
}

async function readDocument(socket: Socket, { documents, seen }: Reader, turn: number): Promise<void> {
  const key = documents[turn % documents.length]!;
  const { found, value } = await ask(socket, 'document:get', { key, seen });
  if (!found || value !== key.padEnd(DOCUMENT_LENGTH, 'x'))
    throw new Error(`The document ${key} is not as it was set.`);
}

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
