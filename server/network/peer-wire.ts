import type { LogEntry } from '../../shared/operations.ts';
import type { PeerMessage } from '../replication/messages.ts';

/** Reads rows and checks that they follow a chain; the storage's codec does it. */
export type OpenRows = (rows: string, previousChain: string) => { entries: LogEntry[] } | { damage: string };

/** A message as it goes over the wire: entries are the very CSV rows of the log, so they are encoded once. */
export type WireMessage = Omit<PeerMessage, 'entries'> & { rows?: string };

export function toWire(message: PeerMessage): WireMessage {
  if (message.type !== 'prepare' && message.type !== 'log-chunk') return message;
  const { entries, ...rest } = message;
  return { ...rest, rows: entries.map(({ row }) => row).join('') };
}

/** @returns the message, or the sentence that says what is wrong with its rows */
export function fromWire(wire: WireMessage, open: OpenRows): { message: PeerMessage } | { damage: string } {
  if (wire.type !== 'prepare' && wire.type !== 'log-chunk') return { message: wire as PeerMessage };
  const { rows, ...rest } = wire as WireMessage & { previousChain: string };
  if (!rows) return { message: { ...rest, entries: [] } as unknown as PeerMessage };
  const opened = open(rows, rest.previousChain);
  if ('damage' in opened) return opened;
  return { message: { ...rest, entries: opened.entries } as unknown as PeerMessage };
}
