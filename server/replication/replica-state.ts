import type { Address, ViewNumber } from '../../shared/ids.ts';
import { compareViews, parseView, sameView } from '../../shared/ids.ts';
import type { EntryDraft, LogEntry } from '../../shared/operations.ts';
import {
  type Incarnation,
  incarnationKey,
  sameIncarnation,
  type ViewFile,
  type ViewRecord,
  type Witness,
} from '../../shared/views.ts';
import type { Hello, LogPosition, Output, PeerMessage, ReplicaRole } from './messages.ts';
import type { OpLog } from './op-log.ts';
import type { Supporter } from './quorum.ts';

/** What a replica is told once, when it starts. All times in milliseconds. */
export interface ReplicaConfig {
  readonly role: ReplicaRole;
  readonly replicationFactor: number;
  /** E: how long a member may be silent before it is suspected. */
  readonly heartbeatTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly tickMs: number;
  readonly rankDelayMs: number;
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** The largest piece of the log in one message, in UTF-16 code units; more goes into the next. */
  readonly logPieceLength: number;
  /** So many entries of the log at least stay in memory once they are committed. */
  readonly logTailEntries: number;
  /** R26: entries up to this one may be damaged here, so that nobody can be sent them; absent when all are whole. */
  readonly damagedUpTo?: number;
  /** What is reported as durable is synced to the disk (`--durability fsync`); W3 of R9 needs it. */
  readonly synced: boolean;
  /** A4: a refused connect proves a death. */
  readonly trustRefused: boolean;
  /** Addresses that it knew before it met anybody. */
  readonly knownAddresses: readonly Address[];
  /**
   * R19b: without a cluster of its own it joins one of {@link knownAddresses} only, not whichever calls; absent where a secret tells
   * whose servers belong together.
   */
  readonly joinsKnownOnly?: true;
  readonly nonce: string;
  /** Gives drafts their places, digests and rows; the same text on every call with the same arguments. */
  readonly seal: (
    drafts: readonly EntryDraft[],
    place: { firstOp: number; previousChain: string; view: string },
  ) => LogEntry[];
}

/** A view change that this replica leads. */
export interface Candidacy {
  readonly number: ViewNumber;
  readonly base: ViewRecord;
  readonly members: readonly Incarnation[];
  /** `probing`: asks what voters would say. `promising`: collects promises. `fetching`: completes its log. `proposing`: collects acceptances. */
  phase: 'probing' | 'promising' | 'fetching' | 'proposing';
  readonly supporters: Map<Address, Supporter>;
  /** R7: the witnesses that a primary wants in place of those of its view; null: as they are. */
  readonly newWitnesses: readonly Witness[] | null;
  /** Witnesses of the views to be won that have been asked. */
  readonly askedWitnesses: Map<Address, Witness>;
  /** Those of them that would not promise: others may be enough. */
  readonly unwillingWitnesses: Set<Address>;
  readonly accepted: Set<Address>;
  record: ViewRecord | null;
  overRecords: readonly ViewRecord[];
  /** End of the log with which the view starts; everything up to it is committed once the view is installed. */
  end: LogPosition | null;
  progressAtMs: number;
}

/** Making one's log equal to another's, up to an end. */
export interface LogCopy {
  readonly purpose: 'accept' | 'propose' | 'join';
  readonly source: Address;
  /** The view change it is for; unused by a joiner. */
  readonly number: ViewNumber;
  /** Where the copy is complete; null for a joiner, who follows. */
  readonly end: LogPosition | null;
  /** With `accept`. */
  readonly record: ViewRecord | null;
  readonly sessionKey: string;
  askedAtMs: number;
}

/** A replica outside the view that follows the primary's log (R14, R21). */
export interface Learner {
  readonly replica: Incarnation;
  /** It has everything up to this operation. */
  op: number;
  heardAtMs: number;
}

/** The state of one replica. `step` is the only one to change it. */
export interface ReplicaState {
  /** What is, or is about to be, in `view.csv`. */
  file: ViewFile;
  log: OpLog;
  /** Operations up to this one are committed here. */
  commit: number;
  /** Whether the cluster had ever reached its replication factor, by the committed log. */
  complete: boolean;
  sessionKey: string;

