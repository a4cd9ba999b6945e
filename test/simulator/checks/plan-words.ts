import type { Plan, PlannedFault, PlannedOperation } from '../plan.ts';

/** What a plan's servers, clients and surroundings are like, in a few sentences. */
export function describeSurroundings({ layout, rates }: Plan): string {
  const { servers, replicationFactor, witnesses, clients, accounts } = layout;
  const spares = servers - replicationFactor;
  const people = `${counted(clients, 'client')} of ${counted(accounts, 'account')}`;
  const voters = witnesses > 0 ? ` and ${witnesses} witnesses` : '';
  const more = spares > 0 ? `, ${counted(spares, 'spare')} among them` : '';
  const peculiar = [
    rates.trustRefused ? '' : 'Refused connects prove nothing (--trust-refused never).',
    rates.clockDrift > 0 ? `Clocks drift by up to ${100 * rates.clockDrift} %.` : '',
    rates.slowDisk > 0 ? `One write in ${Math.round(1 / rates.slowDisk)} takes long.` : '',
    rates.lateMessages > 0 ? 'Messages of broken connections may arrive late.' : '',
    rates.realRows ? 'Rows and digests are real.' : '',
  ].filter((sentence) => sentence !== '');
  return [
    `${counted(servers, 'server')}${more}, replication factor ${replicationFactor}${voters}; ${people}.`,
    `E is ${rates.heartbeatTimeoutMs} ms, a heartbeat ${rates.heartbeatIntervalMs} ms, a tick ${rates.tickMs} ms.`,
    `Between servers ${ranged(rates.peerDelayMs)}, to clients ${ranged(rates.clientDelayMs)}, a write ${ranged(rates.diskMs)}.`,
    ...peculiar,
    `The faults end at ${rates.calmMs + rates.faultsMs} ms.`,
  ].join(' ');
}

/** One planned fault as a sentence. */
export function describeFault(fault: PlannedFault, layout: Plan['layout']): string {
  const { server } = fault;
  const victim = server === 'here' ? 'it' : server === 'primary' ? 'the primary' : serverName(server, layout);
  return `${fault.number}: ${timeOf(fault)} ${wordsOf(fault, victim, otherName(fault, layout))}`;
}

function timeOf({ when, server }: PlannedFault): string {
  if (when.type === 'at') return `at ${shown(when.atMs)} ms`;
  if (when.type === 'round') return `in round ${when.round}, ${shown(when.afterMs)} ms after its beginning,`;
  const step =
    when.type === 'round-step' ? `critical step ${when.nth} of round ${when.round}` : `critical step ${when.nth}`;
  const whose = server === 'here' ? ' of a server' : '';
  return `at ${step}${whose}${when.afterMs > 0 ? `, ${shown(when.afterMs)} ms later` : ''}`;
}

/** What the operations of all clients are, a line each; those of one client in a row that are alike share one. */
export function describeOperations(operations: readonly PlannedOperation[], clients: number): string[] {
  const lines: { key: string; first: PlannedOperation; last: PlannedOperation; count: number }[] = [];
  for (const operation of operations) {
    const key = `${operation.client % clients} ${operation.kind}`;
    const line = lines[lines.length - 1];
    if (line?.key === key) Object.assign(line, { last: operation, count: line.count + 1 });
    else lines.push({ key, first: operation, last: operation, count: 1 });
  }
  return lines.map(({ first, last, count }) => {
    const who = `client${(first.client % clients) + 1}`;
    const what = OPERATION_WORDS[first.kind];
    const [number, time] = [first, last].map((one) => [one.number, shown(one.atMs)] as const) as [never, never];
    return count === 1
      ? `${number[0]}: at ${number[1]} ms ${who} ${what}`
      : `${number[0]} to ${time[0]}: from ${number[1]} to ${time[1]} ms ${who} ${what}, ${count} times`;
  });
}

