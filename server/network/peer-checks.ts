import { ERROR_CODES } from '../../shared/errors.ts';
import { parseAddress } from '../../shared/ids.ts';
import { PEER_PROTOCOL } from '../../shared/limits.ts';
import { RELAYED_EVENTS } from '../../shared/operations.ts';
import type { Hello, PeerMessage } from '../replication/messages.ts';
import type { WireMessage } from './peer-wire.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const positive: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;
const milliseconds: Check = (value) => Number.isFinite(value);
const address: Check = (value) => typeof value === 'string' && parseAddress(value) === value;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const oneOf =
  (...words: string[]): Check =>
  (value) =>
    words.includes(value as string);
const fields = (table: Readonly<Record<string, Check>>): Check => {
  const checks = Object.entries(table);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    checks.every(([name, check]) => check((value as Record<string, unknown>)[name]));
};

const viewNumber = fields({ epoch: count, round: count, candidate: text });
const incarnation = fields({ id: address, disk: text, incarnation: count });
const witness = fields({ id: address, disk: text });
const position = fields({ view: text, op: count, chain: text });
const viewRecord = fields({
  clusterId: text,
  number: viewNumber,
  members: (value) => listOf(incarnation)(value) && (value as unknown[]).length > 0,
  witnesses: listOf(witness),
  replicationFactor: count,
  over: listOf(viewNumber),
  baseNumber: viewNumber,
});

const hello = fields({
  protocol: (value) => value === PEER_PROTOCOL,
  role: oneOf('replica', 'witness'),
  clusterId: text,
  complete: flag,
  replicationFactor: count,
  trustRefused: flag,
  self: incarnation,
  nonce: text,
  promised: viewNumber,
  base: orNull(viewRecord),
  pending: listOf(viewRecord),
  last: position,
  serves: flag,
  known: listOf(address),
});

const relayedRequest = fields({
  client: text,
  request: positive,
  known: flag,
  event: oneOf(...RELAYED_EVENTS),
  account: text,
  session: orNull(fields({ session: text, openedAt: milliseconds })),
  subject: text,
  body: text,
  asked: text,
});

const MESSAGES: Readonly<Record<PeerMessage['type'], Check>> = {
  ping: fields({ base: viewNumber, sentAtMs: milliseconds }),
  pong: fields({ base: viewNumber, echoMs: milliseconds, leaseMs: milliseconds }),
  gossip: fields({
    base: orNull(viewRecord),
    known: listOf(address),
    promised: viewNumber,
    pending: listOf(viewRecord),
    last: position,
    serves: flag,
  }),
  prepare: fields({ view: viewNumber, previousChain: text, firstOp: count, rows: text, commit: count }),
  'prepare-ok': fields({ view: viewNumber, op: count, resend: flag }),
  commit: fields({ view: viewNumber, commit: count, end: count }),
  'start-view-change': fields({
    number: viewNumber,
    probe: flag,
    base: viewRecord,
    members: listOf(incarnation),
    provenDead: listOf(incarnation),
  }),
  promise: fields({
    number: viewNumber,
    probe: flag,
    baseNumber: viewNumber,
    heldBefore: listOf(viewNumber),
    pending: listOf(viewRecord),
    cleanDead: listOf(incarnation),
    last: position,
    synced: flag,
  }),
  refuse: fields({
    number: viewNumber,
    probe: flag,
    reason: text,
    promised: viewNumber,
    base: orNull(viewRecord),
    waitMs: milliseconds,
  }),
  'start-view': fields({ record: viewRecord, end: position, sessionKey: text }),
  'view-ok': fields({ number: viewNumber }),
  installed: fields({ record: viewRecord }),
  'fetch-log': fields({ fromOp: count, chain: text }),
  'join-me': fields({ view: viewNumber, fromOp: count, chain: text }),
  'log-chunk': fields({
    view: viewNumber,
    fromOp: count,
    previousChain: text,
    rows: text,
    end: count,
    commit: count,
    mismatch: flag,
  }),
  'read-check': fields({ view: viewNumber, checkId: count }),
  'read-ok': fields({ view: viewNumber, checkId: count }),
  farewell: fields({}),
  'turn-away': fields({ view: viewNumber, whom: incarnation, nonce: text }),
  relay: fields({
    view: viewNumber,
    session: count,
    read: count,
    applied: fields({ op: count, chain: text }),
    first: count,
    requests: listOf(relayedRequest),
    received: listOf(fields({ account: text, position: count })),
    marks: listOf(fields({ account: text, with: text, position: count })),
  }),
  presence: fields({ isWhole: flag, online: listOf(text), offline: listOf(text) }),
  typing: fields({ account: text, with: text, typing: flag }),
  relayed: fields({
    view: viewNumber,
    session: count,
    isOver: flag,
    read: count,
    position: count,
    refusals: listOf(
      fields({
        client: text,
        request: positive,
        error: fields({ code: oneOf(...ERROR_CODES), message: text, definite: flag }),
        position: count,
      }),
    ),
  }),
};

/** Whether that is a greeting of a server that speaks our protocol; what comes over a wire may be anything. */
export function isHello(value: unknown): value is Hello {
  return hello(value);
}

/** Whether that has the form of a message between servers; whether it is right is judged by the core. */
export function isWireMessage(value: unknown): value is WireMessage {
  const type = (value as { type?: unknown } | null | undefined)?.type;
  return typeof type === 'string' && Object.hasOwn(MESSAGES, type) && MESSAGES[type as PeerMessage['type']](value);
}