  // Volatile: gone with the incarnation.
  readonly startedAtMs: number;
  lastTickMs: number;
  lastHeartbeatMs: number;
  /** Since when an append has been waiting for the disk; null when none is. */
  appendingSinceMs: number | null;
  leaving: boolean;
  /** R6c: when this replica last answered a ping of that incarnation. */
  readonly grantedAtMs: Map<string, number>;
  /** Grants of an earlier life cannot be remembered: those to its base count as made at the start, with the largest E ever used. */
  readonly grantedBeforeStart: Set<string>;
  /** R6b: until when this replica may rely on that incarnation's lease. */
  readonly leaseUntilMs: Map<string, number>;
  /** A3: the machine slept uncounted after this; answers to pings from before it grant nothing. */
  sleptAtMs: number;
  /** R5: incarnations that are dead for ever. */
  readonly dead: Map<string, Incarnation>;
  /** R6d: those that died while this replica held their lease. */
  readonly cleanDead: Map<string, Incarnation>;
  /** R8: pings of these are not answered until then. */
  readonly condemnedUntilMs: Map<string, number>;
  /** R6a: numbers promised in this life, with their lists. */
  promisedLists: { number: ViewNumber; members: readonly Incarnation[] }[];
  /** The promise given last, to be repeated when it can say more. */
  lastPromise: { candidate: Address; message: PeerMessage & { type: 'promise' } } | null;
  /** Signs of life: when a ping or pong of that incarnation came last. */
  readonly heardAtMs: Map<string, number>;
  /** When our own ping was last answered by that incarnation. */
  readonly answeredAtMs: Map<string, number>;
  /** Replicas to which our dial stands. */
  readonly links: Map<Address, Hello>;
  /** When what {@link links} says of that address was told last. */
  readonly toldAtMs: Map<Address, number>;
  /** The incarnation to which our dial last stood at each address, whether it still stands or not. */
  readonly linked: Map<Address, Incarnation>;
  /** R1: the highest incarnation met of each disk. */
  readonly met: Map<string, { incarnation: number; nonce: string }>;
  readonly known: Set<Address>;
  candidacy: Candidacy | null;
  copy: LogCopy | null;
  /** Not before then is another view change tried. */
  retryAtMs: number;
  retryDelayMs: number;
  /** Since when there has been a reason for another view; null while there is none. */
  reasonSinceMs: number | null;
  /** The highest round met anywhere. */
  highestRound: number;
  /** Which list is tried next while one after the other is refused. */
  attempt: number;
  /** R16: new witnesses did not accept; not before then are they asked again. */
  witnessesRetryAtMs: number;
  /** The primary this outsider heard from last, and when. */
  primaryHeardAtMs: number;
  joinAskedAtMs: number;

  // Of the primary, for its present view.
  readonly acknowledged: Map<Address, number>;
  readonly sent: Map<Address, number>;
  readonly resentAtMs: Map<Address, number>;
  readonly learners: Map<Address, Learner>;
  /** R28: who answers clients by what it has applied, and so is told each commit number at once. */
  readonly awaitingCommit: Set<Address>;
  readChecks: { checkId: number; waitingFor: Set<Address> }[];
  /** When the install of the present base became known here. */
  installedAtMs: number;
}

/** One call of `step`: the state, the time, and the outputs so far. */
export interface Context {
  readonly state: ReplicaState;
  readonly config: ReplicaConfig;
  /** Monotonic, milliseconds. */
  readonly nowMs: number;
  readonly outputs: Output[];
}

export function selfOf(state: ReplicaState): Incarnation {
  const { id, disk, incarnation } = state.file;
  return { id, disk, incarnation };
}

export function send(context: Context, to: Address, message: PeerMessage): void {
  context.outputs.push({ type: 'send', to, message });
}

export function notice(context: Context, text: string): void {
  context.outputs.push({ type: 'notice', text });
}

/** Replaces parts of the view file; durable before anything that comes after it in the outputs. */
export function writeViewFile(context: Context, change: Partial<ViewFile>): void {
  context.state.file = { ...context.state.file, ...change };
  // R6b: who is left out holds no leases any more.
  if (change.base && !isListed(context.state)) context.state.leaseUntilMs.clear();
  context.outputs.push({ type: 'write-view-file', file: context.state.file }, { type: 'changed' });
}

/** The member of a view with this address. */
export function memberOf(view: ViewRecord, id: Address): Incarnation | undefined {
  return view.members.find((member) => member.id === id);
}

/** Listed in its base with its present incarnation. */
export function isListed(state: ReplicaState): boolean {
  const { base } = state.file;
  return base?.members.some((member) => sameIncarnation(member, selfOf(state))) ?? false;
}

/** Status normal of R3: listed, and nothing promised above the base. */
export function isNormal(state: ReplicaState): boolean {
  const { base, promised } = state.file;
  return base !== null && sameView(base.number, promised) && isListed(state);
}

export function isPrimary(state: ReplicaState): boolean {
  return isNormal(state) && state.file.base!.members[0]!.id === state.file.id;
}

/** The other members of the base that this replica belongs to; empty when it is outside. */
export function otherMembers(state: ReplicaState): Incarnation[] {
  if (!isListed(state)) return [];
  return state.file.base!.members.filter((member) => member.id !== state.file.id);
}

/** The servers of the cluster that this one has met or that are listed; `known` also holds addresses where nobody ever was. */
export function heardOf(state: ReplicaState): Address[] {
  const members = state.file.base?.members.map(({ id }) => id) ?? [];
  return [...new Set([state.file.id, ...members, ...state.linked.keys()])].sort();
}

export function isDead(state: ReplicaState, one: Incarnation): boolean {
  return state.dead.has(incarnationKey(one));
}

export function noteRound(state: ReplicaState, number: ViewNumber): void {
  state.highestRound = Math.max(state.highestRound, number.round);
}

/** R9: the log that ends at `a` has entries that the one that ends at `b` lacks. */
export function isAhead(a: { view: string; op: number }, b: { view: string; op: number }): boolean {
  const order = compareViews(parseView(a.view)!, parseView(b.view)!);
  return order > 0 || (order === 0 && a.op > b.op);
}

/** Views above the base only, ascending. */
export function pendingAfter(pending: readonly ViewRecord[], base: ViewNumber): ViewRecord[] {
  return pending.filter((view) => compareViews(view.number, base) > 0);
}
