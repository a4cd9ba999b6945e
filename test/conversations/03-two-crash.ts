import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'Two crash one after the other, and the last one goes on alone',
  story: `
A crashes, B and C make view 3B without it, B crashes. C holds B’s lease of view 3B: had B promised any view without C,
C would not hold it. So B died clean (R6d), nobody can have gone on without C, and C alone is all that is left of
view 3B (R9, W2). It commits with its own disk (R4).`,

  play: ({ formed, say, crash, until, deliver, wait, ask, server }) => {
    formed(1);
    say('A crashes.');
    crash('A');
    until(() => server('C').members === 'B C');
    deliver();

    say('B crashes, too, as soon as it has stored message 2 together with C.');
    wait(100);
    ask('B', 2);
    deliver();
    expect(server('B').answered).toEqual([2]);
    crash('B');
    until(() => server('C').members === 'C');
    deliver();

    say('A client sends message 3 to the last one.');
    ask('C', 3);
    deliver();
    expect(server('C').isPrimary).toBe(true);
    expect(server('C').answered).toEqual([3]);
    expect(server('C').requests).toEqual([1, 2, 3]);
  },
};
