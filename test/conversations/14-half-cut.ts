import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'Two cannot reach each other, and the third reaches both',
  story: `
The cable between A and C is broken; B hears both. To A, C is silent, and to C, A is. Both ask B to go on without the
other. B has leases out to both, renewed with every ping, so it refuses (R6c, R8). To the refused primary it gives a
chance: it condemns C, answers its pings no more, and when C’s lease is over A’s next attempt passes.
C hears of the new view from B (R13).`,

  play: ({ formed, say, cut, mend, ask, until, deliver, server }) => {
    formed(1);
    say('The cable breaks, and A is asked for message 2.');
    cut('A', 'C');
    ask('A', 2);
    until(() => server('B').members === 'A B');
    deliver();
    expect(server('A').isPrimary).toBe(true);
    expect(server('A').answered).toEqual([1, 2]);

    say('C asks B once more, and is told of the new view.');
    until(() => server('C').members === 'A B');
    deliver();

    say('The cable is whole again.');
    mend('A', 'C');
    until(() => server('A').members === 'A B C');
    deliver();
    for (const name of 'ABC') expect(server(name).requests).toEqual([1, 2]);
  },
};
