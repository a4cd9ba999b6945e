/** Every limit and every default timing, in one place; the unit is in the name. */

/** The client protocol (namespace `/`) that this program speaks. Raised when what it says changes, not when it grows. */
export const CLIENT_PROTOCOL = 1;
/** The protocol between servers (namespace `/peers`). */
export const PEER_PROTOCOL = 5;

export const DEFAULT_PORTS = [1538, 2538, 3538] as const;
export const DEFAULT_REPLICATION_FACTOR = 3;
export const MAX_REPLICATION_FACTOR = 9;

/** E of PROTOCOL.md: how long a server may be silent before it is suspected. */
export const HEARTBEAT_TIMEOUT_MS = 1500;
/** How often a server pings the others of its view. */
export const HEARTBEAT_INTERVAL_MS = 100;
/** How often the replica looks at its timers. */
export const TICK_MS = 20;
/** What a place in the view's order costs a candidate in waiting time. */
export const RANK_DELAY_MS = 200;
/** First wait before a view change that did not come through is tried again; doubled up to the maximum. */
export const VIEW_CHANGE_RETRY_MS = 500;
export const VIEW_CHANGE_RETRY_MAX_MS = 4000;
/** A main loop that did not turn for so long was paused: what it did not hear meanwhile proves nothing. */
export const PAUSE_MS = 500;
/** A lost link is probed at once, then every so often, for so long, then at the slower pace. */
export const PROBE_INTERVAL_MS = 100;
export const PROBE_EAGER_MS = 2000;
export const PROBE_IDLE_INTERVAL_MS = 500;
/** A server that was asked to stop has ended by then. */
export const SHUTDOWN_MS = 5000;
/** How long a request may wait at a server while the view changes, before the client is told `unavailable`. */
export const HOLD_DURING_VIEW_CHANGE_MS = 5000;

/**
 * Bodies that the primary has in the log and not committed, in UTF-16 code units: what is asked beyond that waits. Between two servers pings stand behind the rows
 * that were sent before them, so that more of these would pass for silence.
 */
export const LOG_UNDER_WAY_LENGTH = 2 * 1024 * 1024;
/** What a client has under way of documents, likewise; all of it is sent again after each move. */
export const CLIENT_UNDER_WAY_LENGTH = 1024 * 1024;

/** Rows of the log that a replica keeps in memory for those that are a little behind. */
export const LOG_TAIL_ENTRIES = 5000;
/** The same in UTF-16 code units of CSV: documents are long. */
export const LOG_TAIL_LENGTH = 16 * 1024 * 1024;
/** Size of one piece of the log on its way to a replica that lacks it, in UTF-16 code units of CSV. */
export const LOG_PIECE_LENGTH = 512 * 1024;
/** A snapshot is written after so many operations at least, and when a server stops. To apply as many takes about a second. */
export const SNAPSHOT_INTERVAL_OPERATIONS = 100_000;
/** What was deleted is removed from the files after so long at the latest, by the cluster's own decision. */
export const COMPACTION_INTERVAL_MS = 3_600_000;

export const USERNAME_MAX_CHARACTERS = 32;
export const PASSWORD_MIN_CHARACTERS = 8;
export const PASSWORD_MAX_CHARACTERS = 256;
export const MESSAGE_BODY_MAX_BYTES = 16_384;
/** Of a document's value, as JSON text in UTF-8. */
export const DOCUMENT_VALUE_MAX_BYTES = 262_144;
/** Lists and objects within each other: what walks through a value goes down as many levels. */
export const DOCUMENT_DEPTH_MAX = 256;
/** All documents of a cluster together: their values and {@link DOCUMENT_OVERHEAD_BYTES} for each. They are in the memory of each server. */
export const DOCUMENTS_MAX_BYTES = 128 * 1024 * 1024;
/** What a document costs besides its value: the key, numbers, and its place in tables. */
export const DOCUMENT_OVERHEAD_BYTES = 256;
export const PATTERN_MAX_CHARACTERS = 64;
export const ROOM_NAME_MAX_CHARACTERS = 32;
export const ROOM_TOPIC_MAX_BYTES = 1024;
export const ROOM_MEMBERS_MAX = 5000;
/** Rooms that one account is a member of. */
export const ROOMS_PER_ACCOUNT = 500;
export const DISPLAY_NAME_MAX_CHARACTERS = 64;
export const REACTION_MAX_BYTES = 64;
/** Different reactions to one message. */
export const REACTIONS_PER_MESSAGE = 32;
/** Accounts that one account blocks. */
export const BLOCKS_PER_ACCOUNT = 1000;
export const SEARCH_MAX_CHARACTERS = 256;
/** Messages that one `message:search` looks at. */
export const SEARCH_MESSAGES = 2000;
/** After so long without a word from them, somebody who was typing is no longer shown as typing; a client repeats it more often. */
export const TYPING_SHOWN_MS = 6000;
/** Messages that one `message:search` answers with at most. */
export const SEARCH_FOUND_MAX = 100;
/** Whose last socket broke off is shown as online for so long: clients come back. */
export const PRESENCE_GRACE_MS = 5000;
/** Acquaintances that are told when somebody comes or goes; the others see it when they ask. */
export const PRESENCE_TOLD_MAX = 1000;
export const LIST_DEFAULT_LIMIT = 100;
export const LIST_MAX_LIMIT = 500;
/** The largest frame that a chat client may send; larger ones end the connection. A document fits in, also when all its letters are written as escapes. */
export const CLIENT_FRAME_MAX_BYTES = 1_048_576;
export const PEER_FRAME_MAX_BYTES = 64 * 1024 * 1024;

/** From a client's oldest unanswered request to its newest; as many replies are remembered. */
export const REQUESTS_IN_FLIGHT = 256;
/** Rows of the client table that are kept however old they are; above, those unused for a month are given up. */
export const CLIENT_TABLE_ROWS = 100_000;
export const CLIENT_TABLE_UNUSED_MS = 30 * 24 * 3600 * 1000;
/** Log-ins of one account that are valid at a time; the oldest ends when another is made. */
export const SESSIONS_PER_ACCOUNT = 64;

export const CONNECTIONS_MAX = 10_000;
export const CONNECTIONS_PER_ADDRESS_MAX = 2_000;
/** A socket that has not logged in by then is closed. */
export const LOGIN_DEADLINE_MS = 60_000;
/** Requests a second that one account may make, averaged over {@link RATE_WINDOW_SECONDS}. */
export const REQUESTS_PER_SECOND = 20_000;
export const RATE_WINDOW_SECONDS = 5;
/** Log-ins and account creations a minute from one network address. */
export const LOGINS_PER_MINUTE = 1_200;
/** Bytes waiting for a client that does not read, before it is cut off. */
export const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

/** Socket.IO's own pings only guard against losing every server at once. */
export const SOCKET_PING_INTERVAL_MS = 5000;
export const SOCKET_PING_TIMEOUT_MS = 5000;
