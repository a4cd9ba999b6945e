import { askServer } from '../../server/network/peer-operator.ts';
import type { Address } from '../../shared/ids.ts';
import { type ClusterOptions, freePorts, statusOf } from './cluster.ts';
import type { Figure } from './figures.ts';
import { type HistoryPlan, Server } from './history.ts';
import { meanwhileFigure, sendMeanwhile } from './joining.ts';
import type { LoadTasks } from './load-worker.ts';
import { pause, Worker } from './processes.ts';
import { storeDeletions, storeMessages } from './stored-messages.ts';

const DEADLINE_MS = 300_000;
const POLL_MS = 20;
/** Which share of the messages is deleted. */
const SHARES = [100, 10] as const;

/** What it takes until deleted messages are removed from the files of a server. */
export interface Compacted {
  /** One in so many messages was deleted. */
  oneIn: number;
  /** From the wish to the end, milliseconds. */
  compactMs: number;
  /** Rows of the log that were read or written anew, for each second. */
  rowsPerSecond: number;
  /** Rows that lost their text. */
  removed: number;
  /** One message at a time, median, before and meanwhile. */
  beforeMs: number;
  meanwhileMs: number;
  memoryMiB: number;
}

/** A server with many messages, some of which were deleted, removes them from its files, again and again: nine times at most. */
export async function measureCompactions(
  plan: HistoryPlan,
  options: ClusterOptions,
  onRound: (compacted: Compacted) => void,
): Promise<Compacted[]> {
  const [port] = await freePorts(1);
  const server = new Server(port!, options);
  await server.start();
  await server.stop();
  const stored = { ...plan, folder: server.folder, address: server.address };
  await storeMessages(stored);
  const done: Compacted[] = [];
  for (const oneIn of SHARES) {
    for (let round = 0; round < plan.rounds; round++) {
      // Those whose number ends with 0, then others: none is deleted twice.
      await storeDeletions(stored, oneIn, oneIn === 100 ? 10 * round : 1 + round);
      const compacted = { ...(await measureOne(server, plan, `${oneIn}round${round}`)), oneIn };
      done.push(compacted);
      onRound(compacted);
    }
  }
  server.remove();
  return done;
}

async function measureOne(server: Server, plan: HistoryPlan, names: string): Promise<Omit<Compacted, 'oneIn'>> {
  await server.start();
  const load = new Worker<LoadTasks>('load-worker');
  await load.ask('enter', { address: server.address, clients: plan.pump.clients, names });
  const beforeMs = await load.ask('latency', { count: plan.singles });
  const { operations } = await server.used();
  const startedAt = performance.now();
  const meanwhile = sendMeanwhile(load);
  const asked = await askServer(server.address as Address, '', { command: 'compact' }, DEADLINE_MS);
  if ('problem' in asked) throw new Error(asked.problem);
  let memoryMiB = 0;
  let compaction = (await statusOf(server.port))?.compaction;
  while (!compaction || compaction.removableSinceOp > 0 || compaction.doneOp < compaction.decidedOp) {
    if (performance.now() - startedAt > DEADLINE_MS) throw new Error(`${server.address} does not end its compaction.`);
    await pause(POLL_MS);
    memoryMiB = Math.max(memoryMiB, server.memoryMiB());
    compaction = (await statusOf(server.port))?.compaction;
  }
  const compactMs = performance.now() - startedAt;
  const meanwhileMs = await meanwhile.stop();
  await load.end();
  await server.stop();
  const rowsPerSecond = (1000 * operations) / compactMs;
  return { compactMs, rowsPerSecond, removed: compaction.rows, beforeMs, meanwhileMs, memoryMiB };
}

/** The figures for the table. */
export function compactionFigures(compactions: readonly Compacted[], messages: number): Figure[] {
  const count = messages.toLocaleString('en');
  return SHARES.flatMap((share): Figure[] => {
    const ours = compactions.filter(({ oneIn }) => oneIn === share);
    const of = (name: keyof Compacted) => ours.map((one) => one[name]);
    return [
      {
        name: `removing one in ${share} of ${count} messages`,
        unit: '/s',
        ours: of('rowsPerSecond'),
        besideName: '',
        beside: [],
        must: 20_000,
        goal: 100_000,
        better: 'more',
      },
      meanwhileFigure(ours),
    ];
  });
}
