import { once } from 'node:events';
import { connect } from 'node:net';
import { Delivery, MESSAGE_BYTES, openSocket, User } from './chat-users.ts';
import { median } from './figures.ts';
import { oneAtATime, type PumpPlan, pump } from './pump.ts';
import { serveTasks } from './tasks.ts';

const DELIVERY_DEADLINE_MS = 20_000;
const WARM_UP_SENDINGS = 300;

let connected: Delivery[] = [];
let offline: Delivery[] = [];
let primary = '';
let pouring: { writer: User; to: string } | undefined;

/** One process asks everything of everybody, so that all are judged by the same clock and the same client. */
const tasks = {
  /** @returns acknowledgements a second, and the median time of one alone, in milliseconds */
  async echo({ port, plan, count }: { port: number; plan: PumpPlan; count: number }) {
    const opening = Array.from({ length: plan.clients }, () => openSocket(`127.0.0.1:${port}`, {}));
    const sockets = await Promise.all(opening);
    const requests = sockets.map(() => 0);
    const send = (client: number, done: () => void): void => {
      requests[client]! += 1;
      const request = requests[client]!;
      const body = `client${client} ${request} `.padEnd(MESSAGE_BYTES, 'x');
      sockets[client]!.emit('echo', { request, to: `friend${client}`, body }, done);
    };
    const perSecond = await pump(plan, send);
    const p50Ms = median(await oneAtATime(WARM_UP_SENDINGS, count, (done) => send(0, done)));
    for (const socket of sockets) socket.disconnect();
    return { perSecond, p50Ms };
  },

  /** @returns the median time of a small message over TCP, there and back, in milliseconds */
  async roundTrip({ port, count }: { port: number; count: number }): Promise<number> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const elapsedMs = await oneAtATime(WARM_UP_SENDINGS, count, (done) => {
      socket.once('data', () => done());
      socket.write('ping');
    });
    socket.destroy();
    return median(elapsedMs);
  },

  /** Makes the accounts, whose names begin with `names`: senders and their recipients stay connected, those who are to be offline do not. */
  async enter({ address, clients, names = '' }: { address: string; clients: number; names?: string }): Promise<void> {
    primary = address;
    const create = (name: string) =>
      Promise.all(Array.from({ length: clients }, (_, index) => User.create(address, `${names}${name}${index}`)));
    const [senders, friends, sleepers] = await Promise.all([create('sender'), create('friend'), create('sleeper')]);
    connected = senders.map((sender, index) => new Delivery(sender, friends[index]!));
    offline = senders.map((sender, index) => new Delivery(sender, sleepers[index]!));
    for (const delivery of connected) delivery.recipient.onMessage((message) => delivery.see(message));
    for (const { recipient } of offline) recipient.disconnect();
  },

  /** Logs in to an account that there is, for {@link pour}. */
  async enterAs({ address, username, to }: { address: string; username: string; to: string }): Promise<void> {
    pouring = { writer: await User.enter(address, username), to };
  },

  /** Sends so many messages a second, evenly. @returns how many a second were acknowledged */
  async pour({ perSecond, forMs }: { perSecond: number; forMs: number }): Promise<number> {
    const { writer, to } = pouring!;
    const startedAt = performance.now();
    let sent = 0;
    let acknowledged = 0;
    for (let elapsedMs = 0; elapsedMs < forMs; elapsedMs = performance.now() - startedAt) {
      for (; sent < (elapsedMs / 1000) * perSecond; sent++) {
        writer.send(to, `poured ${sent} `.padEnd(MESSAGE_BYTES, 'x'), () => {
          acknowledged += 1;
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while (acknowledged < sent) await new Promise((resolve) => setTimeout(resolve, 5));
    return acknowledged / ((performance.now() - startedAt) / 1000);
  },

  /** @returns acknowledgements a second; every message has reached its recipient, once and in order */
  async toConnected({ plan }: { plan: PumpPlan }): Promise<number> {
    const perSecond = await pump(plan, sender(connected));
    await allDelivered();
    return perSecond;
  },

  /** @returns how many messages have reached those who are connected, so far */
  async delivered(_: null): Promise<number> {
    return connected.reduce((total, { delivered }) => total + delivered, 0);
  },

  /** @returns acknowledgements a second; every message was there for its recipient afterwards, once and in order */
  async toOffline({ plan }: { plan: PumpPlan }): Promise<number> {
    const perSecond = await pump(plan, sender(offline));
    for (const delivery of offline) {
      await delivery.recipient.reconnect(primary);
      for await (const message of delivery.recipient.history()) delivery.see(message);
      delivery.recipient.disconnect();
      assertWhole(delivery);
    }
    return perSecond;
  },

  /** @returns the median time from sending to acknowledgement, in milliseconds */
  async latency({ count }: { count: number }): Promise<number> {
    const send = sender(connected);
    const elapsedMs = await oneAtATime(WARM_UP_SENDINGS, count, (done) => send(0, done));
    await allDelivered();
    return median(elapsedMs);
  },

  /** As `latency`, without a warm-up: for a moment that passes. */
  async latencyNow({ count }: { count: number }): Promise<number> {
    const send = sender(connected);
    return median(await oneAtATime(0, count, (done) => send(0, done)));
  },
};

function sender(deliveries: readonly Delivery[]): (client: number, done: () => void) => void {
  return (client, done) => {
    const delivery = deliveries[client]!;
    delivery.sender.send(delivery.recipient.username, delivery.nextBody(), (refused) => {
      // Thrown out of an event: it ends this process, and with it the run.
      if (refused !== undefined) throw new Error(`A message was refused: ${refused}`);
      done();
    });
  };
}

async function allDelivered(): Promise<void> {
  const deadline = performance.now() + DELIVERY_DEADLINE_MS;
  while (connected.some(({ sent, delivered }) => delivered < sent) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const delivery of connected) assertWhole(delivery);
}

function assertWhole({ fault }: Delivery): void {
  if (fault !== '') throw new Error(`LOST, DOUBLED OR OUT OF ORDER: ${fault}.`);
}

export type LoadTasks = typeof tasks;
serveTasks(tasks);
