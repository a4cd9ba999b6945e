import type { Address } from '../../shared/ids.ts';
import type { PlannedFault } from './faults.ts';
import type { OperationKind } from './operations.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { World } from './world.ts';

export type Way = readonly [from: Address | string, to: Address | string];

/** What faults that need several things to meet are made of. Once the faults have ended, none of it does anything. */
export interface Trouble {
  readonly world: World;
  readonly servers: readonly SimulatedServer[];
  readonly heartbeatTimeoutMs: number;
  /** Ends a process, and starts it again after a while. */
  crash(server: SimulatedServer, awayMs: number): void;
  /** Each client's user does that. */
  everybody(kind: OperationKind, choice: number): void;
  /** Every other client no longer reaches these for a while. */
  cutClients(from: readonly SimulatedServer[], durationMs: number): void;
  /** Cuts these ways for a while. */
  cut(ways: readonly Way[], durationMs: number): void;
}

export function bothWays(a: SimulatedServer, b: SimulatedServer): Way[] {
  return [
    [a.address, b.address],
    [b.address, a.address],
  ];
}

/** H12: two that do not hear each other, and one that heard both dies while they part. */
export function strand(
  trouble: Trouble,
  { awayMs, choice }: PlannedFault,
  a: SimulatedServer,
  b: SimulatedServer,
): void {
  const { world, servers, heartbeatTimeoutMs } = trouble;
  trouble.cut(bothWays(a, b), 4 * heartbeatTimeoutMs);
  const candidates = servers.filter((server) => server !== b);
  const third = candidates[Math.floor(choice * candidates.length)]!;
  world.queue.after((0.5 + 2 * choice) * heartbeatTimeoutMs, () =>
    trouble.crash(third, awayMs + 3 * heartbeatTimeoutMs),
  );
}

/**
 * H1: one is out of touch, the others go on without it and die, and then it finds them dead. Or they die when its leases have
 * just run out, before they went on. Where there are four or more, one of them had been away before.
 */
export function outlive(
  trouble: Trouble,
  { durationMs, awayMs, choice }: PlannedFault,
  a: SimulatedServer,
  others: readonly SimulatedServer[],
): void {
  const { world, heartbeatTimeoutMs, servers } = trouble;
  const digits = Math.floor(choice * 1e6);
  const areStillBound = digits % 2 === 0;
  const cutMs = areStillBound ? heartbeatTimeoutMs * (0.9 + 0.25 * choice) : 200 + durationMs;
  const deathMs = areStillBound ? cutMs : cutMs - 200 * choice;
  const early = servers.length > 3 ? others[digits % others.length]! : undefined;
  const fromMs = early ? heartbeatTimeoutMs : 0;
  const awayForMs = awayMs + 3 * heartbeatTimeoutMs;
  if (early) trouble.crash(early, fromMs + cutMs + 3 * awayForMs);
  world.queue.after(fromMs, () => {
    trouble.cut(
      others.flatMap((one) => bothWays(a, one)),
      cutMs,
    );
  });
  world.queue.after(fromMs + deathMs, () => {
    // One after the other, so that those that are back are not enough for a while.
    for (const [index, server] of others.entries())
      trouble.crash(server, awayForMs + 2 * index * choice * heartbeatTimeoutMs);
  });
}

/**
 * R13: the disk of the primary hangs when it is to leave out one that died; that one comes back meanwhile, hears nothing of it and
 * leads a view change itself, and dies again once the primary has promised it. A promise to a candidate that died blocks nobody. Clients
 * had just asked for something, and ask again while the primary begins its next view, with a disk that hangs once more.
 */
export function forsake(
  trouble: Trouble,
  { awayMs, choice }: PlannedFault,
  a: SimulatedServer,
  b: SimulatedServer,
): void {
  const { world, heartbeatTimeoutMs, servers } = trouble;
  const hang = (durationMs: number) => {
    a.disk.hangsUntilMs = world.nowMs + durationMs;
  };
  hang(heartbeatTimeoutMs * (0.7 + 0.4 * choice));
  trouble.everybody('send', choice);
  trouble.crash(b, Math.min(awayMs, heartbeatTimeoutMs / 20));
  a.whenSends('promise', (candidate) => {
    const forsaken = servers.find(({ address }) => address === candidate);
    if (forsaken) trouble.crash(forsaken, awayMs);
    a.whenSends('start-view', () => hang((heartbeatTimeoutMs / 2) * choice));
  });
}

/**
 * R17: a primary hears the others no longer, so that it asks them about reads; soon they hear it no longer either, and go on without
 * it while some clients reach nobody else. Then it hears all that they had said, the old and the new.
 */
export function deafen(
  trouble: Trouble,
  { choice }: PlannedFault,
  a: SimulatedServer,
  others: readonly SimulatedServer[],
): void {
  const { world, heartbeatTimeoutMs } = trouble;
  const at = (timeouts: number, run: () => void) => world.queue.after(timeouts * heartbeatTimeoutMs, run);
  // Mostly when they are about to go on.
  const endMs = (2.2 + 1.2 * choice ** 2) * heartbeatTimeoutMs;
  trouble.cut(
    others.map(({ address }): Way => [address, a.address]),
    endMs,
  );
  trouble.cutClients(others, endMs);
  // Its leases have run out.
  at(1, () => trouble.everybody('list', choice));
  at(1.2, () =>
    trouble.cut(
      others.map(({ address }): Way => [a.address, address]),
      endMs - 1.2 * heartbeatTimeoutMs,
    ),
  );
  for (let timeouts = 2.15; timeouts * heartbeatTimeoutMs < endMs; timeouts += 0.1) {
    at(timeouts, () => trouble.everybody('list', choice));
  }
}
