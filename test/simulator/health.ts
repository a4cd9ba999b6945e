import { isPrimary } from '../../server/replication/replica-state.ts';
import { compareViews } from '../../shared/ids.ts';
import { Violation } from './checkers.ts';
import type { Histories } from './histories.ts';
import type { Plan } from './plan.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { World } from './world.ts';

/** The longest time-outs and retries of clients and servers, and room: by then everything has to be well. */
const HEALED_MS = 90_000;
const LOOK_MS = 100;
/** Whoever waits for a disk that is gone need not be waited for longer. */
const LOST_DISK_MS = 15_000;
/** By then an operator has read that a server runs on an old copy of its folder, and moves that away. */
const OPERATOR_MS = 10_000;

/** What operators do while the others wait. */
export interface HealthOperator {
  /** Has a server start anew on an empty folder. */
  moveFolderAway(server: SimulatedServer): void;
  /** R20: tries to have somebody go on without the disk that is gone. @returns false when nobody does that any more */
  force(): boolean;
}

/** What has to be well again soon after the faults have ended. */
export class Health {
  readonly #servers: readonly SimulatedServer[];
  readonly #clients: readonly SimulatedClient[];
  readonly #plan: Plan;
  readonly #histories: Histories;

  constructor(
    servers: readonly SimulatedServer[],
    clients: readonly SimulatedClient[],
    plan: Plan,
    histories: Histories,
  ) {
    this.#servers = servers;
    this.#clients = clients;
    this.#plan = plan;
    this.#histories = histories;
  }

  /**
   * Lets time pass until everything is well.
   *
   * @returns false when it waits for a disk that is gone for ever, as it should
   * @throws Violation when that takes too long
   */
  async wait(advance: (untilMs: number) => Promise<void>, world: World, operator: HealthOperator): Promise<boolean> {
    const beganAtMs = world.nowMs;
    let deadlineMs = beganAtMs + HEALED_MS;
    let illness: string | null = 'never looked';
    while (illness !== null && world.nowMs < deadlineMs) {
      // What somebody who is logged out has written waits for the log-in.
      for (const client of this.#clients) if (!client.isLoggedIn) client.operate('logIn', 0);
      await advance(world.nowMs + LOOK_MS);
      illness = this.#illness();
      // R15: when all were down and a disk of the newest view is gone for ever, waiting for it is the right thing to do.
      if (illness !== null && world.nowMs > beganAtMs + LOST_DISK_MS && this.#waitsForLostDisk()) {
        if (!operator.force()) return false;
        deadlineMs = Math.min(world.nowMs, beganAtMs + HEALED_MS) + HEALED_MS;
      }
      const ignored = world.nowMs > beganAtMs + OPERATOR_MS ? this.#runsOnOldCopy() : undefined;
      if (ignored) operator.moveFolderAway(ignored);
    }
    if (illness !== null) throw new Violation(`liveness: ${illness} after the faults ended`);
    return true;
  }

  #illness(): string | null {
    // The others may not have missed it yet.
    const still = this.#servers.find(({ isUp, isAwake }) => isUp && !isAwake);
    if (still) return `${still.address} stands still`;
    const replicas = this.#servers.filter(({ role }) => role === 'replica');
    const primaries = replicas.filter(({ state }) => state && isPrimary(state));
    if (primaries.length !== 1) return `${primaries.length} primaries`;
    const { commit, file } = primaries[0]!.state!;
    const missing = this.#plan.layout.replicationFactor - file.base!.members.length;
    if (missing > 0) return `${missing} servers are not back in the view`;
    if (file.base!.witnesses.length < this.#plan.layout.witnesses) return 'witnesses are not back in the view';
    const away = this.#clients.find(({ isUp }) => !isUp);
    if (away) return `${away.name} is not back`;
    const waiting = this.#clients.find(({ unanswered }) => unanswered.size > 0);
    if (waiting) return `${waiting.name} waits for ${[...waiting.unanswered].join(' and ')}, ${waiting.description}`;
    // Whoever is logged out does not see what of its own waits for the log-in.
    const out = this.#clients.find(({ isLoggedIn }) => !isLoggedIn);
    if (out) return `${out.name} is logged out, ${out.description}`;
    const unsent = this.#clients.find(({ outboxSize }) => outboxSize > 0);
    if (unsent) return `${unsent.name} has ${unsent.outboxSize} messages in its outbox, ${unsent.description}`;
    const late = replicas.find(({ state }) => !state || state.commit !== commit);
    if (late) return `${late.address} does not follow`;
    const { decidedOp } = primaries[0]!.engine!.status().compaction!;
    const full = replicas.find(({ engine }) => engine!.status().compaction!.doneOp < decidedOp);
    if (full) return `${full.address} has not removed what was deleted up to ${decidedOp}`;
    return this.#histories.last.committed.length === commit ? null : 'nobody has all that was committed';
  }

  #runsOnOldCopy(): SimulatedServer | undefined {
    const primary = this.#servers.find(({ state }) => state && isPrimary(state));
    const members = primary?.state?.file.base?.members;
    const isLeftOut = ({ address }: SimulatedServer) => members?.every(({ id }) => id !== address) ?? false;
    // The others say that its log differs from what is committed on them.
    const { committed } = this.#histories.last;
    const leadsNobody = (server: SimulatedServer) =>
      server === primary && server.disk.entries.length < committed.length;
    return this.#servers.find(
      (server) => server.disk.isOldCopy && server.isUp && (isLeftOut(server) || leadsNobody(server)),
    );
  }

  #waitsForLostDisk(): boolean {
    const bases = this.#servers.map(({ disk }) => disk.file.base).filter((base) => base !== null);
    if (bases.length === 0) return false;
    const newest = bases.reduce((a, b) => (compareViews(a.number, b.number) >= 0 ? a : b));
    // An old copy does not hold the view, although its disk is listed there.
    const holders = this.#servers.filter(({ disk }) => !disk.isOldCopy);
    const disks = new Set(holders.map(({ disk }) => disk.file.disk));
    return newest.members.some(({ disk }) => !disks.has(disk));
  }
}
