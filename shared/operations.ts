import type { AccountId, ClientId } from './ids.ts';

/**
 * What enters the log. The `cluster:` events are the cluster's own; all others are asked for by a client.
 * The log holds requests; what a request does is decided when it is applied (`server/state`).
 */
export const LOG_EVENTS = [
  'cluster:view',
  'cluster:complete',
  'cluster:compact',
  'account:create',
  'account:delete',
  'session:open',
  'session:close',
  'session:close-all',
  'account:password',
  'account:profile',
  'account:block',
  'account:unblock',
  'message:send',
  'message:edit',
  'message:delete',
  'message:react',
  'message:unreact',
  'message:received',
  'conversation:read',
  'room:create',
  'room:join',
  'room:leave',
  'room:topic',
  'room:remove',
  'room:readmit',
  'room:delete',
  'document:set',
  'document:delete',
  'request:refused',
] as const;

export type LogEvent = (typeof LOG_EVENTS)[number];

/** R28: what a backup passes on to the primary. Where a password has to be verified, the primary alone does it. */
export const RELAYED_EVENTS = [
  'session:close',
  'session:close-all',
  'account:profile',
  'account:block',
  'account:unblock',
  'message:send',
  'message:edit',
  'message:delete',
  'message:react',
  'message:unreact',
  'room:create',
  'room:join',
  'room:leave',
  'room:topic',
  'room:remove',
  'room:readmit',
  'room:delete',
  'document:set',
  'document:delete',
] as const satisfies readonly LogEvent[];

/**
 * An operation before it has a place in the log. What the columns hold depends on the event:
 *
 * | event            | id         | account   | subject                 | body                                  |
 * |------------------|------------|-----------|-------------------------|---------------------------------------|
 * | cluster:view     |            |           | view number             | the view record, as JSON              |
 * | cluster:complete |            |           | the replication factor  |                                       |
 * | cluster:compact  |            |           |                         |                                       |
 * | account:create   |            |           |                         | `{"username":…,"nameKey":…,"passwordHash":…}` |
 * | account:delete   |            | who       |                         |                                       |
 * | session:open     |            | who       |                         |                                       |
 * | session:close    |            | who       | session id              |                                       |
 * | session:close-all |           | who       |                         |                                       |
 * | account:password |            | who       | session id that stays   | the salted hash                       |
 * | account:profile  |            | who       |                         | the display name; empty for none      |
 * | account:block    |            | who       | account id              |                                       |
 * | account:unblock  |            | who       | account id              |                                       |
 * | message:send     | message id | sender    | `TO` or `TO REPLIED`: id of the recipient's account or of the room; id of the message that is answered | the text |
 * | message:edit     |            | who       | message id              | the new text                          |
 * | message:delete   |            | who       | message id              |                                       |
 * | message:react    |            | who       | message id              | the reaction                          |
 * | message:unreact  |            | who       | message id              | the reaction                          |
 * | message:received |            |           |                         | `ACCOUNT=POSITION`, space-separated   |
 * | conversation:read |           |           |                         | `ACCOUNT/WITH=POSITION`, space-separated; WITH is an account or room id |
 * | room:create      |            | who       |                         | `{"name":…,"nameKey":…,"topic":…}`    |
 * | room:join        |            | who       | room id                 |                                       |
 * | room:leave       |            | who       | room id                 |                                       |
 * | room:topic       |            | who       | room id                 | the topic                             |
 * | room:remove      |            | who       | `ROOM ACCOUNT`: ids     |                                       |
 * | room:readmit     |            | who       | `ROOM ACCOUNT`: ids     |                                       |
 * | room:delete      |            | who       | room id                 |                                       |
 * | document:set     |            |           | the key                 | the value, as JSON                    |
 * | document:delete  |            |           | the key                 |                                       |
 * | request:refused  |            |           | the code of the refusal |                                       |
 */
export interface EntryDraft {
  event: LogEvent;
  /** Empty for the cluster's own entries. */
  client: ClientId | '';
  /** The client's request number; 0 for the cluster's own entries. */
  request: number;
  /** Keyed digest of what was asked, passwords left out; tells a repeated request from a number used twice. */
  asked: string;
  id: string;
  account: AccountId | '';
  subject: string;
  body: string;
}

/** All columns of a row of the log but its chain digest. */
export interface EntryFields extends EntryDraft {
  /** Place in the log, from 1, without gaps. Also the event's *position* for clients. */
  op: number;
  /** Number of the view in which the primary appended it, as `epoch/round/candidate`. */
  view: string;
  /** Milliseconds since 1970 by the primary's clock; never below that of an earlier entry. */
  time: number;
  /** 32 random hexadecimal digits; empty when there is no body. Of a part of a body: a digest of it (R24). */
  nonce: string;
  /** Digest of nonce and body, kept here when compaction has removed both, or left but a part of the body; else empty. */
  removedDigest: string;
}

/** An entry with its place: what is appended, forwarded, compared and applied. Never changed once made. */
export interface LogEntry extends EntryFields {
  /** SHA-256 over the previous entry's chain and this entry's columns, 64 hexadecimal digits. */
  chain: string;
  /** The CSV row as it stands on disk and goes over the wire, with its line feed. */
  row: string;
}

/** What compaction (R27) leaves of a row's body: all of it, the part that is still shown, or nothing. */
export type Remains = 'all' | 'part' | 'nothing';

/** The chain digest before the first entry. */
export const GENESIS_CHAIN = '0'.repeat(64);

/** A table of a snapshot, written to a CSV file of its own. */
export interface Table {
  /** File name without `.csv`. */
  name: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A table that is too long for memory: its rows come in pieces, when they are asked for. */
export interface LongTable extends Omit<Table, 'rows'> {
  pieces: AsyncIterable<Table['rows']> | Iterable<Table['rows']>;
  /** Of a table that grows: how many rows there are already, to which these are added. Null for one that is written anew. */
  rowsBefore: number | null;
  /** No start needs it: it may be left out of a snapshot, and the one that was written before stays. */
  isForPeople?: boolean;
}

/** A snapshot on its way to the disk. */
export interface NewSnapshot extends Snapshot {
  /** Written beside `tables`, and read by themselves. */
  longTables?: readonly LongTable[];
}

/** The whole state after an operation, as tables. */
export interface Snapshot {
  /** The last operation it contains. */
  op: number;
  /** Chain digest of that operation's entry. */
  chain: string;
  /** View number of that operation's entry. */
  view: string;
  /** Whether the cluster had ever reached its replication factor by then. */
  complete: boolean;
  tables: Table[];
}

/** How a committed request ended: a few bytes, from which the reply is made again when the request is repeated. */
export interface Outcome {
  position: number;
  /** Time of the entry, milliseconds since 1970. */
  at: number;
  /** Empty when it took effect, else the code of the refusal. */
  refused:
    | ''
    | 'no-such-account'
    | 'no-such-message'
    | 'no-such-room'
    | 'username-taken'
    | 'room-taken'
    | 'not-a-member'
    | 'blocked'
    | 'limit-reached'
    | 'forbidden'
    | 'not-logged-in';
  /** Of `document:set` and `document:delete`: there was a document of that key before. */
  existed?: true;
}
