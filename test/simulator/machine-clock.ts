import type { Clock } from '../../server/engine/ports.ts';
import type { Life } from './life.ts';

/** 2026-01-01T00:00:00Z: some time of day for machines to begin with. */
const WALL_MS = 1_767_225_600_000;
/** What the real uptime is rounded down to. */
const UPTIME_STEP_MS = 10;

/** The clocks of one machine (A3): they drift together, one of them stands still while the machine sleeps. */
export class MachineClock {
  /** How fast it runs, compared with simulated time. */
  rate = 1;
  /** Set to another time of day. */
  wallShiftMs = 0;
  #sleptMs = 0;

  /** The machine slept for so long without its monotonic clock's noticing. */
  sleep(durationMs: number): void {
    this.#sleptMs += durationMs * this.rate;
  }

  /** The clock as a process of this machine reads it. */
  readBy(life: Life): Clock {
    const { queue } = life.world;
    const upMs = () => 5000 + queue.nowMs * this.rate;
    const clock: Clock = {
      monotonicMs: () => upMs() - this.#sleptMs,
      uptimeMs: () => Math.floor(upMs() / UPTIME_STEP_MS) * UPTIME_STEP_MS,
      wallMs: () => Math.floor(WALL_MS + queue.nowMs + this.wallShiftMs),
      every: (intervalMs, run) => {
        let cancel = () => {};
        const again = () => {
          cancel = life.after(intervalMs / this.rate, again);
          run();
        };
        cancel = life.after(intervalMs / this.rate, again);
        return () => cancel();
      },
      after: (delayMs, run) =>
        life.after(delayMs / this.rate, () => {
          life.world.isTouched = true;
          run();
        }),
      soon: (run) => void life.after(0, run),
    };
    return clock;
  }
}
