import type { Hello, Input, PeerMessage } from '../../server/replication/messages.ts';
import type { ReplicaConfig } from '../../server/replication/replica-state.ts';
import type { EntryCodec } from '../../server/storage/replica-storage.ts';
import type { Address } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { Random } from '../../shared/random.ts';
import type { ViewFile } from '../../shared/views.ts';
import type { SimulatedClientNetwork } from './client-network.ts';
import type { SimulatedPeerNetwork } from './peer-network.ts';
import type { Rates } from './rates.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { EngineWatcher } from './watched-engine.ts';
import type { World } from './world.ts';

/** What a server needs from the simulation around it. */
export interface Surroundings {
  world: World;
  random: Random;
  rates: Rates;
  codec: EntryCodec;
  config: Omit<ReplicaConfig, 'role' | 'nonce' | 'seal' | 'knownAddresses'>;
  addresses: readonly Address[];
  peers: SimulatedPeerNetwork;
  clients: SimulatedClientNetwork;
  nextDiskNumber(): number;
  watcherOf(server: SimulatedServer): ServerWatcher;
}

/** What the simulation does when a server does something. */
export interface ServerWatcher extends EngineWatcher {
  /** Something reaches the replica; `give` hands it over. */
  onInput(input: Input, give: () => void): void;
  /** Rows are read from disk, for somebody who lacks them. */
  onReadOfLog(): void;
  /** Rows are set aside. */
  onCut(afterOp: number, reason: string): void;
  onSend(to: Address, message: PeerMessage): void;
  /** As the primary it gave these their places in the log. */
  onSealed(entries: readonly LogEntry[]): void;
  onHello(hello: Hello): void;
  onViewFile(before: ViewFile): void;
  /** A step at which trouble is worth its while. */
  atCriticalStep(): void;
  /** The process ended by itself, and why. */
  onEnd(text: string): void;
  /** R1: the operator, or the program that starts the server, has to set the folder aside. */
  onStartOver(text: string): void;
  onStarted(): void;
  /** The process is about to end, however. */
  beforeEnd(): void;
  /** The process has done something. */
  afterTurn(): void;
}

/** R19b: what a server needs to start a cluster of its own. */
export interface Formation {
  clusterId: string;
  sessionKey: string;
}
