import { hash } from 'node:crypto';
import { holdsAllLeases, holdsLeaseOf, leaseLengthMs } from '../../server/replication/lease.ts';
import type { Hello } from '../../server/replication/messages.ts';
import { isPrimary, type ReplicaConfig, type ReplicaState } from '../../server/replication/replica-state.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { type Incarnation, incarnationKey, type ViewFile } from '../../shared/views.ts';
import { configOf, helloOf, nonceOf, TICK_MS, TIMEOUT_MS } from '../support/replication-fixtures.ts';
import { NOW_MS } from './abstract-time.ts';
import { canonical, canonicalState, entriesOf } from './clone.ts';
import { addressOf, isWitnessName, nameOf, rankOf } from './names.ts';
import type { StepResult } from './performance.ts';

/** A disk, and the process that runs on it, if one does. Never changed: a step makes another one. */
export interface Server {
  /** Equal numbers, equal servers. */
  readonly number: number;
  readonly running: ReplicaState | null;
  readonly file: ViewFile;
  /** What is durable; entries that a running replica has beyond them are being written. */
  readonly entries: readonly LogEntry[];
  readonly self: Incarnation;
  readonly selfKey: string;
  /** Chain digests of the whole log, the part that is being written included. */
  readonly chains: readonly string[];
  readonly baseRank: number;
  readonly isWitness: boolean;
  readonly isPrimary: boolean;
  /** R17a: it would confirm a read at once. */
  readonly readsByLease: boolean;
  /** Steps taken from here, by the number of the input. */
  readonly steps: Map<number, StepResult>;
  /** Pings answered: what becomes of both, by the number of the one who answers; null where no lease was granted. */
  readonly exchanges: Map<number, { holder: Server; granter: Server } | null>;
}

export interface ServerParts {
  running: ReplicaState | null;
  file: ViewFile;
  entries: readonly LogEntry[];
}

/** Gives equal servers one object, found by a 160-bit digest of their canonical text. */
export class Servers {
  readonly all: Server[] = [];
  readonly #byDigest = new Map<string, Server>();
  readonly #configs = new Map<string, ReplicaConfig>();
  readonly #names: readonly string[];
  readonly #replicas: number;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#replicas = names.filter((name) => !isWitnessName(name)).length;
  }

  configOf({ id, disk, incarnation }: Incarnation): ReplicaConfig {
    const nonce = nonceOf({ id, disk, incarnation });
    const known = this.#configs.get(nonce);
    if (known) return known;
    const config = configOf(nonce, {
      role: isWitnessName(nameOf(id)) ? 'witness' : 'replica',
      replicationFactor: this.#replicas,
      // Whose turn it is first is a free choice here.
      rankDelayMs: 0,
      knownAddresses: this.#names.map(addressOf),
    });
    this.#configs.set(nonce, config);
    return config;
  }

  intern({ running, file, entries }: ServerParts): Server {
    const log = running ? entriesOf(running.log) : entries;
    const durable = entries[entries.length - 1]?.chain ?? '';
    const text = `${running ? canonicalState(running) : 'down'}\n${canonical(file)}\n${entries.length}/${durable}`;
    const digest = hash('sha1', text, 'base64');
    const known = this.#byDigest.get(digest);
    if (known) return known;
    const self = { id: file.id, disk: file.disk, incarnation: file.incarnation };
    const primary = running !== null && isPrimary(running);
    const context = running && { state: running, config: this.configOf(self), nowMs: NOW_MS, outputs: [] };
    const server: Server = {
      number: this.all.length,
      running,
      file,
      entries,
      self,
      selfKey: incarnationKey(self),
      chains: log.map(({ chain }) => chain),
      baseRank: file.base ? rankOf(file.base.number) : 0,
      isWitness: isWitnessName(nameOf(self.id)),
      isPrimary: primary,
      readsByLease: primary && holdsAllLeases(context!),
      steps: new Map(),
      exchanges: new Map(),
    };
    this.all.push(server);
    this.#byDigest.set(digest, server);
    return server;
  }

  /** What a ping says when it was sent; the clocks stand still. */
  get nowMs(): number {
    return NOW_MS;
  }

  get leaseMs(): number {
    return leaseLengthMs(TIMEOUT_MS, TICK_MS);
  }

  holdsLease(holder: Server, granter: Server): boolean {
    const context = { state: holder.running!, config: this.configOf(holder.self), nowMs: NOW_MS, outputs: [] };
    return holdsLeaseOf(context, granter.self);
  }

  /** What a running server says when it is dialed. */
  helloOf({ self, file, running }: Server): Hello {
    const { role, replicationFactor } = this.configOf(self);
    const { clusterId, promised, base, pending } = file;
    const last = running!.log.end;
    return helloOf(self, { role, replicationFactor, clusterId, complete: true, promised, base, pending, last });
  }
}
