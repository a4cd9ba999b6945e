import { uptime } from 'node:os';
import type { Clock } from './ports.ts';

/** The machine's own clocks (A3: the monotonic one may stand still while the machine sleeps, the uptime does not). */
export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  uptimeMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
  every(intervalMs, run) {
    const timer = setInterval(run, intervalMs);
    return () => clearInterval(timer);
  },
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (run) => void setImmediate(run),
};
