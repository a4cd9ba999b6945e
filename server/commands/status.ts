import type { ServerStatus } from '../../shared/api.ts';
import { type Address, splitAddress } from '../../shared/ids.ts';
import { resolveHost } from '../network/peer-link.ts';
import { tableLines, wrapped } from './table.ts';

const ASK_TIMEOUT_MS = 2000;

/** What a server says of itself and of the cluster; undefined when it cannot be reached. */
export async function askStatus(address: Address): Promise<ServerStatus | undefined> {
  const { host, port } = splitAddress(address);
  const resolved = resolveHost(host);
  const url = `http://${resolved.includes(':') ? `[${resolved}]` : resolved}:${port}/status`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const status = (await response.json()) as ServerStatus;
    return typeof status.role === 'string' && Array.isArray(status.members) ? status : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `server status`: asks one server, then every other one that it knows.
 *
 * @returns the exit status: 3 when the first one cannot be reached
 */
export async function printStatus(address: Address, isJson: boolean): Promise<number> {
  const status = await askStatus(address);
  if (!status) {
    process.stderr.write(
      `The server ${address} can't be reached; is it running? Another one may be asked with --server.\n`,
    );
    return 3;
  }
  if (isJson) {
    process.stdout.write(`${JSON.stringify(status)}\n`);
    return 0;
  }
  const others = status.cluster.known.filter((known) => known !== status.address) as Address[];
  const answers = await Promise.all(others.map(askStatus));
  const seen = others.map((server, index): Seen => ({ address: server, status: answers[index] }));
  process.stdout.write(`${clusterLines([{ address: status.address as Address, status }, ...seen]).join('\n')}\n`);
  return 0;
}

/** A server of the cluster, and what it says of itself; undefined when it is not reached. */
interface Seen {
  address: Address;
  status: ServerStatus | undefined;
}

/** One row for each server, then whatever there is to say. */
export function clusterLines(servers: readonly Seen[]): string[] {
  const reached = servers.flatMap(({ status }) => (status ? [status] : []));
  const newest = reached.reduce((best, one) => (isNewer(one, best) ? one : best));
  const ordered = [...servers].sort(
    (a, b) => placeOf(a, newest) - placeOf(b, newest) || (a.address < b.address ? -1 : 1),
  );
  const showsEpoch = reached.some(({ epoch }) => epoch > 0);
  const header = ['server', 'role', 'view', 'operations'];
  const table = tableLines([header, ...ordered.map((one) => rowOf(one, showsEpoch))], [2, 3]);
  const notes = ordered.flatMap(({ status }) =>
    status
      ? [
          ...waitingLines(status),
          ...damageLines(status),
          ...durabilityLines(status),
          ...compactionLines(status),
          ...copyLines(status),
          ...quarantineLines(status),
        ]
      : [],
  );
  const { warning } = newest.cluster;
  const all = [...notes, ...(warning ? [`WARNING: ${warning}`] : [])];
  return all.length === 0 ? table : [...table, '', ...all];
}

function isNewer(a: ServerStatus, b: ServerStatus): boolean {
  return a.epoch === b.epoch ? a.view > b.view : a.epoch > b.epoch;
}

/** The members in their order, then those that hold data beside them, then the witnesses. */
function placeOf({ address, status }: Seen, { cluster }: ServerStatus): number {
  const place = cluster.members.indexOf(address);
  if (place >= 0) return place;
  return cluster.members.length + (status?.role === 'witness' || cluster.witnesses.includes(address) ? 1 : 0);
}

function rowOf({ address, status }: Seen, showsEpoch: boolean): string[] {
  if (!status) return [address, 'not reached', '', ''];
  const { role, epoch, view, commit } = status;
  // A witness has none, and a server that waits does not know yet how many of those in its log count.
  const operations = role === 'witness' || (role === 'waiting' && commit === 0) ? '' : String(commit);
  return [address, role, showsEpoch ? `${view} (epoch ${epoch})` : String(view), operations];
}

function waitingLines({ address, waitingFor }: ServerStatus): string[] {
  return waitingFor === '' ? [] : wrapped(`${address} waits for ${waitingFor}.`);
}

function copyLines({ address, copies }: ServerStatus): string[] {
  if (!copies || copies.length === 0) return [];
  const rows = copies.map(({ name, madeAt, operations, bytes }) => [
    name,
    `${madeAt.slice(0, 19).replace('T', ' ')} UTC`,
    String(operations),
    bytes.toLocaleString('en'),
  ]);
  const table = tableLines([['name', 'made', 'operations', 'bytes'], ...rows], [2, 3]);
  return [`Copies of ${address}:`, ...table.map((line) => `  ${line}`)];
}

function damageLines({ address, damage }: ServerStatus): string[] {
  return damage === undefined ? [] : wrapped(`DAMAGED: ${address}: ${damage}`);
}

function durabilityLines({ address, durability }: ServerStatus): string[] {
  if (durability !== 'os') return [];
  return wrapped(`${address} runs with --durability os: a power cut may take back the last seconds on it.`);
}

function compactionLines({ address, role, compaction }: ServerStatus): string[] {
  if (!compaction) return [];
  const { decidedOp, doneOp, rows, finishedAt, removableSinceOp } = compaction;
  const lines: string[] = [];
  if (doneOp < decidedOp) {
    lines.push(...wrapped(`${address} is removing from its files what was deleted up to operation ${decidedOp}.`));
  } else if (finishedAt !== null) {
    const when = `${new Date(finishedAt).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
    const what = `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;
    lines.push(...wrapped(`${address} removed what was deleted up to operation ${doneOp}: ${what}, ${when}.`));
  }
  if (role === 'primary' && removableSinceOp > 0) {
    const text = `What was deleted since operation ${removableSinceOp} is still in the files: it goes within the hour, or now with "server compact".`;
    lines.push(...wrapped(text));
  }
  return lines;
}

function quarantineLines({ address, quarantine }: ServerStatus): string[] {
  if (!quarantine || quarantine.count === 0) return [];
  const { count, newest, path } = quarantine;
  const things = count === 1 ? 'One thing that was' : `${count} things that were`;
  const first = count > newest.length ? ', the newest' : '';
  return [`${things} set aside by ${address} in`, `  ${path}${first}:`, ...newest.map((name) => `    ${name}`)];
}
