import type { ChatError } from '../../shared/errors.ts';
import type { AccountId, Address, ClientId, ConversationEnd, SessionId, ViewNumber } from '../../shared/ids.ts';
import type { EntryDraft, LogEntry, LogEvent } from '../../shared/operations.ts';
import type { Incarnation, ViewFile, ViewRecord } from '../../shared/views.ts';

/** A place in a log. Compared by view first, then by op: the higher one is ahead (R9). */
export interface LogPosition {
  readonly view: string;
  readonly op: number;
  readonly chain: string;
}

/** A replica holds data; a witness only votes on views (R16). */
export type ReplicaRole = 'replica' | 'witness';

/**
 * What each side of a connection says first; a receiver keeps the latest of each address. It shows the view file as it
 * is on disk, never as it is about to be: a view that is heard of exists (R11), and a crash may still undo a write.
 */
export interface Hello {
  readonly protocol: number;
  readonly role: ReplicaRole;
  /** Empty while the server belongs to no cluster. */
  readonly clusterId: string;
  /** Whether the cluster had ever reached its replication factor, as far as this server's log tells, committed or not. */
  readonly complete: boolean;
  readonly replicationFactor: number;
  /** `--trust-refused`: proofs of death are passed on, so all servers need the same. */
  readonly trustRefused: boolean;
  readonly self: Incarnation;
  /** Random, made with each incarnation: two processes on copies of one folder have different ones (R1). */
  readonly nonce: string;
  readonly promised: ViewNumber;
  readonly base: ViewRecord | null;
  readonly pending: readonly ViewRecord[];
  readonly last: LogPosition;
  /** It is the primary and holds all leases, or a backup that hears its primary. */
  readonly serves: boolean;
  /** All servers of the cluster that it has heard of. */
  readonly known: readonly Address[];
}

/** A request of a client on its way from a backup to the primary (R28). */
export interface RelayedRequest {
  readonly client: ClientId;
  readonly request: number;
  readonly known: boolean;
  readonly event: LogEvent;
  readonly account: AccountId | '';
  /** The log-in that asks; null when nobody is logged in. */
  readonly session: { readonly session: SessionId; readonly openedAt: number } | null;
  readonly subject: string;
  readonly body: string;
  /** The keyed digest of what was asked. */
  readonly asked: string;
}

/** A refusal that leaves no row, so that the backup would never hear of it. */
export interface RelayedRefusal {
  readonly client: ClientId;
  readonly request: number;
  readonly error: ChatError;
  /** What the primary had applied when it judged. */
  readonly position: number;
}

/** R17, R28: what one that follows the primary asks it for. No business of the core: it hands it over to the engine. */
export interface RelayMessage {
  readonly type: 'relay';
  /** The view that the asker is in, and follows the primary of. */
  readonly view: ViewNumber;
  /** Grows with each attempt of this life of the asker; what belongs to an earlier one is over. */
  readonly session: number;
  /** Asks for fresh reads, up to this one, counted by the asker; 0: for none. */
  readonly read: number;
  /** What the asker has applied, with its chain: shows the primary whether the asker has the same history. */
  readonly applied: { readonly op: number; readonly chain: string };
  /** How many requests were sent in this session before these. */
  readonly first: number;
  readonly requests: readonly RelayedRequest[];
  readonly received: readonly { readonly account: AccountId; readonly position: number }[];
  readonly marks: readonly { readonly account: AccountId; readonly with: ConversationEnd; readonly position: number }[];
}

/** R17, R28: the primary's answer to it. */
export interface RelayedMessage {
  readonly type: 'relayed';
  readonly view: ViewNumber;
  readonly session: number;
  /** The primary takes nothing more in this session: what it has not answered has to be sent again, in another one. */
  readonly isOver: boolean;
  /** Fresh reads up to this one may be answered by whoever has applied `position`; 0: none. */
  readonly read: number;
  readonly position: number;
  readonly refusals: readonly RelayedRefusal[];
}

/** Who is connected to the sender, or came and went there: best effort, for those whom it concerns at other servers. */
export interface PresenceMessage {
  readonly type: 'presence';
  /** `online` are all that are connected there now. */
  readonly isWhole: boolean;
  readonly online: readonly AccountId[];
  readonly offline: readonly AccountId[];
}

/** Somebody who is connected to the sender is typing, or is no more. */
export interface TypingMessage {
  readonly type: 'typing';
  readonly account: AccountId;
  /** The conversation, as the typist names it. */
  readonly with: string;
  readonly typing: boolean;
}

/** Messages that are no business of the core. */
export type HandedOver = RelayMessage | RelayedMessage | PresenceMessage | TypingMessage;

