import type { ServerStatus } from '../../shared/api.ts';
import { type Address, splitAddress } from '../../shared/ids.ts';
import { resolveHost } from '../network/peer-link.ts';

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
  const rows = [
    ['server', 'role', 'view', 'operations', ''],
    row(status),
    ...answers.map((answer, index) => (answer ? row(answer) : [others[index]!, 'not reached', '', '', ''])),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`${lines.join('\n')}\n`);
  if (status.cluster.warning) process.stdout.write(`WARNING: ${status.cluster.warning}\n`);
  return 0;
}

function row({ address, role, view, commit, waitingFor }: ServerStatus): string[] {
  return [address, role, String(view), String(commit), waitingFor === '' ? '' : `waiting for ${waitingFor}`];
}
