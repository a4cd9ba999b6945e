import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'All crash, and all start again in reverse order',
  story: `
The power goes. All three lives of view 2A are over, and what is left are disks (R15). Each of them could be the one
that knows of a later view, so all disks of 2A have to be there (R9, W1). C2 and B2 wait until what they may have
granted A in their earlier lives is over (R6c), ask each other, and find that two are not enough. As soon as A2 is there
the three of them go on, in the old order. Nothing of an earlier life was known to be committed: each commits anew.`,

  play: ({ formed, say, crash, start, wait, until, untilSends, deliver, ask, server }) => {
    formed(1);
    say('The power goes.');
    for (const name of 'ABC') crash(name);

    say('C starts, then B.');
    wait(1000);
    start('C');
    wait(100);
    start('B');
    untilSends('C', 'start-view-change');
    deliver();
    expect(server('B').isPrimary || server('C').isPrimary).toBe(false);

    say('A starts.');
    start('A');
    until(() => server('C').members === 'A2 B2 C2');
    deliver();
    ask('A', 2);
    deliver();
    expect(server('A').answered).toEqual([1, 2]);
    for (const name of 'ABC') expect(server(name).requests).toEqual([1, 2]);
  },
};