/** Messages between replicas; PROTOCOL.md has the same table with the rules that handle them. */
export type PeerMessage =
  | { type: 'ping'; base: ViewNumber; sentAtMs: number }
  | { type: 'pong'; base: ViewNumber; echoMs: number; leaseMs: number }
  | {
      type: 'gossip';
      base: ViewRecord | null;
      known: readonly Address[];
      promised: ViewNumber;
      pending: readonly ViewRecord[];
      last: LogPosition;
      serves: boolean;
    }
  | { type: 'prepare'; view: ViewNumber; previousChain: string; firstOp: number; entries: LogEntry[]; commit: number }
  | { type: 'prepare-ok'; view: ViewNumber; op: number; resend: boolean }
  | { type: 'commit'; view: ViewNumber; commit: number; end: number }
  | {
      type: 'start-view-change';
      number: ViewNumber;
      /** Ask what the voter would answer; it writes nothing and promises nothing (R7). */
      probe: boolean;
      base: ViewRecord;
      members: readonly Incarnation[];
      /** Incarnations that the candidate knows to be dead (R5). */
      provenDead: readonly Incarnation[];
    }
  | {
      type: 'promise';
      number: ViewNumber;
      probe: boolean;
      baseNumber: ViewNumber;
      /** Base and pending views that the voter had before this view change told it of the candidate's base (R9). */
      heldBefore: readonly ViewNumber[];
      pending: readonly ViewRecord[];
      cleanDead: readonly Incarnation[];
      last: LogPosition;
      /** What this voter writes is synced: no power cut takes it back (R9, W3). */
      synced: boolean;
    }
  | {
      type: 'refuse';
      number: ViewNumber;
      probe: boolean;
      reason: 'stale-base' | 'promised' | 'lease' | 'primary-heard' | 'not-listed';
      promised: ViewNumber;
      base: ViewRecord | null;
      /** With `lease` and `primary-heard`: how long what stands in the way lasts, unless it is renewed. */
      waitMs: number;
    }
  | { type: 'start-view'; record: ViewRecord; end: LogPosition; sessionKey: string }
  | { type: 'view-ok'; number: ViewNumber }
  | { type: 'installed'; record: ViewRecord }
  | { type: 'fetch-log'; fromOp: number; chain: string }
  /** `view` is the base of whoever asks. */
  | { type: 'join-me'; view: ViewNumber; fromOp: number; chain: string }
  | {
      type: 'log-chunk';
      /** The sender's base: what is committed may be committed only there. */
      view: ViewNumber;
      fromOp: number;
      previousChain: string;
      entries: LogEntry[];
      /** Where the sender's log (for a joiner: its committed part) ended. */
      end: number;
      commit: number;
      /** The sender has another entry at `fromOp`, or none: ask again from a lower one. */
      mismatch: boolean;
    }
  | { type: 'read-check'; view: ViewNumber; checkId: number }
  | { type: 'read-ok'; view: ViewNumber; checkId: number }
  /** R23: the last words of an incarnation, which does nothing more: a proof of its death. */
  | { type: 'farewell' }
  /** R1: from a primary to somebody on a copied folder, or on one put back from an older state; says whom it means. */
  | { type: 'turn-away'; view: ViewNumber; whom: Incarnation; nonce: string }
  | HandedOver;

/** Everything that can happen to a replica. */
export type Input =
  | { type: 'tick' }
  /**
   * The main loop did not turn for a while: silence meanwhile proves nothing (R22). With `sleptUnnoticed` the machine
   * slept without the monotonic clock counting it, so leases may have run out unnoticed (A3).
   */
  | { type: 'paused'; sleptUnnoticed: boolean }
  /** Our dial to an address was answered by that replica. */
  | { type: 'link-up'; peer: Hello }
  /** The connection that our dial had made ended. */
  | { type: 'link-down'; address: Address }
  /** A fresh connect to the address was refused (A4). */
  | { type: 'refused'; address: Address }
  /** Somebody connected and said hello: proves nothing, but tells whom to dial (R5). */
  | { type: 'hello'; peer: Hello }
  /** `nonce` is that of the sender's hello on the same connection (R1). */
  | { type: 'message'; from: Incarnation; nonce: string; message: PeerMessage }
  | { type: 'propose'; drafts: readonly EntryDraft[] }
  /** Entries up to and including this one are durable here. */
  | { type: 'appended'; op: number; chain: string }
  /** Asks whether this is the primary at a moment after now (R17). */
  | { type: 'confirm-read'; checkId: number }
  /** Start a cluster of one on an empty folder (R19b). */
  | { type: 'form'; clusterId: string; sessionKey: string }
  /**
   * R20: an operator says that this replica is to go on alone. Refused unless it waits and belongs to a cluster. The session
   * key is taken where there is none: a spare has never been given one.
   */
  | { type: 'force'; sessionKey: string }
  /** R23: takes part in no view change from now on; what is in flight may still commit. */
  | { type: 'leave' }
  /** R23: the end of this incarnation. No other input may follow. */
  | { type: 'farewell' };

/**
 * What a replica wants done, in this order. `write-view-file`, `write-session-key` and `cut-log` must be durable before
 * the next output is performed and before the next input is given; everything else goes on at once.
 */
export type Output =
  | { type: 'write-view-file'; file: ViewFile }
  | { type: 'write-session-key'; key: string }
  | { type: 'cut-log'; afterOp: number; reason: string }
  | { type: 'append'; entries: readonly LogEntry[] }
  | { type: 'send'; to: Address; message: PeerMessage }
  /** Answer a `fetch-log` or `join-me` whose entries are no longer in memory. */
  | {
      type: 'send-log-from-storage';
      to: Address;
      view: ViewNumber;
      fromOp: number;
      chain: string;
      end: number;
      commit: number;
    }
  | { type: 'commit'; entries: readonly LogEntry[] }
  | { type: 'dial'; address: Address }
  /** Ends the connection to that address in a while, and dials it anew: its hello may be another one by then. */
  | { type: 'dial-again'; address: Address }
  | { type: 'read-confirmed'; checkId: number }
  /** From one whose messages count: for whoever works with the core. */
  | { type: 'hand-over'; from: Incarnation; message: HandedOver }
  /** Role, view, members or links changed: whoever shows or serves them should look again. */
  | { type: 'changed' }
  /** A sentence for the operator. */
  | { type: 'notice'; text: string }
  /** This replica must not go on: wrong replication factor, a copied folder, another cluster. */
  /** It must not go on; `isWrongUse`: because of how it was started. */
  | { type: 'refuse-to-run'; text: string; isWrongUse?: true }
  /** R1, R19b, R20: this incarnation ends; its files are to be set aside, and a new disk joins in its place. */
  | { type: 'start-over'; text: string };
