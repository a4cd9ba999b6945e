/** Names of things, kept apart by the type checker although they are plain strings and numbers at run time. */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `host:port` under which a server listens and is known to all others. */
export type Address = Branded<string, 'Address'>;
/** Random UUID made with a data folder: two disks never share one. */
export type DiskId = Branded<string, 'DiskId'>;
/** UUID of a running client; names its request numbers. */
export type ClientId = Branded<string, 'ClientId'>;
/** An account is the operation that created it: its op number, as text. A name taken anew is another account. */
export type AccountId = Branded<string, 'AccountId'>;
/** A room is the operation that created it: its op number, as text. No account has the same. */
export type RoomId = Branded<string, 'RoomId'>;
/** What a conversation is with. */
export type ConversationEnd = AccountId | RoomId;
/** A log-in is the operation that opened it: its op number, as text. */
export type SessionId = Branded<string, 'SessionId'>;
export type MessageId = Branded<string, 'MessageId'>;
/** Key of a document: a UUID of version 4 in small letters, chosen by a client. */
export type DocumentKey = Branded<string, 'DocumentKey'>;

/** Checks `host:port` (a name, an IPv4 address or an IPv6 address in brackets; port 1 to 65535). */
export function parseAddress(text: string): Address | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[2]);
  if (port < 1 || port > 65535) return undefined;
  return `${match[1]!.toLowerCase()}:${port}` as Address;
}

/** The two halves of an address; brackets around an IPv6 host are taken off. */
export function splitAddress(address: Address): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(address.slice(colon + 1)) };
}

/**
 * The number of a view: compared from left to right, unique for each attempt to change views.
 * `epoch` is 0 until an operator forced a view; `round` is what people are shown as "view".
 */
export interface ViewNumber {
  readonly epoch: number;
  readonly round: number;
  readonly candidate: Address | '';
}

/** Below every other number: what a replica has promised that never promised anything. */
export const NO_VIEW: ViewNumber = { epoch: 0, round: 0, candidate: '' };

/** Negative, zero or positive as `a` is lower than, equal to or higher than `b`. */
export function compareViews(a: ViewNumber, b: ViewNumber): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.round !== b.round) return a.round - b.round;
  return a.candidate < b.candidate ? -1 : a.candidate > b.candidate ? 1 : 0;
}

export function sameView(a: ViewNumber, b: ViewNumber): boolean {
  return compareViews(a, b) === 0;
}

/** `epoch/round/candidate`, as it stands in the log and in `view.csv`. */
export function formatView(view: ViewNumber): string {
  return `${view.epoch}/${view.round}/${view.candidate}`;
}

/** The inverse of {@link formatView}; undefined for anything else. */
export function parseView(text: string): ViewNumber | undefined {
  const match = /^(\d{1,15})\/(\d{1,15})\/(.*)$/.exec(text);
  if (!match) return undefined;
  const candidate = match[3] === '' ? '' : parseAddress(match[3]!);
  if (candidate === undefined) return undefined;
  return { epoch: Number(match[1]), round: Number(match[2]), candidate };
}
