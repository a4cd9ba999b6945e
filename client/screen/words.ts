import type { Cluster } from '../../shared/api.ts';
import type { ConnectionState } from '../chat-types.ts';
import type { Calendar, Tone } from './model.ts';

/** `40 ms`, `0.2 s`, `14 s`, `3 min 5 s`, `2 h 10 min`. */
export function asSeconds(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 95) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 message`, `2 messages`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * The state of the connection in a line: a coloured dot's tone and the words behind it, the most important first;
 * `brief` where there is little room.
 */
export function connectionWords(
  connection: ConnectionState,
  nowMs: number,
  calendar: Calendar,
  brief = false,
): { tone: Tone; words: string } {
  switch (connection.phase) {
    case 'connected': {
      const { cluster, server } = connection;
      const tone = serversUp(cluster) < cluster.replicationFactor ? 'warning' : 'good';
      return { tone, words: `${server} · view ${cluster.view} · ${serversWords(cluster, brief)}` };
    }
    case 'connecting':
      return { tone: 'warning', words: `connecting · trying ${names(connection.tried)}` };
    case 'waiting': {
      const since = sinceWords(connection.sinceMs, nowMs, calendar);
      return { tone: 'warning', words: `no primary ${since} · reached ${names(connection.reached)}` };
    }
    case 'offline': {
      const since = sinceWords(connection.sinceMs, nowMs, calendar);
      return { tone: 'bad', words: `not connected ${since} · trying ${names(connection.tried)}` };
    }
    case 'closed':
      return { tone: 'bad', words: 'closed' };
  }
}

/** Servers that hold every acknowledged message now. */
export function serversUp(cluster: Cluster): number {
  return cluster.members.length;
}

function serversWords(cluster: Cluster, brief: boolean): string {
  if (brief) return `${serversUp(cluster)}/${cluster.replicationFactor}`;
  return `servers ${serversUp(cluster)} of ${cluster.replicationFactor}`;
}

function sinceWords(sinceMs: number, nowMs: number, calendar: Calendar): string {
  const silentMs = Math.max(0, nowMs - sinceMs);
  return `since ${calendar.exactTime(sinceMs)} (${asSeconds(Math.floor(silentMs / 1000) * 1000).replace('.0 ', ' ')})`;
}

function names(addresses: readonly string[]): string {
  return addresses.length > 0 ? addresses.join(', ') : 'no server';
}

/** Why nothing is sent now, or what the cluster warns of; undefined when all is well. */
export function connectionTrouble(connection: ConnectionState): { tone: Tone; words: string } | undefined {
  switch (connection.phase) {
    case 'connected':
      return connection.cluster.warning ? { tone: 'warning', words: connection.cluster.warning } : undefined;
    case 'waiting':
    case 'offline':
      return { tone: 'warning', words: connection.reason };
    case 'connecting':
    case 'closed':
      return undefined;
  }
}
