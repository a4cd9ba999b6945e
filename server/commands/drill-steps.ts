import type { DrillStage } from './drill-stage.ts';
import { machineMs } from './drill-talker.ts';

/** Something that is done to the servers while users chat, and the way back. */
export interface DrillStep {
  name: string;
  perform(stage: DrillStage): Promise<void>;
}

/** Longer than the default heartbeat timeout: the others go on without a server that is stopped so long. */
const STOPPED_MS = 2500;
/** Long enough for an acknowledgement that rests on one copy alone to be given, if the program were to give it. */
const HELD_MS = 800;

export const DRILL_STEPS: readonly DrillStep[] = [
  {
    name: 'kill -9 of the primary',
    async perform(stage) {
      const primary = await stage.primary();
      await stage.kill(primary, 'the primary');
      await stage.goOn();
      await stage.bringBack([primary]);
    },
  },
  {
    name: 'kill -9 of a backup',
    async perform(stage) {
      const backup = stage.backupOf(await stage.primary());
      await stage.kill(backup, 'a backup');
      await stage.goOn();
      await stage.bringBack([backup]);
    },
  },
  {
    name: 'kill -9 of the primary, then of the next',
    async perform(stage) {
      const first = await stage.primary();
      await stage.kill(first, 'the primary');
      await stage.goOn();
      const second = await stage.primary();
      await stage.kill(second, 'the next one');
      await stage.goOn();
      await stage.bringBack(stage.random.chance(0.5) ? [first, second] : [second, first]);
    },
  },
  {
    name: `SIGSTOP of the primary for ${STOPPED_MS / 1000} s`,
    async perform(stage) {
      const primary = await stage.primary();
      stage.servers.pause(primary);
      await stage.say(`SIGSTOP of ${stage.name(primary)}, the primary`);
      const stopped = stage.pause(STOPPED_MS);
      await stage.goOn();
      await stopped;
      stage.servers.resume(primary);
      await stage.say(`SIGCONT of ${stage.name(primary)}`);
      await stage.untilWhole();
    },
  },
  {
    name: 'kill -9 of the primary, backups stopped',
    async perform(stage) {
      const primary = await stage.primary();
      const backups = [0, 1, 2].filter((index) => index !== primary);
      for (const index of backups) stage.servers.pause(index);
      const stoppedMs = machineMs();
      await stage.say(`SIGSTOP of ${backups.map((index) => stage.name(index)).join(' and ')}`);
      await stage.pause(HELD_MS);
      const count = stage.expectNothingSince(stoppedMs);
      await stage.kill(primary, `the primary; meanwhile ${count} acknowledged`);
      for (const index of backups) stage.servers.resume(index);
      await stage.say(`SIGCONT of ${backups.map((index) => stage.name(index)).join(' and ')}`);
      await stage.bringBack([primary]);
    },
  },
  {
    name: 'SIGTERM of the primary',
    async perform(stage) {
      const primary = await stage.primary();
      await stage.say(`SIGTERM of ${stage.name(primary)}, the primary`);
      await stage.servers.terminate(primary);
      await stage.goOn();
      await stage.bringBack([primary]);
    },
  },
  {
    name: 'kill -9 of all three',
    async perform(stage) {
      const order = shuffled([0, 1, 2], stage);
      await Promise.all(order.map((index) => stage.servers.kill(index)));
      await stage.say('kill -9 of all three');
      await stage.bringBack(shuffled(order, stage));
    },
  },
];

function shuffled(indices: readonly number[], { random }: DrillStage): number[] {
  const left = [...indices];
  return indices.map(() => left.splice(random.between(0, left.length), 1)[0]!);
}
