import { expect } from 'vitest';
import { LEASE_MS } from '../support/replication-fixtures.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'A read after a pause',
  story: `
A stands still for longer than its leases last (L), yet not so long that the others go on without it (E). When it wakes
it cannot know that, so the first read asks both backups whether A still is their primary (R17). Pings give A its leases
back (R6), and the next read needs nobody. Pings and pongs are shown here after the pause.`,

  play: ({ formed, say, read, pause, resume, wait, showHeartbeats, deliver, server }) => {
    formed(1);
    say('With leases a read is answered at once.');
    read('A');
    expect(server('A').confirmedReads).toEqual([1]);

    say('A stands still.');
    wait(30);
    pause('A');
    wait(LEASE_MS + 10);

    say('It wakes and is asked for a read.');
    showHeartbeats(true);
    resume('A');
    expect(server('A').holdsAllLeases).toBe(false);
    read('A');
    expect(server('A').confirmedReads).toEqual([1]);
    deliver();
    expect(server('A').confirmedReads).toEqual([1, 2]);
    expect(server('A').holdsAllLeases).toBe(true);
    read('A');
    expect(server('A').confirmedReads).toEqual([1, 2, 3]);
    expect(server('A').members).toBe('A B C');
  },
};
