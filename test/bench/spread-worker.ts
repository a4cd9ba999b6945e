import { Delivery, MESSAGE_BYTES, User } from './chat-users.ts';
import { type PumpPlan, pump } from './pump.ts';
import { serveTasks } from './tasks.ts';

const DELIVERY_DEADLINE_MS = 20_000;
/** Sockets that are opened at a time. */
const OPENING = 5;

/** Somebody in the room, and how many messages of each sender have come, in order. */
interface Member {
  user: User;
  got: Map<string, number>;
}

let pairs: Delivery[] = [];
const members: Member[] = [];
const senders: User[] = [];
let room = '';
let fault = '';

/** One of several processes in which clients live. */
const tasks = {
  /** Makes senders, and for each somebody to write to. */
  async enterPairs({ primary, count, names }: { primary: string; count: number; names: string }): Promise<void> {
    pairs = [];
    for (let index = 0; index < count; index++) {
      const sender = await User.create(primary, `${names}sender${index}`);
      pairs.push(new Delivery(sender, await User.create(primary, `${names}friend${index}`)));
    }
  },

  /** Makes people who are in a room, of whom some write there. */
  async enterRoom(ask: {
    primary: string;
    count: number;
    writing: number;
    names: string;
    name: string;
    isNew: boolean;
  }) {
    room = ask.name;
    for (let index = 0; index < ask.count; index++) {
      const user = await User.create(ask.primary, `${ask.names}member${index}`);
      if (ask.isNew && index === 0) await user.write('room:create', { room });
      else await user.write('room:join', { room });
      members.push({ user, got: new Map() });
      if (index < ask.writing) senders.push(user);
    }
  },

  /** Has everybody come back to these servers, one after the other in turn. */
  async place({ servers, spread }: { servers: string[]; spread: boolean }): Promise<void> {
    const everybody = [
      ...pairs.flatMap(({ sender, recipient }) => [sender, recipient]),
      ...members.map(({ user }) => user),
    ];
    for (const user of everybody) user.disconnect();
    // Two who write to each other are at different servers.
    const openings = everybody.map(
      (user, index) => () => user.reconnectReady(servers[index % servers.length]!, spread),
    );
    while (openings.length > 0) await Promise.all(openings.splice(0, OPENING).map((open) => open()));
    for (const user of everybody) user.onInterrupted((why) => interrupt(user, why));
    for (const pair of pairs) pair.recipient.onMessage((message) => pair.see(message));
    for (const member of members) member.user.onMessage(({ from, body }) => see(member, from, body));
  },

  /** Each sender writes to its friend. */
  toFriends({ plan }: { plan: PumpPlan }): Promise<{ perSecond: number; count: number }> {
    return counted(plan, (client) => {
      const pair = pairs[client]!;
      return { sender: pair.sender, to: pair.recipient.username, body: pair.nextBody() };
    });
  },

  /** Each sender writes to the room. @returns besides, how many messages each has sent there so far */
  async toRoom({ plan }: { plan: PumpPlan }) {
    const done = await counted({ ...plan, clients: senders.length }, (client) => {
      const sender = senders[client]!;
      const number = (sent.get(sender.username) ?? 0) + 1;
      sent.set(sender.username, number);
      return { sender, to: room, body: `${sender.username} ${number} `.padEnd(MESSAGE_BYTES, 'x') };
    });
    return { ...done, sent: [...sent] };
  },

  /** Waits until everything has come. @throws Error when it does not, or not once and in order */
  async allDelivered({ sent: expected }: { sent: [string, number][] }): Promise<void> {
    const deadline = performance.now() + DELIVERY_DEADLINE_MS;
    const isMissing = (): boolean =>
      pairs.some(({ sent: count, delivered }) => delivered < count) ||
      members.some(({ got }) => expected.some(([name, count]) => (got.get(name) ?? 0) < count));
    while (isMissing() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const pair of pairs) fault ||= pair.fault;
    if (fault === '' && isMissing()) fault = `somebody did not get everything within ${DELIVERY_DEADLINE_MS} ms`;
    if (fault !== '') throw new Error(`Interrupted, lost, doubled or out of order: ${fault}.`);
  },
};

const sent = new Map<string, number>();

/** What is pushed then has gaps, which clients fill by asking; here that is the end. */
function interrupt({ username }: User, why: string): void {
  fault ||= `of ${username}, ${why}: is the machine too busy for the servers to hear each other`;
}

function see(member: Member, from: string, body: string): void {
  const number = Number(body.split(' ', 2)[1]);
  const before = member.got.get(from) ?? 0;
  if (number !== before + 1) fault ||= `${member.user.username} got message ${number} of ${from} after ${before}`;
  member.got.set(from, number);
}

async function counted(
  plan: PumpPlan,
  next: (client: number) => { sender: User; to: string; body: string },
): Promise<{ perSecond: number; count: number }> {
  let count = 0;
  // A worker without a sender has nothing to do.
  if (plan.clients === 0) return { perSecond: 0, count };
  const perSecond = await pump(plan, (client, done) => {
    const { sender, to, body } = next(client);
    sender.send(to, body, (refused) => {
      // Thrown out of an event: it ends this process, and with it the run.
      if (refused !== undefined) throw new Error(`A message was refused: ${refused}`);
      count += 1;
      done();
    });
  });
  return { perSecond, count };
}

export type SpreadTasks = typeof tasks;
serveTasks(tasks);
