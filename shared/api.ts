import { z } from 'zod';
import type { ChatError } from './errors.ts';
import {
  CLIENT_PROTOCOL,
  LIST_DEFAULT_LIMIT,
  LIST_MAX_LIMIT,
  PATTERN_MAX_CHARACTERS,
  SEARCH_MAX_CHARACTERS,
} from './limits.ts';

/**
 * The contract between server and client (Socket.IO namespace `/`): every event, what it carries and what it is
 * answered with. Read this file together with PROTOCOL.md, "Client protocol".
 */

const requestNumber = z.int().min(1);
const position = z.int().min(0);
/** Length and form are judged later, with an error code of its own; here only the type and a sane size. */
const text = z.string().max(1_000_000);

/** A position that the client has been told; the answer is never older. */
const seen = position.optional();
const numbered = { request: requestNumber, oldest: requestNumber.optional() };

/** What a client sends along when it connects (Socket.IO's `auth`). */
export const handshakeSchema = z.object({
  protocol: z.literal(CLIENT_PROTOCOL),
  clientId: z.uuid(),
  /** Says that this client id once got an `ok`. */
  known: z.literal(true).optional(),
  token: z.string().max(512).optional(),
  /** R28: the client takes any server: one that follows the primary serves it in full. */
  spread: z.literal(true).optional(),
});
export type Handshake = z.infer<typeof handshakeSchema>;

/** Requests that change something: numbered, done exactly once. */
export const writeSchemas = {
  'account:create': z.object({ ...numbered, username: text, password: text }),
  'account:delete': z.object({ ...numbered, password: text }),
  'session:open': z.object({ ...numbered, username: text, password: text }),
  'session:close': z.object({ ...numbered }),
  /** All log-ins of the account end, the asker's own included. */
  'session:close-all': z.object({ ...numbered }),
  /** All other log-ins of the account end. */
  'account:password': z.object({ ...numbered, password: text, newPassword: text }),
  /** An empty display name takes it away. */
  'account:profile': z.object({ ...numbered, displayName: text }),
  'account:block': z.object({ ...numbered, username: text }),
  'account:unblock': z.object({ ...numbered, username: text }),
  /** `to` is a username or a room; `replyTo` the id of the message that is answered. */
  'message:send': z.object({ ...numbered, to: text, body: text, replyTo: text.optional() }),
  'message:edit': z.object({ ...numbered, id: text, body: text }),
  'message:delete': z.object({ ...numbered, id: text }),
  'message:react': z.object({ ...numbered, id: text, reaction: text }),
  'message:unreact': z.object({ ...numbered, id: text, reaction: text }),
  'room:create': z.object({ ...numbered, room: text, topic: text.optional() }),
  'room:join': z.object({ ...numbered, room: text }),
  'room:leave': z.object({ ...numbered, room: text }),
  'room:topic': z.object({ ...numbered, room: text, topic: text }),
  /** The member cannot join again until the owner lets them. */
  'room:remove': z.object({ ...numbered, room: text, username: text }),
  'room:readmit': z.object({ ...numbered, room: text, username: text }),
  'room:delete': z.object({ ...numbered, room: text }),
  /** Anybody may: no log-in is needed. `value` is any JSON value. */
  'document:set': z.object({ ...numbered, key: text, value: z.unknown() }),
  'document:delete': z.object({ ...numbered, key: text }),
} as const;

/** Requests that change nothing, or nothing that has to be done exactly once. */
export const readSchemas = {
  'account:list': z.object({
    pattern: z.string().max(PATTERN_MAX_CHARACTERS).optional(),
    after: z.string().max(1024).optional(),
    limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT),
    seen,
  }),
  'message:history': z
    .object({
      after: position.optional(),
      before: position.optional(),
      with: z.string().max(1024).optional(),
      limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT),
      seen,
    })
    .refine((ask) => ask.after === undefined || ask.before === undefined, '`after` and `before` exclude each other'),
  'message:get': z.object({ id: text, seen }),
  /**
   * Looks for a text in the newest messages below `before`, a bounded number of them: `position` of the reply is where to go on with `before`
   * as long as there is `more`, also when nothing was found.
   */
  'message:search': z.object({
    text: z.string().min(1).max(SEARCH_MAX_CHARACTERS),
    with: z.string().max(1024).optional(),
    before: position.optional(),
    seen,
  }),
  'message:received': z.object({ position }),
  'conversation:list': z.object({
    after: z.string().max(1024).optional(),
    limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT),
    seen,
  }),
  /** Says that the reader has seen everything in a conversation up to a position; cumulative, may be lazy. */
  'conversation:read': z.object({ with: z.string().max(1024), position }),
  'room:list': z.object({
    pattern: z.string().max(PATTERN_MAX_CHARACTERS).optional(),
    after: z.string().max(1024).optional(),
    limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT),
    seen,
  }),
  'room:members': z.object({
    room: z.string().max(1024),
    after: z.string().max(1024).optional(),
    limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT),
    seen,
  }),
  'account:settings': z.object({ seen }),
  /** Always of the latest state, whatever `seen` says; needs no log-in. */
  'document:get': z.object({ key: text, seen }),
  /** Forwarded to whoever is connected in that conversation; kept nowhere. */
  'typing:set': z.object({ with: z.string().max(1024), typing: z.boolean() }),
  'cluster:status': z.object({ seen }),
} as const;

