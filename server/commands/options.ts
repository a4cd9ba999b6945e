import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Address, parseAddress } from '../../shared/ids.ts';
import {
  DEFAULT_PORTS,
  DEFAULT_REPLICATION_FACTOR,
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TIMEOUT_MS,
  MAX_REPLICATION_FACTOR,
} from '../../shared/limits.ts';
import { whyNoCopyName } from '../storage/copy-name.ts';

/** What a replica is told on its command line, checked. */
export interface ReplicaOptions {
  host: string;
  join: Address[];
  data: string;
  /** Of the database beside `database@HOST:PORT` that is worked on instead of it; empty for that one. */
  database: string;
  replicationFactor: number;
  heartbeatIntervalMs: number;
  heartbeatTimeoutMs: number;
  durability: 'fsync' | 'os';
  trustRefused: boolean;
  secret: string;
  quiet: boolean;
}

interface ParsedOptions {
  host: string;
  join?: Address[];
  data: string;
  database?: string;
  replicationFactor: number;
  heartbeatInterval: number;
  heartbeatTimeout: number;
  durability: 'fsync' | 'os';
  trustRefused: 'always' | 'never';
  secretFile?: string;
  logLevel: 'info' | 'error';
  quiet?: true;
}

const DEFAULT_SERVERS = DEFAULT_PORTS.map((port) => `localhost:${port}`).join(',');

const environmentName = (name: string) => `UNDERSTUDY_${name.toUpperCase().replaceAll('-', '_')}`;

function option(flags: string, description: string): Option {
  const one = new Option(flags, description);
  return one.env(environmentName(one.name()));
}

/** Adds the options that all replicas have. */
export function addReplicaOptions(command: Command): Command {
  return command
    .addOption(option('--host <host>', 'listen on this host, and be known by it').default('localhost'))
    .addOption(
      option('--join <addresses>', 'servers to meet first, host:port, separated by commas')
        .argParser(parseAddresses)
        .default(undefined, `${DEFAULT_SERVERS}; none with a --host that other machines reach`),
    )
    .addOption(option('--data <folder>', 'where the databases are').default('data'))
    .addOption(
      option(
        '--database <name>',
        'work on database@HOST:PORT-NAME instead, e.g. on a copy, as another cluster',
      ).argParser(parseDatabaseName),
    )
    .addOption(
      option('--replication-factor <n>', 'how many copies there are of everything')
        .argParser(parseReplicationFactor)
        .default(DEFAULT_REPLICATION_FACTOR),
    )
    .addOption(
      option('--heartbeat-interval <duration>', 'how often servers ping each other, e.g. 100ms')
        .argParser(parseDuration)
        .default(HEARTBEAT_INTERVAL_MS, `${HEARTBEAT_INTERVAL_MS}ms`),
    )
    .addOption(
      option('--heartbeat-timeout <duration>', 'how long a server may be silent before it is suspected, e.g. 1500ms')
        .argParser(parseDuration)
        .default(HEARTBEAT_TIMEOUT_MS, `${HEARTBEAT_TIMEOUT_MS}ms`),
    )
    .addOption(
      option(
        '--durability <how>',
        'fsync: synced to the disk before it is acknowledged; os: faster, but a power cut of all may take back the last seconds',
      )
        .choices(['fsync', 'os'])
        .default('fsync'),
    )
    .addOption(
      option(
        '--trust-refused <when>',
        'never: a refused connection does not prove that a server is dead (firewalls that reset)',
      )
        .choices(['always', 'never'])
        .default('always'),
    )
    .addOption(secretFileOption())
    .addOption(option('--log-level <level>', 'what is printed').choices(['info', 'error']).default('info'))
    .addOption(option('--quiet', 'the same as --log-level error'));
}

export function secretFileOption(): Option {
  return option('--secret-file <file>', 'the secret that all servers of the cluster share');
}