const OPERATION_WORDS: Record<PlannedOperation['kind'], string> = {
  send: 'sends a message',
  burst: 'sends eight messages at once',
  sendToNobody: 'sends a message to an account that does not exist',
  sendToRoom: 'sends a message to a room',
  reply: 'answers a message',
  edit: 'edits a message',
  delete: 'deletes a message',
  react: 'gives a reaction',
  unreact: 'takes a reaction back',
  history: 'reads a page of history',
  message: 'asks for one message',
  search: 'searches',
  list: 'lists the accounts',
  conversations: 'lists its conversations',
  rooms: 'lists the rooms',
  members: 'lists the members of a room',
  settings: 'looks at its settings',
  received: 'says what it has received',
  markRead: 'says what it has read',
  typing: 'types, or stops',
  createRoom: 'makes a room',
  joinRoom: 'joins a room',
  leaveRoom: 'leaves a room',
  deleteRoom: 'deletes a room',
  topic: 'sets the topic of a room',
  removeMember: 'removes somebody from a room',
  readmitMember: 'lets somebody come back to a room',
  profile: 'sets its display name',
  block: 'blocks somebody',
  unblock: 'unblocks somebody',
  logOut: 'logs out, if it is logged in',
  logIn: 'logs in, if it is logged out',
  logOutEverywhere: 'logs out everywhere',
  changePassword: 'changes its password',
  deleteAccount: 'deletes its account',
  wrongPassword: 'tries a wrong password, if it is logged out',
  setDocument: 'sets a document',
  getDocument: 'reads a document',
  deleteDocument: 'deletes a document',
};

/** @param place among all servers, the witnesses last */
function serverName(place: number, { servers, witnesses }: Plan['layout']): string {
  const index = place % (servers + witnesses);
  return index < servers ? `server${index + 1}` : `witness${index - servers + 1}`;
}

function otherName({ server, other }: PlannedFault, layout: Plan['layout']): string {
  const count = layout.servers + layout.witnesses;
  if (typeof server === 'string' || count < 2) return 'another server';
  const place = other % (count - 1);
  return serverName(place < server % count ? place : place + 1, layout);
}

function wordsOf(fault: PlannedFault, victim: string, also: string): string {
  const { kind, client, durationMs, awayMs } = fault;
  const back = `and starts again ${awayMs} ms later`;
  const long = `for ${durationMs} ms`;
  const person = `client${client + 1}`;
  const words: Record<PlannedFault['kind'], string> = {
    crash: `${victim} crashes ${back}`,
    crashTwo: `${victim} and ${also} crash shortly after one another`,
    crashAll: 'all servers crash',
    leave: `${victim} leaves in order ${back}`,
    pause: `${victim} stands still ${long}`,
    sleep: `the machine of ${victim} sleeps ${long}`,
    cutPair: `${victim} and ${also} are cut off from each other ${long}`,
    cutOneWay: `what ${victim} sends to ${also} does not arrive ${long}`,
    isolate: `${victim} is cut off from all others ${long}`,
    cutPrimary: `the primary is cut off from all others ${long}`,
    partition: `the servers are cut into two halves ${long}`,
    refuse: `connects to ${victim} are refused ${long}, where that proves nothing`,
    holdMessage: `a message of ${victim} is under way when its connection breaks, and arrives late`,
    resetLink: `the connection of ${victim} to ${also} breaks`,
    mend: 'all cuts between servers are mended',
    strand: `${victim} and ${also} do not hear each other, and a third one dies`,
    outlive: `${victim} is out of touch while the others go on and die`,
    forsake: `${also} comes back and leads while the disk of ${victim} hangs, and dies once it is promised`,
    deafen: `${victim} hears the others no longer, nor they it, and some clients reach nobody else`,
    force: `an operator has ${victim} go on alone`,
    failingDisk: `a write of ${victim} fails`,
    fullDisk: `the disk of ${victim} is full`,
    hangingDisk: `the disk of ${victim} hangs ${long}`,
    emptyFolder: `${victim} crashes and loses its folder`,
    loseRows: `${victim} crashes and loses rows that were synced`,
    oldFolder: `${victim} crashes, and an old state of its folder is put back`,
    flippedBit: `${victim} crashes, and a bit on its disk is flipped`,
    wallJump: `the time of day of ${victim} jumps`,
    cutClient: `${person} is cut off from ${victim} ${long}`,
    resetClient: `the connections of ${person} break`,
    stallClient: `what ${person} sends over its present connections takes long`,
    pauseClient: `${person} stands still ${long}`,
    crashClient: `${person} crashes ${back}`,
    forget: `${person} loses its folder`,
  };
  return words[kind];
}

function shown(ms: number): string {
  return String(Math.round(ms * 100) / 100);
}

function ranged([low, high]: readonly [number, number]): string {
  return `${shown(low)} to ${shown(high)} ms`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