export const requestSchemas = { ...writeSchemas, ...readSchemas } as const;

export type WriteEvent = keyof typeof writeSchemas;
export type ReadEvent = keyof typeof readSchemas;
export type RequestEvent = WriteEvent | ReadEvent;
/** What a client sends with an event. */
export type RequestOf<E extends RequestEvent> = z.input<(typeof requestSchemas)[E]>;

/** A message as clients see it. `at` is milliseconds since 1970 by the primary's clock and never goes back. */
export interface Message {
  id: string;
  position: number;
  from: string;
  /** The sender's account was deleted since. */
  fromDeleted?: true;
  /** A username, or a room: `#name`. */
  to: string;
  body: string;
  at: number;
  /** The id of the message that it answers; that one may be deleted by now. */
  replyTo?: string;
  /** When its text was last changed. */
  editedAt?: number;
  /** In the order in which each was first given; absent when there are none. */
  reactions?: Reaction[];
}

/** A reaction to a message, and the usernames of those who gave it, first come first. */
export interface Reaction {
  reaction: string;
  by: string[];
}

/** A room as clients see it. */
export interface Room {
  /** `#name` */
  name: string;
  topic: string;
  /** A username. */
  owner: string;
  /** How many members it has. */
  members: number;
}

/** A conversation of the account: with another account, with itself, or in a room that it is a member of. */
export interface Conversation {
  /** What `with` and `to` name it by: a username, or `#name`. */
  with: string;
  /** Position of its newest message that is not deleted; 0 when there is none. */
  last: number;
  /** Everything up to here was read, on whatever device. */
  read: number;
  /** How many messages of others lie above `read`. */
  unread: number;
  /** Of a room. */
  room?: Room;
  /** Of another account: whether it has a socket, as far as the answering server knows. */
  online?: boolean;
  /** Of another account that chose one. */
  displayName?: string;
  /** The other account was deleted: the name may be another's by now, and nothing can be sent there. */
  deleted?: true;
}

/** The cluster as clients see it; addresses are `host:port`. */
export interface Cluster {
  id: string;
  epoch: number;
  /** Grows with each view; 0 while there is none. */
  view: number;
  primary: string | null;
  /** In order: the first is the primary, the next takes over from it. */
  members: string[];
  spares: string[];
  witnesses: string[];
  /** Every server of the cluster that the answering one has heard of, itself included. */
  known: string[];
  replicationFactor: number;
  /** The sentence to show people. */
  warning?: string;
}

export interface Deletion {
  id: string;
  position: number;
}

/** A message was edited, or reactions to it came or went, at `position`. Read later, `message` is as it is then. */
export interface Change {
  position: number;
  message: Message;
}

export interface LoggedIn {
  username: string;
  token: string;
  position: number;
}

/** An account in a list. */
export interface AccountListing {
  username: string;
  /** Has a socket, as far as the answering server knows. */
  online: boolean;
  displayName?: string;
}

/** What each request is answered with, besides `ok: true`. */
export interface Replies {
  'account:create': LoggedIn;
  'account:list': { accounts: AccountListing[]; more: boolean };
  'account:delete': object;
  'session:open': LoggedIn;
  'session:close': object;
  'session:close-all': object;
  'account:password': { position: number };
  'account:profile': { position: number };
  'account:block': { position: number };
  'account:unblock': { position: number };
  'account:settings': { username: string; displayName: string; blocked: string[]; sessions: number };
  'message:send': { id: string; position: number; at: number };
  'message:edit': { position: number; at: number };
  'message:delete': { position: number };
  'message:react': { position: number };
  'message:unreact': { position: number };
  'message:history': {
    messages: Message[];
    deletions: Deletion[];
    changes: Change[];
    position: number;
    more: boolean;
  };
  'message:get': { message: Message };
  'message:search': { messages: Message[]; position: number; more: boolean };
  'message:received': object;
  'conversation:list': { conversations: Conversation[]; position: number; more: boolean };
  'conversation:read': object;
  'room:create': { position: number };
  'room:join': { position: number };
  'room:leave': { position: number };
  'room:topic': { position: number };
  'room:remove': { position: number };
  'room:readmit': { position: number };
  'room:delete': { position: number };
  'room:list': { rooms: Room[]; more: boolean };
  /** `replicas`: how many servers of the view have it on their disks. `created` is false when there was a document of that key before. */
  'document:set': { created: boolean; replicas: number; position: number };
  /** `value` is there when it was found. */
  'document:get': { found: boolean; value?: unknown };
  /** `deleted` is false when there was none. */
  'document:delete': { deleted: boolean; replicas: number; position: number };
  'room:members': { members: AccountListing[]; more: boolean };
  'typing:set': object;
  'cluster:status': { cluster: Cluster };
}