/** @throws OptionError with one sentence when options contradict each other or a file cannot be read */
export function readReplicaOptions(parsed: ParsedOptions): ReplicaOptions {
  const { heartbeatInterval, heartbeatTimeout, secretFile } = parsed;
  if (heartbeatTimeout < 3 * heartbeatInterval) {
    throw new OptionError(
      `--heartbeat-timeout ${heartbeatTimeout}ms is too short for --heartbeat-interval ${heartbeatInterval}ms; make it at least three times as long.`,
    );
  }
  const secret = readSecret(secretFile);
  if (secret === '' && !isLoopbackHost(parsed.host)) {
    throw new OptionError(
      `--host ${parsed.host} can be reached from other machines, so the servers need a secret in common: make one with "head -c 32 /dev/urandom | base64 > cluster.secret", copy it to all of them and add --secret-file cluster.secret.`,
    );
  }
  return {
    ...parsed,
    database: parsed.database ?? '',
    join: parsed.join ?? (isLoopbackHost(parsed.host) ? parseAddresses(DEFAULT_SERVERS) : []),
    heartbeatIntervalMs: heartbeatInterval,
    heartbeatTimeoutMs: heartbeatTimeout,
    trustRefused: parsed.trustRefused === 'always',
    secret,
    quiet: parsed.quiet === true || parsed.logLevel === 'error',
  };
}

/** An option that cannot be used; its message is the sentence for the person who typed it. */
export class OptionError extends Error {}

/**
 * The secret in a file, or without one that of the environment; empty when there is none.
 *
 * @throws OptionError when the file cannot be read or is too short
 */
export function readSecret(file: string | undefined): string {
  if (file === undefined) return (process.env.CLUSTER_SECRET ?? '').trim();
  try {
    const secret = readFileSync(file, 'utf8').trim();
    if (secret.length >= 16) return secret;
    throw new OptionError(`The secret in ${file} has ${secret.length} characters; use at least 16.`);
  } catch (error) {
    if (error instanceof OptionError) throw error;
    throw new OptionError(
      `--secret-file ${file} can't be read (${(error as Error).message}); check its name and permissions.`,
    );
  }
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `1500ms` or `1.5s`, from 10 ms to 10 minutes, as milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  const milliseconds = match ? Math.round(Number(match[1]) * (match[2] === 's' ? 1000 : 1)) : Number.NaN;
  if (!(milliseconds >= 10 && milliseconds <= 600_000)) {
    throw new InvalidArgumentError('Give a duration from 10ms to 600s, e.g. 1500ms or 1.5s.');
  }
  return milliseconds;
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new InvalidArgumentError('A port is a whole number from 1 to 65535.');
  return port;
}

/** Three of them, all different. @throws InvalidArgumentError with a sentence for people */
export function parsePorts(text: string): number[] {
  const ports = text.split(',').map((part) => parsePort(part.trim()));
  if (ports.length === 3 && new Set(ports).size === 3) return ports;
  throw new InvalidArgumentError('Give three different ports, separated by commas, e.g. 1538,2538,3538.');
}

function parseDatabaseName(text: string): string {
  const why = whyNoCopyName(text);
  if (why !== '') throw new InvalidArgumentError(why);
  return text;
}

/** The number of an operation. */
export function parseOperation(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('An operation is a whole number from 0 on.');
  return Number(text);
}

export function parseAddresses(text: string): Address[] {
  return text.split(',').map((part) => {
    const address = parseAddress(part.trim());
    if (!address)
      throw new InvalidArgumentError(`"${part.trim()}" is not an address; write host:port, e.g. localhost:1538.`);
    return address;
  });
}

/** One address. */
export function parseServer(text: string): Address {
  const address = parseAddress(text.trim());
  if (!address) throw new InvalidArgumentError(`"${text}" is not an address; write host:port, e.g. localhost:1538.`);
  return address;
}

function parseReplicationFactor(text: string): number {
  const factor = /^\d$/.test(text) ? Number(text) : 0;
  if (factor < 1 || factor > MAX_REPLICATION_FACTOR) {
    throw new InvalidArgumentError(`The replication factor is a whole number from 1 to ${MAX_REPLICATION_FACTOR}.`);
  }
  return factor;
}
