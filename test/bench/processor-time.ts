import { readFileSync } from 'node:fs';

/** Of the processor times in /proc. */
const MS_PER_TICK = 10;

/** What a process has used so far, in user and system mode, milliseconds; Linux only. */
export function processorMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * MS_PER_TICK;
}
