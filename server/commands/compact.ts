import type { CompactionStatus, ServerStatus } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';
import { askServer } from '../network/peer-operator.ts';
import type { CompactAnswer } from './operator.ts';
import { showProgress } from './show-progress.ts';
import { askStatus } from './status.ts';
import { tableLines } from './table.ts';

const ASK_TIMEOUT_MS = 10_000;
const POLL_MS = 250;
/** An entry that is not in the log by then was lost with its primary. */
const DECIDE_MS = 10_000;
const NOT_REACHED = 3;

export interface CompactOptions {
  server: Address;
  secret: string;
}

/** A server that holds data; `compaction` is undefined when it cannot be reached. */
interface Held {
  address: string;
  compaction: CompactionStatus | undefined;
}

/**
 * `server compact`: has the primary decide that what was deleted is removed from the files (R27), and waits until all servers have done it.
 *
 * @returns the exit status: 1 when it was not decided, 3 when the server cannot be reached
 */
export async function compact({ server, secret }: CompactOptions): Promise<number> {
  const status = await askStatus(server);
  if (!status) return complain(`The server ${server} can't be reached; is it running?`, NOT_REACHED);
  if (status.primary === null)
    return complain(`There is no primary at the moment: ${server} waits for ${status.waitingFor || 'one'}.`, 1);
  const asked = await askServer(status.primary as Address, secret, { command: 'compact' }, ASK_TIMEOUT_MS);
  if ('problem' in asked) return complain(asked.problem, asked.isReached ? 1 : NOT_REACHED);
  const answer = asked.answer as CompactAnswer;
  if (!('compaction' in answer)) {
    return complain(`Nothing was removed: ${answer.refused ?? 'the server does not know this command.'}`, 1);
  }
  if (answer.compaction === 'nothing to remove') {
    print(['There is nothing to remove: nothing was deleted since the last time.']);
    return 0;
  }
  return waitForAll(status, answer.after);
}

async function waitForAll(status: ServerStatus, after: number): Promise<number> {
  const progress = showProgress('Removing what was deleted');
  const giveUpAtMs = performance.now() + DECIDE_MS;
  try {
    for (;;) {
      const servers = await lookAt(status);
      const reached = servers.flatMap(({ compaction }) => compaction ?? []);
      const isDecided = reached.some(({ decidedOp }) => decidedOp > after);
      const done = reached.filter(({ decidedOp, doneOp }) => decidedOp > after && doneOp >= decidedOp).length;
      if (isDecided && done === reached.length) {
        progress.end();
        print(reportOf(servers));
        return 0;
      }
      if (!isDecided && performance.now() > giveUpAtMs) {
        progress.end();
        return complain('Another primary took over before it was decided; try again.', 1);
      }
      progress.show(done, reached.length);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.end();
  }
}

/** Every server that may hold data, as far as one of them knew at the beginning. */
async function lookAt({ cluster }: ServerStatus): Promise<Held[]> {
  const known = [...new Set([...cluster.members, ...cluster.spares, ...cluster.known])];
  const holders = known.filter((address) => !cluster.witnesses.includes(address));
  const answers = await Promise.all(holders.map((address) => askStatus(address as Address)));
  return holders.flatMap((address, index): Held[] => {
    const answer = answers[index];
    return answer?.role === 'witness' ? [] : [{ address, compaction: answer?.compaction }];
  });
}

function reportOf(servers: readonly Held[]): string[] {
  const count = (number: number) => number.toLocaleString('en');
  const rows = servers.map(({ address, compaction }) =>
    compaction ? [address, count(compaction.rows)] : [address, 'not reached'],
  );
  const { decidedOp } = servers.find(({ compaction }) => compaction)!.compaction!;
  const missing = servers.some(({ compaction }) => !compaction);
  return [
    `What was deleted up to operation ${decidedOp} is removed:`,
    ...tableLines([['server', 'rows'], ...rows], [1]).map((line) => `  ${line}`),
    ...(missing ? ['Whoever is not reached does the same when it is back.'] : []),
  ];
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function complain(text: string, exitStatus: number): number {
  process.stderr.write(`${text}\n`);
  return exitStatus;
}
