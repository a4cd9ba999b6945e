import { Cluster, type ClusterOptions } from './cluster.ts';
import type { Figure } from './figures.ts';
import { Worker } from './processes.ts';
import type { PumpPlan } from './pump.ts';
import { loadOf, type ServersLoad } from './servers-load.ts';
import type { SpreadTasks } from './spread-worker.ts';

/** Processes in which clients live. */
const WORKERS = 4;
const ROOM_MEMBERS = 200;
/** Of them, in each process, who write; and how many of their messages are under way at a time. */
const ROOM_WRITERS = 2;
const ROOM_IN_FLIGHT = 4;

export interface SpreadingPlan {
  rounds: number;
  pump: PumpPlan;
}

/** Many conversations of two, or one room in which most of the work is to tell everybody. */
export type Shape = 'pairs' | 'room';

/** Messages of one shape, with all clients at the primary or with as many at each server. */
export interface Spreading extends ServersLoad {
  at: 'primary' | 'all';
  shape: Shape;
}

/** Three servers for each shape, and in each round both ways, in turns. */
export async function measureSpreading(
  plan: SpreadingPlan,
  options: ClusterOptions,
  onRound: (spreading: Spreading) => void,
): Promise<Spreading[]> {
  const measured: Spreading[] = [];
  for (const shape of ['pairs', 'room'] as const) {
    const cluster = await Cluster.start(options);
    const primary = await cluster.complete();
    const workers = Array.from({ length: WORKERS }, () => new Worker<SpreadTasks>('spread-worker'));
    await enter(workers, shape, primary, plan.pump.clients);
    for (let round = 1; round <= plan.rounds; round++) {
      const ways = ['primary', 'all'] as const;
      for (const at of round % 2 === 0 ? ways.toReversed() : ways) {
        const servers = at === 'primary' ? [primary] : cluster.addresses;
        const spreading = { at, shape, ...(await measureOnce(cluster, primary, workers, shape, servers, plan.pump)) };
        measured.push(spreading);
        onRound(spreading);
      }
    }
    await Promise.all(workers.map((worker) => worker.end()));
    await cluster.stop();
  }
  return measured;
}

async function enter(workers: Worker<SpreadTasks>[], shape: Shape, primary: string, clients: number): Promise<void> {
  for (const [index, worker] of workers.entries()) {
    const names = `w${index}`;
    const room = { count: ROOM_MEMBERS / WORKERS, writing: ROOM_WRITERS, name: '#all', isNew: index === 0 };
    if (shape === 'room') await worker.ask('enterRoom', { primary, names, ...room });
    else await worker.ask('enterPairs', { primary, names, count: clients / WORKERS });
  }
}

async function measureOnce(
  cluster: Cluster,
  primary: string,
  workers: Worker<SpreadTasks>[],
  shape: Shape,
  servers: string[],
  pump: PumpPlan,
): Promise<ServersLoad> {
  await Promise.all(workers.map((worker) => worker.ask('place', { servers, spread: servers.length > 1 })));
  const sent: [string, number][] = [];
  return loadOf(cluster, primary, async () => {
    const done = await Promise.all(
      workers.map(async (worker) => {
        if (shape === 'pairs') return worker.ask('toFriends', { plan: { ...pump, clients: pump.clients / WORKERS } });
        const { sent: ownSent, ...counted } = await worker.ask('toRoom', {
          plan: { ...pump, inFlight: ROOM_IN_FLIGHT },
        });
        sent.push(...ownSent);
        return counted;
      }),
    );
    // Telling everybody is part of the work.
    await Promise.all(workers.map((worker) => worker.ask('allDelivered', { sent })));
    return done;
  });
}

/** The figures for the table. Where servers and clients share two cores, only processor times mean something. */
export function spreadingFigures(measured: readonly Spreading[], clients: number): Figure[] {
  const names = { pairs: `${clients} conversations`, room: `a room of ${ROOM_MEMBERS}` };
  return (['pairs', 'room'] as const).flatMap((shape) => {
    const of = (at: Spreading['at'], name: keyof ServersLoad) =>
      measured.filter((one) => one.shape === shape && one.at === at).map((one) => one[name]);
    const figure = (
      what: string,
      name: keyof ServersLoad,
      bounds: Pick<Figure, 'unit' | 'must' | 'goal' | 'better'>,
    ) => ({
      name: `${names[shape]}, clients at all servers: ${what}`,
      ours: of('all', name),
      besideName: 'at the primary',
      beside: of('primary', name),
      ...bounds,
    });
    const isRoom = shape === 'room';
    return [
      figure('acknowledged', 'perSecond', { unit: '/s', must: 0.7, goal: isRoom ? 1.5 : 1, better: 'more' }),
      figure("the primary's processor time, a message", 'primaryUs', {
        unit: 'µs',
        must: isRoom ? 0.6 : 1,
        goal: isRoom ? 0.4 : 0.7,
        better: 'less',
      }),
      figure("the busiest server's", 'busiestUs', { unit: 'µs', must: 1, goal: isRoom ? 0.45 : 0.8, better: 'less' }),
      figure("all servers'", 'allUs', { unit: 'µs', must: 2, goal: 1.2, better: 'less' }),
    ];
  });
}
