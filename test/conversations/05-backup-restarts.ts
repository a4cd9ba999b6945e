import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'A backup restarts and joins again',
  story: `
C crashes, and A drops it at once (R14): commit needs all members, so nothing could be acknowledged otherwise. When C
comes back it is another incarnation, C2 (R1): it was in no view, although its disk has nearly everything. It asks for
what it lacks, and joins like anybody else (R14).`,

  play: ({ formed, say, crash, start, ask, wait, until, deliver, server }) => {
    formed(1);
    say('C crashes.');
    crash('C');
    until(() => server('B').members === 'A B');
    deliver();
    ask('A', 2);
    deliver();

    say('C starts again.');
    wait(1000);
    start('C');
    until(() => server('C').members === 'A B C2');
    deliver();

    expect(server('A').isPrimary).toBe(true);
    expect(server('A').answered).toEqual([1, 2]);
    expect(server('C').requests).toEqual([1, 2]);
  },
};