/**
 * `asOf` comes with what a server's state was asked for: no operation above it counted in the answer. It is told to the client with it, as
 * positions are, so a later read has to see as much.
 */
export type Reply<E extends RequestEvent> =
  | ({ ok: true; asOf?: number } & Replies[E])
  | { ok: false; error: ChatError; asOf?: number };

/** Socket.IO event map, client to server. */
export type ClientToServerEvents = {
  [E in RequestEvent]: (request: RequestOf<E>, answer: (reply: Reply<E>) => void) => void;
};

/** Pushed once after each handshake or log-in at the primary (with `spread`, at any full server), and when the server becomes that. */
export interface SessionReady {
  username: string;
  /** What lies above it is pushed; what is older comes from `message:history`. */
  position: number;
  /** The account's highest `message:received`. */
  received: number;
  cluster: Cluster;
}

/** Socket.IO event map, server to client. */
export interface ServerToClientEvents {
  'session:ready': (ready: SessionReady) => void;
  'session:ended': (ended: { reason: string }) => void;
  'message:new': (message: Message) => void;
  'message:deleted': (deletion: Deletion) => void;
  'message:edited': (edit: { id: string; position: number; body: string; at: number }) => void;
  /** `on` is false when it was taken back. */
  'message:reacted': (change: { id: string; position: number; from: string; reaction: string; on: boolean }) => void;
  'account:deleted': (account: { username: string }) => void;
  'account:changed': (account: { username: string; displayName: string; position: number }) => void;
  /** To all sockets of the account that blocks. */
  'account:blocked': (block: { username: string; blocked: boolean; position: number }) => void;
  /** Made, its topic or owner changed; to its members, and to whoever became one. */
  'room:changed': (change: { room: Room; position: number }) => void;
  'room:joined': (change: { room: string; username: string; position: number }) => void;
  /** To the members, and to whoever is no longer one. */
  'room:left': (change: { room: string; username: string; removed: boolean; position: number }) => void;
  'room:deleted': (change: { room: string; position: number }) => void;
  /** To all sockets of the reader. */
  'conversation:read': (mark: { with: string; read: number; position: number }) => void;
  /** To those who share a conversation with the account. */
  'presence:changed': (presence: { username: string; online: boolean }) => void;
  /** `with` is the conversation as its receiver names it. */
  'typing:changed': (change: { with: string; username: string; typing: boolean }) => void;
  'cluster:changed': (cluster: Cluster) => void;
}

/** What a server ever cut off or set aside; nothing is removed from there by the program. */
export interface QuarantineStatus {
  /** The folder, as the server was told to find its data. */
  path: string;
  /** How many files and folders lie there. */
  count: number;
  /** Names of the newest few, the newest first. */
  newest: string[];
}

/** A copy that `server backup` made of a server's database; `madeAt` is ISO 8601, UTC. */
export interface NamedCopyStatus {
  name: string;
  madeAt: string;
  /** The last operation in it. */
  operations: number;
  bytes: number;
}

export type ServerRole = 'primary' | 'backup' | 'spare' | 'witness' | 'joining' | 'waiting';

/** What was deleted, and what of it is still in the files of this server. */
export interface CompactionStatus {
  /** The operation by which the cluster decided the latest compaction; 0 when there was none. */
  decidedOp: number;
  /** The one up to which this server has removed what was deleted; below `decidedOp` while it is at it. */
  doneOp: number;
  /** Rows that have lost their content by it here. */
  rows: number;
  /** Bytes by which the log became shorter; below 0 when the texts were shorter than the digests that are kept of them. */
  bytes: number;
  /** Milliseconds since 1970; null when this server never did one. */
  finishedAt: number | null;
  /** The first operation since `decidedOp` that deleted something; 0 when there is none. */
  removableSinceOp: number;
}

/** `GET /status`. */
export interface ServerStatus {
  address: string;
  role: ServerRole;
  epoch: number;
  view: number;
  primary: string | null;
  members: string[];
  /** The highest operation that this server has applied. */
  commit: number;
  /** In words, with names: what it waits for; empty when it waits for nothing. */
  waitingFor: string;
  cluster: Cluster;
  version: string;
  /** `os`: what is acknowledged may be in the system's memory only. Absent where nothing is kept on a disk. */
  durability?: 'fsync' | 'os';
  /** Absent at a witness. */
  compaction?: CompactionStatus;
  /** Absent where nothing is kept in files. */
  quarantine?: QuarantineStatus;
  /** The named copies of its database, the newest first; absent where nothing is kept in files. */
  copies?: NamedCopyStatus[];
  /** What is wrong with rows of the log that were written long ago and cannot be repaired now, in sentences; absent when nothing is known to be. */
  damage?: string;
}
