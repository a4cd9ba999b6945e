import type { Hello, Input, Output, PeerMessage } from '../../server/replication/messages.ts';
import type { Supporter } from '../../server/replication/quorum.ts';
import { createReplica, newViewFile, type Recovered, step } from '../../server/replication/replica.ts';
import type { ReplicaConfig, ReplicaState } from '../../server/replication/replica-state.ts';
import { type Address, type ClientId, type DiskId, NO_VIEW, type ViewNumber } from '../../shared/ids.ts';
import { LOG_PIECE_LENGTH, LOG_TAIL_ENTRIES, PEER_PROTOCOL } from '../../shared/limits.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { Incarnation, ViewFile, ViewRecord, Witness } from '../../shared/views.ts';
import { sealQuickly } from './seal.ts';

/** E, HB, L and the tick of all replicas in these tests, milliseconds. */
export const TIMEOUT_MS = 1500;
export const HEARTBEAT_MS = 100;
export const LEASE_MS = 1380;
export const TICK_MS = 20;

export function addressOf(name: string): Address {
  return `${name.toLowerCase()}:1` as Address;
}

/** `A1` is the first incarnation of A on its disk; `A1'` one of another disk at the same address. */
export function one(text: string): Incarnation {
  const [, name, incarnation, other] = /^([A-Z])(\d+)('?)$/.exec(text)!;
  return { id: addressOf(name!), disk: `disk-${name}${other}` as DiskId, incarnation: Number(incarnation) };
}

export function witness(name: string): Witness {
  return { id: addressOf(name), disk: `disk-${name}` as DiskId };
}

export function numberOf(round: number, candidate = 'A'): ViewNumber {
  return { epoch: 0, round, candidate: addressOf(candidate) };
}

/** `view(3, 'A1 B1')` is view 3 of A and B, proposed by A; more of the record can be given. */
export function view(round: number, members: string, more: Partial<ViewRecord> = {}): ViewRecord {
  const listed = members.split(' ').map(one);
  const candidate = members[0]!;
  return {
    clusterId: 'test',
    number: numberOf(round, candidate),
    members: listed,
    witnesses: [],
    replicationFactor: 3,
    over: [],
    baseNumber: NO_VIEW,
    ...more,
  };
}

const NO_LOG = { view: '0/0/', op: 0, chain: GENESIS_CHAIN };

/** A data replica that promised; unless told otherwise it held `held`, accepted nothing else and knows of no clean death. */
export function supporter(text: string, held: readonly ViewRecord[], more: Partial<Supporter> = {}): Supporter {
  const replica = one(text);
  const heldBefore = held.map(({ number }) => number);
  const pending = held.slice(1);
  return { id: replica.id, replica, heldBefore, pending, cleanDead: [], last: NO_LOG, synced: true, ...more };
}

/** A witness that promised and had accepted these views. */
export function witnessSupporter(name: string, pending: readonly ViewRecord[] = []): Supporter {
  return {
    id: addressOf(name),
    witness: witness(name),
    heldBefore: [],
    pending,
    cleanDead: [],
    last: NO_LOG,
    synced: true,
  };
}

/** Drafts of requests 1, 2, 3 … of one client. */
export function draft(request: number): EntryDraft {
  const client = 'client' as ClientId;
  return { event: 'message:send', client, request, asked: '', id: '', account: '', subject: String(request), body: '' };
}

/** Entries that follow `after`, appended in the given view. */
export function entries(viewText: string, requests: readonly number[], after: readonly LogEntry[] = []): LogEntry[] {
  const last = after[after.length - 1];
  const place = { firstOp: (last?.op ?? 0) + 1, previousChain: last?.chain ?? GENESIS_CHAIN, view: viewText };
  return sealQuickly(requests.map(draft), place);
}

export function configOf(nonce: string, more: Partial<ReplicaConfig> = {}): ReplicaConfig {
  return {
    role: 'replica',
    synced: true,
    replicationFactor: 3,
    heartbeatTimeoutMs: TIMEOUT_MS,
    heartbeatIntervalMs: HEARTBEAT_MS,
    tickMs: TICK_MS,
    rankDelayMs: 200,
    retryMs: 500,
    retryMaxMs: 4000,
    logPieceLength: LOG_PIECE_LENGTH,
    logTailEntries: LOG_TAIL_ENTRIES,
    trustRefused: true,
    knownAddresses: [],
    nonce,
    seal: sealQuickly,
    ...more,
  };
}

/** The nonce with which an incarnation says hello, and sends whatever follows. */
export function nonceOf(self: Incarnation): string {
  return `nonce of ${self.disk} ${self.incarnation}`;
}

/** What an incarnation says when it connects. */
export function helloOf(self: Incarnation, more: Partial<Hello> = {}): Hello {
  return {
    protocol: PEER_PROTOCOL,
    role: 'replica',
    clusterId: 'test',
    complete: true,
    replicationFactor: 3,
    trustRefused: true,
    self,
    nonce: nonceOf(self),
    promised: NO_VIEW,
    base: null,
    pending: [],
    last: NO_LOG,
    serves: false,
    known: [],
    ...more,
  };
}

/** One replica alone: a test plays all others, message by message. */
export class LoneReplica {
  readonly self: Incarnation;
  readonly state: ReplicaState;
  readonly config: ReplicaConfig;
  nowMs = 10_000;

  /** @param file what its view file says beyond its identity; promised is the base's number unless given */
  constructor(
    self: string,
    file: Partial<ViewFile> = {},
    recovered: Partial<Recovered> = {},
    config: Partial<ReplicaConfig> = {},
  ) {
    this.self = one(self);
    this.config = configOf('own', config);
    const promised = file.promised ?? file.base?.number ?? NO_VIEW;
    const whole = { ...newViewFile(this.self, TIMEOUT_MS), clusterId: 'test', promised, ...file };
    const nothing = { snapshot: null, entries: [], complete: true, sessionKey: 'key' };
    this.state = createReplica({ file: whole, ...nothing, ...recovered }, this.config, this.nowMs);
  }

  give(input: Input): Output[] {
    return step(this.state, this.config, input, this.nowMs);
  }

  /** Both connect to each other. */
  meet(other: string, more: Partial<Hello> = {}): Output[] {
    const peer = helloOf(one(other), more);
    return [...this.give({ type: 'hello', peer }), ...this.give({ type: 'link-up', peer })];
  }

  /** Its connection ends and a fresh one is refused. */
  lose(other: string): Output[] {
    const { id: address } = one(other);
    return [...this.give({ type: 'link-down', address }), ...this.give({ type: 'refused', address })];
  }

  /** A message arrives; returns what is done about it. */
  hear(from: string, message: PeerMessage): Output[] {
    return this.give({ type: 'message', from: one(from), nonce: nonceOf(one(from)), message });
  }

  /** Time passes, tick by tick; returns everything that is done meanwhile. */
  wait(durationMs: number): Output[] {
    const outputs: Output[] = [];
    for (const untilMs = this.nowMs + durationMs; this.nowMs < untilMs; ) {
      this.nowMs += TICK_MS;
      outputs.push(...this.give({ type: 'tick' }));
    }
    return outputs;
  }
}

/** The messages of one type among outputs. */
export function sent<T extends PeerMessage['type']>(
  outputs: readonly Output[],
  type: T,
): (PeerMessage & { type: T })[] {
  const messages = outputs.flatMap((output) => (output.type === 'send' ? [output.message] : []));
  return messages.filter((message): message is PeerMessage & { type: T } => message.type === type);
}

/** The kinds of outputs, a message by its own type, in their order; without what tells only people. */
export function kinds(outputs: readonly Output[]): string[] {
  const kept = outputs.filter(({ type }) => type !== 'changed' && type !== 'notice');
  return kept.map((output) => (output.type === 'send' ? output.message.type : output.type));
}
